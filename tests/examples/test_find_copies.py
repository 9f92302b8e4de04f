import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

EXAMPLE = Path(__file__).parents[2] / "examples/find_copies.py"


def test_it_finds_the_copies_among_the_sample(sample_run: Path, tmp_path: Path) -> None:
    pattern = f"{sample_run}/documents/**/*.parquet"
    command = [sys.executable, str(EXAMPLE), pattern, str(tmp_path / "copies.txt")]
    subprocess.run(command, check=True, capture_output=True)
    lines = (tmp_path / "copies.txt").read_text().splitlines()
    found = {
        tuple(id_of(path, int(row)) for path, row in re.findall(r"(/\S+\.parquet) row (\d+)", line))
        for line in lines
    }
    assert found == {
        (row["id"], row["partner_id"])
        for file in (sample_run / "removed").rglob("*.parquet")
        for row in pq.read_table(file).to_pylist()
        if row["jaccard"] == 1
    }
    assert len(found) == 4


def id_of(path: str, row: int) -> str:
    return str(pq.read_table(path, columns=["id"])["id"][row])
