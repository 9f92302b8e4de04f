from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import pytest

from massivetext.model.configs import Precision, TrainConfig
from massivetext.model.data import SequenceReader
from massivetext.model.sharding import Layout, make_layout
from massivetext.model.step import create_state, make_train_step

STEPS = 3
Listed = Callable[[int], SequenceReader]


@pytest.fixture(scope="module")
def windows(listed_records: Listed, small_run: TrainConfig) -> np.ndarray:
    reader = listed_records(small_run.batch_windows)
    return np.stack([reader[i][: small_run.model.window] for i in range(len(reader))])


@dataclass(frozen=True)
class Trained:
    """States and metrics of some steps, by step."""

    states: list[Any]
    rows: list[dict[str, float]]


def run_steps(config: TrainConfig, layout: Layout, windows: np.ndarray, steps: int) -> Trained:
    """Trains on one batch again and again."""
    targets = windows.astype(np.int32).reshape(config.microbatches, -1, config.model.window)
    state, train_step = create_state(config, 1, layout), make_train_step(config, 1, layout)
    states, rows = [], []
    for _ in range(steps):
        state, metrics = train_step(state, jax.device_put(targets, layout.batch))
        states.append(jax.tree.map(np.array, state))
        rows.append({name: float(value) for name, value in metrics.items()})
    return Trained(states, rows)


def assert_close(left: Any, right: Any, atol: float) -> None:
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(
            np.asarray(a, np.float32), np.asarray(b, np.float32), atol=atol
        ),
        left,
        right,
    )


@pytest.fixture(scope="module")
def on_one_device(small_run: TrainConfig, windows: np.ndarray) -> Trained:
    return run_steps(small_run, make_layout(data_parallel=1), windows, small_run.steps)


@pytest.mark.slow
def test_eight_devices_two_microbatches_and_recomputation_change_nothing(
    small_run: TrainConfig, windows: np.ndarray, on_one_device: Trained
) -> None:
    model = dataclasses.replace(small_run.model, remat="block")
    config = dataclasses.replace(small_run, model=model, microbatches=2)
    layout = make_layout(model_parallel=2)
    assert layout.mesh.devices.shape == (4, 2)
    split = run_steps(config, layout, windows, STEPS)
    assert_close(split.states[-1], on_one_device.states[STEPS - 1], atol=1e-5)
    for ours, theirs in zip(split.rows, on_one_device.rows, strict=False):
        assert ours == pytest.approx(theirs, abs=1e-5)


def test_model_learns_one_batch_by_heart(on_one_device: Trained) -> None:
    rows = on_one_device.rows
    assert rows[0]["loss"] == pytest.approx(math.log(61), abs=0.1)
    assert rows[-1]["loss"] < 0.3


def test_metrics_tell_the_norms_of_the_step(on_one_device: Trained) -> None:
    def norm(tree: Any) -> float:
        return math.sqrt(sum(float((leaf**2).sum()) for leaf in jax.tree.leaves(tree)))

    before, after = (state.parameters for state in on_one_device.states[1:3])
    row = on_one_device.rows[2]
    assert row["parameter_norm"] == pytest.approx(norm(after), rel=1e-5)
    moved = jax.tree.map(lambda new, old: new - old, after, before)
    assert row["update_norm"] == pytest.approx(norm(moved), rel=1e-4)
    assert row["gradient_norm"] > 0
    assert [int(state.step) for state in on_one_device.states[:3]] == [1, 2, 3]


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["activations", "nearest", "stochastic", "master"])
def test_every_precision_learns(
    small_run: TrainConfig, windows: np.ndarray, precision: Precision
) -> None:
    config = dataclasses.replace(small_run, steps=60, precision=precision)
    rows = run_steps(config, make_layout(data_parallel=1), windows, config.steps).rows
    assert rows[-1]["loss"] < rows[0]["loss"] - 1


@pytest.mark.slow
def test_nearest_rounding_stands_still_where_the_others_learn(
    small_run: TrainConfig, windows: np.ndarray
) -> None:
    """Appendix C.2's order at tiny steps: (b) worst; (c) and (d) follow float32."""
    falls = {}
    slow_steps = dataclasses.replace(small_run.optimiser, max_learning_rate=3e-5)
    for precision in ("float32", "nearest", "stochastic", "master"):
        config = dataclasses.replace(small_run, steps=60, precision=precision, optimiser=slow_steps)
        rows = run_steps(config, make_layout(data_parallel=1), windows, config.steps).rows
        falls[precision] = rows[0]["loss"] - rows[-1]["loss"]
    assert falls["master"] == pytest.approx(falls["float32"], rel=0.2)
    assert falls["stochastic"] == pytest.approx(falls["float32"], rel=0.3)
    assert falls["nearest"] < 0.8 * falls["float32"]
