"""Says that kernels are being compiled, and in the end for how long: a first run's long silence.

The account is one for a process; worker processes share the right to say it, so that it is said
once. It imports no numba: what compiled nothing has nothing to say.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from massivetext.events import tell


class _Account:
    """What this process compiles."""

    def __init__(self) -> None:
        self.announcement: Any = threading.Semaphore(1)  # who acquires it says it
        self.shared = False
        self.depth = 0
        self.started = 0.0
        self.seconds = 0.0


_account = _Account()


def begin_compiling() -> None:
    """Notes that a function is being compiled, perhaps amid another; says so the first time."""
    _account.depth += 1
    if _account.depth == 1:
        _account.started = time.monotonic()
        if _account.announcement.acquire(False):
            tell(
                "compile",
                "compiling kernels, once for each installation; all of them take a minute or two",
            )


def end_compiling() -> None:
    """Notes that it is compiled."""
    _account.depth -= 1
    if _account.depth == 0:
        _account.seconds += time.monotonic() - _account.started


def compiled_seconds() -> float:
    """Returns the time that this process has spent compiling."""
    return _account.seconds


def note_compiled_elsewhere(seconds: float) -> None:
    """Notes the time that a worker process has spent, at the same time as this one."""
    _account.seconds = max(_account.seconds, seconds)


def tell_compiled() -> None:
    """Says in the end for how long, if anything was compiled."""
    if _account.seconds:
        seconds = round(_account.seconds, 1)
        tell("compiled", f"compiled kernels in {seconds:.0f} s", seconds=seconds)
        _account.seconds = 0.0


def share_announcement() -> Any:
    """Returns what a worker process gets, so that only one of all says it."""
    if not _account.shared:
        import multiprocessing

        said = not _account.announcement.acquire(False)
        _account.announcement = multiprocessing.get_context("spawn").Semaphore(0 if said else 1)
        _account.shared = True
    return _account.announcement


def use_announcement(announcement: Any) -> None:
    """Takes what the program shares, in a worker process."""
    _account.announcement, _account.shared = announcement, True
