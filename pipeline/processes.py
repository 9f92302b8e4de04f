"""Work in other processes of this machine: the cheapest way to use a second core.

Beam's own worker processes cost ten seconds and more at the start of every pipeline. Here whole
work items are handed to processes that live as long as the program.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import multiprocessing.connection
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Final, TypeVar

import pyarrow as pa

from massivetext.pipeline import store
from massivetext.pipeline.errors import RunError
from massivetext.pipeline.logs import hide_import_warnings

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")

PROCESS_BYTES: Final = 420_000_000
"""Memory of one process with all modules, kernels and models loaded (measured: 280 to 420 MB)."""

_WORTHWHILE_BYTES: Final = 32_000_000
"""Our choice: so much input takes ten seconds and more of CPU; starting a process takes three."""

_ATTEMPTS: Final = 3
"""Our choice: a worker may be killed by accident, hardly three times at the same item."""


@dataclass(frozen=True)
class Processes:
    """How many processes work on items, and what they are told when they start.

    Attributes:
        count: 1 means this process only.
        pipeline_args: Beam's options, for the file systems.
    """

    count: int = 1
    pipeline_args: tuple[str, ...] = ()

    def start(
        self, work: Callable[[_Argument], _Result], argument: _Argument
    ) -> Callable[[], _Result]:
        """Begins `work(argument)`, or does it if there is one process; the value gives the result.

        Raises (when the result is asked for):
            RunError: if process after process died at it.
        """
        if self.count <= 1:
            result = work(argument)
            return lambda: result
        executor = _pool.get(self)
        future = executor.submit(work, argument)

        def wait() -> _Result:
            try:
                return future.result()
            except BrokenProcessPool:  # it may have died at another item: all are tried again
                _pool.drop(executor)
                return self._try_again(work, argument)

        return wait

    def _try_again(self, work: Callable[[_Argument], _Result], argument: _Argument) -> _Result:
        for _ in range(_ATTEMPTS - 1):
            executor = _pool.get(self)
            try:
                return executor.submit(work, argument).result()
            except BrokenProcessPool:
                _pool.drop(executor)
        name = getattr(argument, "name", argument)
        raise RunError(
            f"worker processes died {_ATTEMPTS} times while {name} was worked on, perhaps for want "
            "of memory; the same command with fewer --workers goes on from what is committed"
        )


def default_count(input_bytes: int, items: int, memory_bytes: int) -> int:
    """Returns how many processes pay: as many as cores, items and memory allow, or one.

    Args:
        input_bytes: of all items together, as they lie in their files.
        items: number of work items.
        memory_bytes: the run's budget; each process and the program itself need PROCESS_BYTES,
            and as much again is left for the work.
    """
    if input_bytes < _WORTHWHILE_BYTES:
        return 1
    affordable = memory_bytes // (2 * PROCESS_BYTES) - 1
    return max(1, min(_cores(), items, affordable))


def close_processes() -> None:
    """Ends all worker processes when they have done what they are at; new items start new ones."""
    _pool.close()


def release_memory() -> None:
    """Gives memory that was freed back to the system, which allocators put off."""
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


class _Pool:
    """The executor of this program; threads share it, and replace it when a process dies."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None
        self._processes = Processes()

    def get(self, processes: Processes) -> ProcessPoolExecutor:
        with self._lock:
            if self._executor is None or self._processes != processes:
                self._shut_down()
                # Not forked: the threads of gRPC, Arrow and numba do not survive a fork.
                self._executor = ProcessPoolExecutor(
                    processes.count,
                    multiprocessing.get_context("spawn"),
                    initializer=_begin,
                    initargs=(processes.pipeline_args,),
                )
                self._processes = processes
            return self._executor

    def drop(self, executor: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._executor is executor:
                self._shut_down()

    def close(self) -> None:
        with self._lock:
            self._shut_down()

    def _shut_down(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None


_pool = _Pool()


def _begin(pipeline_args: tuple[str, ...]) -> None:
    threading.Thread(target=_end_with_program, daemon=True).start()
    hide_import_warnings()
    store.use_options(pipeline_args)


def _end_with_program() -> None:
    """Ends this process when the program is gone: killed, it cannot say so to its workers."""
    program = multiprocessing.parent_process()
    if program is not None:
        multiprocessing.connection.wait([program.sentinel])
        os._exit(1)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
