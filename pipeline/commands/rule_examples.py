"""Documents that a rule keeps and drops: any of them, or those nearest to its threshold."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from massivetext.config import Source
from massivetext.filters.rule import Rule
from massivetext.filters.rules import rules_for, rules_of
from massivetext.own_steps import is_own
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.phases.document_record import document_to_json
from massivetext.pipeline.phases.outcome import FinishedRun, Folder, RecordPlace
from massivetext.pipeline.phases.plan import source_of
from massivetext.pipeline.phases.rule_documents import (
    FOLDER_OF,
    nearest,
    rule_passage,
    rule_value,
)
from massivetext.records import MEASURES

EXAMPLES_SCHEMA_VERSION: Final = 1


def rule_examples(output: str, name: str, near: bool, count: int) -> dict[str, Any]:
    """Returns documents that a rule keeps and drops, as JSON has it (docs/auditing.md).

    Args:
        output: the output folder of a run.
        name: of the rule.
        near: those whose measures are nearest to the threshold, the nearest first; else some that
            are spread evenly over the run.
        count: of each kind, at most.

    Raises:
        UsageError: if there is no such rule, or no threshold that a measure can be near to.
    """
    run = FinishedRun.open(output)
    rule = _rule_named(name, rules_of(run.config))
    threshold = None if name.startswith("source.") else rule.strictest(run.config)
    bound = None if isinstance(threshold, tuple) else threshold
    if near and bound is None:
        raise UsageError(f"{name} has no threshold that a document can be near to; omit --near")
    run.require("curate")
    judged = _Judged(run, rule, run.items())
    told: dict[str, Any] = {}
    counts = {}
    for which, folder in FOLDER_OF.items():
        found = list(judged.rows(folder))
        counts[which] = sum(rows.size for _, rows, _ in found)
        chosen = (
            judged.nearest(found, count) if near and bound is not None else _spread(found, count)
        )
        told[which] = [judged.told(RecordPlace(folder, item, row)) for item, row in chosen]
    return {
        "schema_version": EXAMPLES_SCHEMA_VERSION,
        "rule": name,
        "measure": rule.measure,
        "comparison": rule.comparison.value,
        "threshold": list(threshold) if isinstance(threshold, tuple) else threshold,
        "documents": counts,
        **told,
    }


_Found = tuple[str, NDArray[np.int64], NDArray[np.float64]]
"""A work item, rows of it, and their measures."""


def _rule_named(name: str, rules: Mapping[str, Rule]) -> Rule:
    if name not in rules:
        near = difflib.get_close_matches(name, rules, n=1)
        hint = f"did you mean {near[0]}?" if near else f"rules: {', '.join(rules)}"
        raise UsageError(f"no rule has the name {name!r}; {hint}")
    return rules[name]


@dataclass(frozen=True)
class _Judged:
    """The documents of a run that a rule judges.

    Attributes:
        run: the run.
        rule: the rule.
        items: names of the work items.
    """

    run: FinishedRun
    rule: Rule
    items: tuple[str, ...]

    def rows(self, folder: Folder) -> Iterator[_Found]:
        """Yields, of each item, the rows that the rule keeps or drops."""
        kind = MEASURES.get(self.rule.measure, pa.string())
        kind = pa.float64() if is_own(self.rule.measure) else kind
        is_number = pa.types.is_floating(kind) or pa.types.is_integer(kind)
        for item in self.items:
            if self.rule not in rules_for(self.run.config, self._source(item)):
                continue
            columns = [self.rule.measure] if is_number else ["row"]
            columns += ["reasons"] if folder == "rejected" else []
            path = store.below(self.run.output, f"{folder}/{item}.parquet")
            table = store.read_table(path, columns)
            rows = np.arange(table.num_rows)
            if folder == "rejected":
                reasons = table["reasons"].to_pylist()
                rows = rows[[self.rule.name in found for found in reasons]]
            values = table[columns[0]].cast(pa.float64()).to_numpy()[rows]
            yield item, rows, values

    def nearest(self, found: list[_Found], count: int) -> list[tuple[str, int]]:
        """Returns the rows nearest to their threshold, the nearest first; then by item and row."""
        kept: list[tuple[float, str, int]] = []
        for item, rows, values in found:
            threshold = self.rule.threshold(self.run.config, self._source(item))
            assert not isinstance(threshold, tuple)  # nothing is near to those
            distances, order = nearest(values, threshold, count)
            kept += zip(distances.tolist(), [item] * order.size, rows[order].tolist(), strict=True)
        return [(item, row) for _, item, row in sorted(kept)[:count]]

    def _source(self, item: str) -> Source:
        return self.run.config.sources[source_of(self.run.config, item)]

    def told(self, place: RecordPlace) -> dict[str, Any]:
        """Returns a document, its measure, and the passage that the rule looks at."""
        outcome = self.run.outcome(place)
        return {
            **document_to_json(outcome),
            "value": rule_value(outcome, self.rule),
            "passage": rule_passage(self.run, outcome, self.rule),
        }


def _spread(found: list[_Found], count: int) -> list[tuple[str, int]]:
    """Returns some rows at equal distances."""
    total = sum(rows.size for _, rows, _ in found)
    count = min(count, total)
    wanted = np.arange(count) * total // max(count, 1)
    chosen: list[tuple[str, int]] = []
    before = 0
    for item, rows, _ in found:
        mine = wanted[(wanted >= before) & (wanted < before + rows.size)] - before
        chosen += [(item, int(row)) for row in rows[mine].tolist()]
        before += rows.size
    return chosen
