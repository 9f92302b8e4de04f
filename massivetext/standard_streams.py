"""Standard streams that are closed, full, or that nobody reads any more."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast


def open_closed_streams() -> None:
    """Puts the null device where a standard stream is closed, as under cron or `2>&-`.

    Otherwise the first file that is opened gets its number, and whatever a library says on standard
    error is written there. Python's own `sys.stdin` stays None, for commands that would read it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)


class WatchedOutput:
    """Standard output that remembers its first failure, and then drops what it is given.

    So a command ends with the exit code that it found, whoever still reads what it prints.

    Attributes:
        fault: the error of the first write that failed, or None.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.fault: OSError | None = None

    @property
    def is_unread(self) -> bool:
        """Whether the reader has gone, as `head` does when it has enough."""
        return self.fault is not None and self.fault.errno == errno.EPIPE

    def write(self, text: str) -> int:
        """Writes, unless a write has failed."""
        if self.fault is None:
            try:
                self._stream.write(text)
            except OSError as error:
                self.fault = error
        return len(text)

    def flush(self) -> None:
        """Flushes, unless a write has failed."""
        if self.fault is None:
            try:
                self._stream.flush()
            except OSError as error:
                self.fault = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def watched_output() -> Iterator[WatchedOutput]:
    """Puts a `WatchedOutput` in the place of standard output, and flushes it in the end."""
    before = sys.stdout
    watched = WatchedOutput(before if before is not None else io.StringIO())
    sys.stdout = cast(TextIO, watched)
    try:
        yield watched
    finally:
        watched.flush()
        sys.stdout = before
