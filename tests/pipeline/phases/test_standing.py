"""What of an earlier run stands: settings, versions of the results, files, and whose they are."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from massivetext.config import Config
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.engine.steps import Map
from massivetext.pipeline.phases.manifest import Manifest, read_manifest
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork, run_phase
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import CARD, phase_named
from massivetext.pipeline.readers import FileRange

CURATE = phase_named("curate")
DEDUP = phase_named("dedup")

ITEMS = [
    WorkItem(n, f"books/{n}.txt", "books", 0, f"/data/{n}.txt", FileRange(0, 10), 10, 1.0, 10.0)
    for n in range(3)
]


@dataclasses.dataclass(frozen=True)
class Write:
    """Writes a file of an item, and counts how often."""

    output: str
    folder: str

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        with open(f"{self.output}/calls.txt", "a", encoding="utf-8") as calls:
            calls.write(f"{self.folder} {item.number}\n")
        path = f"{self.folder}/{item.name}.parquet"
        return ItemResult((store.write_bytes(self.output, path, item.name.encode()),))


def job_in(folder: Path, restart: bool = False) -> Job:
    return Job(Config(), str(folder), quiet=True, restart=restart)


def run(job: Job, phase: Any = CURATE, items: list[WorkItem] = ITEMS, **settings: Any) -> Manifest:
    def work(run: PhaseRun) -> Manifest:
        return run.manifest(
            run.steps.run(Map("write", run.items, Write(job.output, phase.folders[0]))), {}
        )

    settings["inputs"] = {item.name: item.identity[1:] for item in items}
    return run_phase(job, phase, items, PhaseWork(lambda job, items: settings, work))


def calls(folder: Path) -> list[str]:
    lines = (folder / "calls.txt").read_text().splitlines()
    (folder / "calls.txt").write_text("")
    return sorted(lines)


ALL = ["documents 0", "documents 1", "documents 2"]


@pytest.mark.parametrize("harm", ["delete", "shorten", "lengthen"])
def test_a_file_of_a_finished_phase_that_is_not_whole_is_made_anew(
    tmp_path: Path, harm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first = run(job_in(tmp_path))
    assert calls(tmp_path) == ALL
    path = tmp_path / "documents/books/1.txt.parquet"
    content = path.read_bytes()
    path.unlink()
    if harm != "delete":
        path.write_bytes(content[:-1] if harm == "shorten" else content + b"x")
    assert run(job_in(tmp_path)) == first
    assert calls(tmp_path) == ["documents 1"]
    assert path.read_bytes() == content
    assert "curate: 1 of its files are missing or of another size" in capsys.readouterr().err


def test_a_phase_that_reads_a_lost_file_names_it(tmp_path: Path) -> None:
    run(job_in(tmp_path))
    (tmp_path / "documents/books/1.txt.parquet").unlink()
    with pytest.raises(
        UsageError, match=r"documents/books/1.txt.parquet is missing .*`massivetext curate`"
    ):
        run(job_in(tmp_path), DEDUP)
    run(job_in(tmp_path))
    run(job_in(tmp_path), DEDUP)


def test_an_unreadable_manifest_is_made_anew_from_the_items(tmp_path: Path) -> None:
    first = run(job_in(tmp_path))
    calls(tmp_path)
    path = tmp_path / "phases/curate/manifest.json"
    for content in ("{", "{}", '{"phase": "curate"}', "[]"):
        path.write_text(content)
        assert run(job_in(tmp_path)) == first
    assert calls(tmp_path) == []


def test_without_the_settings_a_manifest_counts_only_if_its_key_is_ours(tmp_path: Path) -> None:
    run(job_in(tmp_path), seed=0)
    (tmp_path / "phases/curate/settings.json").unlink()
    run(job_in(tmp_path), seed=0)
    assert calls(tmp_path) == ALL
    (tmp_path / "phases/curate/settings.json").unlink()
    with pytest.raises(UsageError, match="settings that it was made with are lost"):
        run(job_in(tmp_path), seed=1)


@pytest.mark.parametrize("finished", [True, False])
def test_starting_over_deletes_our_files_and_no_others(tmp_path: Path, finished: bool) -> None:
    run(job_in(tmp_path), seed=0)
    if not finished:  # as a crash before the manifest leaves it, with a file that has no record
        (tmp_path / "phases/curate/manifest.json").unlink()
        (tmp_path / "phases/curate/write/books/2.txt.json").unlink()
    mine = tmp_path / "documents/mine.parquet"
    mine.write_text("mine")
    (tmp_path / "rejected/notes.txt").write_text("mine")
    run(job_in(tmp_path, restart=True), items=ITEMS[:1], seed=1)
    left = [p.name for folder in CURATE.folders for p in (tmp_path / folder).rglob("*.*")]
    cards = [CARD] * len(CURATE.tables)
    assert sorted(left) == [*cards, "0.txt.parquet", "mine.parquet", "notes.txt"]


def of_version(monkeypatch: pytest.MonkeyPatch, phase: Any, version: int) -> Any:
    """The row of a phase, as if its results were of another version."""
    from massivetext.pipeline.phases import table

    row = dataclasses.replace(phase, results=version)
    rows = tuple(row if p.name == phase.name else p for p in table.PHASES)
    monkeypatch.setattr(table, "PHASES", rows)
    return row


def test_another_version_of_the_results_is_named_and_made_anew_with_all_that_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(job_in(tmp_path))
    run(job_in(tmp_path), DEDUP)
    calls(tmp_path)
    newer = of_version(monkeypatch, CURATE, 99)
    run(job_in(tmp_path), newer, new_setting=True)  # that the older version did not know
    run(job_in(tmp_path), DEDUP)
    assert calls(tmp_path) == ["dedup 0", "dedup 1", "dedup 2", *ALL]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert f"results of 'curate' are from version {CURATE.results}; rebuilding them" in said[0]
    assert (
        f"results of 'dedup' are from version {CURATE.results} of 'curate'; rebuilding them"
        in said[1]
    )


def test_of_dedup_alone_curate_is_not_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(job_in(tmp_path))
    run(job_in(tmp_path), DEDUP)
    calls(tmp_path)
    newer = of_version(monkeypatch, DEDUP, 99)
    run(job_in(tmp_path))
    run(job_in(tmp_path), newer)
    assert calls(tmp_path) == ["dedup 0", "dedup 1", "dedup 2"]


def test_the_output_of_an_early_release_is_made_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(job_in(tmp_path), seed=0)
    calls(tmp_path)
    path = tmp_path / "phases/curate/settings.json"
    settings = json.loads(path.read_text())
    del settings["results"]
    path.write_text(json.dumps({**settings, "massivetext": "0.1.0", "old": 1}))
    (tmp_path / "phases/curate/manifest.json").write_text('{"phase": "curate", "key": "old"}')
    run(job_in(tmp_path), seed=0)
    assert calls(tmp_path) == ALL
    assert "results of 'curate' are from an earlier release" in capsys.readouterr().err


def test_what_the_user_changed_is_refused_in_another_version_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(job_in(tmp_path), seed=0)
    newer = of_version(monkeypatch, CURATE, 99)
    with pytest.raises(UsageError, match="seed was 0 and is 1 now"):
        run(job_in(tmp_path), newer, seed=1)


def test_another_version_takes_the_inputs_as_they_are_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(job_in(tmp_path))
    calls(tmp_path)
    run(job_in(tmp_path), of_version(monkeypatch, CURATE, 99), items=ITEMS[:2])
    assert calls(tmp_path) == ALL[:2]
    assert not (tmp_path / "documents/books/2.txt.parquet").exists()


def test_a_single_phase_builds_on_nothing_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(job_in(tmp_path), seed=0)
    run(job_in(tmp_path), DEDUP)
    run(job_in(tmp_path, restart=True), seed=1)
    corpus = phase_named("corpus")
    run(job_in(tmp_path), phase_named("decontaminate"))
    run(job_in(tmp_path), phase_named("exclude"))
    with pytest.raises(UsageError, match=r"phase 'dedup' in .* is out of date"):
        run(job_in(tmp_path), corpus)
    run(job_in(tmp_path, restart=True), DEDUP)
    run(job_in(tmp_path), corpus)
    assert read_manifest(job_in(tmp_path), "corpus") is not None
