from pathlib import Path

import apache_beam as beam
from apache_beam.runners.worker import statesampler

from massivetext.config import Config
from massivetext.pipeline.engine.job import SAMPLING_PERIOD_MS, Job


def note_period(element: str, path: str) -> None:
    tracker = statesampler.get_current_tracker()
    Path(path).write_text(f"{element} {tracker.sampling_period_ms}")


def test_bundles_of_the_local_runner_end_without_delay(tmp_path: Path) -> None:
    path = str(tmp_path / "period")
    Job(Config(), str(tmp_path)).run(
        "test",
        lambda pipeline: pipeline | beam.Create(["it"]) | beam.Map(note_period, path) and None,
    )
    assert Path(path).read_text() == f"it {SAMPLING_PERIOD_MS}"
