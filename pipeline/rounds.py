"""Shuffling steps in rounds, each committed by a record: as many as the memory budget asks for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import apache_beam as beam

from massivetext.pipeline import store
from massivetext.pipeline.job import Job
from massivetext.pipeline.phase import Phase, merge_counts

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
    folder = f"phases/{phase.name}/{step}"
    shape = json.loads(json.dumps(rounds))
    outcomes = []
    for number, part in enumerate(rounds):
        path = f"{folder}/round-{number:04d}.json"
        full_path = job.path(*path.split("/"))
        begun = {"key": phase.key, "rounds": shape}
        record = store.read_record(full_path)
        if record is None or any(record[name] != begun[name] for name in begun):

            def wire(pipeline: beam.Pipeline, part: T = part, path: str = path) -> None:
                outcomes = build(pipeline, part)
                outcomes | "Commit round" >> CommitRound(job.output, path, begun)  # noqa: B023

            job.run(f"{phase.name}-{step}-{number}", wire)
            record = store.read_record(full_path)
        if record is not None:  # an empty round writes no record
            outcomes.append(Outcome(tuple(record["files"]), record["statistics"]))
    return _join(outcomes)


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


def _join(outcomes: Sequence[Outcome]) -> Outcome:
    files = sorted(path for outcome in outcomes for path in outcome.files)
    return Outcome(tuple(files), merge_counts(o.statistics for o in outcomes))
