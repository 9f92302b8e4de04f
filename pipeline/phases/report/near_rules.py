"""Of each rule the documents that it has just kept and just dropped, as the cards show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from massivetext.filters.rule import Rule
from massivetext.filters.rules import rules_of
from massivetext.pipeline.phases.outcome import FinishedRun, RecordPlace
from massivetext.pipeline.phases.rule_documents import FOLDER_OF, nearest, rule_passage, rule_value

SHOWN_NEAR: Final = 5
"""Our choice: enough to see whether the rule errs there, and one look at them all."""

_NAME_CHARACTERS: Final = 300
"""Our choice: of a title or URL, what people can tell documents apart by."""


@dataclass(frozen=True)
class NearRule:
    """The documents of an item, or of some of its rows, nearest to the threshold of a rule.

    Attributes:
        rule: its name.
        which: kept or dropped.
        item: the work item.
        rows: of the documents, the nearest first; at most SHOWN_NEAR.
        distances: of their measures to the threshold; -1 for a document without a measure.
    """

    rule: str
    which: str
    item: str
    rows: tuple[int, ...]
    distances: tuple[float, ...]

    @property
    def places(self) -> list[tuple[float, str, int]]:
        """Distance, item and row of each document, in an order of all documents of a run."""
        far = [np.inf if distance < 0 else distance for distance in self.distances]
        return [(d, self.item, row) for d, row in zip(far, self.rows, strict=True)]


def near_threshold(
    documents: pa.Table, item: str, rule: Rule, threshold: float, is_kept: bool
) -> NearRule:
    """Returns the documents nearest to the threshold of a rule that has kept or dropped them all.

    Args:
        documents: with the rule's measure, and `row`.
        item: their work item.
        rule: the rule.
        threshold: its bound.
        is_kept: whether it has kept them.
    """
    values = documents[rule.measure].cast(pa.float64()).to_numpy()
    distances, order = nearest(values, threshold, SHOWN_NEAR)
    told = np.where(np.isinf(distances), -1, distances)
    rows = documents["row"].to_numpy()[order]
    which = "kept" if is_kept else "dropped"
    return NearRule(rule.name, which, item, tuple(rows.tolist()), tuple(told.tolist()))


def nearest_of(found: Iterable[NearRule]) -> list[NearRule]:
    """Returns, for each rule, kept and dropped, the nearest documents of an item's tables."""
    grouped: dict[tuple[str, str], list[NearRule]] = {}
    for near in found:
        if near.rows:
            grouped.setdefault((near.rule, near.which), []).append(near)
    return [_joined(group) for group in grouped.values()]


def _joined(group: Sequence[NearRule]) -> NearRule:
    first = group[0]
    places = sorted(place for near in group for place in near.places)[:SHOWN_NEAR]
    return NearRule(
        first.rule,
        first.which,
        first.item,
        tuple(row for _, _, row in places),
        tuple(-1.0 if distance == np.inf else distance for distance, _, _ in places),
    )


def show_near(run: FinishedRun, found: Iterable[NearRule]) -> dict[str, dict[str, list[Any]]]:
    """Returns, by rule, the documents that it has just kept and just dropped, nearest first.

    Args:
        run: whose documents they are; some rows of it are read, at most 2 SHOWN_NEAR a rule.
        found: those of every item.
    """
    nearest_places: dict[tuple[str, str], list[tuple[float, str, int]]] = {}
    for near in found:
        key = near.rule, near.which
        nearest_places[key] = sorted([*nearest_places.get(key, ()), *near.places])[:SHOWN_NEAR]
    rules = rules_of(run.config)
    shown: dict[str, dict[str, list[Any]]] = {}
    for (name, which), places in sorted(nearest_places.items()):
        documents = [
            _shown(run, rules[name], RecordPlace(FOLDER_OF[which], item, row))
            for _, item, row in places
        ]
        shown.setdefault(name, {"kept": [], "dropped": []})[which] = documents
    return shown


def _shown(run: FinishedRun, rule: Rule, place: RecordPlace) -> dict[str, Any]:
    outcome = run.outcome(place)
    row = outcome.row
    passage = rule_passage(run, outcome, rule)
    return {
        "id": row["id"],
        "item": place.item,
        "row": place.row,
        "name": (row["title"] or row["url"] or row["id"])[:_NAME_CHARACTERS],
        "value": rule_value(outcome, rule),
        "passage": passage["passage"] if passage else None,
    }
