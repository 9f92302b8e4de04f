"""Beam's counters and distributions, so that the pages of a runner show what goes on.

They are for people who watch. Nothing reads them back, so a runner that drops them, or counts a
bundle twice that it has tried twice, changes no result. Seconds go here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from apache_beam.metrics.metric import Metrics

NAMESPACE: Final = "massivetext"
"""Before the name of a phase or a transform: `massivetext.curate`."""


def count(stage: str, counts: Mapping[str, int]) -> None:
    """Adds to the counters of a stage; call it once an item, a batch or a bundle.

    Args:
        stage: phase or transform.
        counts: by name of the counter.
    """
    for name, number in counts.items():
        Metrics.counter(f"{NAMESPACE}.{stage}", name).inc(number)


def time_spent(stage: str, seconds: Mapping[str, float]) -> None:
    """Adds durations to the distributions of a stage, in milliseconds: Beam's hold integers.

    Args:
        stage: phase or transform.
        seconds: by what was done; the distribution of `read` is called `read_ms`.
    """
    for name, duration in seconds.items():
        distribution = Metrics.distribution(f"{NAMESPACE}.{stage}", f"{name}_ms")
        distribution.update(round(1000 * duration))
