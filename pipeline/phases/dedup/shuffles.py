"""What all shuffling steps of the phase are made of: rounds, partitions, senders."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import PCollection, TaggedOutput
from numpy.typing import NDArray

from massivetext.dedup.beam import Answer, Ask, AskBlocks, KeyedBytes
from massivetext.dedup.groups import Records, partition_of
from massivetext.dedup.row_blocks import RowBlocks
from massivetext.pipeline.engine.engine import Engine
from massivetext.pipeline.engine.redistribute import Redistribute
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.engine.steps import even_ranges

PARTITION_BYTES: Final = 32_000_000
"""Our choice: records that one worker sorts at once."""

OUTCOMES: Final = "outcomes"
"""Tag of the side output that tells how many bytes were sent."""


@dataclass(frozen=True)
class Partitions:
    """How a hash space is cut: `count` ranges, of which a round takes [first, last)."""

    count: int
    first: int
    last: int

    def numbers(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Returns int64: the partition of each hash."""
        return partition_of(hashes, self.count)

    def hold(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether this round takes partitions of these numbers."""
        return (numbers >= self.first) & (numbers < self.last)


def split_range(
    records: Records, numbers: NDArray[np.int64], first: int, last: int
) -> Iterator[tuple[int, Records]]:
    """Yields (number, records) of each number from `first` until before `last` that has some."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    start, stop = np.searchsorted(ordered, [first, last])
    bounds = start + np.flatnonzero(np.diff(ordered[start:stop], prepend=-1, append=-1))
    for begin, end in itertools.pairwise(bounds.tolist()):
        yield int(ordered[begin]), records[order[begin:end]]


def plan_partitions(engine: Engine, shuffled_bytes: int) -> list[list[int]]:
    """Returns [count, first, last] of the `Partitions` of each round."""
    rounds = engine.rounds(shuffled_bytes)
    count = max(rounds, math.ceil(shuffled_bytes / PARTITION_BYTES), 1)
    return [[count, *bounds] for bounds in even_ranges(count, rounds)]


def send_all(collection: Any, sender: beam.DoFn) -> Any:
    """Returns what a sender yields: `packed`, (number, bytes), and OUTCOMES, the bytes sent."""
    sending = beam.ParDo(sender).with_output_types(KeyedBytes)
    return collection | "Send" >> sending.with_outputs(OUTCOMES, main="packed")


def send(packed: Iterable[KeyedBytes]) -> Iterator[Any]:
    """Yields (number, bytes) elements, and how many bytes they were."""
    sent_bytes = 0
    for element in packed:
        sent_bytes += len(element[1])
        yield element
    yield TaggedOutput(OUTCOMES, ItemResult(statistics={"shuffled_bytes": sent_bytes}))


class ByBlock(beam.PTransform):
    """(start, (block, bytes)) -> (block, all its bytes) of every block, whether it was sent any.

    Args:
        blocks: numbers of the blocks.
    """

    def __init__(self, blocks: Sequence[int]) -> None:
        super().__init__()
        self.blocks = blocks

    def expand(self, input_or_inputs: tuple[PCollection, PCollection]) -> PCollection:
        """Returns (block, iterable of bytes), empty ones among them."""
        start, packed = input_or_inputs
        nothing = [(block, b"") for block in self.blocks]
        every = start | "All blocks" >> beam.FlatMap(lambda _: nothing).with_output_types(
            KeyedBytes
        )
        return (packed, every) | "With empty" >> beam.Flatten() | "Group" >> beam.GroupByKey()


class Exchange(beam.PTransform):
    """Blocks ask others about documents -> (block, all the answers it got).

    Args:
        blocks: where documents lie.
        asking: numbers of the blocks that ask.
        ask: gives the addresses that a block asks about.
        answer: gives the answers, where the documents lie.
    """

    def __init__(self, blocks: RowBlocks, asking: Sequence[int], ask: Ask, answer: Answer) -> None:
        super().__init__()
        self.blocks, self.asking, self.ask, self.answer = blocks, asking, ask, answer

    def expand(self, input_or_inputs: PCollection) -> PCollection:
        """Returns (block, iterable of bytes of `Answers.packed`), for every block that asks."""
        asking = self.asking
        answers = (
            input_or_inputs
            | "Blocks" >> Redistribute(lambda: asking)
            | "Ask" >> AskBlocks(self.blocks, self.ask, self.answer)
        )
        return (input_or_inputs, answers) | "By block" >> ByBlock(asking)


def join_records(parts: Iterable[bytes], dtype: np.dtype[Any]) -> Records:
    """Returns the records of all parts in one array."""
    return np.frombuffer(b"".join(parts), dtype)
