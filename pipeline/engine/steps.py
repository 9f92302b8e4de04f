"""The steps of a phase: maps over items, and shuffles in rounds. Both commit items alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import apache_beam as beam

from massivetext.config import plain
from massivetext.pipeline.engine.commits import CommitItem, CommitOutcomes, Commits, ItemT
from massivetext.pipeline.engine.engine import Engine
from massivetext.pipeline.engine.errors import RunError
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
class Steps:
    """Runs the steps of one phase in one output folder.

    Attributes:
        engine: what they run on.
        output: the output folder.
        phase: name of the phase.
        key: of the phase; results that were committed under another one do not count.
        quiet: no progress display.
    """

    engine: Engine
    output: str
    phase: str
    key: str
    quiet: bool = False

    def map(
        self,
        step: str,
        items: Sequence[ItemT],
        work: Callable[[ItemT], ItemResult[FoundT]],
        *,
        finds: type[FoundT] | None = None,
        item_bytes: int = 0,
    ) -> dict[str, ItemResult[FoundT]]:
        """Does a step's work for every item that has not committed it; returns all by name.

        Args:
            step: its name.
            items: what to do.
            work: does it for one item and returns once its files are committed; picklable.
            finds: the type of what the work finds, if it finds anything.
            item_bytes: memory that an item needs beyond the usual.
        """
        commits = self._commits(step, finds)
        results = commits.read_all(items)
        pending = [item for item in items if item.name not in results]
        if pending:
            title, commit = f"{self.phase}: {step}", CommitItem(work, commits)

            def build(pipeline: beam.Pipeline) -> None:  # anew for each attempt
                pipeline | title >> self.engine.mapping(pending, commit, item_bytes)

            with watch(self.output, title, commits.folder, len(items), len(results), self.quiet):
                self.engine.run(f"{self.phase}-{step}", build)
            results |= commits.read_all(pending)
        return _every(commits, items, results)

    def shuffle(
        self,
        step: str,
        parts: Sequence[PartT],
        build: Callable[[beam.Pipeline, PartT], Any],
        *,
        finds: type[FoundT] | None = None,
    ) -> list[ItemResult[FoundT]]:
        """Runs one pipeline a round, but for those that are committed; returns their results.

        Args:
            step: its name.
            parts: what makes up each round (JSON-able).
            build: makes a round's pipeline; returns its PCollection of `ItemResult`s, which must
                come after everything that the round writes.
            finds: the type of what the pieces of a round find, if they find anything.
        """
        commits = self._commits(step, finds)
        rounds = [Round(number, tuple(parts)) for number in range(len(parts))]
        results = commits.read_all(rounds)
        pending = [a_round for a_round in rounds if a_round.name not in results]
        label = f"{self.phase}-{step}"
        self.engine.share(RunRound(self.engine, label, commits, build), pending)
        results |= commits.read_all(pending)
        return list(_every(commits, rounds, results).values())

    def _commits(self, step: str, finds: type[FoundT] | None) -> Commits[FoundT]:
        return Commits(self.output, f"phases/{self.phase}/{step}", self.key, finds)


@dataclass(frozen=True)
class RunRound:
    """Runs the pipeline of a round, in whatever process, and commits the round.

    Attributes:
        engine: runs it.
        label: of the step.
        commits: its records.
        build: makes the pipeline.
    """

    engine: Engine
    label: str
    commits: Commits[Any]
    build: Callable[[beam.Pipeline, Any], Any]

    def __call__(self, a_round: Round[Any]) -> None:
        """Returns when the round is committed."""

        def build(pipeline: beam.Pipeline) -> None:
            outcomes = self.build(pipeline, a_round.part)
            outcomes | "Commit round" >> CommitOutcomes(self.commits, a_round)

        self.engine.run(f"{self.label}-{a_round.number}", build)


def _every(
    commits: Commits[FoundT], items: Sequence[ItemT], results: dict[str, ItemResult[FoundT]]
) -> dict[str, ItemResult[FoundT]]:
    """Returns the results of all items in their order; raises if one has none."""
    missing = [item.name for item in items if item.name not in results]
    if missing:
        raise RunError(
            f"step {commits.folder} left {len(missing)} items undone, {missing[0]} first"
        )
    return {item.name: results[item.name] for item in items}


def even_ranges(count: int, parts: int) -> list[list[int]]:
    """Returns [first, last) of so many numbers, cut into that many parts.

    Into more if some would have more than their share, and never into empty ones.
    """
    most = max(1, count // max(1, parts))
    parts = max(1, math.ceil(count / most))
    return [[count * n // parts, count * (n + 1) // parts] for n in range(parts)]
