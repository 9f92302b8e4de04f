"""Survivors over blocks, items and older corpora, held against walking from row to row."""

import random
from typing import Any

import pyarrow as pa
import pytest

from massivetext.dedup import chains, row_blocks
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.steps import Steps
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.survivors import RemovedFiles, find_survivors, read_survivors
from massivetext.pipeline.readers import FileRange
from massivetext.records import REMOVAL_SCHEMA

ITEMS, ROWS = 4, 30


class Removals:
    """Gives the removals of items: each points to a later document, removed or not."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def __call__(self, output: str, name: str) -> pa.Table:
        mine = [row for row in self.rows if row["item"] == name]
        return pa.Table.from_pylist(sorted(mine, key=lambda row: row["row"]), REMOVAL_SCHEMA)


def item(number: int) -> WorkItem:
    return WorkItem(number, f"web/{number}", "web", 0, "x", FileRange(0, 1), 1, 1.0, 1.0)


def drawn(seed: int) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    order = [(number, row) for number in range(ITEMS) for row in range(ROWS)]
    draw.shuffle(order)
    rows = []
    for place, (number, row) in enumerate(order[:-1]):
        if draw.random() < 0.6:
            found: dict[str, Any] = {"item": f"web/{number}", "row": row, "reasons": ["near"]}
            kind = draw.random()
            if kind < 0.1:
                found |= {"next_id": "old", "next_source_id": "older"}
            elif kind < 0.9:
                other, other_row = order[draw.randrange(place + 1, len(order))]
                found |= {"next_item": f"web/{other}", "next_row": other_row}
                found |= {"next_id": f"{other}-{other_row}", "next_source_id": "s"}
            rows.append(found)
    return rows


def survivor(rows: dict[tuple[str, int], dict[str, Any]], here: tuple[str, int]) -> tuple:
    row = rows[here]
    ahead = (row.get("next_item"), row.get("next_row"))
    if ahead in rows:
        return survivor(rows, ahead)
    return (row.get("next_id"), row.get("next_source_id"), *ahead)


def steps_in(folder: Any, **engine: Any) -> Steps:
    return Steps(BeamEngine(**engine), str(folder), "corpus", "key", quiet=True)


@pytest.mark.parametrize("seed", [0, 1])
def test_every_removed_document_has_the_survivor_that_walking_finds(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(row_blocks, "ROWS_PER_BLOCK", 7)
    rows = drawn(seed)
    items = tuple(map(item, range(ITEMS)))
    blocks = row_blocks.RowBlocks.of([ROWS] * ITEMS)
    files = RemovedFiles(str(tmp_path), items, blocks, Removals(rows), "key")
    steps = steps_in(tmp_path)
    steps.run(find_survivors(steps, files))
    known = {(row["item"], row["row"]): row for row in rows}
    found = {
        (work.name, row["row"]): tuple(
            row[f"survivor_{part}"] for part in ("id", "source_id", "item", "row")
        )
        for work in items
        for row in read_survivors(files, work).to_pylist()
    }
    assert found == {place: survivor(known, place) for place in known}
    assert {names[0] for names in found.values()} > {None, "old"}


def test_a_ring_of_removals_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(chains, "MOST_ROUNDS", 3)
    ring = [
        {"item": "web/0", "row": row, "next_item": "web/0", "next_row": 1 - row, "next_id": "x"}
        for row in (0, 1)
    ]
    files = RemovedFiles(
        str(tmp_path), (item(0),), row_blocks.RowBlocks.of([2]), Removals(ring), "key"
    )
    with pytest.raises(RunError, match="ring"):
        find_survivors(steps_in(tmp_path), files)
