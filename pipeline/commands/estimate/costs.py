"""What phases cost: measured in runs of a sample, split into begin, items and volume.

A step that costs 3 ms an item and 1 ms a document says little by one run of ten items with ten
documents each. So the sample is run several times, with fewer items and with fewer records, and
the three parts are told apart.
"""

from __future__ import annotations

import functools
import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import apache_beam as beam

from massivetext.compilation import working_seconds
from massivetext.pipeline.commands.estimate.sample import ReadSample
from massivetext.pipeline.engine.commits import CommitItem, Item
from massivetext.pipeline.engine.engine import Build, Engine
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.costs import Costs
from massivetext.pipeline.phases.curate import PHASE as CURATE
from massivetext.pipeline.phases.curate import curate
from massivetext.pipeline.phases.phase import load_phase, run_phase
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.sequence.items import CorpusItem
from massivetext.pipeline.phases.table import PHASES, lies_in

_Piece = TypeVar("_Piece")

REST: Final = ""
"""Stands for a subset: what a phase does beside its work items."""

CPU: Final = "cpu seconds"
"""Of a phase's work items, by subset; of all else that it does in pipelines (REST)."""

PROGRAM: Final = "cpu seconds outside pipelines"

STEP: Final = "cpu seconds of step "
"""Before the name of a step whose items' time grows with something else than that of others."""


class Cost(NamedTuple):
    """What is measured, and of what: a quantity is CPU time, or a folder that bytes lie in."""

    phase: str
    subset: str
    quantity: str

    @property
    def is_time(self) -> bool:
        """Whether it is CPU time."""
        return self.quantity.startswith(CPU)


@dataclass(frozen=True)
class Point:
    """A measurement: what a number of items of a total volume cost."""

    items: float
    volume: float
    amount: float


@dataclass(frozen=True)
class CostLine:
    """A cost that grows with items and volume."""

    fixed: float = 0.0
    per_item: float = 0.0
    per_volume: float = 0.0

    def at(self, items: float, volume: float) -> float:
        """Returns what a number of items of a total volume cost."""
        return self.fixed + self.per_item * items + self.per_volume * volume


def fit_line(points: Sequence[Point], begins: bool) -> CostLine:
    """Returns the line through one to three points; no part of it is negative.

    Args:
        points: the last is the largest; the one before has the same items with less volume; the
            first has fewer items.
        begins: whether there is a fixed part; otherwise all that is not volume is the items'.
    """
    last = points[-1]
    if len(points) == 1:
        return (
            CostLine(last.amount)
            if begins
            else CostLine(per_volume=last.amount / max(1, last.volume))
        )
    few, many = points[0], points[-2]
    per_volume = 0.0
    if last.volume > many.volume:
        rise = (last.amount - many.amount) / (last.volume - many.volume)
        per_volume = min(max(0.0, rise), last.amount / last.volume)
    base = last.amount - per_volume * last.volume
    if not begins:
        return CostLine(0.0, base / max(1.0, last.items), per_volume)
    per_item = 0.0
    if last.items > few.items:
        step = base - (few.amount - per_volume * few.volume)
        per_item = min(max(0.0, step), base) / (last.items - few.items)
    return CostLine(max(0.0, base - per_item * last.items), per_item, per_volume)


@dataclass(frozen=True)
class MeasuredRun:
    """A run of the whole pipeline over a sample.

    Attributes:
        job: with the output folder.
        amounts: what was measured.
        phases: those that ran; too little text for a sequence ends a run early.
    """

    job: Job
    amounts: Mapping[Cost, float]
    phases: tuple[str, ...]

    @property
    def cpu_seconds(self) -> float:
        """All CPU time of the run."""
        return sum(amount for cost, amount in self.amounts.items() if cost.is_time)


@dataclass(frozen=True)
class Metered:
    """An item's work that leaves a note of its CPU time."""

    work: Callable[[Any], ItemResult[Any]]
    folder: str
    step: str

    def __call__(self, item: Any) -> ItemResult[Any]:
        """Does the work for a work item or its corpus, or for a shard, which is of no subset."""
        begun = working_seconds()
        result = self.work(item)
        subset = item.subset if isinstance(item, (WorkItem, CorpusItem)) else REST
        note = [self.step, subset, working_seconds() - begun]
        Path(self.folder, uuid.uuid4().hex).write_text(json.dumps(note))
        return result


@dataclass(frozen=True)
class MeteredEngine:
    """An engine whose steps are measured: it does what the one inside does.

    Attributes:
        engine: does the work, on this machine.
        output: the output folder, whose files are looked at.
        notes: folder of the notes of CPU time.
        pipeline_seconds: CPU time of the phase's pipelines, items included, by label.
        sizes: of all files of the output folder, by path, as they were last seen.
        new_files: path and size of the files that the phase has written.
    """

    engine: Engine
    output: str
    notes: str
    pipeline_seconds: dict[str, float] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    new_files: list[tuple[str, int]] = field(default_factory=list)

    def mapping(
        self, items: Sequence[Item], commit: CommitItem[Any], item_bytes: int = 0
    ) -> beam.PTransform:
        """See `Engine`; every item leaves a note of its CPU time."""
        metered = replace(commit, work=Metered(commit.work, self.notes, commit.commits.step))
        return self.engine.mapping(items, metered, item_bytes)

    def share(self, work: Callable[[_Piece], object], pieces: Iterable[_Piece]) -> None:
        """See `Engine`."""
        self.engine.share(work, pieces)

    def rounds(self, shuffled_bytes: int) -> int:
        """See `Engine`."""
        return self.engine.rounds(shuffled_bytes)

    @property
    def process_count(self) -> int:
        """See `Engine`."""
        return self.engine.process_count

    @property
    def runner_name(self) -> str:
        """See `Engine`."""
        return self.engine.runner_name

    def run(self, label: str, build: Build) -> None:
        """Runs a pipeline, and looks at its CPU time and at the files that it wrote."""
        begun = working_seconds()
        self.engine.run(label, build)
        self.pipeline_seconds[label] = working_seconds() - begun
        self.look()

    def look(self) -> None:
        """Notes files that are new or have changed."""
        root = Path(self.output)
        for path in root.rglob("*"):
            if path.is_file() and path.relative_to(root).parts[0] != "tmp":
                place, size_bytes = path.relative_to(root).as_posix(), path.stat().st_size
                if self.sizes.get(place) != size_bytes:
                    self.sizes[place] = size_bytes
                    self.new_files.append((place, size_bytes))


def measure_run(
    job: Job,
    meter: MeteredEngine,
    items: Sequence[WorkItem],
    read: ReadSample,
    subsets: Sequence[str],
) -> MeasuredRun:
    """Runs all phases over items of a sample, and measures them."""
    amounts: dict[Cost, float] = defaultdict(float)
    phases = []
    for phase in PHASES:
        begun = working_seconds()
        meter.pipeline_seconds.clear()
        work = load_phase(phase)
        if work is CURATE:
            work = replace(work, work=functools.partial(curate, read=read))
        try:
            run_phase(job, phase, items, work)
        except RunError:  # too little text for a sequence
            break
        seconds = working_seconds() - begun
        phases.append(phase.name)
        for cost, amount in _phase_amounts(meter, phase.name, work.costs, seconds, subsets):
            amounts[cost] += amount
    return MeasuredRun(job, amounts, tuple(phases))


def _phase_amounts(
    meter: MeteredEngine, phase: str, stated: Costs, seconds: float, subsets: Sequence[str]
) -> Iterator[tuple[Cost, float]]:
    """Yields what a phase has cost: its items, its pipelines without them, all else, its files."""
    pipelines = sum(meter.pipeline_seconds.values())
    items = 0.0
    for step, subset, item_seconds in _take_notes(meter):
        apart = next((name for name in stated.steps if step.startswith(f"{phase}/{name}")), None)
        yield Cost(phase, subset, CPU if apart is None else STEP + apart), item_seconds
        items += item_seconds
    yield Cost(phase, REST, CPU), pipelines - items
    yield Cost(phase, REST, PROGRAM if stated.program_is_constant else CPU), seconds - pipelines
    meter.look()
    for path, size_bytes in meter.new_files:
        subset = next((part for part in path.split("/")[1:] if part in subsets), REST)
        yield Cost(phase, subset, _folder_of(path, stated)), size_bytes
    meter.new_files.clear()


def _take_notes(meter: MeteredEngine) -> Iterator[tuple[str, str, float]]:
    for path in sorted(Path(meter.notes).iterdir()):
        yield tuple(json.loads(path.read_text()))
        path.unlink()


def _folder_of(path: str, stated: Costs) -> str:
    """Returns the folder that a file belongs to: the smallest that the phase states."""
    folders = [files.folder for files in stated.files if lies_in(path, files.folder)]
    return max(folders, key=len, default=path.partition("/")[0])
