"""Shuffling steps in rounds, each committed by a record: as many as pay and fit."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import apache_beam as beam

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.items import Phase, merge_counts
from massivetext.pipeline.engine.job import Job

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What one worker did for a step: files that later steps read, and counts.

    Attributes:
        files: paths below the output folder.
        statistics: nested counts, merged by adding.
    """

    files: tuple[str, ...] = ()
    statistics: Mapping[str, Any] = field(default_factory=dict)


def run_rounds(
    job: Job,
    phase: Phase,
    step: str,
    rounds: Sequence[T],
    build: Callable[[beam.Pipeline, T], Any],
) -> Outcome:
    """Runs one pipeline a round, but for those that are committed; returns their joint outcome.

    Args:
        job: where to run.
        phase: the phase the step is part of.
        step: its name.
        rounds: what makes up each round; JSON-able. A step begun with others begins anew.
        build: makes a round's pipeline; returns its PCollection of `Outcome`s, which must come
            after everything that the round writes.
    """
    begun = {"key": phase.key, "rounds": json.loads(json.dumps(rounds))}
    label = f"{phase.name}-{step}"
    every = [
        _Round(f"{label}-{number}", f"phases/{phase.name}/{step}/round-{number:04d}.json", part)
        for number, part in enumerate(rounds)
    ]
    found = [(a_round, _committed(job, a_round, begun)) for a_round in every]
    pending = [a_round for a_round, outcome in found if outcome is None]
    job.processes_for().map(RunRound(job, build, begun), pending)
    outcomes = [outcome for _, outcome in found]
    outcomes += [_committed(job, a_round, begun) for a_round in pending]
    # An empty round writes no record.
    return _join([outcome for outcome in outcomes if outcome is not None])


@dataclass(frozen=True)
class _Round:
    """A round: its name, the path of its record below the output folder, what makes it up."""

    name: str
    path: str
    part: Any


@dataclass(frozen=True)
class RunRound:
    """Runs the pipeline of a round, in whatever process.

    Attributes:
        job: where to run.
        build: makes the pipeline.
        begun: what the round's record begins with.
    """

    job: Job
    build: Callable[[beam.Pipeline, Any], Any]
    begun: Mapping[str, Any]

    def __call__(self, a_round: _Round) -> None:
        """Returns when the round is committed."""

        def wire(pipeline: beam.Pipeline) -> None:
            commit = CommitRound(self.job.output, a_round.path, self.begun)
            self.build(pipeline, a_round.part) | "Commit round" >> commit

        self.job.run(a_round.name, wire)


def _committed(job: Job, a_round: _Round, begun: Mapping[str, Any]) -> Outcome | None:
    record = store.read_record(job.path(a_round.path))
    if record is None or any(record[name] != begun[name] for name in begun):
        return None
    return Outcome(tuple(record["files"]), record["statistics"])


class CommitRound(beam.PTransform):
    """Joins all outcomes of a round and writes its record, last."""

    def __init__(self, output: str, path: str, begun: Mapping[str, Any]) -> None:
        super().__init__()
        self.output, self.path, self.begun = output, path, begun

    def expand(self, input_or_inputs: Any) -> Any:
        """Returns the path of the record."""
        return (
            input_or_inputs
            | "One key" >> beam.Map(lambda outcome: (0, json.dumps(asdict(outcome))))
            | "All outcomes" >> beam.GroupByKey()
            | "Write record" >> beam.Map(_write_record, self.output, self.path, self.begun)
        )


def _write_record(
    element: tuple[int, Iterable[str]], output: str, path: str, begun: Mapping[str, Any]
) -> str:
    joint = _join([Outcome(**json.loads(text)) for text in element[1]])
    record = json.dumps({**begun, **asdict(joint)}, indent=1, sort_keys=True)
    store.write_bytes(output, path, record.encode())
    return path


def even_ranges(count: int, parts: int) -> list[list[int]]:
    """Returns [first, last) of so many numbers, cut into that many parts.

    Into more if some would have more than their share, and never into empty ones.
    """
    most = max(1, count // max(1, parts))
    parts = max(1, math.ceil(count / most))
    return [[count * n // parts, count * (n + 1) // parts] for n in range(parts)]


def _join(outcomes: Sequence[Outcome]) -> Outcome:
    files = sorted(path for outcome in outcomes for path in outcome.files)
    return Outcome(tuple(files), merge_counts(o.statistics for o in outcomes))
