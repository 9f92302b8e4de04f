from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.runners.worker import statesampler

from massivetext.pipeline.engine import retries
from massivetext.pipeline.engine.engine import SAMPLING_PERIOD_MS, BeamEngine
from massivetext.pipeline.engine.errors import StoreError


def note_period(element: str, path: str) -> None:
    tracker = statesampler.get_current_tracker()
    Path(path).write_text(f"{element} {tracker.sampling_period_ms}")


def test_bundles_of_the_local_runner_end_without_delay(tmp_path: Path) -> None:
    path = str(tmp_path / "period")
    BeamEngine().run(
        "test",
        lambda pipeline: pipeline | beam.Create(["it"]) | beam.Map(note_period, path) and None,
    )
    assert Path(path).read_text() == f"it {SAMPLING_PERIOD_MS}"


MEGABYTE = 1_000_000


def test_rounds_leave_room_for_the_processes_and_are_shared_among_them() -> None:
    alone = BeamEngine(memory_bytes=2_000 * MEGABYTE, workers=1)
    two = BeamEngine(memory_bytes=2_000 * MEGABYTE, workers=2)
    assert alone.rounds(1_000 * MEGABYTE) == 7  # 1,500 MB are free
    assert two.rounds(1_000 * MEGABYTE) == 20  # 10 times two at once, of 1,000 MB
    assert two.rounds(100 * MEGABYTE) == 2
    assert two.rounds(1 * MEGABYTE) == 1  # does not pay
    assert alone.rounds(0) == 1
    assert BeamEngine(memory_bytes=1, workers=2).rounds(0) == 1
    assert BeamEngine(("--runner=X",)).rounds(10**15) == 1


class DeadStore:
    """Fails at every call, and counts them."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        raise ConnectionResetError("no answer")


def test_a_dead_store_is_waited_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an operation has waited for in vain, the pipeline around it does not wait for again."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    dead = DeadStore()

    def build(pipeline: beam.Pipeline) -> None:
        retries.with_retries(dead)

    with pytest.raises(StoreError, match="no answer; 9 attempts with 26 seconds between"):
        BeamEngine().run("test", build)
    assert waited == list(retries.PAUSES_SECONDS)
    assert dead.calls == 9


def test_a_pipeline_that_met_a_passing_fault_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    built: list[int] = []

    def build(pipeline: beam.Pipeline) -> None:
        built.append(1)
        if len(built) < 3:
            raise ConnectionResetError("no answer")
        pipeline | beam.Create([1])

    BeamEngine().run("test", build)
    assert len(built) == 3
    assert waited == list(retries.PAUSES_SECONDS[:2])
