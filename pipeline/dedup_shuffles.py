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
    DistinctPairs,
    ExactDuplicates,
    Packed,
)
from massivetext.dedup.groups import Records, differs, partition_of
from massivetext.dedup.in_memory import RULES, Rule, band_records, group_records, verify
from massivetext.dedup.keys import shingle_counts
from massivetext.dedup.packed import item_of, pack_item, pack_sets, row_of, unpack_sets
from massivetext.dedup.pairs import BAND_RECORD, PAIR
from massivetext.dedup.removal import REMOVAL
from massivetext.dedup.shingles import ShingleBatch, join_sets, shingle_sets
from massivetext.pipeline.dedup_files import FOLDER, DedupFiles, read_array, write_array
from massivetext.pipeline.job import Job
from massivetext.pipeline.rounds import Outcome

PARTITION_BYTES: Final = 32_000_000
"""Our choice: records that one worker sorts at once."""

PAIR_PARTITION_BYTES: Final = 2_000_000
"""Our choice: pairs, repeats included, of one partition; the shingle sets of their documents take
some ten times as much."""

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
        partition = partition_of(hashes, self.count)
        order = np.argsort(partition, kind="stable")
        bounds = np.searchsorted(partition[order], np.arange(self.first, self.last + 1))
        for number in range(self.first, self.last):
            start, stop = bounds[number - self.first : number - self.first + 2]
            if start < stop:
                yield number, records[order[start:stop]]


def plan_rounds(job: Job, shuffled_bytes: int, partition_bytes: int) -> list[list[int]]:
    """Returns [count, first, last] of the `Partitions` of each round."""
    rounds = job.rounds(shuffled_bytes)
    count = max(rounds, math.ceil(shuffled_bytes / partition_bytes), 1)
    bounds = [count * number // rounds for number in range(rounds + 1)]
    return [[count, first, last] for first, last in itertools.pairwise(bounds)]


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


def _send_all(collection: Any, sender: beam.DoFn) -> Any:
    """Returns what a sender yields: `packed`, (partition, bytes), and OUTCOMES, the bytes sent."""
    sending = beam.ParDo(sender).with_output_types(Packed)
    return collection | "Send" >> sending.with_outputs(OUTCOMES, main="packed")


def with_empty(pipeline: beam.Pipeline, packed: Any, numbers: Sequence[int]) -> Any:
    """Adds an empty element for every item, so that each gets a file, removals or not."""
    empty = pipeline | "All items" >> beam.Create([(number, b"") for number in numbers])
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
        sent = _send_all(pipeline | Spread(numbers), _SendGroups(self.files, Partitions(*shape)))
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
        yield from _send(number, self.partitions.split(records, records["group_high"]))


def _send(number: int, parts: Iterable[tuple[int, Records]]) -> Iterator[Any]:
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
        sent = _send_all(pipeline | Spread(range(len(self.files.names))), bands)
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
        yield from _send(number, self.partitions.split(records, records["key"]))


@dataclass(frozen=True)
class FindDistinctPairs:
    """Each candidate pair once: a round writes its ranges of lower documents."""

    output: str

    def build(self, pair_files: Sequence[str]) -> Any:
        """Returns what builds a round over these files."""

        def wire(pipeline: beam.Pipeline, shape: list[int]) -> Any:
            pairs = _SendPairs(self.output, Partitions(*shape))
            sent = _send_all(pipeline | Spread(pair_files), pairs)
            distinct = sent.packed | DistinctPairs()
            written = distinct | "Write" >> beam.Map(self._write)
            return (written, sent[OUTCOMES]) | "Outcomes" >> beam.Flatten()

        return wire

    def _write(self, element: Packed) -> Outcome:
        partition, packed = element
        pairs = np.frombuffer(packed, PAIR)
        write_array(self.output, distinct_path(partition), pairs)
        counts = {"candidate_pairs": pairs.size, "set_bytes": {str(partition): _set_bytes(pairs)}}
        return Outcome((), counts)


class _SendPairs(beam.DoFn):
    def __init__(self, output: str, partitions: Partitions) -> None:
        self.output, self.partitions = output, partitions

    def process(self, path: str) -> Iterator[Any]:
        pairs = read_array(self.output, path)
        sent_bytes = 0
        for partition, part in self.partitions.split(pairs, pairs["lower"]):
            sent_bytes += part.nbytes
            yield partition, part.tobytes()
        yield TaggedOutput(OUTCOMES, Outcome(statistics={"shuffled_bytes": sent_bytes}))


def distinct_path(partition: int) -> str:
    """Returns the path of a partition's distinct pairs."""
    return f"{FOLDER}/distinct/{partition:05d}.npy"


def verified_path(partition: int) -> str:
    """Returns the path of what verification left of a partition."""
    return f"{FOLDER}/verified/{partition:05d}.npy"


def _documents_of(pairs: Records) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Returns the distinct addresses in some pairs, and their numbers of shingles."""
    addresses = np.concatenate([pairs["lower"], pairs["partner"]])
    ranks = np.concatenate([pairs["lower_rank"], pairs["partner_rank"]])
    distinct, first = np.unique(addresses, return_index=True)
    return distinct, shingle_counts(ranks[first])


def _set_bytes(pairs: Records) -> int:
    return 8 * int(_documents_of(pairs)[1].sum())


NEED: Final = np.dtype([("row", "<u4"), ("partition", "<u4")])
"""A document whose shingle set a pair partition needs."""

_SETS_A_STEP_BYTES: Final = 8_000_000
"""Our choice: sets sent in one element."""


@dataclass(frozen=True)
class VerifyPairs:
    """Exact Jaccard of candidate pairs: sets travel to the pairs that need them, texts do not.

    For the rule `pairwise` a partition writes its removals; for the others its verified pairs.
    """

    files: DedupFiles
    rule: Rule
    threshold: float
    ngram: int
    fold_case: bool

    def __call__(self, pipeline: beam.Pipeline, partitions: list[int]) -> Any:
        """Returns the outcomes of a round, which verifies these partitions of pairs."""
        needs = (
            pipeline
            | Spread(partitions)
            | "Needs" >> beam.FlatMap(self._needs).with_output_types(Packed)
            | "By item" >> beam.GroupByKey()
        )
        sent = _send_all(needs, _SendSets(self))
        written = (
            sent.packed | "By partition" >> beam.GroupByKey() | "Verify" >> beam.Map(self._verify)
        )
        return (written, sent[OUTCOMES]) | "Outcomes" >> beam.Flatten()

    def _needs(self, partition: int) -> Iterator[Packed]:
        addresses, _ = _documents_of(read_array(self.files.output, distinct_path(partition)))
        items = item_of(addresses)
        for number in np.unique(items):
            needs = np.empty(int((items == number).sum()), NEED)
            needs["row"], needs["partition"] = row_of(addresses[items == number]), partition
            yield int(number), needs.tobytes()

    def sets_of_item(self, number: int, needs: Records) -> Iterator[Packed]:
        """Yields the sets that the partitions need of an item's documents, some MB at a time."""
        pending = list[tuple[NDArray[np.int64], ShingleBatch]]()
        pending_bytes = 0
        for rows, _, texts in self.files.texts(number, np.unique(needs["row"]).astype(np.int64)):
            sets = shingle_sets(texts, self.ngram, self.fold_case)
            pending.append((rows, sets))
            pending_bytes += sets.hashes.nbytes
            if pending_bytes >= _SETS_A_STEP_BYTES:
                yield from _sets_by_partition(number, needs, pending)
                pending, pending_bytes = [], 0
        if pending:
            yield from _sets_by_partition(number, needs, pending)

    def _verify(self, element: tuple[int, Iterable[bytes]]) -> Outcome:
        partition, packed = element
        addresses, sets = unpack_sets(list(packed))
        pairs = read_array(self.files.output, distinct_path(partition))
        found = verify(self.rule, pairs, sets, addresses, self.threshold)
        if self.rule == "pairwise":
            found = RULES["pairwise"](found)
        path = verified_path(partition)
        write_array(self.files.output, path, found)
        return Outcome((path,), {"verified": found.size})


def _sets_by_partition(
    number: int, needs: Records, pending: list[tuple[NDArray[np.int64], ShingleBatch]]
) -> Iterator[Packed]:
    """Yields the packed sets of these rows for every partition that needs some of them."""
    rows = np.concatenate([part for part, _ in pending])
    sets = join_sets([batch.of_document(d) for _, batch in pending for d in range(len(batch))])
    wanted = needs[(needs["row"] >= rows[0]) & (needs["row"] <= rows[-1])]
    wanted = wanted[np.argsort(wanted["partition"], kind="stable")]
    starts = np.flatnonzero(differs(wanted, "partition"))
    for part in np.split(wanted, starts[1:]):
        chosen = np.searchsorted(rows, part["row"])
        addresses = rows[chosen].astype(np.uint64) | np.uint64(number << 32)
        yield int(part["partition"][0]), pack_sets(addresses, sets.select(chosen))


class _SendSets(beam.DoFn):
    def __init__(self, step: VerifyPairs) -> None:
        self.step = step

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        number, needs = element
        sent_bytes = 0
        for partition, packed in self.step.sets_of_item(number, join_records(needs, NEED)):
            sent_bytes += len(packed)
            yield partition, packed
        yield TaggedOutput(OUTCOMES, Outcome(statistics={"shuffled_bytes": sent_bytes}))
