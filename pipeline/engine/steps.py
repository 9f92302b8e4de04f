"""The steps of a phase: maps over items, and shuffles in rounds. Both commit items alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import apache_beam as beam
from apache_beam.pvalue import PCollection

from massivetext.config import plain
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.commits import (
    After,
    CommitItem,
    CommitOutcomes,
    Commits,
    Item,
    ItemT,
)
from massivetext.pipeline.engine.engine import Engine
from massivetext.pipeline.engine.errors import InputError, RunError
from massivetext.pipeline.engine.progress import watch
from massivetext.pipeline.engine.results import FoundT, ItemResult

PartT = TypeVar("PartT")


@dataclass(frozen=True)
class Round(Generic[PartT]):
    """A part of a shuffle that fits in memory: an item whose work is a pipeline.

    Attributes:
        number: its place among the rounds of the step.
        parts: what makes up each round of the step (JSON-able); with others the step begins anew.
    """

    number: int
    parts: tuple[PartT, ...]

    @property
    def part(self) -> PartT:
        """What makes up this round."""
        return self.parts[self.number]

    @property
    def name(self) -> str:
        """Names its record."""
        return f"round-{self.number:04d}"

    @property
    def identity(self) -> list[Any]:
        """The parts of all rounds."""
        return [plain(part) for part in self.parts]

    @property
    def weight(self) -> float:
        """All rounds are alike."""
        return 1.0


@dataclass(frozen=True)
class Map(Generic[ItemT, FoundT]):
    """A step whose items are done one by one, wherever a worker is free.

    Attributes:
        name: of the step.
        items: what to do.
        work: does it for one item and returns once its files are committed; picklable.
        finds: the type of what the work finds, if it finds anything.
        item_bytes: memory that an item needs beyond the usual.
        key: under which its results count: changes with everything that an item's result depends
            on but the item. None stands for the key of the phase, which changes with every input.
    """

    name: str
    items: Sequence[ItemT]
    work: Callable[[ItemT], ItemResult[FoundT]]
    finds: type[FoundT] | None = None
    item_bytes: int = 0
    key: str | None = None

    def pipelines(self, pending: Sequence[ItemT]) -> list[list[ItemT]]:
        """Returns the items of each pipeline: all of them in one."""
        return [list(pending)]

    def transform(
        self, engine: Engine, commits: Commits[FoundT], items: Sequence[ItemT]
    ) -> beam.PTransform:
        """Returns what does some items and commits them."""
        return engine.mapping(items, CommitItem(self.work, commits), self.item_bytes)


@dataclass(frozen=True)
class Shuffle(Generic[PartT, FoundT]):
    """A step that shuffles, in rounds that fit in memory.

    Attributes:
        name: of the step.
        parts: what makes up each round (JSON-able).
        build: adds a round's transforms to the one element that it starts with; returns its
            PCollection of `ItemResult`s, which must come after everything that the round writes.
            What earlier steps have committed it may read only while it runs.
        finds: the type of what the pieces of a round find, if they find anything.
    """

    name: str
    parts: Sequence[PartT]
    build: Callable[[PCollection, PartT], PCollection]
    finds: type[FoundT] | None = None

    @property
    def key(self) -> None:
        """What a round gives depends on all items: it counts under the key of the phase."""
        return None

    @property
    def items(self) -> list[Round[PartT]]:
        """The rounds."""
        return [Round(number, tuple(self.parts)) for number in range(len(self.parts))]

    def pipelines(self, pending: Sequence[Round[PartT]]) -> list[list[Round[PartT]]]:
        """Returns the rounds of each pipeline: one."""
        return [[a_round] for a_round in pending]

    def transform(
        self, engine: Engine, commits: Commits[FoundT], items: Sequence[Round[PartT]]
    ) -> beam.PTransform:
        """Returns what runs a round and commits it."""
        del engine
        (a_round,) = items
        return RunRound(self.build, commits, a_round)


class RunRound(beam.PTransform):
    """Runs a round of a shuffle, and commits it."""

    def __init__(
        self,
        build: Callable[[PCollection, Any], PCollection],
        commits: Commits[Any],
        a_round: Round[Any],
    ) -> None:
        super().__init__()
        self.build, self.commits, self.round = build, commits, a_round

    def expand(self, input_or_inputs: PCollection) -> PCollection:
        """Returns nothing that callers use; the record says what was done."""
        outcomes = self.build(input_or_inputs, self.round.part)
        return (input_or_inputs, outcomes) | "Commit round" >> CommitOutcomes(
            self.commits, self.round
        )


@dataclass(frozen=True)
class Committed(Generic[FoundT]):
    """What a step has committed, or will have when it is asked for.

    Attributes:
        commits: its records.
        items: all of its items.
    """

    commits: Commits[FoundT]
    items: Sequence[Item]

    @property
    def results(self) -> dict[str, ItemResult[FoundT]]:
        """The results of all items by name, in their order.

        Raises:
            RunError: if an item has none.
        """
        return _every(self.commits, self.items, self.commits.read_all(self.items))

    @property
    def paths(self) -> list[str]:
        """The files that it has written, below the output folder."""
        return [file.path for result in self.results.values() for file in result.files]


@dataclass(frozen=True)
class Link:
    """What a pipeline does of a step.

    Attributes:
        phase: name of the step's phase.
        step: the step.
        commits: its records.
        items: those to do.
    """

    phase: str
    step: Map[Any, Any] | Shuffle[Any, Any]
    commits: Commits[Any]
    items: Sequence[Any]

    @property
    def name(self) -> str:
        """Names the step among those of all phases."""
        return f"{self.phase}: {self.step.name}"


@dataclass(frozen=True)
class Chain:
    """A pipeline: one step, or several, each of which begins when the one before is committed.

    Attributes:
        engine: runs it.
        links: the steps in their order.
    """

    engine: Engine
    links: Sequence[Link]

    @property
    def label(self) -> str:
        """Names it: by its step and, if that is a round of several, by the round's number."""
        first, last = self.links[0], self.links[-1]
        label = f"{first.phase}-{first.step.name}"
        if first is not last:
            phase = "" if last.phase == first.phase else f"{last.phase}-"
            return f"{label}-to-{phase}{last.step.name}"
        return f"{label}-{first.items[0].number}" if isinstance(first.step, Shuffle) else label

    def build(self, pipeline: beam.Pipeline) -> None:
        """Adds the transforms: new ones for each attempt, since Beam binds them to a pipeline."""
        start: PCollection = pipeline | "Start" >> beam.Create([None], reshuffle=False)
        for link in self.links:
            transform = link.step.transform(self.engine, link.commits, link.items)
            committed = start | link.name >> transform
            if link is not self.links[-1]:
                start = (start, committed) | f"{link.name}, then" >> After()

    def run(self) -> None:
        """Returns when all is committed."""
        self.engine.run(self.label, self.build)


@dataclass(frozen=True)
class Steps:
    """Runs the steps of one phase in one output folder.

    Attributes:
        engine: what they run on.
        output: the output folder.
        phase: name of the phase.
        key: of the phase; results that were committed under another one do not count, but those of
            maps that have a key of their own.
        quiet: no progress display.
    """

    engine: Engine
    output: str
    phase: str
    key: str
    quiet: bool = False

    def run(self, step: Map[Any, FoundT] | Shuffle[Any, FoundT]) -> dict[str, ItemResult[FoundT]]:
        """Does what a step has not committed; returns the results of all its items by name."""
        link, done = self._link(step)
        chains = [self._chain(replace(link, items=part)) for part in step.pipelines(link.items)]
        if isinstance(step, Shuffle):
            self.engine.share(Chain.run, chains)
        elif link.items:
            with self._watch(link):
                self.engine.run(chains[0].label, chains[0].build)
        if link.items:
            done |= link.commits.read_all(link.items)
        return _every(link.commits, step.items, done)

    def left(self, step: Map[Any, Any] | Shuffle[Any, Any]) -> Link:
        """Returns what is left to do of a step, for another phase's last pipeline to do."""
        return self._link(step)[0]

    def run_together(
        self, *steps: Map[Any, Any] | Shuffle[Any, Any], then: Sequence[Link] = ()
    ) -> None:
        """Does what several steps have not committed, in a single pipeline.

        On a cluster a pipeline is an application that takes long to start.

        Args:
            steps: in their order; a shuffle among them has one round.
            then: what the same pipeline does after them, of the next phase.
        """
        links = [link for link in (*(self.left(step) for step in steps), *then) if link.items]
        if links:
            chain = self._chain(*links)
            with ExitStack() as watches:
                for link in reversed(links):  # what is entered first ends, and tells, last
                    watches.enter_context(self._watch(link))
                self.engine.run(chain.label, chain.build)

    def committed(self, step: Map[Any, FoundT] | Shuffle[Any, FoundT]) -> Committed[FoundT]:
        """Returns what reads the results of a step."""
        return Committed(self._commits(step), step.items)

    def forget_faults(self, step: Map[Any, Any]) -> None:
        """Deletes what was said of inputs that could not be read, and now have been."""
        self._commits(step).forget_faults()

    def _commits(self, step: Map[Any, FoundT] | Shuffle[Any, FoundT]) -> Commits[FoundT]:
        folder = f"phases/{self.phase}/{step.name}"
        return Commits(self.output, folder, step.key or self.key, step.finds)

    def _link(
        self, step: Map[Any, FoundT] | Shuffle[Any, FoundT]
    ) -> tuple[Link, dict[str, ItemResult[FoundT]]]:
        """Returns what is left to do of a step, and the results of what is committed."""
        commits = self._commits(step)
        done = commits.read_all(step.items)
        left = [item for item in step.items if item.name not in done]
        return Link(self.phase, step, commits, left), done

    def _chain(self, *links: Link) -> Chain:
        return Chain(self.engine, links)

    def _watch(self, link: Link) -> AbstractContextManager[None]:
        """Shows the progress of items; a round's is not known."""
        if self.quiet or isinstance(link.step, Shuffle):
            return nullcontext()
        total, folder = len(link.step.items), store.below(self.output, link.commits.folder)
        return watch(folder, link.name, total, total - len(link.items))


def _every(
    commits: Commits[FoundT], items: Sequence[Item], results: dict[str, ItemResult[FoundT]]
) -> dict[str, ItemResult[FoundT]]:
    """Returns the results of all items in their order; raises a RunError if one has none."""
    missing = [item for item in items if item.name not in results]
    if missing:
        raise _unfinished(commits, missing)
    return {item.name: results[item.name] for item in items}


def _unfinished(commits: Commits[Any], missing: Sequence[Item]) -> RunError:
    """Says why items of a step have no result."""
    faults = [fault for item in missing if (fault := commits.read_fault(item)) is not None]
    if not faults:
        return RunError(
            f"step {commits.folder} did not finish {len(missing)} items; "
            f"the first is {missing[0].name}"
        )
    more = f" (and {len(faults) - 1:,} more inputs)" if len(faults) > 1 else ""
    return InputError(
        f"{faults[0]}{more}; all other inputs are done: fix this, then run the same command again"
    )


def even_ranges(count: int, parts: int) -> list[list[int]]:
    """Cuts a number of items into parts; returns [first, last) of each.

    Into more if some would have more than their share, and never into empty ones.
    """
    most = max(1, count // max(1, parts))
    parts = max(1, math.ceil(count / most))
    return [[count * n // parts, count * (n + 1) // parts] for n in range(parts)]
