import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from massivetext.config import Config
from massivetext.pipeline.job import Job
from massivetext.pipeline.processes import (
    PROCESS_BYTES,
    Processes,
    close_processes,
    default_count,
    release_memory,
)

MEGABYTE = 1_000_000


@pytest.fixture
def no_processes() -> Iterator[None]:
    close_processes()
    yield
    close_processes()
    assert multiprocessing.active_children() == []


@dataclass(frozen=True)
class Note:
    """Notes which process worked on a number."""

    folder: str

    def __call__(self, number: int) -> int:
        Path(self.folder, f"{number}-{os.getpid()}").touch()
        if number < 0:
            raise ValueError(f"{number} is negative")
        return number * number


def test_one_process_works_at_once_and_here(tmp_path: Path) -> None:
    wait = Processes().start(Note(str(tmp_path)), 3)
    assert (tmp_path / f"3-{os.getpid()}").exists()
    assert wait() == 9


@pytest.mark.slow
def test_several_processes_work_elsewhere_and_tell_errors(
    tmp_path: Path, no_processes: None
) -> None:
    processes = Processes(2)
    waits = [processes.start(Note(str(tmp_path)), number) for number in range(6)]
    assert [wait() for wait in waits] == [0, 1, 4, 9, 16, 25]
    assert not list(tmp_path.glob(f"*-{os.getpid()}"))
    with pytest.raises(ValueError, match="-1 is negative"):
        processes.start(Note(str(tmp_path)), -1)()


def test_as_many_processes_as_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("massivetext.pipeline.processes._cores", lambda: 4)
    enough = 100 * PROCESS_BYTES
    assert default_count(1 * MEGABYTE, 100, enough) == 1
    assert default_count(100 * MEGABYTE, 100, enough) == 4
    assert default_count(100 * MEGABYTE, 3, enough) == 3
    assert default_count(100 * MEGABYTE, 100, 2_600 * MEGABYTE) == 2
    assert default_count(100 * MEGABYTE, 100, 1) == 1


def test_items_that_need_memory_get_fewer_processes() -> None:
    job = Job(Config(), "out", memory_bytes=2_000 * MEGABYTE, workers=4)
    assert job.processes_for().count == 4
    assert job.processes_for(150 * MEGABYTE).count == 2
    assert job.processes_for(500 * MEGABYTE).count == 1
    assert Job(Config(), "out", workers=4, pipeline_args=("--runner=X",)).processes_for().count == 1


def test_rounds_leave_room_for_the_processes_themselves() -> None:
    alone = Job(Config(), "out", memory_bytes=2_000 * MEGABYTE, workers=1)
    beside_two = Job(Config(), "out", memory_bytes=2_000 * MEGABYTE, workers=2)
    assert alone.rounds(1_000 * MEGABYTE) == 6
    assert beside_two.rounds(1_000 * MEGABYTE) == 13
    assert alone.rounds(0) == 1
    assert Job(Config(), "out", memory_bytes=1, workers=2).rounds(0) == 1


def test_idle_processes_make_room_only_if_they_must(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[int] = []
    monkeypatch.setattr("massivetext.pipeline.job.close_processes", lambda: closed.append(1))
    job = Job(Config(), "out", memory_bytes=2_000 * MEGABYTE, workers=2)
    job.make_room(700 * MEGABYTE)
    assert closed == []
    job.make_room(1_000 * MEGABYTE)
    assert closed == [1]


def test_memory_can_be_released_at_any_time() -> None:
    release_memory()
