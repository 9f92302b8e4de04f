import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.dedup.documents import edited, page

EXAMPLE = Path(__file__).parents[2] / "examples/only_deduplication.py"

ROWS: list[dict[str, Any]] = [
    {"key": 1, "content": page("a", 300)},
    {"key": 2, "content": page("b", 300)},
    {"key": 3, "content": page("a", 300)},
    {"key": 4, "content": edited(page("b", 300), "c")},
    {"key": 5, "content": None},
    {"key": 6, "content": None},
]


def write(folder: Path, kind: str) -> str:
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS[:3]), folder / "1.parquet")
        pq.write_table(pa.Table.from_pylist(ROWS[3:]), folder / "2.parquet")
    else:
        lines = [json.dumps({**row, "other": "x"}) for row in ROWS]
        (folder / "all.jsonl").write_text("\n".join(lines))
    return str(folder / f"*.{kind}")


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_rows_of_others(tmp_path: Path, kind: str) -> None:
    command = [sys.executable, str(EXAMPLE), write(tmp_path, kind), str(tmp_path / "out")]
    columns = ["--text", "content", "--id", "key"]
    subprocess.run([*command, *columns], check=True, capture_output=True)
    kept, removed = (
        [json.loads(line) for line in (tmp_path / f"out-{what}.jsonl").read_text().splitlines()]
        for what in ("kept", "removed")
    )
    assert sorted([row["id"] for row in kept + removed]) == ["1", "2", "3", "4", "5", "6"]
    assert {frozenset((row["id"], row["resembles"])): row["reason"] for row in removed} == {
        frozenset("13"): "exact",
        frozenset("24"): "near",
    }
    assert all(row["jaccard"] > 0.8 for row in removed)
    texts = {str(row["key"]): row["content"] or "" for row in ROWS}
    assert all(row["text"] == texts[row["id"]] for row in kept)
