import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from massivetext import ShardReader

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/only_sequences.py"


def test_texts_become_shards_that_tell_where_tokens_come_from(
    sample_run: Path, tmp_path: Path
) -> None:
    texts = [
        text
        for file in sorted((sample_run / "corpus").rglob("*.parquet"))
        for text in pq.read_table(file, columns=["text"])["text"].to_pylist()
    ]
    lines = "\n".join(json.dumps({"text": text}) for text in texts)
    (tmp_path / "texts.jsonl").write_text(lines, encoding="utf-8")
    tokenizer = str(sample_run / "sequences/tokenizer.model")
    command = [sys.executable, str(EXAMPLE), str(tmp_path / "texts.jsonl"), tokenizer]
    command += [str(tmp_path / "shards"), "--length", "256"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    reader = ShardReader(tmp_path / "shards")
    assert done.stdout.startswith(f"{len(reader):,} sequences of 256 tokens")
    assert len(reader) > 100
    crops = {text.encode() for text in texts}
    for index in range(0, len(reader), 17):
        tokens = reader[index]
        assert tokens.shape == (256,)
        for piece in reader.provenance(index):
            held = tokens[piece.token_start : piece.token_end]
            shown = reader.tokenizer().decode(held).encode().strip(b"\xef\xbf\xbd")
            assert any(shown in crop for crop in crops)
    begun = np.concatenate([reader.segment_ids(index) for index in range(len(reader))])
    assert begun.min() == 1
    reader.require_whole()
