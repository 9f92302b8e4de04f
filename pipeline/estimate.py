"""`massivetext estimate`: what a whole run will give and cost, by runs of a sample on the spot.

Records are counted by the size of the files; what becomes of them, and what each phase does with
them, is measured on the sample, subset by subset, with the code of the run itself.

Assumed: that what was not looked into is like what was. That does not hold for duplicates: a
sample of a tenth holds a hundredth of the pairs. How many documents stay is therefore estimated as
databases count distinct values (`distinct_documents`); the rarer the sample, the less is known.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import math
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from massivetext.config import Config
from massivetext.pipeline import store
from massivetext.pipeline.dedup_names import NAMED_BYTES
from massivetext.pipeline.estimate_costs import (
    CPU,
    CROPS,
    PASSAGES,
    REST,
    SECONDS,
    SHARDS,
    TOKENISING,
    TOKENIZER,
    TRAINING,
    Cost,
    Line,
    MeasuredRun,
    MeteredJob,
    Point,
    fit_line,
    measure_run,
)
from massivetext.pipeline.estimate_sample import ReadSample, Sample, draw_sample
from massivetext.pipeline.funnel import ledgers, read_dataset
from massivetext.pipeline.job import Job, UsageError
from massivetext.pipeline.phase import merge_counts, require_manifest
from massivetext.pipeline.phases import PHASES
from massivetext.pipeline.plan import WorkItem
from massivetext.pipeline.sequence import draw_until_enough, mixture_of, wanted_of
from massivetext.pipeline.sequence_dataset import Drawn
from massivetext.sequencing.blocks import CROP_DTYPE
from massivetext.sequencing.draws import Draw, Supply, settle
from massivetext.sequencing.tokenizer_training import SAMPLE_BYTES

SMALL_RUN_LENGTH: Final = 16
"""Our choice: tokens a sequence in runs of a record an item, so that they too give sequences."""

LEAST_PAIRS: Final = 5
"""Our choice: fewer pairs in a sample than this tell nothing about those outside it."""

TOKEN_BYTES: Final = 2
"""Tokens travel as uint16."""

TEXT_COLUMNS: Final = ("id", "source_id", "title", "text")
"""What phases read of `documents/` that do not copy them."""


@dataclass(frozen=True)
class SubsetVolumes:
    """How much there is of a subset, in a run of the sample or in all.

    Attributes:
        items: work items.
        records: that hold a document.
        raw_bytes: of those records.
        documents: kept by CURATE.
        unique: of those, kept by DEDUP.
        corpus: of those, kept by DECONTAMINATE.
        corpus_bytes: their text.
        crops: drawn.
        tokens: in those crops.
        training_bytes: text that the tokenizer learns from.
    """

    items: float = 0
    records: float = 0
    raw_bytes: float = 0
    documents: float = 0
    unique: float = 0
    corpus: float = 0
    corpus_bytes: float = 0
    crops: float = 0
    tokens: float = 0
    training_bytes: float = 0


@dataclass(frozen=True)
class Volumes:
    """How much there is in all.

    Attributes:
        subsets: by name.
        shard_tokens: tokens in the shards.
    """

    subsets: Mapping[str, SubsetVolumes]
    shard_tokens: float = 0

    def total(self, name: str) -> float:
        """Returns the sum of an attribute over all subsets."""
        return sum(getattr(subset, name) for subset in self.subsets.values())

    def of(self, cost: Cost) -> tuple[float, float]:
        """Returns the items and the volume that a cost goes with."""
        if cost.quantity == SHARDS:
            return self.total("items"), self.shard_tokens
        name = "raw_bytes"
        if cost.quantity in (TRAINING, PASSAGES):
            name = "training_bytes"
        elif cost.quantity in (TOKENISING, CROPS) or cost == Cost("sequence", REST, CPU):
            name = "tokens"
        elif cost.quantity == "corpus" or cost.phase == "sequence":
            name = "corpus_bytes"
        elif cost.subset == REST:
            name = "documents"
        if cost.subset == REST:
            return self.total("items"), self.total(name)
        subset = self.subsets[cost.subset]
        return subset.items, getattr(subset, name)


@dataclass(frozen=True)
class PhaseEstimate:
    """What a phase will cost.

    Attributes:
        read_bytes: from files, inputs and results of other phases.
        shuffled_bytes: through GroupByKeys.
        written_bytes: into the output folder, what is deleted later included.
        core_seconds: CPU time.
    """

    read_bytes: float
    shuffled_bytes: float
    written_bytes: float
    core_seconds: float


@dataclass(frozen=True)
class SubsetEstimate:
    """What will become of a subset's records, and how many of them were looked at."""

    records: float
    documents: float
    corpus: float
    tokens: float
    sampled: int


@dataclass(frozen=True)
class Estimate:
    """What a run will give and cost.

    Attributes:
        subsets: by name.
        phases: by name.
        start_seconds: CPU time until a process has loaded and compiled everything.
        disk_bytes: what lies in the output folder at the end of the last shuffle.
        kept_bytes: what lies there when the run has ended.
        shards_tokens: tokens in the shards.
        spent_seconds: CPU time that the estimate took.
    """

    subsets: Mapping[str, SubsetEstimate]
    phases: Mapping[str, PhaseEstimate]
    start_seconds: float
    disk_bytes: float
    kept_bytes: float
    shard_tokens: float
    spent_seconds: float

    def total(self, name: str) -> float:
        """Returns the sum of an attribute of the phases."""
        return sum(getattr(phase, name) for phase in self.phases.values())

    @property
    def core_hours(self) -> float:
        """CPU time of a run on one machine, start included, in hours."""
        return (self.start_seconds + self.total("core_seconds")) / 3600


def estimate(config: Config, items: Sequence[WorkItem], most: int) -> Estimate:
    """Returns what a run over these items will give and cost.

    Args:
        config: of the run.
        items: of the run.
        most: documents of each source to try.

    Raises:
        UsageError: if the sample is too small to be run.
    """
    with tempfile.TemporaryDirectory(prefix="massivetext-estimate-") as name:
        folder = Path(name)
        (folder / "records").mkdir()
        begun = time.process_time()
        sample = draw_sample(config, items, most, folder / "records")
        drawing_seconds = time.process_time() - begun
        runs = _Runs(config, sample, folder)
        first = [next(i for i in sample.items if i.subset == s) for s in config.subsets]
        runs.measure("cold", first, 1)
        loaded_seconds = time.process_time()
        few = runs.measure("few", first, 1)
        start_seconds = loaded_seconds - drawing_seconds - few[0].cpu_seconds
        measured = [few, runs.measure("many", sample.items, 1)]
        whole = runs.measure("whole", sample.items, None)
        if whole[0].phases[-1] != PHASES[-1].name:
            raise UsageError(
                "the sample is too small for a single sequence; take a larger --sample"
            )
        prediction = _Prediction(config, items, sample, [*measured, whole])
        return prediction.estimate(max(0.0, start_seconds))


Measured = tuple[MeasuredRun, Volumes]


class _Runs:
    """Runs of parts of the sample."""

    def __init__(self, config: Config, sample: Sample, folder: Path) -> None:
        self.config, self.sample, self.folder = config, sample, folder

    def measure(self, name: str, items: Sequence[WorkItem], most: int | None) -> Measured:
        """Runs these items with at most so many records each."""
        numbered = [dataclasses.replace(item, number=n) for n, item in enumerate(items)]
        notes, output = self.folder / "notes", self.folder / name
        notes.mkdir(exist_ok=True)
        for note in notes.iterdir():  # of a phase that was not finished
            note.unlink()
        sequence = dataclasses.replace(
            self.config.sequence,
            tokens=0,
            shards=0,
            max_visits=1,
            length=SMALL_RUN_LENGTH if most else self.config.sequence.length,
        )
        config = dataclasses.replace(self.config, sequence=sequence)
        job = MeteredJob(config, str(output), quiet=True, notes=str(notes))
        read = ReadSample(self.sample.folder, most)
        with contextlib.redirect_stderr(io.StringIO()):  # warnings about the sample's own shards
            run = measure_run(job, numbered, read, config.subsets)
        return run, self._volumes(run, items, most)

    def _volumes(self, run: MeasuredRun, items: Sequence[WorkItem], most: int | None) -> Volumes:
        sizes = self.sample.sizes(items, most)
        count = Counter(item.subset for item in items)
        subsets = {}
        for subset, (records, raw_bytes) in sizes.items():
            documents, unique = _ledger(run.job, "dedup", subset)
            _, corpus = _ledger(run.job, "corpus", subset)
            found = require_manifest(run.job, "corpus").findings.get(subset, {})
            crops = _crops(run.job, subset)
            subsets[subset] = SubsetVolumes(
                items=count[subset],
                records=records,
                raw_bytes=raw_bytes,
                documents=documents,
                unique=unique,
                corpus=corpus,
                corpus_bytes=found.get("text_bytes", 0),
                crops=crops.get("crops", 0),
                tokens=crops.get("tokens", 0),
            )
        shard_tokens = 0.0
        if "sequence" in run.phases:
            sequences = require_manifest(run.job, "sequence").ledger["sequences"]
            shard_tokens = sequences * run.job.config.sequence.length
        return Volumes(with_training(run.job.config, subsets), shard_tokens)


class _Prediction:
    """From measured runs to all of the input."""

    def __init__(
        self, config: Config, items: Sequence[WorkItem], sample: Sample, measured: list[Measured]
    ) -> None:
        self.config, self.sample, self.measured = config, sample, measured
        self.run, self.tried = measured[-1]
        self.items = Counter(item.subset for item in items)
        self.all = self._all_volumes()

    def estimate(self, start_seconds: float) -> Estimate:
        """Returns the figures."""
        amounts = self._amounts()
        written = {cost: n for cost, n in amounts.items() if cost.quantity not in SECONDS}
        phases = {
            phase: PhaseEstimate(
                read_bytes=read_bytes,
                shuffled_bytes=self._shuffled_bytes(phase),
                written_bytes=sum(n for cost, n in written.items() if cost.phase == phase),
                core_seconds=sum(
                    n
                    for cost, n in amounts.items()
                    if cost.phase == phase and cost.quantity in SECONDS
                ),
            )
            for phase, read_bytes in self._read_bytes(written).items()
        }
        disk_bytes = sum(written.values())
        scratch = sum(n for cost, n in written.items() if cost.quantity in (CROPS, PASSAGES))
        return Estimate(
            subsets=self._subsets(),
            phases=phases,
            start_seconds=start_seconds,
            disk_bytes=disk_bytes,
            kept_bytes=disk_bytes - scratch,
            shard_tokens=self.all.shard_tokens,
            spent_seconds=time.process_time(),
        )

    def _amounts(self) -> dict[Cost, float]:
        """Returns every cost of the whole input."""
        amounts = {}
        for cost in sorted(self.run.amounts):
            points = [
                Point(*volumes.of(cost), run.amounts.get(cost, 0.0))
                for run, volumes in self.measured
                if cost.phase in run.phases
            ]
            amounts[cost] = self._line(cost, points).at(*self.all.of(cost))
        for scan in self.sample.scans.values():
            cost = Cost("curate", scan.subset, CPU)
            amounts[cost] = amounts.get(cost, 0.0) + scan.cpu_seconds * scan.byte_scale
        return amounts

    def _line(self, cost: Cost, points: list[Point]) -> Line:
        if cost.quantity == TOKENIZER:
            return Line(points[-1].amount)
        return fit_line(points, begins=cost.subset == REST)

    def _all_volumes(self) -> Volumes:
        subsets = {name: self._all_of(name) for name in self.tried.subsets}
        drawn, shard_tokens = self._draw(subsets)
        for name, visits in drawn.items():
            subsets[name] = dataclasses.replace(
                subsets[name],
                crops=subsets[name].crops * visits,
                tokens=subsets[name].tokens * visits,
            )
        return Volumes(with_training(self.config, subsets), shard_tokens)

    def _all_of(self, name: str) -> SubsetVolumes:
        """Returns what one visit of the whole subset gives."""
        tried = self.tried.subsets[name]
        scans = [scan for scan in self.sample.scans.values() if scan.subset == name]
        records = sum((s.records - s.failed - s.skipped) * s.record_scale for s in scans)
        raw_bytes = sum(s.raw_bytes * s.byte_scale for s in scans)
        per_record = records / max(1, tried.records)
        per_byte = raw_bytes / max(1, tried.raw_bytes)
        documents = tried.documents * per_record
        unique = self._unique(name, documents)
        corpus = unique * tried.corpus / max(1.0, tried.unique)
        stay = corpus / max(1.0, documents) / (tried.corpus / max(1.0, tried.documents) or 1.0)
        return SubsetVolumes(
            items=self.items[name],
            records=records,
            raw_bytes=raw_bytes,
            documents=documents,
            unique=unique,
            corpus=corpus,
            corpus_bytes=tried.corpus_bytes * per_byte * stay,
            crops=tried.crops * per_record * stay,
            tokens=tried.tokens * per_byte * stay,
        )

    def _unique(self, name: str, documents: float) -> float:
        """Returns how many documents of a subset DEDUP will probably keep."""
        return distinct_documents(group_sizes(self.run.job, name), documents)

    def _draw(self, subsets: Mapping[str, SubsetVolumes]) -> tuple[dict[str, float], float]:
        """Returns how often each subset will be visited, and the tokens in the shards."""
        length = self.config.sequence.length
        found = sequences_of(self.run.job)
        per_visit = {}
        for name, subset in subsets.items():
            tried = self.tried.subsets[name]
            share = found.get(name, 0) * length / tried.tokens if tried.tokens else 0.0
            per_visit[name] = int((share or 1.0) * subset.tokens / length)

        def read(drawn: Drawn, draws: Mapping[str, Draw], number: int) -> Drawn:
            del number
            supplies = dict(drawn.supplies)
            for name, draw in draws.items():
                supplies[name] = supplies[name].with_draw(draw, (int(draw.part * per_visit[name]),))
            return Drawn(drawn.mixture, supplies)

        mixture = mixture_of(self.config, [name for name, n in per_visit.items() if n])
        supplies = {name: Supply(per_visit[name]) for name in mixture.given}
        drawn = draw_until_enough(self.config, Drawn(mixture, supplies), read)
        visits = {name: float(supply.visits) for name, supply in drawn.supplies.items()}
        targets, _ = settle(wanted_of(self.config, drawn), drawn.mixture.given, drawn.supplies)
        return {name: visits.get(name, 0.0) for name in subsets}, sum(targets.values()) * length

    def _shuffled_bytes(self, phase: str) -> float:
        """Returns what a phase sends through GroupByKeys, but for names of work items."""
        if phase == "sequence":
            crop_bytes = CROP_DTYPE.itemsize * self.all.total("crops")  # to count, and to fill
            return 2 * crop_bytes + TOKEN_BYTES * self.all.total("tokens")
        if phase != "dedup":
            return 0.0
        findings = require_manifest(self.run.job, "dedup").findings
        by_step = findings["shuffled_bytes_per_document"]
        documents = self.all.total("documents")
        removed = documents - self.all.total("unique")
        tried = self.tried.total("documents") - self.tried.total("unique")
        # Pairs grow with the share of duplicates, all else with the documents.
        pairs = (removed / documents) / (tried / self.tried.total("documents")) if tried else 0.0
        per_document = sum(
            n * (pairs if step in ("distinct", "verify") else 1.0) for step, n in by_step.items()
        )
        return per_document * documents + removed * NAMED_BYTES

    def _read_bytes(self, written: Mapping[Cost, float]) -> dict[str, float]:
        """Returns what every phase reads: the inputs, and what earlier phases have written."""

        def size(*folders: str) -> float:
            return sum(n for cost, n in written.items() if cost.quantity in folders)

        visits = {
            n: v.tokens / max(1.0, self._all_of(n).tokens) for n, v in self.all.subsets.items()
        }
        corpus = {n: written.get(Cost("corpus", n, "corpus"), 0.0) for n in visits}
        draws = sum(corpus[name] * math.ceil(visits[name]) for name in visits)
        share = text_share(self.run.job)
        rule = self.config.decontamination.rule
        texts = size("documents") * share
        return {
            "curate": sum(scan.stored_bytes for scan in self.sample.scans.values()),
            "dedup": texts + 2 * size("dedup"),  # keys are read for both kinds of duplicates
            "decontaminate": texts * (1 if rule == "jaccard" else 2),
            "corpus": size("documents"),
            "sequence": share * (sum(corpus.values()) + draws) + size(CROPS, PASSAGES),
            "report": 0.0,
        }

    def _subsets(self) -> dict[str, SubsetEstimate]:
        counted = dict.fromkeys(self.tried.subsets, 0.0)
        for scan in self.sample.scans.values():
            counted[scan.subset] += scan.records * scan.record_scale
        return {
            name: SubsetEstimate(
                records=counted[name],
                documents=subset.documents,
                corpus=subset.corpus,
                tokens=subset.tokens,
                sampled=int(self.tried.subsets[name].records),
            )
            for name, subset in self.all.subsets.items()
        }


def distinct_documents(group_sizes: Counter[int], documents: float) -> float:
    """Returns how many of so many documents are distinct, from the groups in a sample of them.

    The first-order jackknife of Haas and Stokes (1998), by which PostgreSQL estimates distinct
    values, for documents that the sample holds once or twice. A group that shows three times is
    large: of it the sample's own share is taken to stay, as it would be of any other thing.

    Args:
        group_sizes: size of a group of duplicates in the sample -> number of such groups.
        documents: in all.
    """
    sampled = sum(size * groups for size, groups in group_sizes.items())
    if not sampled:
        return 0.0
    groups = sum(group_sizes.values())
    part = min(1.0, sampled / max(1.0, documents))
    if group_sizes[2] < LEAST_PAIRS:
        return documents * groups / sampled
    rare_documents = group_sizes[1] + 2 * group_sizes[2]
    rare_groups = group_sizes[1] + group_sizes[2]
    rare = rare_groups / (1 - (1 - part) * group_sizes[1] / rare_documents)
    return rare + (groups - rare_groups) / part


def group_sizes(job: Job, subset: str) -> Counter[int]:
    """Returns how many groups of duplicates of each size a subset has; 1 stands for no duplicate.

    A removed document belongs to the group of its partner.
    """
    partner: dict[str, str] = {}
    for item in require_manifest(job, "dedup").items:
        if item.startswith(f"{subset}/"):
            path = job.path("dedup", *f"{item}.parquet".split("/"))
            table = store.read_table(path, ["id", "partner_id"])
            partner |= dict(zip(*(column.to_pylist() for column in table.columns), strict=True))
    removed = Counter[str]()
    for document in partner:
        head, seen = document, {document}
        while head in partner and partner[head] not in seen:
            head = partner[head]
            seen.add(head)
        removed[head] += 1
    sizes = Counter(count + 1 for count in removed.values())
    documents, _ = _ledger(job, "dedup", subset)
    sizes[1] = max(0, documents - sum(size * groups for size, groups in sizes.items()))
    return sizes


def with_training(config: Config, subsets: Mapping[str, SubsetVolumes]) -> dict[str, SubsetVolumes]:
    """Returns the subsets with the text that a tokenizer, if one is needed, learns from."""
    if config.tokenizer.model:
        return dict(subsets)
    filled = [name for name, subset in subsets.items() if subset.corpus_bytes]
    shares = mixture_of(config, filled).given
    return {
        name: dataclasses.replace(
            subset,
            training_bytes=min(float(shares.get(name, 0)) * SAMPLE_BYTES, subset.corpus_bytes),
        )
        for name, subset in subsets.items()
    }


def text_share(job: Job) -> float:
    """Returns the part of `documents/` that phases read which look at texts only."""
    all_bytes = text_bytes = 0
    for file in Path(job.output, "documents").rglob("*.parquet"):
        metadata = pq.read_metadata(file)
        for group in range(metadata.num_row_groups):
            for number in range(metadata.num_columns):
                column = metadata.row_group(group).column(number)
                all_bytes += column.total_compressed_size
                if column.path_in_schema in TEXT_COLUMNS:
                    text_bytes += column.total_compressed_size
    return text_bytes / max(1, all_bytes)


def sequences_of(job: Job) -> dict[str, int]:
    """Returns how many sequences each subset can give, those that the mixture leaves included."""
    subsets = read_dataset(job)["subsets"]
    length = job.config.sequence.length
    return {
        name: (found["crop_tokens"] - found["discarded_tokens"]) // length
        for name, found in subsets.items()
    }


def _ledger(job: Job, phase: str, subset: str) -> tuple[int, int]:
    """Returns how many documents of a subset a removing phase took and left."""
    ledger = ledgers(require_manifest(job, phase)).get(subset, {})
    return ledger.get("documents", 0), ledger.get("corpus", 0)


def _crops(job: Job, subset: str) -> dict[str, Any]:
    """Returns how many crops and tokens were drawn of a subset."""
    records = store.list_folder(job.path("phases", "sequence", "tokenise-000", subset))
    found = (json.loads(store.read_bytes(record.path))["statistics"] for record in records)
    return merge_counts(statistics[subset] for statistics in found)
