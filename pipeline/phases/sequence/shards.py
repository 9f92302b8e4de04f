"""From tokenised crops to shards: count, sort, fill.

count   shuffle of crops' sizes: the sequences that each part of the corpus can give
sort    shuffle of tokens: a part, some megabytes, becomes a file in hash order; left out where a
        shard can as well read its parts from the files of tokenised crops
shards  map: each shard reads its parts one by one, packs, takes its quotas and writes a shard

A crop's hash decides its part. Crops become sequences part by part, so which sequences there are
does not depend on the number of shards. Neither a worker nor this machine holds a shard's tokens
but in the shard that it writes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import PCollection, PValue

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.engine import Engine
from massivetext.pipeline.engine.redistribute import Redistribute
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.engine.steps import Map, Shuffle, Steps, even_ranges
from massivetext.pipeline.phases.sequence.items import (
    Tokenised,
    binary_column,
    open_crop_writer,
    read_crop_file,
)
from massivetext.pipeline.phases.sequence.parts import (
    PART_SCHEMA,
    READ_BYTES,
    CropFile,
    CropFiles,
    PartSource,
    SortedParts,
    must_sort,
    part_path,
)
from massivetext.pipeline.phases.sequence.planning import PartPlan
from massivetext.pipeline.phases.sequence.shard_files import write_shard_files
from massivetext.sequencing.beam import (
    NO_VISIT,
    CountSequences,
    Quotas,
    SizedCrops,
    SortCrops,
    TokenisedCrops,
    VisitId,
)
from massivetext.sequencing.crop_batches import CROP_DTYPE, CropBatch
from massivetext.sequencing.filling import DrawnCrops, fill_shard
from massivetext.sequencing.packing import PackingRule
from massivetext.sequencing.token_type import little_endian


@dataclass(frozen=True)
class PartSupply:
    """How many sequences the crops of a visit give in a part."""

    part: int
    subset: str
    visit: int
    sequences: int


@dataclass(frozen=True)
class CountRound:
    """Counts the sequences of the parts [first, last) of a round.

    Attributes:
        output: the output folder.
        files: of tokenised crops.
        rules: how crops become sequences, by subset.
    """

    output: str
    files: Sequence[CropFile]
    rules: Mapping[str, PackingRule]

    def __call__(self, start: PCollection, parts: list[int]) -> Any:
        """Returns the outcomes of a round: sequences by part, subset and visit."""
        return (
            start
            | "Read crops" >> ReadCrops(self.output, self.files, range(*parts), ["crops"])
            | "Count" >> CountSequences(self.rules)
            | "Outcome" >> beam.Map(_counted)
        )


def sequences_by_visit(
    found: Iterable[PartSupply], parts: int
) -> dict[str, tuple[tuple[int, ...], ...]]:
    """Returns how many sequences each subset gives on each visit in each part."""
    counts: dict[str, dict[int, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
    for supply in found:
        counts[supply.subset][supply.visit][supply.part] = supply.sequences
    return {
        subset: tuple(
            tuple(visits.get(visit, {}).get(part, 0) for part in range(parts))
            for visit in range(max(visits) + 1)
        )
        for subset, visits in counts.items()
    }


def _counted(element: tuple[int, dict[VisitId, int]]) -> ItemResult[PartSupply]:
    part, counts = element
    return ItemResult(found=tuple(PartSupply(part, *visit, n) for visit, n in counts.items()))


@dataclass(frozen=True)
class Shard:
    """A shard to be filled.

    Attributes:
        number: of the shard.
        parts: that it consists of.
        quotas: sequences to take of each part and visit.
    """

    number: int
    parts: tuple[int, ...]
    quotas: Mapping[int, Mapping[VisitId, int]]

    @property
    def name(self) -> str:
        """Names its record."""
        return f"shard-{self.number:05d}"

    @property
    def identity(self) -> list[Any]:
        """What its content depends on, besides the phase's settings."""
        return [
            [part, *visit, quota]
            for part in self.parts
            for visit, quota in sorted(self.quotas[part].items())
        ]

    @property
    def weight(self) -> int:
        """Sequences that it takes."""
        return sum(sum(quotas.values()) for quotas in self.quotas.values())


def shards_of(quotas: Quotas, plan: PartPlan, shards: int) -> list[Shard]:
    """Returns shards of neighbouring parts, as many in each as can be."""
    made = []
    for number in range(shards):
        parts = range(plan.parts * number // shards, plan.parts * (number + 1) // shards)
        made.append(Shard(number, tuple(parts), {part: quotas[part] for part in parts}))
    return made


def write_shards(
    steps: Steps,
    engine: Engine,
    files: Mapping[CropFile, Tokenised],
    shards: Sequence[Shard],
    plan: PartPlan,
) -> list[ItemResult[ShardContent]]:
    """Writes every shard that is not committed; returns what each holds, in their order."""
    size = plan.token_type.itemsize
    token_bytes = sum(size * f.tokens + CROP_DTYPE.itemsize * f.crops for f in files.values())
    is_sorted = must_sort(plan.parts, len(files))
    parts = (
        SortedParts(steps.output, plan.parts_folder)
        if is_sorted
        else CropFiles(steps.output, tuple(files), size)
    )
    # Measured: a shard and what is held beside it take 1.5 times its tokens.
    item_bytes = 7 * token_bytes // (4 * len(shards)) + (
        0 if is_sorted else min(token_bytes, READ_BYTES)
    )
    work = FillShard(steps.output, plan, parts, len(shards))
    fill = Map(plan.step("shards"), shards, work, ShardContent, item_bytes)
    if is_sorted:
        rounds = even_ranges(plan.parts, engine.rounds(token_bytes))
        build = SortParts(steps.output, plan.parts_folder, tuple(files))
        sort: Shuffle[list[int], None] = Shuffle(plan.step("sort"), rounds, build)
        if len(rounds) == 1:
            steps.run_together(sort, fill)
        steps.run(sort)
    return list(steps.run(fill).values())


@dataclass(frozen=True)
class SortParts:
    """Sorts the crops of some parts, those of a range of numbers.

    Attributes:
        output: the output folder.
        folder: for the parts, below the output folder.
        files: of tokenised crops.
    """

    output: str
    folder: str
    files: Sequence[CropFile]

    def __call__(self, start: PCollection, numbers: list[int]) -> Any:
        """Returns the outcomes of a round: the files of its parts."""
        batches = ReadCrops(self.output, self.files, range(*numbers), ["crops", "tokens"])
        return (
            (start | "Read tokens" >> batches, start | "Every part" >> NoCrops(range(*numbers)))
            | "With every part" >> beam.Flatten()
            | "Sort" >> SortCrops()
            | "Write part" >> beam.Map(self._write)
        )

    def _write(self, element: tuple[int, dict[VisitId, CropBatch]]) -> ItemResult[None]:
        path = part_path(self.folder, element[0])
        with (
            store.commit(self.output, path) as pending,
            open_crop_writer(pending.stream, PART_SCHEMA) as writer,
        ):
            for visit, batch in element[1].items():
                names = (pa.array([name]) for name in visit)
                arrays = (batch.crops_C, little_endian(batch.tokens))
                columns = [*names, *map(binary_column, arrays)]
                writer.write_table(pa.table(columns, PART_SCHEMA.names).cast(PART_SCHEMA))
        return ItemResult((pending.entry,))


@dataclass(frozen=True)
class ShardContent:
    """The UTF-8 bytes that a shard's tokens stand for, by subset."""

    utf8_bytes: Mapping[str, int]


@dataclass(frozen=True)
class FillShard:
    """Writes a shard and its provenance."""

    output: str
    plan: PartPlan
    parts: PartSource
    shards: int

    def __call__(self, shard: Shard) -> ItemResult[ShardContent]:
        """Returns its files, its sequences and the UTF-8 bytes that its tokens stand for."""
        plan = self.plan
        parts = self.parts.open(shard.parts)
        drawn = [
            DrawnCrops(
                *visit,
                part,
                parts.crops(part, visit),
                parts.tokens(part, visit),
                quota,
                plan.rules[visit.subset],
            )
            for part in shard.parts
            for visit, quota in sorted(shard.quotas[part].items())
        ]
        token_bytes = plan.tokenizer.load().token_bytes
        filled = fill_shard(shard.number, drawn, plan.length, plan.seed, token_bytes)
        files = write_shard_files(self.output, plan, shard.number, self.shards, filled)
        ledger = {plan.ledger: len(filled.sequences_NxL)}
        found = ShardContent(dict(filled.subset_utf8_bytes))
        return ItemResult(files, ledger, found=(found,))


class ReadCrops(beam.PTransform):
    """Crop files -> (part, (VisitId, array, ...)) of some parts, the arrays as bytes."""

    def __init__(
        self, output: str, files: Sequence[CropFile], parts: range, columns: list[str]
    ) -> None:
        super().__init__()
        self.output, self.files, self.parts, self.columns = output, files, parts, columns

    def expand(self, input_or_inputs: Any) -> Any:
        """Spreads the files, then reads them."""
        both = "tokens" in self.columns
        files = [(file.path, file.subset) for file in self.files]
        read = beam.FlatMap(_read_file, self.output, self.parts, self.columns)
        return (
            input_or_inputs
            | "Files" >> Redistribute(lambda: files)
            | "Read" >> read.with_output_types(TokenisedCrops if both else SizedCrops)
        )


def _read_file(
    file: tuple[str, str], output: str, parts: range, columns: list[str]
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    path, subset = file
    for part, visit, arrays in read_crop_file(output, path, parts, columns):
        yield part, ((subset, visit), *map(bytes, arrays))


class NoCrops(beam.PTransform):
    """A start -> nothing for every part, so that each is written, whether it has crops or not."""

    def __init__(self, parts: range) -> None:
        super().__init__()
        self.parts = parts

    def expand(self, input_or_inputs: PCollection) -> PValue:
        """Returns `TokenisedCrops` without crops."""
        nothing = [(part, (NO_VISIT, b"", b"")) for part in self.parts]
        every = beam.FlatMap(lambda _: nothing)
        return input_or_inputs | "Nothing" >> every.with_output_types(TokenisedCrops)
