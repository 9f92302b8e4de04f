from dataclasses import replace

import apache_beam as beam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.engine.items import Phase
from massivetext.pipeline.engine.processes import close_processes
from massivetext.pipeline.engine.rounds import Outcome, even_ranges, run_rounds
from tests.dedup.phases import job_in

PHASE = Phase("dedup", (), {})


class CountUp:
    """A step that notes which rounds were built."""

    def __init__(self, fail_at=None):
        self.built, self.fail_at = [], fail_at

    def __call__(self, pipeline, part):
        if part == self.fail_at:
            raise RuntimeError("a worker died")
        self.built.append(part)
        return pipeline | beam.Create(
            [Outcome((f"{part}-{n}.npy",), {"files": {"written": 1}}) for n in range(part)]
        )


def test_outcomes_of_all_rounds_are_joined(tmp_path):
    found = run_rounds(job_in(tmp_path), PHASE, "step", [2, 1], CountUp())
    assert found == Outcome(("1-0.npy", "2-0.npy", "2-1.npy"), {"files": {"written": 3}})


def test_committed_rounds_are_not_run_again(tmp_path):
    job = job_in(tmp_path)
    with pytest.raises(RuntimeError):
        run_rounds(job, PHASE, "step", [2, 1, 3], CountUp(fail_at=3))
    step = CountUp()
    found = run_rounds(job, PHASE, "step", [2, 1, 3], step)
    assert step.built == [3]
    assert found.statistics == {"files": {"written": 6}}


@pytest.mark.parametrize(
    ("phase", "rounds"), [(Phase("dedup", (), {"seed": 1}), [2]), (PHASE, [2, 2])]
)
def test_other_settings_or_other_rounds_begin_anew(tmp_path, phase, rounds):
    run_rounds(job_in(tmp_path), PHASE, "step", [2], CountUp())
    step = CountUp()
    run_rounds(job_in(tmp_path), phase, "step", rounds, step)
    assert step.built == rounds


def test_a_round_without_outcomes_is_nothing(tmp_path):
    assert run_rounds(job_in(tmp_path), PHASE, "step", [0], CountUp()) == Outcome()
    assert run_rounds(job_in(tmp_path), PHASE, "step", [], CountUp()) == Outcome()


@given(st.integers(1, 60), st.integers(1, 60))
def test_ranges_cover_all_and_none_has_more_than_its_share(count, parts):
    ranges = even_ranges(count, parts)
    assert [n for first, last in ranges for n in range(first, last)] == list(range(count))
    assert all(0 < last - first <= max(1, count / parts) for first, last in ranges)


@pytest.mark.slow
def test_rounds_in_several_processes_give_what_one_gives(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = run_rounds(job_in(tmp_path / "one"), PHASE, "step", [2, 1, 3, 2], CountUp())
    job = replace(job_in(tmp_path / "two"), workers=2)
    assert run_rounds(job, PHASE, "step", [2, 1, 3, 2], CountUp()) == one
    close_processes()
