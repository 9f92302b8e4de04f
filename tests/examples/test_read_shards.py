import re
import subprocess
import sys
from pathlib import Path

from massivetext import ShardReader

EXAMPLE = Path(__file__).parents[2] / "examples/read_shards.py"


def test_it_shows_what_the_shards_of_the_sample_hold(sample_run: Path) -> None:
    folder = sample_run / "sequences"
    command = [sys.executable, str(EXAMPLE), str(folder), "--sequence", "7", "--batch", "3"]
    done = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    reader = ShardReader(folder)
    assert done.startswith(f"{len(reader):,} sequences of 2,048 tokens\n")
    shares = [float(share) for share in re.findall(r"^ +([\d.]+)%", done, re.MULTILINE)]
    assert abs(sum(shares) - 100) < 0.5
    shown = re.findall(r"(\d+) tokens of (\w+) ([0-9a-f]{32}): ['\"]", done)
    assert [(int(size), subset, name) for size, subset, name in shown] == [
        (piece.token_end - piece.token_start, piece.subset, piece.document_id)
        for piece in reader.provenance(7)
    ]
    assert "a batch: tokens uint16(3, 2048), up to " in done
