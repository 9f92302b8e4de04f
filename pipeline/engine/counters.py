"""Beam's counters and distributions, so that the pages of a runner show what goes on.

They are for people who watch. Nothing reads them back, so a runner that drops them, or counts a
bundle twice that it has tried twice, changes no result. Seconds of items and batches go here alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from apache_beam.metrics.metric import Metrics

from massivetext.pipeline.engine.results import Figures, ItemResult

NAMESPACE: Final = "massivetext"
"""Before the name of a step or a transform: `massivetext.curate.read`, `massivetext.judge`."""


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


def figures_of(result: ItemResult[Any]) -> Figures:
    """Returns what there is to show of an item that is committed, or of a round.

    Its ledger, what its statistics count without parts, its files, and its own figures.
    """
    plain_counts = {k: n for k, n in result.statistics.items() if isinstance(n, int)}
    files = {"files": len(result.files), "bytes_written": sum(f.size_bytes for f in result.files)}
    counts = {"items": 1, **files, **plain_counts, **result.ledger, **result.figures.counts}
    return replace(result.figures, counts=counts)


def show(figures: Figures, step: str) -> None:
    """Adds figures to the counters and distributions of a step.

    Args:
        figures: of an item.
        step: phase and step: `curate/read`.
    """
    stage = step.replace("/", ".")
    count(stage, figures.counts)
    time_spent(stage, figures.seconds)
