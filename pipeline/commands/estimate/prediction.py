"""From measured runs of a sample to all of the input."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction

from massivetext.config import Config
from massivetext.pipeline.commands.estimate.costs import (
    CPU,
    REST,
    Cost,
    CostLine,
    MeasuredRun,
    Point,
    fit_line,
)
from massivetext.pipeline.commands.estimate.figures import Estimate, PhaseEstimate, SubsetEstimate
from massivetext.pipeline.commands.estimate.sample import Sample
from massivetext.pipeline.commands.estimate.volumes import (
    distinct_documents,
    files_of,
    group_sizes,
    grown,
    is_constant,
    sequences_of,
    text_share,
    with_training,
)
from massivetext.pipeline.phases.costs import Forecast, SubsetVolumes, Volumes
from massivetext.pipeline.phases.manifest import require_manifest
from massivetext.pipeline.phases.phase import load_phase
from massivetext.pipeline.phases.plan import WorkItem, unsplit_files
from massivetext.pipeline.phases.sequence.drawing import (
    Drawn,
    draw_until_enough,
    mixture_of,
    wanted_of,
)
from massivetext.pipeline.phases.sequence.planning import visits_of
from massivetext.pipeline.phases.table import PHASES
from massivetext.sequencing.draws import WHOLE, Draw, Supply, settle
from massivetext.sequencing.held_out import Side

Measured = tuple[MeasuredRun, Volumes]


class Prediction:
    """From measured runs to all of the input."""

    def __init__(
        self, config: Config, items: Sequence[WorkItem], sample: Sample, measured: list[Measured]
    ) -> None:
        self.config, self.sample, self.measured = config, sample, measured
        self.run, self.tried = measured[-1]
        self.items = Counter(item.subset for item in items)
        self.unsplit = unsplit_files(items)
        self.visit = {name: self._visit_of(name) for name in self.tried.subsets}
        self.supplies, shard_tokens = self._draw()
        self.all = Volumes(with_training(config, self._drawn()), shard_tokens)

    def estimate(self, start_seconds: float) -> Estimate:
        """Returns the figures."""
        amounts = self._amounts()
        written = {cost: n for cost, n in amounts.items() if not cost.is_time}
        forecast = self._forecast(written)
        phases = {}
        for phase in PHASES:
            stated = load_phase(phase).costs
            own = {cost: n for cost, n in amounts.items() if cost.phase == phase.name}
            phases[phase.name] = PhaseEstimate(
                read_bytes=stated.reads(forecast),
                shuffled_bytes=stated.shuffles(forecast),
                written_bytes=sum(n for cost, n in own.items() if not cost.is_time),
                core_seconds=sum(n for cost, n in own.items() if cost.is_time),
            )
        files = {cost: files_of(cost) for cost in written}
        lying = {c: n for c, n in written.items() if not (f := files[c]) or not f.overwritten}
        disk_bytes, kept_bytes = on_disk(lying)
        return Estimate(
            subsets=self._subsets(),
            phases=phases,
            start_seconds=start_seconds,
            disk_bytes=disk_bytes,
            kept_bytes=kept_bytes,
            shard_tokens=self.all.shard_tokens,
            spent_seconds=time.process_time(),
            unsplit=self.unsplit,
        )

    def _amounts(self) -> dict[Cost, float]:
        """Returns every cost of the whole input."""
        amounts = {}
        for cost in sorted(self.run.amounts):
            points = [
                Point(*grown(volumes, cost), run.amounts.get(cost, 0.0))
                for run, volumes in self.measured
                if cost.phase in run.phases
            ]
            amounts[cost] = self._line(cost, points).at(*grown(self.all, cost))
        for scan in self.sample.scans.values():
            cost = Cost("curate", scan.subset, CPU)
            amounts[cost] = amounts.get(cost, 0.0) + scan.cpu_seconds * scan.byte_scale
        return amounts

    def _line(self, cost: Cost, points: list[Point]) -> CostLine:
        if is_constant(cost):
            return CostLine(points[-1].amount)
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
                gives = [
                    (int(Fraction(last, WHOLE) * per_visit[name]),)
                    for _, _, last in Draw(0, draw.stop).by_visit()
                ]
                supplies[name] = supplies[name].read_to(draw, tuple(gives))
            return Drawn(drawn.mixture, supplies)

        mixture = mixture_of(self.config, [name for name, n in per_visit.items() if n])
        supplies = {
            name: Supply(int(self.visit[name].corpus), Fraction(per_visit[name]))
            for name in mixture.given
        }
        split = Side(self.config.seed, self.config.sequence.held_out)
        drawn = draw_until_enough(self.config, split, Drawn(mixture, supplies), read)
        visits = visits_of(self.config.sequence, split)
        wanted = wanted_of(self.config, split, drawn)
        targets, _ = settle(wanted, drawn.mixture.given, drawn.supplies, visits)
        supplies = {name: drawn.supplies.get(name, Supply(0)) for name in self.visit}
        return supplies, sum(targets.values()) * length

    def _forecast(self, written: Mapping[Cost, float]) -> Forecast:
        """Returns what phases tell their reads and shuffles by."""
        by_folder: dict[tuple[str, str], float] = defaultdict(float)
        for cost, n in written.items():
            by_folder[cost.quantity, cost.subset] += n
        return Forecast(
            config=self.config,
            volumes=self.all,
            tried=self.tried,
            findings={p.name: require_manifest(self.run.job, p.name).findings for p in PHASES},
            written=by_folder,
            input_bytes=sum(scan.stored_bytes for scan in self.sample.scans.values()),
            text_share=text_share(self.run.job),
            draws={name: supply.readings for name, supply in self.supplies.items()},
            visit_tokens=sum(subset.tokens for subset in self.visit.values()),
        )

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


def on_disk(lying: Mapping[Cost, float]) -> tuple[float, float]:
    """Returns the most bytes that lie in the output folder at once, and those in the end.

    A phase deletes its working files when it is finished, before the next ones write theirs.
    """
    most = kept = 0.0
    for phase in PHASES:
        own = {cost: n for cost, n in lying.items() if cost.phase == phase.name}
        most = max(most, kept + sum(own.values()))
        kept += sum(n for cost, n in own.items() if not phase.deletes(cost.quantity))
    return most, kept
