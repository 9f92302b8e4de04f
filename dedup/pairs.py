"""Documents that share a band key become candidate pairs, in time linear in the bucket's size.

In a bucket every document is compared with the bucket's TOP documents only, those that win against
it in the end (the lowest precedences). `groups.resolve_in_blocks` keeps huge buckets out of memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.groups import Records, differs
from massivetext.dedup.jaccard import sizes_allow
from massivetext.dedup.keys import precedences, shingle_counts

TOP: Final = 32
"""Our choice: documents of a bucket that every other one is compared with. On two corpora of
50,000 documents with clusters of 1,000 a bound of 32 lost no pair, a bound of 8 one in 5,000."""

_PAIRS_A_STEP: Final = 1 << 20
"""Our choice: pairs written out before they are filtered by size."""

BAND_RECORD: Final = np.dtype([("key", "<u8"), ("address", "<u8"), ("rank", "<u8")])
"""A document in one bucket."""

PAIR: Final = np.dtype(
    [("lower", "<u8"), ("lower_rank", "<u8"), ("partner", "<u8"), ("partner_rank", "<u8")]
)
"""Two documents' addresses and ranks; the partner is the one that would stay."""


def candidate_pairs(records: Records, threshold: float, top: int = TOP) -> Records:
    """Returns the distinct `PAIR`s of `BAND_RECORD`s with equal keys, each with the top ones only.

    Pairs whose numbers of shingles rule out a Jaccard above the threshold are left out. Documents
    are worked through some at a time, with all their buckets, so that a pair that comes up in
    many bands is in memory once.
    """
    ordered, starts = _buckets(records)
    lengths = np.minimum(np.arange(ordered.size) - starts, top)
    by_document = np.argsort(ordered["address"], kind="stable")
    first_of_document = np.flatnonzero(differs(ordered[by_document], "address"))
    before = np.concatenate([[0], np.cumsum(lengths[by_document])])
    found = [np.empty(0, PAIR)]
    for step in _steps(before, np.append(first_of_document, ordered.size)):
        pairs = _pairs_of(ordered, starts, lengths, by_document[step], threshold)
        found.append(distinct_pairs(pairs))
    return np.concatenate(found)


def bucket_heads(records: Records, top: int = TOP) -> Records:
    """Returns the records without those that come after the first `top` of their bucket."""
    ordered, starts = _ordered(records)
    return ordered[np.arange(ordered.size) - starts < top]


def distinct_pairs(pairs: Records) -> Records:
    """Returns each pair once, ordered by the lower document, then by the partner's precedence."""
    order = np.lexsort((pairs["partner"], precedences(pairs["partner_rank"]), pairs["lower"]))
    ordered = pairs[order]
    return ordered[differs(ordered, "lower", "partner")]


def _buckets(records: Records) -> tuple[Records, NDArray[np.int64]]:
    """Returns `_ordered` of the records that share their key with another."""
    by_key = np.argsort(records["key"])
    keys = records["key"][by_key]
    same_as_last = np.zeros(keys.size + 1, np.bool_)
    same_as_last[1:-1] = keys[1:] == keys[:-1]
    return _ordered(records[by_key[same_as_last[:-1] | same_as_last[1:]]])


def _ordered(records: Records) -> tuple[Records, NDArray[np.int64]]:
    """Returns distinct records by key, precedence, address, and where each one's bucket starts."""
    order = np.lexsort((records["address"], precedences(records["rank"]), records["key"]))
    ordered = records[order]
    ordered = ordered[differs(ordered, "key", "address")]
    first = differs(ordered, "key")
    return ordered, np.maximum.accumulate(np.where(first, np.arange(ordered.size), 0))


def _steps(before: NDArray[np.int64], bounds: NDArray[np.int64]) -> Iterator[slice]:
    """Cuts records into slices of about `_PAIRS_A_STEP` pairs, at the given bounds only.

    Args:
        before: int64 (records + 1,), number of pairs before each record.
        bounds: int64, where slices may begin and end; the last is the number of records.
    """
    start = 0
    while start < bounds[-1]:
        limit = np.searchsorted(before[bounds], before[start] + _PAIRS_A_STEP, side="right") - 1
        stop = int(bounds[max(limit, np.searchsorted(bounds, start, side="right"))])
        yield slice(start, stop)
        start = stop


def _pairs_of(
    ordered: Records,
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    chosen: NDArray[np.int64],
    threshold: float,
) -> Records:
    """Pairs the chosen records with the first `lengths` records of their buckets."""
    lower = np.repeat(chosen, lengths[chosen])
    firsts = np.cumsum(lengths[chosen]) - lengths[chosen]
    within = np.arange(lower.size) - np.repeat(firsts, lengths[chosen])
    partner = starts[lower] + within
    possible = sizes_allow(
        shingle_counts(ordered["rank"][lower]), shingle_counts(ordered["rank"][partner]), threshold
    )
    lower, partner = lower[possible], partner[possible]
    pairs = np.empty(lower.size, PAIR)
    pairs["lower"], pairs["lower_rank"] = ordered["address"][lower], ordered["rank"][lower]
    pairs["partner"], pairs["partner_rank"] = ordered["address"][partner], ordered["rank"][partner]
    return pairs
