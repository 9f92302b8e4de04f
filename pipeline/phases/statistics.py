"""Counts behind the report: computed per batch, summed over items, stored with them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from massivetext.records import QUALITY_MEASURES, REPETITION_MEASURES


@dataclass(frozen=True)
class Bins:
    """Bins of a histogram: `width` wide, or powers of two; the last takes all that is above.

    Attributes:
        width: width of a bin; 0 stands for powers of two.
        count: number of bins.
    """

    width: float
    count: int

    def indices(self, values: np.ndarray) -> np.ndarray:
        """Returns the bin of each value."""
        if self.width == 0:
            raw = np.ceil(np.log2(np.maximum(values, 1)))
        else:
            raw = np.floor(values / self.width)
        return np.clip(raw, 0, self.count - 1).astype(np.int64)

    def lower(self, index: int) -> float:
        """Returns the lower end of a bin."""
        if self.width == 0:
            return 0 if index == 0 else 2 ** (index - 1) + 1
        return index * self.width


_FRACTION = Bins(0.02, 51)
BINS: Mapping[str, Bins] = {
    **{name: _FRACTION for name in (*QUALITY_MEASURES, *REPETITION_MEASURES)},
    "words": Bins(0, 22),
    "mean_word_length": Bins(0.5, 31),
    "stop_words": Bins(1, 9),
    "mojibake": Bins(0, 22),
}
"""Our choice: fine enough to see what another threshold would change."""


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
        "histograms": {name: _histogram(documents[name], bins) for name, bins in BINS.items()},
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


def _histogram(values: pa.ChunkedArray, bins: Bins) -> dict[str, int]:
    counts = Counter(bins.indices(values.to_numpy()).tolist())
    return {f"{index:02d}": count for index, count in sorted(counts.items())}


def _count_lists(lists: Iterable[Sequence[str]]) -> dict[str, int]:
    return dict(Counter(name for names in lists for name in names))


def quantile(histogram: Mapping[str, int], bins: Bins, share: float) -> float:
    """Returns the lower end of the bin in which the given share of the values is reached."""
    total, seen = sum(histogram.values()), 0
    for index, count in sorted((int(key), count) for key, count in histogram.items()):
        seen += count
        if seen >= share * total:
            return bins.lower(index)
    return math.nan
