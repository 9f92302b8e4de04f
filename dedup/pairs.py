"""Documents that share a band key become candidate pairs, in time linear in the bucket's size.

In a bucket every document is compared with the bucket's heads only (`heads`), those that win
against it in the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.groups import Records, differs
from massivetext.dedup.heads import (
    HEADS_PER_BUCKET,
    Buckets,
    bucket_starts,
    has_company,
    in_bucket_order,
)
from massivetext.dedup.jaccard import sizes_allow
from massivetext.dedup.keys import precedences, shingle_counts

_PAIRS_A_STEP: Final = 1 << 20
"""Our choice: pairs written out before they are filtered by size."""

BAND_RECORD: Final = np.dtype([("key", "<u8"), ("address", "<u8"), ("rank", "<u8")])
"""A document in one bucket."""

BAND_BUCKETS: Final = Buckets(BAND_RECORD, ("key",))
"""The heads of a bucket: its first documents."""

PAIR: Final = np.dtype(
    [("lower", "<u8"), ("lower_rank", "<u8"), ("partner", "<u8"), ("partner_rank", "<u8")]
)
"""Two documents' addresses and ranks; the partner is the one that would stay."""


def band_records(keys: Records, addresses: NDArray[np.uint64]) -> Records:
    """Returns one `BAND_RECORD` a band of every document that has a shingle."""
    filled = shingle_counts(keys["rank"]) > 0
    records = np.empty((int(filled.sum()), keys["bands"].shape[1]), BAND_RECORD)
    records["key"] = keys["bands"][filled]
    records["address"] = addresses[filled, None]
    records["rank"] = keys["rank"][filled, None]
    return records.reshape(-1)


def candidate_pairs(
    records: Records, threshold: float, guests: Records | None = None, top: int = HEADS_PER_BUCKET
) -> Records:
    """Returns the distinct `PAIR`s of `BAND_RECORD`s with equal keys, each with the heads only.

    Pairs whose numbers of shingles rule out a Jaccard above the threshold are left out. Documents
    are worked through some at a time, with all their buckets, so that a pair that comes up in
    many bands is in memory once.

    Args:
        records: of the documents whose partners are looked for; of a block, or of all.
        threshold: the Jaccard that must be exceeded.
        guests: heads from other blocks: partners only.
        top: heads of a bucket.
    """
    joined = records if guests is None else np.concatenate([records, guests])
    ordered = in_bucket_order(joined[has_company(joined, BAND_BUCKETS)], BAND_BUCKETS)
    starts = bucket_starts(ordered, BAND_BUCKETS)
    lengths = np.minimum(np.arange(ordered.size) - starts, top)
    if guests is not None:
        lengths[~_between(ordered["address"], records["address"])] = 0
    by_document = np.argsort(ordered["address"], kind="stable")
    first_of_document = np.flatnonzero(differs(ordered[by_document], "address"))
    before = np.concatenate([[0], np.cumsum(lengths[by_document])])
    found = [np.empty(0, PAIR)]
    for step in _steps(before, np.append(first_of_document, ordered.size)):
        pairs = _pairs_of(ordered, starts, lengths, by_document[step], threshold)
        found.append(distinct_pairs(pairs))
    return np.concatenate(found)


def crowded_records(records: Records, guests: Records, top: int = HEADS_PER_BUCKET) -> Records:
    """Returns all that a block knows of buckets in which some document of its own is no head.

    What all blocks return of a bucket is the whole bucket: of it the heads that come before are
    sent to each. Other buckets have `top` documents at most, and all of their pairs are candidates.

    Args:
        records: `BAND_RECORD`s of the block.
        guests: heads from other blocks.
        top: heads of a bucket.
    """
    joined = np.concatenate([records, guests])
    ordered = in_bucket_order(joined[has_company(joined, BAND_BUCKETS)], BAND_BUCKETS)
    starts = bucket_starts(ordered, BAND_BUCKETS)
    is_own = _between(ordered["address"], records["address"])
    crowded = is_own & (np.arange(ordered.size) - starts >= top)
    chosen: Records = ordered[np.isin(starts, starts[crowded])]
    return chosen


def _between(addresses: NDArray[np.uint64], block: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether addresses lie in the block, all of whose documents stand one after the other."""
    if not block.size:
        return np.zeros(addresses.size, np.bool_)
    return (addresses >= block.min()) & (addresses <= block.max())


def distinct_pairs(pairs: Records) -> Records:
    """Returns each pair once, ordered by the lower document, then by the partner's precedence."""
    order = np.lexsort((pairs["partner"], precedences(pairs["partner_rank"]), pairs["lower"]))
    ordered = pairs[order]
    return ordered[differs(ordered, "lower", "partner")]


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
