"""Deduplication as Beam transforms over small `bytes` arrays; no text, no state, no side input.

Elements are pairs of a partition number and packed records (`packed`). Whoever makes them chooses
the number of partitions (`groups.partition_of`), which changes no result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import apache_beam as beam
import numpy as np

from massivetext.dedup.exact import GROUP_RECORD, exact_removals, group_heads
from massivetext.dedup.groups import Records, resolve_in_blocks
from massivetext.dedup.packed import item_of, unpack_item
from massivetext.dedup.pairs import (
    BAND_RECORD,
    PAIR,
    bucket_heads,
    candidate_pairs,
    distinct_pairs,
)

Packed = tuple[int, bytes]
"""A partition, or the number of a work item, and packed records."""


class _Chunks:
    """The packed records of a group, unpacked anew each time they are iterated."""

    def __init__(self, packed: Iterable[bytes], dtype: np.dtype[Any]) -> None:
        self.packed, self.dtype = packed, dtype

    def __iter__(self) -> Iterator[Records]:
        return (unpack_item(part, self.dtype) for part in self.packed)


class ExactDuplicates(beam.PTransform):
    """Packed `GROUP_RECORD`s by partition of their group -> `REMOVAL` bytes by work item."""

    def expand(self, input_or_inputs: Any) -> Any:
        """Returns (number of the work item, bytes)."""
        return (
            input_or_inputs
            | "Group exact" >> beam.GroupByKey()
            | "Resolve exact" >> beam.FlatMap(_exact).with_output_types(Packed)
        )


def _exact(element: tuple[int, Iterable[bytes]]) -> Iterator[Packed]:
    chunks = _Chunks(element[1], GROUP_RECORD)
    for removals in resolve_in_blocks(chunks, group_heads, exact_removals):
        yield from split_by_item(removals, "address")


class CandidatePairs(beam.PTransform):
    """Packed `BAND_RECORD`s by partition of their key -> `PAIR` bytes, by partition and block.

    The pairs of a block are distinct; the same pair may come from another band's partition.

    Args:
        threshold: pairs whose sizes rule out a Jaccard above it are left out.
    """

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.threshold = threshold

    def expand(self, input_or_inputs: Any) -> Any:
        """Returns ((partition, block), bytes)."""
        return (
            input_or_inputs
            | "Group bands" >> beam.GroupByKey()
            | "Pair" >> beam.FlatMap(_pairs, self.threshold)
        )


def _pairs(
    element: tuple[int, Iterable[bytes]], threshold: float
) -> Iterator[tuple[tuple[int, int], bytes]]:
    chunks = _Chunks(element[1], BAND_RECORD)
    blocks = resolve_in_blocks(chunks, bucket_heads, lambda part: candidate_pairs(part, threshold))
    for number, pairs in enumerate(blocks):
        yield (element[0], number), pairs.tobytes()


class DistinctPairs(beam.PTransform):
    """`PAIR` bytes by partition of the lower document -> the same, each pair once, in order.

    All pairs of a lower document meet in one partition: at most `TOP` a band.
    """

    def expand(self, input_or_inputs: Any) -> Any:
        """Returns (partition, bytes)."""
        return (
            input_or_inputs
            | "Group pairs" >> beam.GroupByKey()
            | "Distinct" >> beam.Map(_distinct).with_output_types(Packed)
        )


def _distinct(element: tuple[int, Iterable[bytes]]) -> Packed:
    pairs = np.concatenate([np.frombuffer(part, PAIR) for part in element[1]])
    return element[0], distinct_pairs(pairs).tobytes()


def split_by_item(records: Records, field: str) -> Iterator[Packed]:
    """Yields (number of the work item, bytes) of the records whose `field` lies in that item."""
    items = item_of(records[field])
    order = np.argsort(items, kind="stable")
    ordered, numbers = records[order], items[order]
    edges = np.flatnonzero(np.diff(numbers, prepend=-1, append=-1))
    for start, stop in pairwise(edges.tolist()):
        yield int(numbers[start]), ordered[start:stop].tobytes()
