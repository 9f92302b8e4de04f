"""A run makes as few pipelines as it can: on a cluster each is an application of its own."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import apache_beam as beam
import pytest

from massivetext.config_file import load_config
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.plan import plan
from massivetext.pipeline.phases.run import run_phases
from massivetext.pipeline.phases.table import PHASES
from tests.pipeline.small_run import contents, write_config, write_sources

KINDS = [
    "curate-read",
    "dedup-sign-to-write",
    "decontaminate-match-to-corpus-write",
    "corpus-survivors-000-0",
    "corpus-survivors-to-removed",
    "audit-tally-to-passages",
    "sequence-survey",
    "sequence-tokenise-000-to-count-000",
    "sequence-shards",
    "report-judge-to-clusters",
    "report-sites",  # of the largest clusters, which are known then
]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    write_sources(tmp_path / "source")
    path = write_config(tmp_path / "config.toml", str(tmp_path / "source"))
    return Job(load_config(str(path)), str(tmp_path / "out"), quiet=True)


@pytest.fixture
def labels(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of the pipelines that are run."""
    names: list[str] = []
    run_here = BeamEngine.run

    def run(engine: BeamEngine, label: str, build: Callable[[beam.Pipeline], None]) -> None:
        names.append(label)
        run_here(engine, label, build)

    monkeypatch.setattr(BeamEngine, "run", run)
    return names


def test_a_run_is_eleven_pipelines_and_one_for_each_further_draw(
    job: Job, labels: list[str]
) -> None:
    run_phases(job, plan(job.config), "run")
    further = [label for label in labels if "tokenise" in label and "000" not in label]
    assert [label for label in labels if label not in further] == KINDS


@pytest.mark.slow
def test_phases_alone_give_the_same_bytes_as_in_shared_pipelines(
    job: Job, labels: list[str], tmp_path: Path
) -> None:
    items = plan(job.config)
    run_phases(job, items, "run")
    alone = dataclasses.replace(job, output=str(tmp_path / "alone"))
    for phase in PHASES:
        run_phases(alone, items, phase.name)
    assert {"decontaminate-match", "corpus-write"} < set(labels)
    assert contents(tmp_path / "alone") == contents(Path(job.output))


@pytest.mark.slow
def test_what_a_shared_pipeline_did_not_finish_is_done_by_its_own_phase(
    job: Job, labels: list[str]
) -> None:
    items = plan(job.config)
    run_phases(job, items, "run")
    before = contents(Path(job.output))
    # As after a crash between the two manifests, when one item was not written.
    for lost in ("manifest.json", f"write/{items[0].name}.json"):
        (Path(job.output) / "phases" / "corpus" / lost).unlink()
    labels.clear()
    run_phases(job, items, "run")
    # The survivors' working files went with the first manifest: they are found again.
    assert labels == ["corpus-write", "corpus-survivors-000-0", "corpus-survivors-0"]
    assert contents(Path(job.output)) == before
