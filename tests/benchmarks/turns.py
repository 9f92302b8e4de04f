"""Works timed in turns, so that other load on the machine matters little."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

Turn = Callable[[], float]
"""Does a work once; returns the seconds that it took."""


def cpu_seconds(work: Callable[[], object]) -> Turn:
    """Returns the turn of a work in this process: its CPU time."""

    def turn() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return turn


def best_of_turns(turns: Mapping[str, Turn], count: int) -> dict[str, float]:
    """Returns the least seconds of each work."""
    best = dict.fromkeys(turns, float("inf"))
    for _ in range(count):
        for name, turn in turns.items():
            best[name] = min(best[name], turn())
    return best


def best_cpu_seconds(works: Mapping[str, Callable[[], object]], count: int) -> dict[str, float]:
    """Returns the least CPU seconds of each work in this process."""
    return best_of_turns({name: cpu_seconds(work) for name, work in works.items()}, count)
