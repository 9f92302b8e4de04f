import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from massivetext.config import Config, Source
from massivetext.pipeline.engine.processes import (
    PROCESS_BYTES,
    Processes,
    _Worker,
    close_processes,
    default_count,
    release_memory,
    tune_malloc,
)
from massivetext.pipeline.phases.warm_up import WarmUp

MEGABYTE = 1_000_000


@pytest.fixture
def no_processes() -> Iterator[None]:
    close_processes()
    yield
    close_processes()
    assert multiprocessing.active_children() == []


@dataclass(frozen=True)
class Note:
    """Notes which process worked on a number; waits until `processes` different ones have."""

    folder: str
    processes: int = 1

    def __call__(self, number: int) -> None:
        Path(self.folder, f"{number}-{os.getpid()}").touch()
        if number < 0:
            raise ValueError(f"{number} is negative")
        deadline = time.monotonic() + 60
        while len(self.seen()) < self.processes and time.monotonic() < deadline:
            time.sleep(0.05)

    def seen(self) -> set[str]:
        """The processes that have worked."""
        return {path.name.rpartition("-")[2] for path in Path(self.folder).iterdir()}

    def numbers(self) -> list[int]:
        """The numbers that were worked on."""
        return sorted(int(path.name.rpartition("-")[0]) for path in Path(self.folder).iterdir())


@dataclass(frozen=True)
class NoteModules:
    """Notes which modules a process has loaded; waits until two processes have."""

    folder: str

    def __call__(self, number: int) -> None:
        Path(self.folder, str(os.getpid())).write_text(" ".join(sys.modules))
        deadline = time.monotonic() + 60
        while len(list(Path(self.folder).iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)


def test_one_process_works_here(tmp_path: Path) -> None:
    note = Note(str(tmp_path))
    Processes().map(note, range(3))
    assert note.numbers() == [0, 1, 2]
    assert note.seen() == {str(os.getpid())}


def test_nothing_is_begun_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="-1 is negative"):
        Processes().map(Note(str(tmp_path)), [1, -1, 2])
    assert Note(str(tmp_path)).numbers() == [-1, 1]


def test_one_piece_needs_no_other_process(tmp_path: Path, no_processes: None) -> None:
    Processes(2).map(Note(str(tmp_path)), [3])
    assert Note(str(tmp_path)).seen() == {str(os.getpid())}
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_several_processes_share_work_and_tell_errors(tmp_path: Path, no_processes: None) -> None:
    (tmp_path / "well").mkdir()
    (tmp_path / "ill").mkdir()
    note = Note(str(tmp_path / "well"), processes=2)
    Processes(2).map(note, range(6))
    assert note.numbers() == [0, 1, 2, 3, 4, 5]
    assert len(note.seen()) == 2
    assert str(os.getpid()) in note.seen()
    with pytest.raises(ValueError, match="is negative"):
        Processes(2).map(Note(str(tmp_path / "ill"), processes=2), [-1, -2, 3, 4])
    assert Note(str(tmp_path / "ill")).numbers() == [-2, -1]


@pytest.mark.slow
def test_a_process_that_dies_when_it_has_nothing_to_do_is_replaced(
    tmp_path: Path, no_processes: None
) -> None:
    note = Note(str(tmp_path))
    worker = _Worker(())
    worker.do(note, 1)
    (child,) = multiprocessing.active_children()
    child.kill()
    child.join()
    for _ in range(20):  # its executor learns of it in a moment
        worker.rest()
        time.sleep(0.05)
    worker.do(note, 2)
    assert note.numbers() == [1, 2]
    assert len(note.seen()) == 2
    worker.close()


@pytest.mark.slow
def test_processes_beyond_the_wanted_ones_are_ended(tmp_path: Path, no_processes: None) -> None:
    Processes(3).begin(WarmUp(Config()))
    assert len(multiprocessing.active_children()) == 2
    Processes(2).map(Note(str(tmp_path)), [1])
    assert len(multiprocessing.active_children()) == 1


@pytest.mark.slow
def test_others_load_what_they_will_need_before_there_is_work(
    tmp_path: Path, no_processes: None
) -> None:
    processes = Processes(2)
    processes.begin(WarmUp(Config(sources=(Source("books", "text", "text", "*.txt"),))))
    processes.map(NoteModules(str(tmp_path)), [0, 1])  # one here, one there
    (there,) = [path for path in tmp_path.iterdir() if path.name != str(os.getpid())]
    assert "massivetext.filters.fasttext_kernel" in there.read_text().split()


def test_as_many_processes_as_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("massivetext.pipeline.engine.processes.core_count", lambda: 4)
    enough = 100 * PROCESS_BYTES
    assert default_count(1 * MEGABYTE, 100, enough) == 1
    assert default_count(100 * MEGABYTE, 100, enough) == 4
    assert default_count(100 * MEGABYTE, 3, enough) == 3
    assert default_count(100 * MEGABYTE, 100, 2_000 * MEGABYTE) == 2
    assert default_count(100 * MEGABYTE, 100, 1) == 1


def test_items_that_need_memory_get_fewer_processes() -> None:
    def count(wanted: int, item_bytes: int = 0, *options: str) -> int:
        return Processes.affordable(wanted, 2_000 * MEGABYTE, options, item_bytes).count

    assert count(4) == 4
    assert count(4, 150 * MEGABYTE) == 3
    assert count(4, 300 * MEGABYTE) == 2
    assert count(4, 5_000 * MEGABYTE) == 1
    assert count(4, 0, "--runner=X") == 1


def test_memory_can_be_kept_and_released_at_any_time() -> None:
    tune_malloc()
    release_memory()
