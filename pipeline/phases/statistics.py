"""Counts behind the report: computed per batch, summed over items, stored with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import pyarrow as pa


def batch_statistics(documents: pa.Table) -> dict[str, Any]:
    """Returns the counts of a batch of judged documents of one subset, to be merged by adding."""
    rules: dict[str, Counter[str]] = {}
    for reasons in documents["reasons"].to_pylist():
        for reason in reasons:
            rules.setdefault(reason, Counter())["failed"] += 1
        if len(reasons) == 1:
            rules[reasons[0]]["sole"] += 1
    return {
        "stages": dict(Counter(stage for stage in documents["stage"].to_pylist() if stage)),
        "rules": {rule: dict(counts) for rule, counts in rules.items()},
        "languages": dict(Counter(documents["language"].to_pylist())),
        "safesearch_signals": _count_lists(documents["safesearch_signals"].to_pylist()),
        "opt_out_signals": _count_lists(documents["opt_out_signals"].to_pylist()),
        "text_bytes": int(documents["text_bytes"].to_numpy().sum()),
        "bytes": sums_by(documents, "text_bytes", "stage"),
        "tokens": sums_by(documents, "tokens", "stage"),
    }


NO_REASON: Final = "kept"
"""Stands for no stage in `sums_by`."""


def sums_by(documents: pa.Table, column: str, by: str) -> dict[str, int]:
    """Returns the sums of a column over equal values of another; what is null counts for NO_REASON.

    Nothing for a column that is null throughout: it is not known.
    """
    known = documents.filter(documents[column].is_valid())
    groups = known.select([by, column]).group_by(by).aggregate([(column, "sum")])
    names, sums = groups[by].to_pylist(), groups[f"{column}_sum"].to_pylist()
    return {
        name or NO_REASON: total for name, total in sorted(zip(names, sums, strict=True), key=str)
    }


def _count_lists(lists: Iterable[Sequence[str]]) -> dict[str, int]:
    return dict(Counter(name for names in lists for name in names))
