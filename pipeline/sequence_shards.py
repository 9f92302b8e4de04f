"""The shuffles of phase SEQUENCE: crops to buckets, to count their sequences and to fill shards."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from massivetext.pipeline import store
from massivetext.pipeline.job import Job
from massivetext.pipeline.phase import ItemResult, Phase
from massivetext.pipeline.processes import close_processes
from massivetext.pipeline.progress import watch
from massivetext.pipeline.sequence_items import read_blocks
from massivetext.sequencing.beam import (
    CountSequences,
    DrawId,
    FillBuckets,
    Quotas,
    SizedCrops,
    TokenisedCrops,
)
from massivetext.sequencing.blocks import CROP_DTYPE
from massivetext.sequencing.buckets import Bucket
from massivetext.sequencing.packing import PackingRule
from massivetext.sequencing.shards import FORMATS, provenance_name, shard_name
from massivetext.sequencing.tokenizer import Tokenizer

SHARD_STEP = "shards"
"""Below `phases/sequence/`: one record a shard, written when its files stand."""


@dataclass(frozen=True)
class BlockFile:
    """A file of tokenised crops: what it was drawn by, and how much it holds."""

    path: str
    draw: DrawId
    crops: int
    tokens: int


@dataclass(frozen=True)
class ShardPlan:
    """What all shards have in common.

    Attributes:
        shards: their number.
        format_name: as in the configuration.
        rule: how crops become sequences.
        seed: of the run.
        tokenizer: its table of bytes a token is needed.
    """

    shards: int
    format_name: str
    rule: PackingRule
    seed: int
    tokenizer: Tokenizer


def count_sequences(
    job: Job, phase: Phase, step: str, files: Sequence[BlockFile], plan: ShardPlan
) -> dict[DrawId, tuple[int, ...]]:
    """Returns, for every draw of the files, how many sequences its crops give in each bucket."""
    counts = {file.draw: [0] * plan.shards for file in files}
    shuffled_bytes = sum(file.crops for file in files) * CROP_DTYPE.itemsize
    for buckets in _rounds(job, plan.shards, shuffled_bytes):
        # Named by its buckets: a later attempt may have another number of rounds.
        path = f"phases/{phase.name}/{step}/{buckets.start:05d}-{buckets.stop:05d}.json"
        counted = _committed_counts(job, phase, path)
        if counted is None:
            job.run(f"{phase.name}-{step}", _counting(job, phase, files, buckets, plan.rule, path))
            counted = _committed_counts(job, phase, path) or []
        for bucket, draw, sequences in counted:
            counts[DrawId(*draw)][bucket] = sequences
    return {draw: tuple(by_bucket) for draw, by_bucket in counts.items()}


def write_shards(
    job: Job, phase: Phase, files: Sequence[BlockFile], quotas: Quotas, plan: ShardPlan
) -> list[ItemResult]:
    """Writes every shard that is not committed; returns what each holds, in their order."""
    folder = f"phases/{phase.name}/{SHARD_STEP}"
    done = _committed_shards(job, phase, plan)
    close_processes()  # no more items to work on; a shard needs the memory they hold
    shuffled_bytes = sum(2 * file.tokens + CROP_DTYPE.itemsize * file.crops for file in files)
    with watch(job, f"{phase.name}: {SHARD_STEP}", folder, plan.shards, len(done)):
        for buckets in _rounds(job, plan.shards, shuffled_bytes):
            pending = {b: quotas[b] for b in buckets if b not in done}
            if pending:
                job.run(f"{phase.name}-{SHARD_STEP}", _filling(job, phase, files, pending, plan))
    done = _committed_shards(job, phase, plan)
    return [done[number] for number in range(plan.shards)]


def _rounds(job: Job, buckets: int, shuffled_bytes: int) -> list[range]:
    """Splits the buckets into as many ranges as the memory asks for."""
    rounds = min(buckets, job.rounds(shuffled_bytes))
    stops = [buckets * number // rounds for number in range(rounds + 1)]
    return [range(start, stop) for start, stop in itertools.pairwise(stops)]


def _counting(
    job: Job, phase: Phase, files: Sequence[BlockFile], buckets: range, rule: PackingRule, path: str
) -> Callable[[beam.Pipeline], None]:
    def build(pipeline: beam.Pipeline) -> None:
        (
            pipeline
            | "Read crops" >> ReadBlocks(job.output, files, buckets, ["crops"], SizedCrops)
            | "Count" >> CountSequences(rule)
            | "To one place" >> beam.Map(lambda counted: (0, counted))
            | "All counts" >> beam.GroupByKey()
            | "Write counts" >> beam.Map(_write_counts, job.output, path, phase.key)
        )

    return build


def _filling(
    job: Job, phase: Phase, files: Sequence[BlockFile], quotas: Quotas, plan: ShardPlan
) -> Callable[[beam.Pipeline], None]:
    def build(pipeline: beam.Pipeline) -> None:
        columns = ["crops", "tokens"]
        write = WriteShard(job.output, phase.name, phase.key, plan.shards, plan.format_name)
        (
            pipeline
            | "Read tokens" >> ReadBlocks(job.output, files, quotas, columns, TokenisedCrops)
            | "Fill" >> FillBuckets(quotas, plan.rule, plan.seed, plan.tokenizer.token_bytes)
            | "Write shards" >> beam.ParDo(write)
        )

    return build


class ReadBlocks(beam.PTransform):
    """Block files -> (bucket, (DrawId, array, ...)) of some buckets, the arrays as bytes."""

    def __init__(
        self,
        output: str,
        files: Sequence[BlockFile],
        buckets: Collection[int],
        columns: list[str],
        element_type: Any,
    ) -> None:
        super().__init__()
        self.output, self.files, self.buckets = output, files, frozenset(buckets)
        self.columns, self.element_type = columns, element_type

    def expand(self, input_or_inputs: Any) -> Any:
        """Spreads the files by number, then reads them."""
        numbered = [(n, (file.path, tuple(file.draw))) for n, file in enumerate(self.files)]
        read = beam.FlatMap(_read_files, self.output, self.buckets, self.columns)
        return (
            input_or_inputs
            | "Files" >> beam.Create(numbered, reshuffle=False)
            | "Spread" >> beam.GroupByKey()
            | "Read" >> read.with_output_types(self.element_type)
        )


class WriteShard(beam.DoFn):
    """Writes a shard and its provenance, and commits its record last."""

    def __init__(self, output: str, phase: str, key: str, shards: int, format_name: str) -> None:
        self.output, self.phase, self.key = output, phase, key
        self.shards, self.format_name = shards, format_name

    def process(self, element: tuple[int, Bucket]) -> Iterator[int]:
        """Yields the shard's number when it is committed."""
        number, bucket = element
        name = shard_name(number, self.shards, self.format_name)
        with store.commit(self.output, f"sequences/{name}") as pending:
            FORMATS[self.format_name].write(pending.stream, bucket.sequences_NxL)
        provenance = store.write_table(
            self.output, f"sequences/{provenance_name(number, self.shards)}", bucket.provenance
        )
        statistics = {"utf8_bytes": dict(bucket.subset_utf8_bytes)}
        ledger = {"sequences": len(bucket.sequences_NxL)}
        result = ItemResult((pending.entry, provenance), ledger, statistics)
        record = json.dumps({"key": self.key, **result.to_json()}, sort_keys=True)
        path = f"phases/{self.phase}/{SHARD_STEP}/{number:05d}.json"
        store.write_bytes(self.output, path, record.encode())
        yield number


def _read_files(
    element: tuple[int, Iterable[tuple[str, tuple[str, int, int]]]],
    output: str,
    buckets: frozenset[int],
    columns: list[str],
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    for path, draw in element[1]:
        for bucket, arrays in read_blocks(output, path, buckets, columns):
            yield bucket, (draw, *arrays)


def _write_counts(
    element: tuple[int, Iterable[tuple[int, dict[DrawId, int]]]], output: str, path: str, key: str
) -> None:
    rows = sorted(
        (bucket, tuple(draw), count)
        for bucket, counts in element[1]
        for draw, count in counts.items()
    )
    store.write_bytes(output, path, json.dumps({"key": key, "counts": rows}).encode())


def _committed_counts(job: Job, phase: Phase, path: str) -> list[Any] | None:
    record = store.read_record(job.path(*path.split("/")))
    return record["counts"] if record is not None and record["key"] == phase.key else None


def _committed_shards(job: Job, phase: Phase, plan: ShardPlan) -> dict[int, ItemResult]:
    """Returns the shards whose records and files stand."""
    found = {}
    for metadata in store.list_folder(job.path("phases", phase.name, SHARD_STEP)):
        record = store.read_record(metadata.path)
        if record is None or record["key"] != phase.key:
            continue
        result = ItemResult.from_json(record)
        if all(store.stands(job.output, entry) for entry in result.files):
            number = int(metadata.path.rpartition("/")[2].removesuffix(".json"))
            found[number] = result
    return found
