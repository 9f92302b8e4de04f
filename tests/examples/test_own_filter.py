import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/own_filter.py"
END_MARKS = (".", "!", "?", '"', "”")


def test_what_stays_of_the_sample_passes_both_filters(sample_run: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLE), str(ROOT / "sample/config.toml")]
    subprocess.run([*command, str(tmp_path / "kept.jsonl")], check=True, capture_output=True)
    kept = [json.loads(line) for line in (tmp_path / "kept.jsonl").read_text().splitlines()]
    documents = [
        row
        for file in (sample_run / "documents").rglob("*.parquet")
        for row in pq.read_table(file, columns=["id", "text"]).to_pylist()
    ]
    passing = {row["id"] for row in documents if sentence_share(row["text"]) >= 0.5}
    assert {row["id"] for row in kept} <= passing
    assert len(kept) == len({row["id"] for row in kept})
    assert 10 < len(kept) < len(documents)
    assert len(passing) - len(kept) < 10  # those that resemble another one


def sentence_share(text: str) -> float:
    lines = [line for line in map(str.rstrip, text.splitlines()) if line]
    return len([line for line in lines if line[-1] in END_MARKS]) / max(1, len(lines))
