"""Seconds by what they were spent on, for Beam's metrics; no output holds them."""

from __future__ import annotations

import time


class Laps:
    """A stopwatch: the time since the last lap goes to the name of the next.

    Attributes:
        seconds: by name.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        """Adds the time since the last lap, or the start, to what is known under a name."""
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now
