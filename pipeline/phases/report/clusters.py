"""How large the clusters of duplicates are: documents that were removed for the same survivor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import PCollection
from numpy.typing import NDArray

from massivetext.dedup.beam import KeyedBytes
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.redistribute import Redistribute
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.audit.parts import Parts
from massivetext.pipeline.phases.dedup.shuffles import ByBlock
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.records import address

REMOVED_BYTES: Final = 8
"""What a removed document sends: the address of its survivor."""

LARGEST: Final = 10
"""Our choice: so many clusters are named."""

_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: Fibonacci hashing (Knuth, TAOCP 3, 6.4), as addresses are dense."""


@dataclass(frozen=True)
class Cluster:
    """One of the largest clusters.

    Attributes:
        documents: how many, the survivor included.
        item: the survivor's work item.
        row: its row in `documents/`.
    """

    documents: int
    item: str
    row: int


@dataclass(frozen=True)
class CountClusters:
    """Counts the removed documents by survivor: the transforms of a round of parts.

    Attributes:
        output: the output folder.
        items: the work items of the run.
    """

    output: str
    items: Sequence[WorkItem]

    def __call__(self, start: PCollection, part: list[int]) -> Any:
        """Returns the outcomes of a round."""
        parts, items = Parts(*part), self.items
        sent = (
            start
            | "Cluster items" >> Redistribute(lambda: items)
            | "Send survivors" >> beam.FlatMap(self._send, parts).with_output_types(KeyedBytes)
        )
        return (
            (start, sent)
            | "By part of survivors" >> ByBlock(parts.numbers)
            | "Count clusters" >> beam.MapTuple(self._count)
        )

    def _send(self, item: WorkItem, parts: Parts) -> Iterator[KeyedBytes]:
        path = store.below(self.output, f"removed/{item.name}.parquet")
        table = store.read_table(path, ["survivor_item", "survivor_row"])
        numbers = {item.name: number for number, item in enumerate(self.items)}
        pairs = zip(*(table[name].to_pylist() for name in table.column_names), strict=True)
        found = [address(numbers[name], row) for name, row in pairs if name is not None]
        addresses = np.array(found, np.uint64)
        for number, rows in parts.split(addresses * _SPREAD):
            yield number, addresses[rows].tobytes()

    def _count(self, number: int, packed: Iterable[bytes]) -> ItemResult[Cluster]:
        del number
        addresses = np.frombuffer(b"".join(packed), np.uint64)
        survivors, counts = np.unique(addresses, return_counts=True)
        return ItemResult(
            statistics={"cluster_sizes": size_classes(counts + 1)},
            found=tuple(self._largest(survivors, counts + 1)),
        )

    def _largest(
        self, survivors: NDArray[np.uint64], sizes: NDArray[np.int64]
    ) -> Iterator[Cluster]:
        order = np.lexsort((survivors, -sizes))[:LARGEST]
        for survivor, size in zip(survivors[order].tolist(), sizes[order].tolist(), strict=True):
            yield Cluster(size, self.items[survivor >> 32].name, survivor & 0xFFFFFFFF)


def size_classes(sizes: NDArray[np.int64]) -> dict[str, int]:
    """Returns how many clusters have each size; from 8 on by powers of two."""
    return dict(Counter(_size_class(size) for size in sizes.tolist()))


def _size_class(size: int) -> str:
    if size < 8:
        return f"{size:,}"
    first = 1 << (size.bit_length() - 1)
    return f"{first:,} to {2 * first - 1:,}"


def largest(found: Iterable[Cluster]) -> list[Cluster]:
    """Returns the largest clusters of all parts, the largest first; ties by the survivor's name."""
    ordered = sorted(found, key=lambda cluster: (-cluster.documents, cluster.item, cluster.row))
    return ordered[:LARGEST]
