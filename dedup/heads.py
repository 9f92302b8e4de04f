"""Handles buckets of any size without loading one whole.

Documents that share a key lie in one bucket. What becomes of a document depends on its bucket's
heads only: the `HEADS_PER_BUCKET` documents with the best precedences. The heads of parts of a
bucket contain the heads of the whole, so a bucket is first reduced where its documents lie,
then the parts' heads are merged, and each part is sent those heads of other parts that come
before some document of its own. A bucket of a billion documents costs each block of rows at
most `HEADS_PER_BUCKET` records out and in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.groups import Records, differs
from massivetext.dedup.keys import precedences

HEADS_PER_BUCKET: Final = 32
"""Our choice: documents of a bucket that every other one is compared with. On 50,000 documents with
clusters of up to 1,000 this lost none of 575,547 pairs (a bound of 8 lost 6), on chains none, and
1.1 % on a star, whose middle need not be a head (tests/benchmarks/dedup_heads.py)."""

_HEADS_A_STEP: Final = 1 << 20
"""Our choice: returned heads written out at once, about 30 MB."""

BlockOf = Callable[[NDArray[np.uint64]], NDArray[np.int64]]
"""Addresses -> the blocks of rows in which the documents lie."""


@dataclass(frozen=True)
class Buckets:
    """How records fall into buckets.

    Attributes:
        dtype: of the records; it has the fields `address` and `rank`.
        key: the fields that tell the bucket.
        kind: of records of a bucket that agree in this field only the first can be a head;
            None: every document is of its own kind.
    """

    dtype: np.dtype[Any]
    key: tuple[str, ...]
    kind: str | None = None

    @property
    def head_dtype(self) -> np.dtype[Any]:
        """A head, and the number of the block that it is sent to."""
        fields = [(name, self.dtype[name]) for name in self.dtype.names or ()]
        return np.dtype([("block", "<u4"), *fields])


def in_bucket_order(records: Records, buckets: Buckets) -> Records:
    """Returns the distinct records by bucket, precedence and address."""
    fields = (*reversed(buckets.key),)
    order = np.lexsort(
        (records["address"], precedences(records["rank"]), *(records[name] for name in fields))
    )
    ordered = records[order]
    return ordered[differs(ordered, *buckets.key, "address")]


def bucket_starts(ordered: Records, buckets: Buckets) -> NDArray[np.int64]:
    """Returns int64 (records,): the index at which each record's bucket starts."""
    return first_of_run(differs(ordered, *buckets.key))


def first_of_run(starts: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Returns int64: for each record the index at which its run of equal records starts."""
    return np.maximum.accumulate(np.where(starts, np.arange(starts.size), 0))


def has_company(records: Records, buckets: Buckets) -> NDArray[np.bool_]:
    """Returns bool (records,): whether each shares its (first) key field with another."""
    keys = records[buckets.key[0]]
    order = np.argsort(keys)
    same_as_last = np.zeros(keys.size + 1, np.bool_)
    same_as_last[1:-1] = keys[order[1:]] == keys[order[:-1]]
    company = np.empty(keys.size, np.bool_)
    company[order] = same_as_last[:-1] | same_as_last[1:]
    return company


def first_of_kind(ordered: Records, starts: NDArray[np.int64], kind: str) -> NDArray[np.int64]:
    """Returns int64 (records,): the first record of each one's bucket that agrees in `kind`."""
    order = np.lexsort((ordered[kind], starts))
    new = differs(ordered[[kind]][order], kind)
    new[1:] |= starts[order[1:]] != starts[order[:-1]]
    first = np.empty(ordered.size, np.int64)
    first[order] = order[first_of_run(new)]
    return first


def are_heads(
    ordered: Records, starts: NDArray[np.int64], buckets: Buckets, top: int = HEADS_PER_BUCKET
) -> NDArray[np.bool_]:
    """Returns bool (records,): which records of `in_bucket_order` are heads of their buckets."""
    counts = np.ones(ordered.size, np.bool_)
    if buckets.kind is not None:
        counts = first_of_kind(ordered, starts, buckets.kind) == np.arange(ordered.size)
    before: NDArray[np.int64] = np.cumsum(counts) - counts
    return counts & (before - before[starts] < top)


def bucket_heads(records: Records, buckets: Buckets, top: int = HEADS_PER_BUCKET) -> Records:
    """Returns the heads of every bucket, those of small buckets and large ones alike."""
    company = has_company(records, buckets)
    ordered = in_bucket_order(records[company], buckets)
    heads = are_heads(ordered, bucket_starts(ordered, buckets), buckets, top)
    return np.concatenate([records[~company], ordered[heads]])


def heads_for_blocks(
    records: Records, buckets: Buckets, block_of: BlockOf, top: int = HEADS_PER_BUCKET
) -> Iterator[Records]:
    """Yields `head_dtype` records: the heads that each block must know of.

    Of a bucket that several blocks have documents in, each is sent the heads of the others that
    come before its own last document here. (If a block has kept documents back, it has sent
    `HEADS_PER_BUCKET` heads, and no head of the whole bucket comes after those.)

    Args:
        records: what blocks sent of some buckets; repeats do not matter.
        buckets: how they fall into buckets.
        block_of: where documents lie.
        top: heads of a bucket.
    """
    ordered = in_bucket_order(records[has_company(records, buckets)], buckets)
    starts = bucket_starts(ordered, buckets)
    heads = are_heads(ordered, starts, buckets, top)
    blocks = block_of(ordered["address"])
    places = np.flatnonzero(heads)
    before: NDArray[np.int64] = np.cumsum(heads) - heads
    last = _last_of_each_block(starts, blocks)
    step = max(_HEADS_A_STEP // top, 1)
    for part in (last[first : first + step] for first in range(0, last.size, step)):
        counts: NDArray[np.int64] = before[part] - before[starts[part]]
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        chosen = places[np.repeat(before[starts[part]], counts) + within]
        target = np.repeat(blocks[part], counts)
        foreign = blocks[chosen] != target
        sent = np.empty(int(foreign.sum()), buckets.head_dtype)
        for name in buckets.dtype.names or ():
            sent[name] = ordered[name][chosen[foreign]]
        sent["block"] = target[foreign]
        yield sent


def _last_of_each_block(starts: NDArray[np.int64], blocks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns the indices of the last record of every block in every bucket."""
    order = np.lexsort((blocks, starts))
    ends = np.ones(order.size, np.bool_)
    ends[:-1] = (np.diff(starts[order]) != 0) | (np.diff(blocks[order]) != 0)
    return order[ends]
