import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.config import Config
from massivetext.pipeline.engine import retries, store
from massivetext.pipeline.engine.commits import CommitItem, Commits
from massivetext.pipeline.engine.engine import BeamEngine, CommitItems
from massivetext.pipeline.engine.errors import RunError, UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.processes import Processes
from massivetext.pipeline.engine.results import ItemResult, balances, merge_counts
from massivetext.pipeline.engine.steps import Map
from massivetext.pipeline.phases.manifest import Manifest, read_manifest, require_manifest
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork, run_phase
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import Phase
from massivetext.pipeline.readers import FileRange
from tests.pipeline.steps import steps_of

ITEMS = [
    WorkItem(n, f"books/{n}.txt", "books", 0, f"/data/{n}.txt", FileRange(0, 10), 10, 1.0, 10.0)
    for n in range(5)
]


@dataclass(frozen=True)
class CopyName:
    """Writes an item's name to a file, and counts how often it was asked to."""

    output: str
    fail: str = ""

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        with open(f"{self.output}/calls.txt", "a", encoding="utf-8") as calls:
            calls.write(f"{item.name}\n")
        if item.name == self.fail:
            raise RuntimeError("a worker died")
        entry = store.write_bytes(self.output, f"copies/{item.name}", item.name.encode())
        return ItemResult((entry,), {"in": 1, "kept": 1}, {"books": {"names": 1}})


COPY = Phase("copy", "copies names", "copy", ("copies",), upstream=())


def make_job(folder: Path, **changes: object) -> Job:
    return Job(Config(), str(folder), quiet=True, **changes)  # type: ignore[arg-type]


def calls(folder: Path) -> list[str]:
    return sorted((folder / "calls.txt").read_text().split())


def copy_all(job: Job, fail: str = "", **settings: object) -> Manifest:
    def work(run: PhaseRun) -> Manifest:
        return run.manifest(run.steps.run(Map("copy", ITEMS, CopyName(job.output, fail))), {})

    return run_phase(job, COPY, ITEMS, PhaseWork(lambda job, items: settings, work))


def test_every_item_is_done_once_and_results_come_in_their_order(tmp_path: Path) -> None:
    manifest = copy_all(make_job(tmp_path))
    assert list(manifest.items) == [item.name for item in ITEMS]
    assert manifest.ledger == {"in": 5, "kept": 5}
    assert calls(tmp_path) == [item.name for item in ITEMS]
    assert (tmp_path / "copies/books/3.txt").read_text() == "books/3.txt"


def test_a_finished_phase_is_not_done_again(tmp_path: Path) -> None:
    first = copy_all(make_job(tmp_path))
    second = copy_all(make_job(tmp_path))
    assert second == first
    assert len(calls(tmp_path)) == 5


def test_a_crash_costs_the_items_that_were_not_committed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="a worker died"):
        copy_all(make_job(tmp_path), fail="books/2.txt")
    assert read_manifest(make_job(tmp_path), "copy") is None
    done = {p.name for p in (tmp_path / "copies/books").iterdir()}
    before = len(calls(tmp_path))
    copy_all(make_job(tmp_path))
    assert len(calls(tmp_path)) - before == 5 - len(done)


def test_an_item_whose_file_is_gone_is_done_again(tmp_path: Path) -> None:
    job = make_job(tmp_path)
    steps_of(job).run(Map("copy", ITEMS, CopyName(job.output)))
    (tmp_path / "copies/books/1.txt").unlink()
    steps_of(job).run(Map("copy", ITEMS, CopyName(job.output)))
    assert calls(tmp_path).count("books/1.txt") == 2
    assert len(calls(tmp_path)) == 6


def test_other_settings_are_refused_with_the_difference_or_restarted(tmp_path: Path) -> None:
    copy_all(make_job(tmp_path), quality={"min_words": 50})
    with pytest.raises(UsageError, match=r"quality\.min_words was 50 and is 60 now; .*--restart"):
        copy_all(make_job(tmp_path), quality={"min_words": 60})
    assert len(calls(tmp_path)) == 5
    copy_all(make_job(tmp_path, restart=True), quality={"min_words": 60})
    assert len(calls(tmp_path)) == 10


def test_processes_give_what_one_process_gives(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = copy_all(make_job(tmp_path / "one"))
    two = copy_all(make_job(tmp_path / "two", engine=BeamEngine(workers=2)))
    assert one == two


def test_the_heaviest_items_are_begun_first(tmp_path: Path) -> None:
    class Recorded(Processes):
        def map(self, work: object, pieces: Iterable[WorkItem]) -> list[Any]:
            begun.extend(item.number for item in pieces)
            return []

    begun: list[int] = []
    commit = CommitItem(CopyName(str(tmp_path)), Commits(str(tmp_path), "x", "key"))
    process = CommitItems(commit, Recorded(2))
    process.start_bundle()
    for item, weight in zip(ITEMS, (1.0, 3.0, 2.0, 3.0, 0.0), strict=True):
        process.process(replace(item, weight=weight))
    process.finish_bundle()
    assert begun == [1, 3, 2, 0, 4]


def test_a_phase_names_what_it_builds_on(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="run `massivetext curate`"):
        require_manifest(make_job(tmp_path), "curate")


def test_items_that_nobody_did_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BeamEngine, "run", lambda self, label, build: None)
    with pytest.raises(RunError, match=r"did not finish 5 items; the first is books/0\.txt"):
        steps_of(make_job(tmp_path)).run(Map("copy", ITEMS, CopyName(str(tmp_path))))


def test_records_are_plain_json(tmp_path: Path) -> None:
    copy_all(make_job(tmp_path))
    record = json.loads((tmp_path / "phases/copy/copy/books/0.txt.json").read_text())
    assert record["ledger"] == {"in": 1, "kept": 1}
    assert record["files"][0]["path"] == "copies/books/0.txt"


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)), max_size=4))
def test_merged_counts_are_sums_whatever_the_order(parts: list[dict[str, int]]) -> None:
    nested = [{"x": part, "n": 1} for part in parts]
    merged = merge_counts(nested)
    assert merged == merge_counts(reversed(nested))
    for key in "abc":
        total = sum(part.get(key, 0) for part in parts)
        assert merged.get("x", {}).get(key, 0) == total
    assert merged.get("n", 0) == len(parts)


@pytest.mark.parametrize(
    ("ledger", "holds"),
    [
        ({"in": 6, "kept": 1, "rejected": 2, "failed": 3, "skipped": 0}, True),
        ({"in": 6, "kept": 1, "rejected": 2, "failed": 2, "skipped": 0}, False),
        ({"documents": 3, "corpus": 2, "removed": 1}, True),
        ({"documents": 3, "corpus": 3, "removed": 1}, False),
    ],
)
def test_ledgers_balance_or_not(ledger: dict[str, int], holds: bool) -> None:
    assert balances(ledger) == holds


@dataclass(frozen=True)
class FailOnce:
    """Meets a fault of the store at its first call, and none after it."""

    output: str

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        note = Path(self.output, "failed")
        if not note.exists():
            note.touch()
            raise ConnectionResetError("no answer")
        return ItemResult()


def test_a_map_that_met_a_passing_fault_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "PAUSES_SECONDS", (0.0,))
    results = steps_of(make_job(tmp_path)).run(Map("step", ITEMS, FailOnce(str(tmp_path))))
    assert len(results) == len(ITEMS)
