"""The log of a run: one JSON object a step in `metrics.jsonl`, and the loss curve drawn from it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import jax
import optax

from massivetext.model.parameters import Parameters

METRICS_FILE: Final = "metrics.jsonl"
CURVE_FILE: Final = "loss.svg"

RECENT_STEPS: Final = 10
"""Our choice: a short run's batches are small, and their losses differ more than the model does."""

LogRow = dict[str, Any]
"""What is logged of a step: its number, its metrics and the rates of the run."""


@dataclass(frozen=True)
class StepFacts:
    """What the metrics of a step are computed from, on the devices and within the compiled step.

    Attributes:
        loss: mean cross entropy in nats a token.
        learning_rate: of this step.
        gradients: float32, before clipping.
        updates: what the optimiser adds to the parameters.
        parameters: float32, after the update and before rounding.
    """

    loss: jax.Array
    learning_rate: jax.typing.ArrayLike
    gradients: Parameters
    updates: optax.Updates
    parameters: Parameters


Metric = Callable[[StepFacts], jax.typing.ArrayLike]

METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        "loss": lambda step: step.loss,
        "learning_rate": lambda step: step.learning_rate,
        "gradient_norm": lambda step: optax.tree.norm(step.gradients),
        "parameter_norm": lambda step: optax.tree.norm(step.parameters),
        "update_norm": lambda step: optax.tree.norm(step.updates),
    }
)
"""Name in the log -> a number computed in each step."""


class MetricsLog:
    """Appends rows; a continued run first drops the rows of steps it will repeat."""

    def __init__(self, path: Path, first_step: int) -> None:
        kept = [row for row in read_metrics(path) if row["step"] < first_step]
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = path.open("w", encoding="utf-8")
        for row in kept:
            self.append(row)

    def append(self, row: LogRow) -> None:
        """Writes a row at once."""
        print(json.dumps(row), file=self._stream, flush=True)

    def close(self) -> None:
        """Closes the file."""
        self._stream.close()


def read_metrics(path: Path) -> list[LogRow]:
    """Rows of a log, without an unfinished last line; none if the log does not exist."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def running_means(losses: list[float]) -> list[float]:
    """Mean of every loss and the ones before it, `RECENT_STEPS` at most."""
    recent = [losses[max(0, end - RECENT_STEPS) : end] for end in range(1, len(losses) + 1)]
    return [sum(some) / len(some) for some in recent]


def draw_loss_curve(rows: list[LogRow], vocab_size: int, path: Path) -> None:
    """Loss by step as SVG, with the loss of guessing (ln V) for comparison."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": CURVE_FILE}):  # else every drawing has ids of its own
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        steps, losses = [row["step"] for row in rows], [row["loss"] for row in rows]
        axes.plot(steps, losses, linewidth=0.8, color="lightsteelblue", label="each step")
        mean_label = f"mean of {RECENT_STEPS} steps"
        axes.plot(steps, running_means(losses), linewidth=1.8, color="navy", label=mean_label)
        axes.legend(loc="lower left", frameon=False)
        guessing = math.log(vocab_size)
        axes.axhline(guessing, linestyle="--", linewidth=1, color="grey")
        label = f"guessing: ln {vocab_size:,} = {guessing:.2f}"
        axes.annotate(label, (0, guessing), (2, 3), textcoords="offset points", color="grey")
        axes.set(xlabel="step", ylabel="loss (nats a token)", ylim=(0, None))
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, metadata={"Date": None})
