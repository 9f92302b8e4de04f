"""Records grouped by their keys: partitions, sorting, and groups that no memory would hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.hashing import mix_64

BLOCK_RECORDS: Final = 4_000_000
"""Our choice: records in memory at once, about 100 to 160 MB."""

Records = NDArray[Any]
"""A structured array."""


def partition_of(hashes: NDArray[np.uint64], partitions: int) -> NDArray[np.int64]:
    """Splits the mixed hash space into equal ranges and returns the range of each key."""
    return (mix_64(hashes) >> np.uint64(32)).astype(np.int64) * partitions >> 32


def differs(ordered: Records, *fields: str) -> NDArray[np.bool_]:
    """Whether each record differs from the one before it in any of the fields."""
    differs = np.zeros(ordered.size, np.bool_)
    differs[:1] = True
    for name in fields:
        differs[1:] |= ordered[name][1:] != ordered[name][:-1]
    return differs


def resolve_in_blocks(
    chunks: Iterable[Records],
    heads_of: Callable[[Records], Records],
    resolve: Callable[[Records], Iterator[Records]],
    block_records: int = BLOCK_RECORDS,
) -> Iterator[Records]:
    """Resolves groups of any size with a bounded number of records in memory.

    A first pass over the chunks reduces every group to its heads, the records that can decide
    about others; a second one resolves block after block, each with all heads before it.
    `resolve` must not mind that heads come up twice.

    Args:
        chunks: arrays of records; iterated twice if they are more than one block.
        heads_of: records -> the records that decide; of a huge group it keeps a few.
        resolve: records -> what follows from them, part by part.
        block_records: records to gather before work is done.

    Yields:
        what `resolve` yields.
    """
    heads = last = None
    for block in _blocks(chunks, block_records):
        if last is not None:
            heads = heads_of(last if heads is None else np.concatenate([heads, last]))
        last = block
    if last is None:
        return
    if heads is None:
        yield from resolve(last)
        return
    heads = heads_of(np.concatenate([heads, last]))
    del last
    for block in _blocks(chunks, max(block_records, heads.size)):
        yield from resolve(np.concatenate([heads, block]))


def _blocks(chunks: Iterable[Records], block_records: int) -> Iterator[Records]:
    """Joins chunks into blocks of at least this many records; the last may be smaller."""
    pending: list[Records] = []
    count = 0
    for chunk in chunks:
        pending.append(chunk)
        count += chunk.size
        if count >= block_records:
            yield np.concatenate(pending)
            pending, count = [], 0
    if count:
        yield np.concatenate(pending)
