"""From measured runs of a sample to all of the input."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from massivetext.config import Config
from massivetext.dedup.keys import key_dtype
from massivetext.pipeline.commands.estimate.costs import (
    CPU,
    CROPS,
    DEDUP_FILES,
    PASSAGES,
    REST,
    SECONDS,
    SEQUENCE_SCRATCH,
    TOKENIZER,
    TRAINING,
    Cost,
    Line,
    MeasuredRun,
    Point,
    fit_line,
)
from massivetext.pipeline.commands.estimate.figures import Estimate, PhaseEstimate, SubsetEstimate
from massivetext.pipeline.commands.estimate.reading import Reading
from massivetext.pipeline.commands.estimate.sample import Sample
from massivetext.pipeline.commands.estimate.volumes import (
    SubsetVolumes,
    Volumes,
    distinct_documents,
    group_sizes,
    sequences_of,
    text_share,
    with_training,
)
from massivetext.pipeline.engine.phase import require_manifest
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.sequence.description import Drawn
from massivetext.pipeline.phases.sequence.phase import draw_until_enough, mixture_of, wanted_of
from massivetext.sequencing.blocks import CROP_DTYPE
from massivetext.sequencing.draws import Draw, Supply, settle

TOKEN_BYTES: Final = 2
"""Tokens travel as uint16."""

SENDING_ALL: Final = ("exact-heads", "pairs-heads")
"""Steps of the phase DEDUP to which every document sends; to others those that have duplicates."""

Measured = tuple[MeasuredRun, Volumes]


class Prediction:
    """From measured runs to all of the input."""

    def __init__(
        self, config: Config, items: Sequence[WorkItem], sample: Sample, measured: list[Measured]
    ) -> None:
        self.config, self.sample, self.measured = config, sample, measured
        self.run, self.tried = measured[-1]
        self.items = Counter(item.subset for item in items)
        self.visit = {name: self._visit_of(name) for name in self.tried.subsets}
        self.supplies, shard_tokens = self._draw()
        self.all = Volumes(with_training(config, self._drawn()), shard_tokens)

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
        lying = {cost: n for cost, n in written.items() if cost.quantity != DEDUP_FILES}
        disk_bytes = sum(lying.values())
        scratch = sum(n for cost, n in lying.items() if cost.quantity in SEQUENCE_SCRATCH)
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
        if cost.quantity in (TOKENIZER, TRAINING):  # merges are as many, on whatever text
            return Line(points[-1].amount)
        return fit_line(points, begins=cost.subset == REST)

    def _drawn(self) -> dict[str, SubsetVolumes]:
        """Returns the subsets with as many crops and tokens as all visits give."""
        return {
            name: dataclasses.replace(
                subset,
                crops=subset.crops * float(self.supplies[name].visits),
                tokens=subset.tokens * float(self.supplies[name].visits),
            )
            for name, subset in self.visit.items()
        }

    def _visit_of(self, name: str) -> SubsetVolumes:
        """Returns what one visit of the whole subset gives."""
        tried = self.tried.subsets[name]
        scans = [scan for scan in self.sample.scans.values() if scan.subset == name]
        records = sum((s.records - s.failed - s.skipped) * s.record_scale for s in scans)
        raw_bytes = sum(s.raw_bytes * s.byte_scale for s in scans)
        per_record = records / max(1, tried.records)
        per_byte = raw_bytes / max(1, tried.raw_bytes)
        documents = tried.documents * per_record
        unique = distinct_documents(group_sizes(self.run.job, name), documents)
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

    def _draw(self) -> tuple[dict[str, Supply], float]:
        """Returns how often each subset will be read for its crops, and the tokens in the shards.

        The rules are those of the run; only the sequences that a draw gives are expected ones.
        """
        length = self.config.sequence.length
        found = sequences_of(self.run.job)
        per_visit = {}
        for name, subset in self.visit.items():
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
        targets, _ = settle(wanted_of(self.config, drawn), drawn.mixture.given, drawn.supplies)
        supplies = {name: drawn.supplies.get(name, Supply(0)) for name in self.visit}
        return supplies, sum(targets.values()) * length

    def _shuffled_bytes(self, phase: str) -> float:
        """Returns what a phase sends through GroupByKeys, but for names of work items."""
        if phase == "sequence":
            crop_bytes = CROP_DTYPE.itemsize * self.all.total("crops")  # to count, and to sort
            return 2 * crop_bytes + TOKEN_BYTES * self.all.total("tokens")
        if phase != "dedup":
            return 0.0
        findings = require_manifest(self.run.job, "dedup").findings
        by_step = findings["shuffled_bytes_per_document"]
        documents = self.all.total("documents")
        removed = documents - self.all.total("unique")
        tried = self.tried.total("documents") - self.tried.total("unique")
        # What duplicates send grows with their share, all else with the documents.
        rise = (removed / documents) / (tried / self.tried.total("documents")) if tried else 0.0
        per_document = sum(
            n * (1.0 if step in SENDING_ALL else rise) for step, n in by_step.items()
        )
        return per_document * documents

    def _read_bytes(self, written: Mapping[Cost, float]) -> dict[str, float]:
        """Returns what every phase reads: the inputs, and what earlier phases have written."""
        reading = Reading(written, self.items, text_share(self.run.job))
        documents, files = reading.texts("documents"), reading.footers("documents")
        keys = key_dtype(self.config.dedup.bands).itemsize * self.all.total("documents")
        # Two steps for each kind of duplicates read the keys, and two read ids of documents.
        keys_and_ids = 4 * keys + 2 * files
        # Pairs lie anywhere: hardly a row group is spared when they are looked at.
        pairs = require_manifest(self.run.job, "dedup").findings["candidate_pairs"]
        key_and_pair_passes = 2 if pairs else 1
        test_passes = 1 if self.config.decontamination.rule == "jaccard" else 2
        # The corpus is surveyed once, and read again for each draw.
        corpus = sum(
            reading.texts("corpus", [name]) * (1 + len(supply.draws))
            for name, supply in self.supplies.items()
        )
        scratch = reading.size(*SEQUENCE_SCRATCH) + reading.footers(PASSAGES)
        return {
            "curate": sum(scan.stored_bytes for scan in self.sample.scans.values()),
            "dedup": key_and_pair_passes * documents + keys_and_ids + reading.size(DEDUP_FILES),
            "decontaminate": test_passes * documents,
            "corpus": reading.size("documents") + files,
            # Crops are counted, then sorted.
            "sequence": corpus + scratch + 2 * reading.footers(CROPS),
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
