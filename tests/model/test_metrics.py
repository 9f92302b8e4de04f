from __future__ import annotations

import math
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from massivetext.model.metrics import (
    METRICS,
    MetricsLog,
    StepFacts,
    draw_loss_curve,
    read_metrics,
    running_means,
)

FACTS = StepFacts(
    loss=jnp.float32(2.5),
    learning_rate=1e-3,
    gradients={"up": jnp.array([[3.0, 4.0]]), "gain": jnp.array([12.0])},
    updates={"up": jnp.array([[0.3, -0.4]]), "gain": jnp.zeros(1)},
    parameters={"up": jnp.array([[0.0, 1.0]]), "gain": jnp.ones(1)},
)

EXPECTED = {
    "loss": 2.5,
    "learning_rate": 1e-3,
    "gradient_norm": 13.0,
    "parameter_norm": math.sqrt(2),
    "update_norm": 0.5,
}
"""What every metric is for these facts."""


def test_metrics_of_a_step() -> None:
    found = jax.jit(lambda: {name: metric(FACTS) for name, metric in METRICS.items()})()
    assert {name: float(value) for name, value in found.items()} == pytest.approx(EXPECTED)


def test_continued_log_drops_the_steps_that_are_repeated(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    first = MetricsLog(path, first_step=0)
    for step in range(5):
        first.append({"step": step, "loss": 5.0 - step})
    first.close()
    second = MetricsLog(path, first_step=3)
    second.append({"step": 3, "loss": 1.5})
    second.close()
    assert [(row["step"], row["loss"]) for row in read_metrics(path)] == [
        (0, 5.0),
        (1, 4.0),
        (2, 3.0),
        (3, 1.5),
    ]


def test_line_that_was_cut_off_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 0, "loss": 4.0}\n{"step": 1, "lo')
    assert read_metrics(path) == [{"step": 0, "loss": 4.0}]
    assert read_metrics(tmp_path / "none.jsonl") == []


def test_running_mean_is_over_the_last_ten_losses() -> None:
    losses = [float(step) for step in range(30)]
    means = running_means(losses)
    assert means[:3] == [0.0, 0.5, 1.0]
    assert means[-1] == sum(range(20, 30)) / 10
    assert len(means) == 30


def test_curve_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    rows = [{"step": step, "loss": 4.0 / (step + 1)} for step in range(10)]
    for name in ("a.svg", "b.svg"):
        draw_loss_curve(rows, 61, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "ln 61" in (tmp_path / "a.svg").read_text()
