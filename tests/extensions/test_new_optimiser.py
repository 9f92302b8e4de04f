"""A new optimiser, Adafactor, takes the one file that CONTRIBUTING.md names.

It is added to a copy of the project and trains there on two devices. Its moments are factored, so
their shapes are not those of the parameters.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.extensions.project_copy import ProjectCopy, files_named
from tests.extensions.training import CLI, FLAGS, command, log, write_shards

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FUNCTION: Final = '''def _adafactor(
    settings: OptimiserConfig, schedule: optax.Schedule
) -> Sequence[optax.GradientTransformation]:
    """Adafactor (1804.04235): second moments as rows and columns."""
    import optax

    decay = settings.weight_decay or None
    return [
        optax.adafactor(
            schedule,
            decay_rate=settings.beta2,
            eps=settings.epsilon,
            weight_decay_rate=decay,
            weight_decay_mask=decayed_leaves,
        )
    ]


'''

ENTRY: Final = """        "adafactor": Optimiser(
            "Adafactor",
            _adafactor,
            {"max_learning_rate": 1e-2, "beta2": 0.8, "epsilon": 1e-30},
        ),
"""

RUN: Final = ("--optimiser", "adafactor", "--steps", 6, "--window", 32, "--batch", 8)

STATE: Final = """
from pathlib import Path
from massivetext.model import checkpoint, sharding, step
import jax
checkpoints = checkpoint.Checkpoints(Path({!r}))
layout = sharding.make_layout()
config = checkpoints.run(checkpoints.require(None)).config
assert (config.optimiser.kind, config.optimiser.beta2) == ("adafactor", 0.8)
shapes = step.state_shardings(config, layout)
state = checkpoints.restore(checkpoints.require(None), shapes)
rows = [leaf for path, leaf in jax.tree.leaves_with_path(state.optimiser) if "v_row" in str(path)]
print("split", sum(not leaf.sharding.is_fully_replicated for leaf in rows))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    copy = ProjectCopy.make(tmp_path_factory.mktemp("optimiser"))
    file = "model/optimiser.py"
    copy.insert_before(file, "OPTIMISERS: Final[Mapping[str, Optimiser]]", FUNCTION)
    copy.insert_after(file, '{"weight_decay": CHINCHILLA_WEIGHT_DECAY}),\n', ENTRY)
    return copy


def test_it_takes_the_file_that_is_named(project: ProjectCopy) -> None:
    assert project.changed == files_named("a new optimiser") == {"model/optimiser.py"}


def test_the_tests_of_all_optimisers_hold_for_it(project: ProjectCopy) -> None:
    files = [f"tests/model/test_{name}.py" for name in ("optimiser", "configs")]
    assert "[adafactor]" in project.python("-m", "pytest", "-vv", *files)


@dataclass(frozen=True)
class Trained:
    """A run of six steps: its arguments, its output and its log."""

    shards: Path
    arguments: tuple[object, ...]
    output: Path
    rows: list[dict[str, Any]]


@pytest.fixture(scope="module")
def trained(project: ProjectCopy, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("run")
    shards, output = write_shards(project, folder / "sequences"), folder / "model"
    train = ("train", shards, *RUN, "--save-every", 3, "--output", output, "--quiet")
    command(project, *train)
    return Trained(shards, train, output, log(output))


def test_it_trains_on_two_devices(trained: Trained) -> None:
    rows = trained.rows
    assert [row["step"] for row in rows] == list(range(6))
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert rows[0]["learning_rate"] == pytest.approx(1e-2)


def test_it_resumes_from_its_checkpoint(project: ProjectCopy, trained: Trained) -> None:
    rows = trained.rows
    shutil.rmtree(trained.output / "checkpoints/6")
    command(project, *trained.arguments)
    again = log(trained.output)
    assert [row["seconds"] for row in again[:3]] == [row["seconds"] for row in rows[:3]]
    assert [row["seconds"] for row in again[3:]] != [row["seconds"] for row in rows[3:]]
    measured = ("loss", "gradient_norm", "parameter_norm", "update_norm")
    for row, first in zip(again, rows, strict=True):
        assert [row[name] for name in measured] == [first[name] for name in measured]
    printed = command(project, "eval", trained.output, trained.shards, "--records", 1)
    assert "bits per byte" in printed


def test_another_optimiser_does_not_continue_its_run(
    project: ProjectCopy, trained: Trained
) -> None:
    arguments = ("train", trained.shards, *RUN[2:], "--output", trained.output)
    refused = project.python("-c", CLI.format([str(a) for a in arguments]), fails=True)
    assert "optimiser.kind was adafactor, is gopher" in refused


def test_factored_moments_are_split_over_the_devices(
    project: ProjectCopy, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLA_FLAGS", FLAGS)
    printed = project.python("-c", STATE.format(str(trained.output / "checkpoints")))
    assert int(printed.rpartition("split ")[2]) > 0
