"""Work shared with other processes of this machine: the cheapest way to use a second core.

Beam's own worker processes cost ten seconds and more at the start of every pipeline. Here whole
pieces of work are handed to processes that live as long as the program, which does its part itself.
This module imports little, as others are started before the program has imported the rest.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import multiprocessing
import multiprocessing.connection
import multiprocessing.resource_tracker
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeVar

from massivetext.compilation import (
    Announcement,
    compiled_seconds,
    note_compiled_elsewhere,
    share_announcement,
    use_announcement,
)
from massivetext.events import LogForm, log_form, use_log_form
from massivetext.interrupts import kill_workers, wait_if_interrupted
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.logs import hide_library_warnings, set_up_logs

_Piece = TypeVar("_Piece")
_Done = TypeVar("_Done")

PROCESS_BYTES: Final = 500_000_000
"""Memory of a process with all modules, kernels and models loaded, and the tokenizer in the end
(measured: 390 to 520 MB)."""

_WORTHWHILE_BYTES: Final = 32_000_000
"""Our choice: this much input takes ten seconds of CPU or more; starting a process takes three."""

_KEPT_BYTES: Final = 128 * 2**20
"""Our choice: the most that `tune_malloc` keeps; larger arrays are rare."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Parameters of `mallopt`, from malloc.h."""

_ATTEMPTS: Final = 3
"""Our choice: a worker may be killed by accident, hardly three times at the same piece."""


@dataclass(frozen=True)
class Processes:
    """How many processes share work, and what they are told when they start.

    Attributes:
        count: this program among them, so 1 means no other.
        pipeline_args: Beam's options, for the file systems.
    """

    count: int = 1
    pipeline_args: tuple[str, ...] = ()

    @classmethod
    def affordable(
        cls, count: int, memory_bytes: int, pipeline_args: tuple[str, ...], item_bytes: int = 0
    ) -> Processes:
        """Returns as many of the wanted processes as the run's budget holds.

        Args:
            count: wanted.
            memory_bytes: the budget.
            pipeline_args: Beam's options; workers of a cluster use one process each.
            item_bytes: memory that a piece of work needs beyond the usual.
        """
        held = memory_bytes // (PROCESS_BYTES + item_bytes)
        return cls(max(1, min(count, held)) if runs_here(pipeline_args) else 1, pipeline_args)

    def begin(self, load: Callable[[], object]) -> None:
        """Starts the others ahead of their first work, while this one is still starting.

        Args:
            load: loads what the work will need; what it raises is left for the work to find.
        """
        for worker in _pool.get(self):
            worker.begin(load)

    def map(self, work: Callable[[_Piece], _Done], pieces: Iterable[_Piece]) -> list[_Done]:
        """Does `work(piece)` for each piece here and in the workers, whichever is free first.

        Returns what the pieces returned, in no order; it should be small.

        Raises:
            RunError: if process after process died at a piece.
            BaseException: what `work` raised first; no piece is begun after it.
        """
        queue, done = deque(pieces), list[_Done]()
        others = _pool.get(self)[: max(0, len(queue) - 1)]
        with ThreadPoolExecutor(max(1, len(others))) as feeders:
            fed = [feeders.submit(_feed, worker, queue, work, done) for worker in others]
            _drain(queue, work, done)
            for future in fed:
                future.result()
        return done


def default_count(input_bytes: int, items: int, memory_bytes: int) -> int:
    """Chooses the number of processes from cores, items and memory; one for small inputs.

    Args:
        input_bytes: of all items together, as they lie in their files.
        items: number of work items.
        memory_bytes: the run's budget; each process needs PROCESS_BYTES, and as much for its work.
    """
    if input_bytes < _WORTHWHILE_BYTES:
        return 1
    return max(1, min(core_count(), items, memory_bytes // (2 * PROCESS_BYTES)))


def core_count() -> int:
    """Returns the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def runs_here(pipeline_args: Sequence[str]) -> bool:
    """Whether Beam's options leave pipelines, and what they shuffle, to this program."""
    return not any(arg.startswith("--runner") for arg in pipeline_args)


def close_processes() -> None:
    """Ends all other processes after their current piece; new work starts new ones."""
    _pool.close()


def exit_now(code: int) -> NoReturn:
    """Ends the program at once; a normal shutdown of the interpreter takes half a second.

    Other processes have nothing to do any more, or only what nobody waits for.
    """
    wait_if_interrupted()
    kill_workers()
    close_processes()
    _flush_and_exit(code)


def tune_malloc() -> None:
    """Lets the C library keep a little of what is freed, until `release_memory`.

    By its own rules it returns the arrays of a batch to the system, only to be given empty pages
    for the next ones, which took a fifth of the time of signing documents.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES // 2)
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def release_memory() -> None:
    """Gives memory that was freed back to the system, which allocators put off."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


def _drain(queue: deque[_Piece], work: Callable[[_Piece], _Done], done: list[_Done]) -> None:
    """Takes pieces from a queue that others take from too, until it is empty."""
    try:
        while True:
            try:
                piece = queue.popleft()
            except IndexError:
                return
            done.append(work(piece))
    except BaseException:
        queue.clear()  # what was not begun is not done after a failure
        raise


def _feed(
    worker: _Worker, queue: deque[_Piece], work: Callable[[_Piece], _Done], done: list[_Done]
) -> None:
    """Takes pieces for another process; at the end its memory may be needed elsewhere."""
    _drain(queue, functools.partial(worker.do, work), done)
    worker.rest()


class _Worker:
    """Another process: replaced when it dies."""

    def __init__(self, pipeline_args: tuple[str, ...]) -> None:
        self._pipeline_args = pipeline_args
        self._executor: ProcessPoolExecutor | None = None

    def begin(self, load: Callable[[], object]) -> None:
        """Starts the process; it loads what it will need."""
        self._started().submit(load)

    def do(self, work: Callable[[Any], _Done], piece: Any) -> _Done:
        """Returns `work(piece)`, which is done there, again if the process dies at it."""
        for _ in range(_ATTEMPTS):
            try:
                seconds, done = self._started().submit(_do, work, piece).result()
                note_compiled_elsewhere(seconds)
                return done
            except BrokenProcessPool:
                self.close()
        raise RunError(
            f"worker processes died {_ATTEMPTS} times on {getattr(piece, 'name', piece)}, perhaps "
            "from lack of memory; run the same command with fewer --workers to continue from what "
            "is committed"
        )

    def rest(self) -> None:
        """Lets the process give back memory while it has nothing to do."""
        if self._executor is not None:
            with contextlib.suppress(BrokenProcessPool):  # it died; its next work replaces it
                self._executor.submit(release_memory)

    def close(self) -> None:
        """Ends the process when it has done what it is at."""
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None

    def _started(self) -> ProcessPoolExecutor:
        wait_if_interrupted()  # what it has killed is not replaced
        if self._executor is None:
            _start_tracker()  # which, started with the first process, would unblock interrupts
            executor = ProcessPoolExecutor(
                1,
                # Not forked: the threads of gRPC, Arrow and numba do not survive a fork.
                multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(self._pipeline_args, log_form(), share_announcement()),
            )
            with _interrupts_blocked():  # the process starts with its first work
                executor.submit(_nothing)
            self._executor = executor
        return self._executor


class _Pool:
    """The other processes of this program."""

    def __init__(self) -> None:
        self._processes = Processes()
        self._workers: list[_Worker] = []

    def get(self, processes: Processes) -> list[_Worker]:
        """Returns the requested number of workers; ends surplus ones to free their memory."""
        if processes.pipeline_args != self._processes.pipeline_args:
            self.close()
        self._processes = processes
        while len(self._workers) > processes.count - 1:
            self._workers.pop().close()
        while len(self._workers) < processes.count - 1:
            self._workers.append(_Worker(processes.pipeline_args))
        return list(self._workers)

    def close(self) -> None:
        """Ends them all."""
        while self._workers:
            self._workers.pop().close()


_pool = _Pool()


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Lets a process that is started here have no part in Ctrl-C, from its first moment.

    A terminal interrupts all processes; the others are ended by the program.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_tracker() -> None:
    """Starts Python's process that deletes semaphores, which warns if the program was killed."""
    given = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (given, "ignore:resource_tracker")))
    try:
        multiprocessing.resource_tracker.ensure_running()
    finally:
        if given is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = given


def _nothing() -> None:
    """The first work of a process."""


def _do(work: Callable[[Any], _Done], piece: Any) -> tuple[float, _Done]:
    """Does a piece; returns the seconds of compiling until then, and what it returned."""
    done = work(piece)
    return compiled_seconds(), done


def _begin(pipeline_args: tuple[str, ...], form: LogForm, announcement: Announcement) -> None:
    threading.Thread(target=_end_with_program, daemon=True).start()
    use_log_form(form)
    use_announcement(announcement)
    tune_malloc()
    atexit.register(_flush_and_exit, 0)
    set_up_logs()
    hide_library_warnings()
    from massivetext.pipeline.engine import store

    store.use_options(pipeline_args)


def _flush_and_exit(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # full, closed, none
            stream.flush()
    os._exit(code)


def _end_with_program() -> None:
    """Ends this process when the program is gone: killed, it cannot say so to its workers."""
    program = multiprocessing.parent_process()
    if program is not None:
        multiprocessing.connection.wait([program.sentinel])
        os._exit(1)
