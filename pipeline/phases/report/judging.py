"""What every rule in force has judged, and around its threshold: from the stored measures alone.

Counts of an item add up to those of the run. Bins of a histogram are cut at the threshold, and
closed on the side that the rule keeps, so that no document is counted on the wrong side of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.config import Config, Source
from massivetext.filters.rule import Comparison, Rule, Stage, Threshold
from massivetext.filters.rules import rules_for, rules_of
from massivetext.own_steps import outputs_of
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.results import ItemResult, merge_counts
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.report.near_rules import (
    NearRule,
    near_threshold,
    nearest_of,
)
from massivetext.records import DOCUMENT_SCHEMA

NEAR_SHARE: Final = 0.1
"""Our choice, of a threshold: values no further from it count as near."""

MOJIBAKE_SIGNS: Final = 10
"""Our choice, as for `quality.max_mojibake`: more signs are a text that was decoded wrongly."""

_FRACTIONS: Final = tuple(round(0.02 * step, 2) for step in range(51))
_COUNTS: Final = (0.0, *(k * 10**power for power in range(7) for k in (1.0, 2.0, 3.0, 5.0, 7.0)))
_EDGES: Final = {
    "words": _COUNTS,
    "mojibake": _COUNTS,
    "mean_word_length": tuple(0.5 * step for step in range(31)),
    "stop_words": tuple(map(float, range(9))),
}
"""Our choice: fine enough to see what another threshold would change; fractions lie 0.02 apart."""


def edges_of(rule: Rule, *thresholds: Threshold) -> tuple[float, ...]:
    """Returns where the bins of a rule's measure meet: fixed places, and the thresholds."""
    numbers = [float(threshold) for threshold in thresholds if not isinstance(threshold, tuple)]
    places = _EDGES.get(rule.measure, _FRACTIONS)
    if rule.stage is Stage.OWN:  # whose measures may be any numbers
        places = (*_FRACTIONS, *_COUNTS) if max(map(abs, numbers)) <= 1 else _COUNTS
        places += tuple(-place for place in places) if min(numbers) < 0 else ()
    return tuple(sorted({*places, *numbers}))


def bin_indices(rule: Rule, edges: Sequence[float], values: np.ndarray) -> np.ndarray:
    """Returns the bin of each value: bin n lies between the edges n - 1 and n.

    A value at an edge belongs to the side that the rule would keep, were its threshold there.
    """
    side = "right" if rule.comparison is Comparison.AT_LEAST else "left"
    return np.searchsorted(np.asarray(edges), values, side=side)  # type: ignore[call-overload]


@dataclass(frozen=True)
class JudgeItem:
    """Counts what the rules say of an item's documents.

    Attributes:
        output: the output folder.
        config: of the run.
    """

    output: str
    config: Config

    def __call__(self, item: WorkItem) -> ItemResult[NearRule]:
        """Returns the counts as statistics, and what lies next to each threshold; no file."""
        source = self.config.sources[item.source]
        counts, near = [], list[NearRule]()
        for table in _tables(self.output, item, self.config):
            counts.append(count_judgements(table, self.config, source))
            near = nearest_of([*near, *near_thresholds(table, item.name, self.config, source)])
        merged = merge_counts(counts)
        return ItemResult(
            statistics={
                "rules": merged.get("rules", {}),
                "together": merged.get("together", {}),
                "judged": {rule: {item.subset: n} for rule, n in merged.get("judged", {}).items()},
                "mojibake": {item.subset: merged.get("mojibake", 0)},
            },
            found=tuple(near),
        )


def _tables(output: str, item: WorkItem, config: Config) -> Iterator[pa.Table]:
    known = [*DOCUMENT_SCHEMA.names, *outputs_of(config.measures)]
    measures = [rule.measure for rule in rules_of(config).values() if rule.measure in known]
    for folder, more in (("documents", ["row"]), ("rejected", ["row", "reasons"])):
        for group in store.row_groups(store.below(output, f"{folder}/{item.name}.parquet")):
            yield group.read([*dict.fromkeys(measures), *more])


def count_judgements(documents: pa.Table, config: Config, source: Source) -> dict[str, Any]:
    """Returns what the rules in force for a source say of documents, as counts to be added up.

    Args:
        documents: their measures; those that were rejected have `reasons` too.
        config: where the thresholds are.
        source: the source of all of them.

    Returns:
        `judged`: documents by rule; `rules`: by rule with a number for a threshold, `near` it,
        `no_value`, and by bin the documents that another rule rejects (`others`) and those that
        none does (`alone`); `together`: by two rules, documents that both reject (a rule with
        itself: those it rejects); `mojibake`: kept documents that were decoded wrongly.
    """
    rules = rules_for(config, source)
    fails = _failed(documents, rules)
    others = fails.sum(axis=1)
    told = {
        rule.name: counted
        for number, rule in enumerate(rules)
        if (
            counted := _counted(
                documents,
                rule,
                rule.threshold(config, source),
                () if rule.name.startswith("source.") else rule.thresholds(config),
                others,
                fails[:, number],
            )
        )
    }
    both = fails.T.astype(np.int64) @ fails.astype(np.int64)
    names = [rule.name for rule in rules]
    together = {
        names[i]: {names[j]: int(both[i, j]) for j in np.flatnonzero(both[i])}
        for i in range(len(rules))
        if both[i, i]
    }
    signs = documents["mojibake"].to_numpy()
    return {
        "judged": dict.fromkeys(names, documents.num_rows),
        "rules": told,
        "together": together,
        "mojibake": int(((signs > MOJIBAKE_SIGNS) & (others == 0)).sum()),
    }


def near_thresholds(
    documents: pa.Table, item: str, config: Config, source: Source
) -> Iterator[NearRule]:
    """Yields the documents of a table that lie next to the threshold of each rule in force."""
    rules = rules_for(config, source)
    fails = _failed(documents, rules)
    is_rejected = "reasons" in documents.column_names
    for number, rule in enumerate(rules):
        threshold = rule.threshold(config, source)
        if not isinstance(threshold, tuple):
            chosen = documents.filter(fails[:, number]) if is_rejected else documents
            yield near_threshold(chosen, item, rule, threshold, not is_rejected)


def _failed(documents: pa.Table, rules: Sequence[Rule]) -> np.ndarray:
    """Returns which rules reject which documents, as the table states it (documents x rules)."""
    fails = np.zeros((documents.num_rows, len(rules)), dtype=bool)
    if "reasons" in documents.column_names and documents.num_rows:
        reasons = documents["reasons"].combine_chunks()
        names = pa.array([rule.name for rule in rules], pa.string())
        places = pc.call_function(
            "index_in", [reasons.flatten()], pc.SetLookupOptions(value_set=names)
        ).to_numpy(zero_copy_only=False)
        lengths = np.diff(reasons.offsets.to_numpy())
        fails[np.repeat(np.arange(len(lengths)), lengths), places] = True
    return fails


def _counted(
    documents: pa.Table,
    rule: Rule,
    threshold: Threshold,
    thresholds: Sequence[Threshold],
    objecting: np.ndarray,
    fails: np.ndarray,
) -> dict[str, Any]:
    """Returns the histogram of a rule's measure; nothing of a rule without numbers.

    Its bins meet at the thresholds of all sources, so that those of several add up.
    """
    if isinstance(threshold, tuple):
        return {}
    values = np.asarray(documents[rule.measure].cast(pa.float64()), dtype=np.float64)
    is_number = ~np.isnan(values)
    has_others = objecting - fails > 0
    edges = edges_of(rule, *thresholds)
    bins: dict[str, dict[str, int]] = {}
    for name, chosen in (("alone", ~has_others), ("others", has_others)):
        found = bin_indices(rule, edges, values[is_number & chosen])
        for number, count in zip(*np.unique(found, return_counts=True), strict=True):
            bins.setdefault(f"{number:03d}", {})[name] = int(count)
    near = np.abs(values[is_number] - threshold) <= NEAR_SHARE * abs(threshold)
    return {"near": int(near.sum()), "no_value": int((~is_number).sum()), "bins": bins}


def curve(rule: Rule, edges: Sequence[float], bins: dict[int, int], no_value: int) -> list[int]:
    """Returns, for each edge, how many documents the rule would drop with its threshold there."""
    total = sum(bins.values())
    below = np.cumsum([bins.get(number, 0) for number in range(len(edges))])
    if rule.comparison is Comparison.AT_LEAST:
        return [int(count) + no_value for count in below]
    return [total - int(count) + no_value for count in below]


def bounds(edges: Sequence[float]) -> list[tuple[float | None, float | None]]:
    """Returns the ends of every bin; None where a bin is open."""
    return [(None, edges[0]), *pairwise(edges), (edges[-1], None)]
