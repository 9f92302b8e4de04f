"""Inputs known by content: what is trusted, what is hashed, and what is another file."""

import dataclasses
import json
import os
from pathlib import Path

import pytest

from massivetext.config import Config, Source
from massivetext.pipeline.phases import recognition
from massivetext.pipeline.phases.plan import WorkItem, plan
from massivetext.pipeline.phases.recognition import read_part, recognized


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.txt").write_text("one text")
    (tmp_path / "in/b.txt").write_text("the other text")
    return tmp_path


def planned(folder: Path) -> list[WorkItem]:
    return plan(Config(sources=(Source("books", "text", "text", str(folder / "in/*.txt")),)))


def note_read(folder: Path, items: list[WorkItem]) -> None:
    """Writes what a run that read these items leaves."""
    inputs = {item.name: item.identity[1:] for item in items}
    settings = folder / "out/phases/curate/settings.json"
    for item in items:
        record = folder / f"out/phases/curate/read/{item.name}.json"
        record.parent.mkdir(parents=True, exist_ok=True)
        found = [{"shares": [dataclasses.asdict(part) for part in read_part(item)]}]
        record.write_text(json.dumps({"identity": item.identity, "found": found}))
    settings.write_text(json.dumps({"inputs": inputs}))


def touch(path: Path) -> None:
    os.utime(path, (1e9, 1e9))


def test_a_touched_file_keeps_the_time_that_it_is_known_by(folder: Path) -> None:
    before = planned(folder)
    note_read(folder, before)
    touch(folder / "in/a.txt")
    assert planned(folder) != before
    assert recognized(str(folder / "out"), planned(folder)) == before


def test_what_is_known_is_not_hashed_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = planned(folder)
    note_read(folder, before)
    hashed: list[str] = []
    read = recognition.read_part
    monkeypatch.setattr(
        recognition, "read_part", lambda item: hashed.append(item.name) or read(item)
    )
    assert recognized(str(folder / "out"), planned(folder)) == before
    assert hashed == []
    touch(folder / "in/a.txt")
    for _ in range(2):
        assert recognized(str(folder / "out"), planned(folder)) == before
    assert hashed == ["books/a.txt"]


@pytest.mark.parametrize("content", ["two text", "one text, longer"])
def test_a_changed_file_is_another_one(folder: Path, content: str) -> None:
    note_read(folder, planned(folder))
    (folder / "in/a.txt").write_text(content)
    touch(folder / "in/a.txt")
    assert recognized(str(folder / "out"), planned(folder)) == planned(folder)


def test_a_file_that_was_not_read_to_the_end_is_another_one(folder: Path) -> None:
    note_read(folder, planned(folder))
    (folder / "out/phases/curate/read/books/a.txt.json").unlink()
    touch(folder / "in/a.txt")
    assert recognized(str(folder / "out"), planned(folder)) == planned(folder)


def test_shares_of_a_file_are_its_bytes_each_once(folder: Path) -> None:
    """A change anywhere changes the checksum of just one share."""
    path = folder / "in/a.txt"
    (item, _) = planned(folder)
    parts = [dataclasses.replace(item, part=n, parts=3) for n in range(3)]
    before = [read_part(part) for part in parts]
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + b"#" + content[place + 1 :])
        after = [read_part(part) for part in parts]
        assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


def test_objects_on_stores_have_no_checksum(folder: Path) -> None:
    (item, _) = planned(folder)
    assert read_part(dataclasses.replace(item, file="s3://bucket/a.txt")) == ()


def test_a_file_counts_as_the_same_only_if_all_its_items_do(folder: Path) -> None:
    (item, _) = planned(folder)
    items = [
        dataclasses.replace(item, name=f"books/a.txt.{n:05d}", part=n, parts=2) for n in range(2)
    ]
    note_read(folder, items)
    later = [dataclasses.replace(item, modified=1e9) for item in items]
    assert recognized(str(folder / "out"), later) == items
    (folder / "out/phases/touched.json").unlink()
    assert recognized(str(folder / "out"), later[:1]) == later[:1]
    (folder / "in/a.txt").write_text("one tex2")  # in the second share
    assert recognized(str(folder / "out"), later) == later
