"""Says that kernels are being compiled, and in the end for how long: a first run's long silence.

The account is one for a process; worker processes share the right to say it, so that it is said
once. It imports no numba: what compiled nothing has nothing to say.
"""

from __future__ import annotations

import os
import time

from massivetext.events import tell


class Announcement:
    """The right to say it: a byte in a pipe, which one process of all takes out.

    A semaphore would be a file that the last process has to delete.
    """

    def __init__(self) -> None:
        import multiprocessing  # light commands compile nothing

        self._reading, self._writing = multiprocessing.Pipe(duplex=False)
        os.set_blocking(self._reading.fileno(), False)
        os.write(self._writing.fileno(), b"1")

    def take(self) -> bool:
        """Returns whether it is still there, and takes it."""
        try:
            return bool(os.read(self._reading.fileno(), 1))
        except BlockingIOError:
            return False


class _Account:
    """What this process compiles."""

    def __init__(self) -> None:
        self.announcement: Announcement | None = None
        self.depth = 0
        self.started = 0.0
        self.seconds = 0.0
        self.cpu_started = 0.0
        self.cpu_seconds = 0.0
        self.elsewhere = 0.0  # the most that a worker process has spent, at the same time


_account = _Account()


def begin_compiling() -> None:
    """Notes that a function is being compiled, perhaps amid another; says so the first time."""
    _account.depth += 1
    if _account.depth == 1:
        _account.started = time.monotonic()
        _account.cpu_started = time.process_time()
        if share_announcement().take():
            tell(
                "compile",
                "compiling kernels, once for each installation; all of them take a minute or two",
            )


def end_compiling() -> None:
    """Notes that it is compiled."""
    _account.depth -= 1
    if _account.depth == 0:
        _account.seconds += time.monotonic() - _account.started
        _account.cpu_seconds += time.process_time() - _account.cpu_started


def compiled_seconds() -> float:
    """Returns the time that this process has spent compiling."""
    return _account.seconds


def working_seconds() -> float:
    """Returns the CPU time of this process, less the time spent compiling.

    Compiled kernels are cached, so the next process does not spend it again.
    """
    return time.process_time() - _account.cpu_seconds


def note_compiled_elsewhere(seconds: float) -> None:
    """Notes the time that a worker process has spent, at the same time as this one."""
    _account.elsewhere = max(_account.elsewhere, seconds)


def tell_compiled() -> None:
    """Says in the end for how long, if anything was compiled."""
    seconds = round(max(_account.seconds, _account.elsewhere), 1)
    if seconds or _account.seconds:
        tell("compiled", f"compiled kernels in {seconds:.0f} s", seconds=seconds)
        _account.seconds = _account.elsewhere = 0.0


def share_announcement() -> Announcement:
    """Returns what worker processes get, so that only one of all says it."""
    if _account.announcement is None:
        _account.announcement = Announcement()
    return _account.announcement


def use_announcement(announcement: Announcement) -> None:
    """Takes what the program shares, in a worker process."""
    _account.announcement = announcement
