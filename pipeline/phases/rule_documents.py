"""Documents next to a rule's threshold: which they are, and what the rule looks at in them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.filters.evidence import first_passages
from massivetext.filters.rule import Rule
from massivetext.pipeline.phases.outcome import FinishedRun, Folder, RecordOutcome

FOLDER_OF: Final[dict[str, Folder]] = {"kept": "documents", "dropped": "rejected"}
"""Kept are documents that no rule objects to; dropped those that this one objects to, whatever
others say."""


def nearest(
    values: NDArray[np.float64], threshold: float, count: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Returns distances and indices of the values nearest to a threshold, the nearest first.

    Of equals the first comes first; what is no number is infinitely far away.
    """
    distances = np.nan_to_num(np.abs(values - threshold), nan=np.inf)
    order = np.argsort(distances, kind="stable")[:count]
    return distances[order], order


def rule_value(outcome: RecordOutcome, rule: Rule) -> Any:
    """Returns the measure of a document that a rule judges."""
    return next(found.value for found in outcome.rules if found.rule == rule.name)


def rule_passage(run: FinishedRun, outcome: RecordOutcome, rule: Rule) -> dict[str, Any] | None:
    """Returns the stored passage of a dropped document; of a kept one what comes nearest."""
    if outcome.place.folder == "rejected":
        stored = [p for p in outcome.row["evidence"] or () if p["rule"] == rule.name]
        return dict(stored[0]) if stored else None
    passages = first_passages(outcome.row["text"], [rule.name], run.config.repetition)
    return asdict(passages[0]) if passages else None
