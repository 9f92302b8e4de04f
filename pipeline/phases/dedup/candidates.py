"""Documents that share a key meet: exact duplicates by their texts, near ones by their bands.

Two steps each. In the first every block of rows sends the heads of its buckets to where their keys
belong, and the heads that other blocks must know of are written down. In the second every block
gets those, and decides about its own documents.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import PCollection
from numpy.lib.recfunctions import repack_fields

from massivetext.dedup.beam import KeyedBytes, ReturnHeads
from massivetext.dedup.exact import GROUP_RECORD, TEXT_BUCKETS, exact_removals, group_records
from massivetext.dedup.groups import Records
from massivetext.dedup.heads import Buckets, bucket_heads
from massivetext.dedup.keys import set_bytes
from massivetext.dedup.packed import item_of, pack_item, packed_bytes
from massivetext.dedup.pairs import BAND_BUCKETS, BAND_RECORD, band_records, candidate_pairs
from massivetext.pipeline.engine.engine import Engine
from massivetext.pipeline.engine.redistribute import Redistribute
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.engine.steps import Committed, Shuffle, Steps, even_ranges
from massivetext.pipeline.phases.dedup.files import (
    DedupFiles,
    read_array,
    write_array,
)
from massivetext.pipeline.phases.dedup.shuffles import (
    OUTCOMES,
    ByBlock,
    Partitions,
    join_records,
    plan_partitions,
    send,
    send_all,
    split_range,
)

GROUP_BYTES: Final = packed_bytes(GROUP_RECORD)
"""What a document sends to find its exact duplicates."""

BAND_BYTES: Final = packed_bytes(BAND_RECORD)
"""What a document sends a band."""


class RecordSource(Protocol):
    """The documents of a block, as records of one kind of buckets."""

    buckets: ClassVar[Buckets]
    hashed: ClassVar[str]
    """The field that decides to which partition a record belongs."""

    @property
    def files(self) -> DedupFiles:
        """The files of the phase."""
        ...

    def records(self, block: int) -> Records:
        """Returns the records of a block."""
        ...


@dataclass(frozen=True)
class Groups:
    """Documents by their normalised texts."""

    files: DedupFiles
    buckets: ClassVar[Buckets] = TEXT_BUCKETS
    hashed: ClassVar[str] = "group_high"

    def records(self, block: int) -> Records:
        """Returns the `GROUP_RECORD`s of a block."""
        return group_records(*self.files.keys(block))


@dataclass(frozen=True)
class Bands:
    """Documents that exact deduplication keeps, by their band keys."""

    files: DedupFiles
    buckets: ClassVar[Buckets] = BAND_BUCKETS
    hashed: ClassVar[str] = "key"

    def records(self, block: int) -> Records:
        """Returns the `BAND_RECORD`s of a block."""
        return band_records(*self.files.winners(block))


@dataclass(frozen=True)
class Decided:
    """What a block has decided about its documents.

    Attributes:
        block: its number.
        removed: exact duplicates.
        pairs: candidate pairs whose lower documents lie in it.
        set_bytes: what must be sent to it so that it can look at those pairs.
    """

    block: int
    removed: int = 0
    pairs: int = 0
    set_bytes: int = 0


Decide = Callable[[DedupFiles, int, Records, Records], ItemResult[Decided]]
"""Writes what follows for a block, from its own records and the heads of other blocks."""


@dataclass(frozen=True)
class FindHeads:
    """The heads that blocks must know of each other: a round writes those of its partitions."""

    source: RecordSource
    folder: str

    def __call__(self, start: PCollection, shape: list[int]) -> Any:
        """Returns the outcomes of a round: the files of heads."""
        files = self.source.files
        senders = start | Redistribute(lambda: range(files.blocks.count))
        sent = send_all(senders, _SendHeads(self.source, Partitions(*shape)))
        heads = sent.packed | ReturnHeads(self.source.buckets, files.blocks)
        written = heads | "Write" >> beam.Map(self._write)
        return (written, sent[OUTCOMES]) | "Outcomes" >> beam.Flatten()

    def _write(self, element: tuple[tuple[int, int], bytes]) -> ItemResult[None]:
        (partition, part), packed = element
        path = f"{self.source.files.scratch}/{self.folder}/{partition:05d}-{part:05d}.npy"
        heads = np.frombuffer(packed, self.source.buckets.head_dtype)
        return ItemResult((write_array(self.source.files.output, path, heads),))


class _SendHeads(beam.DoFn):
    def __init__(self, source: RecordSource, partitions: Partitions) -> None:
        self.source, self.partitions = source, partitions

    def process(self, block: int) -> Iterator[Any]:
        yield from send(self._packed(block))

    def _packed(self, block: int) -> Iterator[KeyedBytes]:
        records, source = self.source.records(block), self.source
        numbers = self.partitions.numbers(records[source.hashed])
        heads = bucket_heads(records[self.partitions.hold(numbers)], source.buckets)
        numbers = self.partitions.numbers(heads[source.hashed])
        item, _, _ = source.files.blocks.place(block)
        for partition, part in split_range(heads, numbers, 0, self.partitions.count):
            yield partition, pack_item(part, item)


@dataclass(frozen=True)
class MeetHeads:
    """The blocks [first, last) of a round get their heads, and each decides about its documents."""

    source: RecordSource
    heads: Committed[None]
    decide: Decide

    def __call__(self, start: PCollection, blocks: list[int]) -> Any:
        """Returns the outcomes of a round."""
        heads = start | Redistribute(lambda: self.heads.paths)
        sent = send_all(heads, _SendToBlocks(self, *blocks))
        met = (start, sent.packed) | ByBlock(range(*blocks)) | "Decide" >> beam.Map(self._decide)
        return (met, sent[OUTCOMES]) | "Outcomes" >> beam.Flatten()

    def _decide(self, element: tuple[int, Iterable[bytes]]) -> ItemResult[Decided]:
        block, packed = element
        heads = join_records(packed, self.source.buckets.dtype)
        return self.decide(self.source.files, block, self.source.records(block), heads)


class _SendToBlocks(beam.DoFn):
    def __init__(self, step: MeetHeads, first: int, last: int) -> None:
        self.step, self.first, self.last = step, first, last

    def process(self, path: str) -> Iterator[Any]:
        yield from send(self._packed(path))

    def _packed(self, path: str) -> Iterator[KeyedBytes]:
        heads = read_array(self.step.source.files.output, path)
        blocks = heads["block"].astype(np.int64)
        fields = list(self.step.source.buckets.dtype.names or ())
        for block, part in split_range(heads, blocks, self.first, self.last):
            yield block, repack_fields(part[fields]).tobytes()


@dataclass(frozen=True)
class WriteExactRemovals:
    """Writes which documents of a block are exact duplicates."""

    def __call__(
        self, files: DedupFiles, block: int, records: Records, heads: Records
    ) -> ItemResult[Decided]:
        """Returns how many they are."""
        removals = exact_removals(np.concatenate([records, heads]))
        mine = removals[files.blocks.numbers(removals["address"]) == block]
        write_array(files.output, files.exact_path(block), mine)
        return ItemResult(found=(Decided(block, removed=mine.size),))


@dataclass(frozen=True)
class WritePairs:
    """Writes the candidate pairs whose lower documents lie in a block."""

    threshold: float

    def __call__(
        self, files: DedupFiles, block: int, records: Records, heads: Records
    ) -> ItemResult[Decided]:
        """Returns how many there are, and how many bytes of sets must be sent to look at them."""
        pairs = candidate_pairs(records, self.threshold, heads)
        write_array(files.output, files.pairs_path(block), pairs)
        _, first = np.unique(pairs["partner"], return_index=True)
        partners = pairs[first]
        item, _, _ = files.blocks.place(block)
        foreign = item_of(partners["partner"]) != item
        sent_bytes = set_bytes(partners["partner_rank"][foreign])
        found = Decided(block, pairs=pairs.size, set_bytes=sent_bytes)
        return ItemResult(statistics={"candidate_pairs": pairs.size}, found=(found,))


def heads_step(
    steps: Steps, step: str, source: RecordSource, document_bytes: int
) -> Shuffle[list[int], None]:
    """Returns the first step: it writes the heads that blocks must know of each other.

    Args:
        steps: of the phase.
        step: name of the second step.
        source: the documents.
        document_bytes: what each sends.
    """
    sent_bytes = sum(source.files.blocks.documents) * document_bytes
    name = f"{step}-heads"
    return Shuffle(name, plan_partitions(steps.engine, sent_bytes), FindHeads(source, name))


def meet_step(
    steps: Steps,
    step: str,
    source: RecordSource,
    heads: Shuffle[list[int], None],
    decide: Decide,
    blocks: list[list[int]],
) -> Shuffle[list[int], Decided]:
    """Returns the second step: every block decides about its documents.

    Args:
        steps: of the phase.
        step: its name.
        source: the documents.
        heads: the first step.
        decide: see `Decide`.
        blocks: [first, last) of those of each round.
    """
    return Shuffle(step, blocks, MeetHeads(source, steps.committed(heads), decide), Decided)


def rounds_of_blocks(engine: Engine, files: DedupFiles, shuffled_bytes: int) -> list[list[int]]:
    """Returns [first, last) of the blocks of each round, given what all rounds send."""
    count = len(files.new_blocks)
    return even_ranges(count, engine.rounds(shuffled_bytes)) if count else []


def rounds_of_sets(engine: Engine, decided: Sequence[Decided], least: int = 1) -> list[list[int]]:
    """Returns [first, last) of the blocks of each round, so that the sets that it sends fit.

    Args:
        engine: says how much fits.
        decided: what each block must be sent.
        least: rounds that there should be.
    """
    total_bytes = sum(found.set_bytes for found in decided)
    most_bytes = math.ceil(total_bytes / engine.rounds(total_bytes))
    most_blocks = math.ceil(len(decided) / least)
    rounds: list[list[int]] = []
    used = 0
    for found in sorted(decided, key=lambda found: found.block):
        used += found.set_bytes
        if not rounds or used > most_bytes or found.block - rounds[-1][0] == most_blocks:
            rounds.append([found.block, found.block])
            used = found.set_bytes
        rounds[-1][1] = found.block + 1
    return rounds
