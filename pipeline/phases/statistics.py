"""Counts behind the report: computed per batch, summed over items, stored with them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa

from massivetext.records import QUALITY_MEASURES, REPETITION_MEASURES

HOSTS_PER_ITEM = 1000
"""Our choice: the most frequent hosts of each work item are counted; enough for a top list."""


_PLAIN_URL: Final = re.compile(r"https?://([a-z0-9.-]+)(?:[/?#]|\Z)")
"""The host of nearly every URL of a crawl, in a tenth of the time that taking it apart needs."""


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
        "hosts": dict(Counter(map(_host, documents["url"].to_pylist()))),
        "text_bytes": sum(len(text.as_buffer()) for text in documents["text"]),
    }


def trim_hosts(statistics: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an item's statistics with its most frequent hosts only; ties go by name."""
    hosts = statistics.get("hosts", {})
    top = sorted(hosts.items(), key=lambda pair: (-pair[1], pair[0]))[:HOSTS_PER_ITEM]
    return {**statistics, "hosts": dict(sorted(top))}


def _histogram(values: pa.ChunkedArray, bins: Bins) -> dict[str, int]:
    counts = Counter(bins.indices(values.to_numpy()).tolist())
    return {f"{index:02d}": count for index, count in sorted(counts.items())}


def _count_lists(lists: Iterable[Sequence[str]]) -> dict[str, int]:
    return dict(Counter(name for names in lists for name in names))


def _host(url: str) -> str:
    if plain := _PLAIN_URL.match(url):
        return plain[1].removeprefix("www.")
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:  # a URL that no parser takes
        return ""


def quantile(histogram: Mapping[str, int], bins: Bins, share: float) -> float:
    """Returns the lower end of the bin in which the given share of the values is reached."""
    total, seen = sum(histogram.values()), 0
    for index, count in sorted((int(key), count) for key, count in histogram.items()):
        seen += count
        if seen >= share * total:
            return bins.lower(index)
    return math.nan
