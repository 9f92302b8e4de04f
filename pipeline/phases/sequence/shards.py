"""From tokenised crops to shards: count, sort, fill.

count   shuffle of crops' sizes: the sequences that each shard can give
sort    shuffle of tokens, in parts of some megabytes: a part of a shard becomes a sorted file
shards  map: each shard reads its parts one by one, packs, takes its quotas and writes a shard

So neither a worker nor this machine holds a shard's tokens but in the shard that it writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.pvalue import PCollection, PValue
from numpy.typing import NDArray

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.engine import Engine
from massivetext.pipeline.engine.redistribute import Redistribute
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.engine.steps import Map, Shuffle, Steps, even_ranges
from massivetext.pipeline.phases.sequence.items import Tokenised, open_crop_writer, read_crop_file
from massivetext.pipeline.phases.table import phase_named
from massivetext.sequencing.beam import (
    NO_DRAW,
    CountSequences,
    DrawId,
    Quotas,
    SizedCrops,
    SortCrops,
    TokenisedCrops,
)
from massivetext.sequencing.crop_batches import CROP_DTYPE, CropBatch, tokens_of_crops
from massivetext.sequencing.filling import DrawnCrops, fill_shard
from massivetext.sequencing.packing import PackingRule
from massivetext.sequencing.shards import FORMATS, provenance_name, shard_name
from massivetext.sequencing.shards.staging import staged_in
from massivetext.sequencing.tokenizer import Tokenizer

(SCRATCH,) = phase_named("sequence").scratch
"""Samples and tokenised crops, below the output folder; deleted when the phase is finished."""

PARTS: Final = f"{SCRATCH}/parts"
"""Sorted parts of shards."""

PART_BYTES: Final = 16_000_000
"""Our choice: a worker sorts about this many bytes of tokens at a time and needs seven times
that in memory."""

PART_SCHEMA: Final = pa.schema(
    [
        ("subset", pa.string()),
        ("visit", pa.int32()),
        ("draw", pa.int32()),
        ("crops", pa.large_binary()),
        ("tokens", pa.large_binary()),
    ]
)
"""A sorted part of a shard: one row (and row group) a draw, the arrays of a `CropBatch`."""


@dataclass(frozen=True)
class CropFile:
    """A file of tokenised crops, and what they were drawn by."""

    path: str
    draw: DrawId


@dataclass(frozen=True)
class ShardPlan:
    """What all shards have in common.

    Attributes:
        shards: their number.
        parts: of each of them, which are sorted one by one.
        format_name: as in the configuration.
        rule: how crops become sequences.
        seed: of the run.
        tokenizer: its table of bytes a token is needed.
    """

    shards: int
    parts: int
    format_name: str
    rule: PackingRule
    seed: int
    tokenizer: Tokenizer


@dataclass(frozen=True)
class ShardSupply:
    """How many sequences the crops in a shard give, by subset."""

    shard: int
    sequences: Mapping[str, int]


@dataclass(frozen=True)
class CountRound:
    """Counts the sequences of the shards [first, last) of a round.

    Attributes:
        output: the output folder.
        files: of tokenised crops, of one draw from each subset.
        plan: says how crops become sequences.
    """

    output: str
    files: Sequence[CropFile]
    plan: ShardPlan

    def __call__(self, start: PCollection, shards: list[int]) -> Any:
        """Returns the outcomes of a round: sequences by subset and shard."""
        per_shard = self.plan.parts
        parts = range(shards[0] * per_shard, shards[1] * per_shard)
        to_shard = beam.MapTuple(lambda part, crops: (part // per_shard, crops))
        return (
            start
            | "Read crops" >> ReadCrops(self.output, self.files, parts, ["crops"])
            | "To shard" >> to_shard.with_output_types(SizedCrops)
            | "Count" >> CountSequences(self.plan.rule)
            | "Outcome" >> beam.Map(_counted)
        )


def sequences_by_subset(
    found: Iterable[ShardSupply], subsets: Iterable[str], shards: int
) -> dict[str, tuple[int, ...]]:
    """Returns how many sequences the crops of each subset give in each shard."""
    supplies = {shard.shard: shard.sequences for shard in found}
    return {s: tuple(supplies.get(n, {}).get(s, 0) for n in range(shards)) for s in subsets}


def _counted(element: tuple[int, dict[DrawId, int]]) -> ItemResult[ShardSupply]:
    shard, counts = element
    sequences = {draw.subset: count for draw, count in counts.items()}
    return ItemResult(found=(ShardSupply(shard, sequences),))


@dataclass(frozen=True)
class Shard:
    """A shard to be filled.

    Attributes:
        number: of the shard.
        parts: files of its sorted parts, below the output folder, in hash order.
        quotas: sequences to take of each draw.
    """

    number: int
    parts: tuple[str, ...]
    quotas: Mapping[DrawId, int]

    @property
    def name(self) -> str:
        """Names its record."""
        return f"shard-{self.number:05d}"

    @property
    def identity(self) -> list[Any]:
        """What its content depends on, besides the phase's settings."""
        return [[*draw, quota] for draw, quota in sorted(self.quotas.items())]

    @property
    def weight(self) -> int:
        """Sequences that it takes."""
        return sum(self.quotas.values())


def write_shards(
    steps: Steps,
    engine: Engine,
    files: Mapping[CropFile, Tokenised],
    quotas: Quotas,
    plan: ShardPlan,
) -> list[ItemResult[ShardContent]]:
    """Writes every shard that is not committed; returns what each holds, in their order."""
    token_bytes = sum(2 * f.tokens + CROP_DTYPE.itemsize * f.crops for f in files.values())
    rounds = even_ranges(plan.shards * plan.parts, engine.rounds(token_bytes))
    build = SortParts(steps.output, PARTS, tuple(files), plan.parts)
    sort: Shuffle[list[int], None] = Shuffle("sort", rounds, build)
    shards = [
        Shard(b, tuple(part_path(PARTS, b, part) for part in range(plan.parts)), quotas[b])
        for b in range(plan.shards)
    ]
    # Measured: a shard and what is held beside it take 1.5 times its tokens.
    item_bytes = 7 * token_bytes // (4 * plan.shards)
    fill = Map("shards", shards, FillShard(steps.output, plan), ShardContent, item_bytes)
    if len(rounds) == 1:
        steps.run_together(sort, fill)
    steps.run(sort)
    return list(steps.run(fill).values())


def part_path(folder: str, shard: int, part: int) -> str:
    """Returns the path of a sorted part of a shard."""
    return f"{folder}/{shard:05d}-{part:05d}.parquet"


@dataclass(frozen=True)
class SortParts:
    """Sorts the crops of some parts of shards, those of a range of numbers.

    Attributes:
        output: the output folder.
        folder: for the parts, below the output folder.
        files: of tokenised crops.
        parts: of each shard.
    """

    output: str
    folder: str
    files: Sequence[CropFile]
    parts: int

    def __call__(self, start: PCollection, numbers: list[int]) -> Any:
        """Returns the outcomes of a round: the files of its parts."""
        batches = ReadCrops(self.output, self.files, range(*numbers), ["crops", "tokens"])
        return (
            (start | "Read tokens" >> batches, start | "Every part" >> NoCrops(range(*numbers)))
            | "With every part" >> beam.Flatten()
            | "Sort" >> SortCrops()
            | "Write part" >> beam.Map(self._write)
        )

    def _write(self, element: tuple[int, dict[DrawId, CropBatch]]) -> ItemResult[None]:
        shard, part = divmod(element[0], self.parts)
        path = part_path(self.folder, shard, part)
        with (
            store.commit(self.output, path) as pending,
            open_crop_writer(pending.stream, PART_SCHEMA) as writer,
        ):
            for draw, batch in element[1].items():
                crops, tokens = batch.to_bytes()
                row = {**draw._asdict(), "crops": crops, "tokens": tokens}
                writer.write_table(pa.Table.from_pylist([row], PART_SCHEMA))
        return ItemResult((pending.entry,))


@dataclass(frozen=True)
class ShardContent:
    """The UTF-8 bytes that a shard's tokens stand for, by subset."""

    utf8_bytes: Mapping[str, int]


@dataclass(frozen=True)
class FillShard:
    """Writes a shard and its provenance."""

    output: str
    plan: ShardPlan

    def __call__(self, shard: Shard) -> ItemResult[ShardContent]:
        """Returns its files, its sequences and the UTF-8 bytes that its tokens stand for."""
        plan = self.plan
        drawn = [
            DrawnCrops(*draw, self._crops(shard, draw), self._tokens(shard, draw), quota)
            for draw, quota in sorted(shard.quotas.items())
        ]
        filled = fill_shard(shard.number, drawn, plan.rule, plan.seed, plan.tokenizer.token_bytes)
        name = shard_name(shard.number, plan.shards, plan.format_name)
        with (
            store.commit(self.output, f"sequences/{name}") as pending,
            staged_in(_local_staging(self.output)),
        ):
            FORMATS[plan.format_name].write(pending.stream, filled.sequences_NxL)
        name = provenance_name(shard.number, plan.shards)
        provenance = store.write_table(self.output, f"sequences/{name}", filled.provenance)
        ledger = {"sequences": len(filled.sequences_NxL)}
        found = ShardContent(dict(filled.subset_utf8_bytes))
        return ItemResult((pending.entry, provenance), ledger, found=(found,))

    def _crops(self, shard: Shard, draw: DrawId) -> NDArray[np.void]:
        """Returns the crops of a draw in hash order."""
        parts = [
            np.frombuffer(crops, CROP_DTYPE)
            for path in shard.parts
            for (crops,) in read_part(self.output, path, draw, ["crops"])
        ]
        return np.concatenate([np.empty(0, CROP_DTYPE), *parts])

    def _tokens(self, shard: Shard, draw: DrawId) -> Iterator[NDArray[np.uint16]]:
        """Yields the tokens of each crop of a draw in hash order."""
        for path in shard.parts:
            for arrays in read_part(self.output, path, draw, ["crops", "tokens"]):
                yield from tokens_of_crops(CropBatch.from_bytes(*arrays))


def _local_staging(output: str) -> str | None:
    """Returns the folder where files of a local output are on their way; None for other outputs."""
    return None if "://" in output else store.join(output, "tmp")


def read_part(
    output: str, path: str, draw: DrawId, columns: list[str]
) -> Iterator[tuple[memoryview, ...]]:
    """Yields some columns of a draw's row in a sorted part, if it has one."""
    for group in store.row_groups(store.below(output, path)):
        (name,) = group.read(list(DrawId._fields)).to_pylist()
        if DrawId(**name) == draw:
            row = group.read(columns)
            yield tuple(memoryview(row[column][0].as_buffer()) for column in columns)


class ReadCrops(beam.PTransform):
    """Crop files -> (part, (DrawId, array, ...)) of some parts, the arrays as bytes."""

    def __init__(
        self, output: str, files: Sequence[CropFile], parts: range, columns: list[str]
    ) -> None:
        super().__init__()
        self.output, self.files, self.parts, self.columns = output, files, parts, columns

    def expand(self, input_or_inputs: Any) -> Any:
        """Spreads the files, then reads them."""
        both = "tokens" in self.columns
        files = [(file.path, tuple(file.draw)) for file in self.files]
        read = beam.FlatMap(_read_file, self.output, self.parts, self.columns)
        return (
            input_or_inputs
            | "Files" >> Redistribute(lambda: files)
            | "Read" >> read.with_output_types(TokenisedCrops if both else SizedCrops)
        )


def _read_file(
    file: tuple[str, tuple[str, int, int]], output: str, parts: range, columns: list[str]
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    path, draw = file
    for part, arrays in read_crop_file(output, path, parts, columns):
        yield part, (draw, *arrays)


class NoCrops(beam.PTransform):
    """A start -> nothing for every part, so that each is written, whether it has crops or not."""

    def __init__(self, parts: range) -> None:
        super().__init__()
        self.parts = parts

    def expand(self, input_or_inputs: PCollection) -> PValue:
        """Returns `TokenisedCrops` without crops."""
        nothing = [(part, (NO_DRAW, b"", b"")) for part in self.parts]
        every = beam.FlatMap(lambda _: nothing)
        return input_or_inputs | "Nothing" >> every.with_output_types(TokenisedCrops)
