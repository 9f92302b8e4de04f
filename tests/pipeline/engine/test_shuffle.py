from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.pvalue import PCollection
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.processes import close_processes
from massivetext.pipeline.engine.redistribute import Redistribute
from massivetext.pipeline.engine.results import ItemResult, join_results
from massivetext.pipeline.engine.steps import Committed, Map, Shuffle, even_ranges
from tests.dedup.phases import job_in
from tests.pipeline.steps import steps_of


@dataclass(frozen=True)
class Counted:
    """A piece of a round."""

    number: int
    names: Mapping[int, str]


class CountUp:
    """A step that notes which rounds were built."""

    def __init__(self, output: Path, fail_at: int | None = None) -> None:
        self.output, self.built, self.fail_at = str(output), list[int](), fail_at

    def __call__(self, start: PCollection, part: int) -> Any:
        if part == self.fail_at:
            raise RuntimeError("a worker died")
        self.built.append(part)
        return start | beam.FlatMap(lambda _: [self._piece(part, n) for n in range(part)])

    def _piece(self, part: int, number: int) -> ItemResult[Counted]:
        entry = store.write_bytes(self.output, f"{part}-{number}.npy", b"content")
        found = Counted(number, {part: "it"})
        return ItemResult((entry,), {}, {"files": {"written": 1}}, (found,))


def shuffled(
    folder: Path, parts: list[int], step: CountUp, seed: int = 0, workers: int = 1
) -> ItemResult[Counted]:
    job = replace(job_in(folder), engine=BeamEngine(workers=workers))
    results = steps_of(job, "dedup", seed=seed).run(Shuffle("step", parts, step, Counted))
    return join_results(results.values())


def test_what_all_rounds_did_is_joined(tmp_path: Path) -> None:
    found = shuffled(tmp_path, [2, 1], CountUp(tmp_path))
    assert [file.path for file in found.files] == ["1-0.npy", "2-0.npy", "2-1.npy"]
    assert found.statistics == {"files": {"written": 3}}
    assert found.found == (Counted(0, {1: "it"}), Counted(0, {2: "it"}), Counted(1, {2: "it"}))


def test_committed_rounds_are_not_run_again(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        shuffled(tmp_path, [2, 1, 3], CountUp(tmp_path, fail_at=3))
    step = CountUp(tmp_path)
    found = shuffled(tmp_path, [2, 1, 3], step)
    assert step.built == [3]
    assert found.statistics == {"files": {"written": 6}}


def test_a_round_whose_file_is_gone_is_run_again(tmp_path: Path) -> None:
    whole = shuffled(tmp_path, [2, 1], CountUp(tmp_path))
    (tmp_path / "2-1.npy").unlink()
    step = CountUp(tmp_path)
    assert shuffled(tmp_path, [2, 1], step) == whole
    assert step.built == [2]


@pytest.mark.parametrize(("seed", "rounds"), [(1, [2]), (0, [2, 2])])
def test_other_settings_or_other_rounds_begin_anew(
    tmp_path: Path, seed: int, rounds: list[int]
) -> None:
    shuffled(tmp_path, [2], CountUp(tmp_path))
    step = CountUp(tmp_path)
    shuffled(tmp_path, rounds, step, seed)
    assert step.built == rounds


def test_a_round_without_pieces_is_committed_too(tmp_path: Path) -> None:
    assert shuffled(tmp_path, [0], CountUp(tmp_path)) == ItemResult()
    step = CountUp(tmp_path)
    assert shuffled(tmp_path, [0], step) == ItemResult()
    assert step.built == []
    assert shuffled(tmp_path / "none", [], CountUp(tmp_path)) == ItemResult()


@given(st.integers(1, 60), st.integers(1, 60))
def test_ranges_cover_all_and_none_has_more_than_its_share(count: int, parts: int) -> None:
    ranges = even_ranges(count, parts)
    assert [n for first, last in ranges for n in range(first, last)] == list(range(count))
    assert all(0 < last - first <= max(1, count / parts) for first, last in ranges)


@pytest.mark.slow
def test_rounds_in_several_processes_give_what_one_gives(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = shuffled(tmp_path / "one", [2, 1, 3, 4], CountUp(tmp_path / "one"))
    two = shuffled(tmp_path / "two", [2, 1, 3, 4], CountUp(tmp_path / "two"), workers=2)
    assert two == one
    close_processes()


class ListFiles:
    """A step that tells which files the one before has committed, when it is its turn."""

    def __init__(self, before: Committed[Counted]) -> None:
        self.before = before

    def __call__(self, start: PCollection, part: int) -> Any:
        del part
        return (
            start
            | "Paths" >> Redistribute(lambda: self.before.paths)
            | "Path" >> beam.Map(lambda path: ItemResult(statistics={path: 1}))
        )


@dataclass(frozen=True)
class Number:
    """An item that reads what the rounds before it have counted."""

    number: int
    name: str = "last"
    identity: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True)
class SumUp:
    before: Committed[None]

    def __call__(self, item: Number) -> ItemResult[None]:
        return ItemResult(
            ledger={path: 1 for path in join_results(self.before.results.values()).statistics}
        )


def chained(folder: Path, fail_at: int | None = None) -> tuple[list[str], dict[str, int], CountUp]:
    """Runs three steps in one pipeline; returns the labels of pipelines and what came out."""
    labels: list[str] = []

    class Engine(BeamEngine):
        def run(self, label: str, build: Any) -> None:
            labels.append(label)
            super().run(label, build)

    steps = steps_of(replace(job_in(folder), engine=Engine()), "dedup")
    count = CountUp(folder, fail_at)
    first = Shuffle("count", [2], count, Counted)
    second: Shuffle[int, None] = Shuffle("list", [0], ListFiles(steps.committed(first)))
    third: Map[Number, None] = Map("sum", [Number(0)], SumUp(steps.committed(second)))
    steps.run_together(first, second, third)
    return labels, dict(steps.run(third)["last"].ledger), count


def test_steps_run_together_in_their_order_in_one_pipeline(tmp_path: Path) -> None:
    labels, found, _ = chained(tmp_path)
    assert labels == ["dedup-count-to-sum"]
    assert found == {"2-0.npy": 1, "2-1.npy": 1}


def test_of_steps_that_run_together_only_those_left_are_run_again(tmp_path: Path) -> None:
    chained(tmp_path)
    (tmp_path / "phases/dedup/sum/last.json").unlink()
    labels, found, count = chained(tmp_path, fail_at=2)
    assert (labels, count.built) == (["dedup-sum"], [])
    assert found == {"2-0.npy": 1, "2-1.npy": 1}
    assert chained(tmp_path)[0] == []
