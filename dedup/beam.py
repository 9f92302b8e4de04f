"""Deduplication as Beam transforms over small `bytes` arrays; no text, no state, no side input.

Documents lie in blocks of rows, and blocks exchange what they must know of each other in two ways:
`ReturnHeads` for documents that share a key, `AskBlocks` for documents whose addresses are known.
Neither ever sends one worker more of a bucket or a cluster than a bounded part a block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Protocol

import apache_beam as beam
import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.groups import Records, resolve_in_blocks
from massivetext.dedup.heads import Buckets, bucket_heads, heads_for_blocks
from massivetext.dedup.packed import unpack_item
from massivetext.dedup.row_blocks import RowBlocks

KeyedBytes = tuple[int, bytes]
"""A partition, or the number of a block, and packed records."""


class _Chunks:
    """The packed records of a group, unpacked anew each time they are iterated."""

    def __init__(self, packed: Iterable[bytes], dtype: np.dtype[Any]) -> None:
        self.packed, self.dtype = packed, dtype

    def __iter__(self) -> Iterator[Records]:
        return (unpack_item(part, self.dtype) for part in self.packed)


class ReturnHeads(beam.PTransform):
    """Packed heads of blocks, by partition of their keys -> the heads that blocks must know of.

    Whoever makes the elements chooses the number of partitions (`groups.partition_of`), which
    changes no result.
    """

    def __init__(self, buckets: Buckets, blocks: RowBlocks) -> None:
        super().__init__()
        self.buckets, self.blocks = buckets, blocks

    def expand(self, input_or_inputs: Any) -> Any:
        """Returns ((partition, number of the part), bytes of `Buckets.head_dtype`)."""
        return (
            input_or_inputs
            | "Group buckets" >> beam.GroupByKey()
            | "Merge heads" >> beam.FlatMap(self._merge)
        )

    def _merge(
        self, element: tuple[int, Iterable[bytes]]
    ) -> Iterator[tuple[tuple[int, int], bytes]]:
        partition, packed = element
        parts = resolve_in_blocks(
            _Chunks(packed, self.buckets.dtype),
            lambda records: bucket_heads(records, self.buckets),
            lambda records: heads_for_blocks(records, self.buckets, self.blocks.numbers),
        )
        for number, heads in enumerate(parts):
            if heads.size:
                yield (partition, number), heads.tobytes()


ASK: Final = np.dtype([("address", "<u8"), ("block", "<u4")])
"""A document, and the block that asks about it."""


class Answers(Protocol):
    """What is to be said of some documents."""

    @property
    def addresses(self) -> NDArray[np.uint64]:
        """Whose answers these are, ascending."""
        ...

    def packed(self, chosen: NDArray[np.int64]) -> bytes:
        """Returns the answers with these indices as bytes."""
        ...


@dataclass(frozen=True)
class RecordAnswers:
    """Answers that are records with a field `address`, in that order."""

    records: Records

    @property
    def addresses(self) -> NDArray[np.uint64]:
        """See `Answers`."""
        addresses: NDArray[np.uint64] = self.records["address"]
        return addresses

    def packed(self, chosen: NDArray[np.int64]) -> bytes:
        """See `Answers`."""
        return self.records[chosen].tobytes()


Ask = Callable[[int], NDArray[np.uint64]]
"""Gives the addresses of the documents that a block asks about."""

Answer = Callable[[int, NDArray[np.uint64]], Iterable[Answers]]
"""Tells of documents of a block (its number, addresses), some documents after the other."""


class AskBlocks(beam.PTransform):
    """Numbers of blocks -> answers about the documents of other blocks that they ask about.

    A document's answer is sent once to a block, however many of its documents ask.

    Args:
        blocks: where documents lie.
        ask: gives the addresses that a block asks about.
        answer: gives the answers, where the documents lie.
    """

    def __init__(self, blocks: RowBlocks, ask: Ask, answer: Answer) -> None:
        super().__init__()
        self.blocks, self.ask, self.answer = blocks, ask, answer

    def expand(self, input_or_inputs: Any) -> Any:
        """Returns (number of the block that asked, bytes of `Answers.packed`)."""
        return (
            input_or_inputs
            | "Ask" >> beam.FlatMap(self._asks).with_output_types(KeyedBytes)
            | "Group asked" >> beam.GroupByKey()
            | "Answer" >> beam.FlatMap(self._answers).with_output_types(KeyedBytes)
        )

    def _asks(self, block: int) -> Iterator[KeyedBytes]:
        addresses = np.unique(self.ask(block))
        asks = np.empty(addresses.size, ASK)
        asks["address"], asks["block"] = addresses, block
        yield from split_by(asks, self.blocks.numbers(addresses))

    def _answers(self, element: tuple[int, Iterable[bytes]]) -> Iterator[KeyedBytes]:
        block, packed = element
        asks = np.frombuffer(b"".join(packed), ASK)
        asks = asks[np.lexsort((asks["block"], asks["address"]))]
        for answers in self.answer(block, np.unique(asks["address"])):
            start = np.searchsorted(asks["address"], answers.addresses[0])
            stop = np.searchsorted(asks["address"], answers.addresses[-1], side="right")
            mine = asks[start:stop]
            for asker, part in split_by(mine, mine["block"].astype(np.int64)):
                wanted = np.frombuffer(part, ASK)["address"]
                yield asker, answers.packed(np.searchsorted(answers.addresses, wanted))


def split_by(records: Records, numbers: NDArray[np.int64]) -> Iterator[KeyedBytes]:
    """Yields (number, bytes) of the records that have each number."""
    order = np.argsort(numbers, kind="stable")
    ordered, numbers = records[order], numbers[order]
    edges = np.flatnonzero(np.diff(numbers, prepend=-1, append=-1))
    for start, stop in pairwise(edges.tolist()):
        yield int(numbers[start]), ordered[start:stop].tobytes()
