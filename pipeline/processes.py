"""Work in other processes of this machine: the cheapest way to use a second core.

Beam's own worker processes cost ten seconds and more at the start of every pipeline. Here threads
of the local runner hand whole work items to processes that live as long as the program.
"""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from massivetext.pipeline.logs import hide_import_warnings

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")


def call_in_process(
    work: Callable[[_Argument], _Result], argument: _Argument, processes: int
) -> _Result:
    """Returns `work(argument)`, computed here if there is one process, else in one of several."""
    if processes <= 1:
        return work(argument)
    return _executor(processes).submit(work, argument).result()


@functools.cache
def _executor(processes: int) -> ProcessPoolExecutor:
    # Not forked: the threads of gRPC, Arrow and numba do not survive a fork.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, context, initializer=hide_import_warnings)
