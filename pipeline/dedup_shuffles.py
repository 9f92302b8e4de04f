"""The shuffling steps of the dedup phase: what is grouped by what, and where it is written."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput
from numpy.typing import NDArray

from massivetext.dedup.beam import (
    CandidatePairs,
    ExactDuplicates,
    Packed,
)
from massivetext.dedup.groups import Records, partition_of
from massivetext.dedup.in_memory import band_records, group_records
from massivetext.dedup.packed import pack_item
from massivetext.dedup.pairs import BAND_RECORD, PAIR
from massivetext.dedup.removal import REMOVAL
from massivetext.pipeline.dedup_files import FOLDER, DedupFiles, write_array
from massivetext.pipeline.job import Job
from massivetext.pipeline.rounds import Outcome

PARTITION_BYTES: Final = 32_000_000
"""Our choice: records that one worker sorts at once."""

BAND_BYTES: Final = BAND_RECORD.itemsize - 4
"""What a document sends a band: its row instead of its address."""

OUTCOMES: Final = "outcomes"
"""Tag of the side output that tells how many bytes were sent."""


@dataclass(frozen=True)
class Partitions:
    """How a hash space is cut: `count` ranges, of which a round takes [first, last)."""

    count: int
    first: int
    last: int

    def split(self, records: Records, hashes: NDArray[np.uint64]) -> Iterator[tuple[int, Records]]:
        """Yields (partition, records) for the partitions of this round."""
        return split_range(records, partition_of(hashes, self.count), self.first, self.last)


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


def plan_rounds(job: Job, shuffled_bytes: int, partition_bytes: int) -> list[list[int]]:
    """Returns [count, first, last] of the `Partitions` of each round."""
    rounds = job.rounds(shuffled_bytes)
    count = max(rounds, math.ceil(shuffled_bytes / partition_bytes), 1)
    return [[count, *bounds] for bounds in even_ranges(count, rounds)]


def even_ranges(count: int, parts: int) -> list[list[int]]:
    """Returns [first, last) of so many numbers cut into that many parts, none of them empty."""
    parts = max(1, min(parts, count))
    return [[count * n // parts, count * (n + 1) // parts] for n in range(parts)]


class Spread(beam.PTransform):
    """Elements to workers, one by one: a GroupByKey by their number in the list."""

    def __init__(self, elements: Sequence[Any]) -> None:
        super().__init__()
        self.elements = elements

    def expand(self, input_or_inputs: Any) -> Any:
        """Returns the elements."""
        return (
            input_or_inputs
            | "Elements" >> beam.Create(list(enumerate(self.elements)), reshuffle=False)
            | "Spread" >> beam.GroupByKey()
            | "Values" >> beam.FlatMap(lambda numbered: numbered[1])
        )


def send_all(collection: Any, sender: beam.DoFn) -> Any:
    """Returns what a sender yields: `packed`, (partition, bytes), and OUTCOMES, the bytes sent."""
    sending = beam.ParDo(sender).with_output_types(Packed)
    return collection | "Send" >> sending.with_outputs(OUTCOMES, main="packed")


def with_empty(pipeline: beam.Pipeline, packed: Any, numbers: Sequence[int]) -> Any:
    """Adds an empty element for every item, so that each gets a file, removals or not."""
    empty = pipeline | "All items" >> beam.Create(
        [(number, b"") for number in numbers], reshuffle=False
    ).with_output_types(Packed)
    return (packed, empty) | "With empty" >> beam.Flatten() | "By item" >> beam.GroupByKey()


def join_records(parts: Iterable[bytes], dtype: np.dtype[Any]) -> Records:
    """Returns the records of all parts in one array."""
    return np.frombuffer(b"".join(parts), dtype)


@dataclass(frozen=True)
class FindExact:
    """Exact duplicates: a round writes every item's removals among its hash ranges."""

    files: DedupFiles
    rounds: list[list[int]]

    def __call__(self, pipeline: beam.Pipeline, shape: list[int]) -> Any:
        """Returns the outcomes of a round."""
        numbers = range(len(self.files.names))
        sent = send_all(pipeline | Spread(numbers), _SendGroups(self.files, Partitions(*shape)))
        removals = sent.packed | ExactDuplicates()
        written = with_empty(pipeline, removals, numbers) | "Write" >> beam.Map(
            self._write, self.rounds.index(shape)
        )
        return (written, sent[OUTCOMES]) | "Outcomes" >> beam.Flatten()

    def _write(self, element: tuple[int, Iterable[bytes]], part: int) -> Outcome:
        number, packed = element
        removals = join_records(packed, REMOVAL)
        removals = removals[np.argsort(removals["address"])]
        write_array(self.files.output, self.files.exact_path(part, number), removals)
        return Outcome()


class _SendGroups(beam.DoFn):
    def __init__(self, files: DedupFiles, partitions: Partitions) -> None:
        self.files, self.partitions = files, partitions

    def process(self, number: int) -> Iterator[Any]:
        records = group_records(*self.files.keys(number))
        yield from send(number, self.partitions.split(records, records["group_high"]))


def send(number: int, parts: Iterable[tuple[int, Records]]) -> Iterator[Any]:
    """Yields an item's packed records by partition, and how many bytes they are."""
    sent_bytes = 0
    for partition, records in parts:
        packed = pack_item(records, number)
        sent_bytes += len(packed)
        yield partition, packed
    yield TaggedOutput(OUTCOMES, Outcome(statistics={"shuffled_bytes": sent_bytes}))


@dataclass(frozen=True)
class FindPairs:
    """Candidate pairs: a round writes those of its ranges of band keys."""

    files: DedupFiles
    exact_rounds: int
    threshold: float

    def __call__(self, pipeline: beam.Pipeline, shape: list[int]) -> Any:
        """Returns the outcomes of a round: the files of pairs."""
        bands = _SendBands(self.files, self.exact_rounds, Partitions(*shape))
        sent = send_all(pipeline | Spread(range(len(self.files.names))), bands)
        pairs = sent.packed | CandidatePairs(self.threshold)
        written = pairs | "Write" >> beam.Map(self._write)
        return (written, sent[OUTCOMES]) | "Outcomes" >> beam.Flatten()

    def _write(self, element: tuple[tuple[int, int], bytes]) -> Outcome:
        (partition, block), packed = element
        path = f"{FOLDER}/pairs/{partition:05d}-{block:05d}.npy"
        write_array(self.files.output, path, np.frombuffer(packed, PAIR))
        return Outcome((path,), {"pair_bytes": len(packed)})


class _SendBands(beam.DoFn):
    def __init__(self, files: DedupFiles, exact_rounds: int, partitions: Partitions) -> None:
        self.files, self.exact_rounds, self.partitions = files, exact_rounds, partitions

    def process(self, number: int) -> Iterator[Any]:
        records = band_records(*self.files.winners(number, self.exact_rounds))
        yield from send(number, self.partitions.split(records, records["key"]))
