"""Some documents that other settings win or lose, and why."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.config import Config
from massivetext.dedup.removal import KIND_NAMES
from massivetext.pipeline.commands.whatif.rows import place_at
from massivetext.pipeline.commands.whatif.sums import Change
from massivetext.pipeline.commands.whatif.verdicts import RunJudge, Verdicts
from massivetext.pipeline.phases.document_record import document_to_json
from massivetext.pipeline.phases.outcome import FinishedRun

MOST_EXAMPLES: Final = 5
"""Our choice: of those won and of those lost; enough to see what kind of text it is."""


def examples(
    judge: RunJudge, change: Change, verdicts: Verdicts, config: Config
) -> dict[str, list[dict[str, Any]]]:
    """Returns documents that are won and lost, spread evenly over the run.

    Args:
        judge: of the run.
        change: what is won and lost.
        verdicts: what becomes of each row.
        config: the settings that are asked for.
    """
    run = FinishedRun.open(judge.run.output)
    told = {}
    for which in ("won", "lost"):
        indices = _spread(np.flatnonzero(change.sets[which]))
        told[which] = [
            _example(run, judge, index, _reasons(judge, verdicts, index, config))
            for index in indices.tolist()
        ]
    return told


def _spread(indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns a few of some indices, at equal distances."""
    count = min(indices.size, MOST_EXAMPLES)
    return indices[np.arange(count) * indices.size // max(count, 1)]


def _example(run: FinishedRun, judge: RunJudge, index: int, reasons: list[str]) -> dict[str, Any]:
    outcome = run.outcome(place_at(judge.run, int(judge.rows.addresses[index])))
    return {**document_to_json(outcome), "reasons_after": reasons}


def _reasons(judge: RunJudge, verdicts: Verdicts, index: int, config: Config) -> list[str]:
    """Returns all reasons for which a document would go; none if it would stay."""
    reasons = judge.failed_rules(index, config)
    if reasons:
        return reasons
    if verdicts.removals is not None:
        address = judge.rows.addresses[index]
        removals = verdicts.removals[verdicts.removals["address"] == address]
        reasons = [KIND_NAMES[kind] for kind in removals["kind"].tolist()]
    elif judge.rows.is_duplicate[index]:
        reasons = ["near"]
    return reasons
