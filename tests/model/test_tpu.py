"""Steps compiled for TPU slices by libtpu, ahead of time: no such chip is needed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import topologies
from jax.sharding import AxisType, Mesh

from massivetext.model.configs import TrainConfig, train_config
from massivetext.model.describe import GIB, ChipSlice, describe_run
from massivetext.model.sharding import DATA_AXIS, MODEL_AXIS, Layout
from massivetext.model.step import make_train_step, state_shardings
from tests.model.compiled import Sent, collectives

pytestmark = [pytest.mark.tpu, pytest.mark.timeout(3600)]


@dataclass(frozen=True)
class Program:
    """A step of a run on some chips, and the model axis."""

    config: TrainConfig
    chips: str
    model_parallel: int = 1

    @property
    def layout(self) -> Layout:
        # What libtpu would ask of a real slice.
        os.environ.setdefault("TPU_SKIP_MDS_QUERY", "1")
        os.environ.setdefault("TPU_WORKER_HOSTNAMES", "localhost")
        os.environ.setdefault("TPU_ACCELERATOR_TYPE", "v5litepod-4")
        devices = topologies.get_topology_desc(platform="tpu", topology_name=self.chips).devices
        shape = (len(devices) // self.model_parallel, self.model_parallel)
        names = (DATA_AXIS, MODEL_AXIS)
        return Layout(
            Mesh(np.array(devices).reshape(shape), names, axis_types=(AxisType.Auto,) * 2)
        )

    def compile(self) -> Any:
        config, layout = self.config, self.layout
        microbatch = config.batch_windows // config.microbatches
        shape = (config.microbatches, microbatch, config.model.window)
        targets = jax.ShapeDtypeStruct(shape, jnp.int32, sharding=layout.batch)
        step = jax.jit(make_train_step(config, 1, layout))
        return step.lower(state_shardings(config, layout), targets).compile()

    def stacks_of_weights(self, compiled: Any) -> list[Sent]:
        layers = self.config.model.layers
        sent = collectives(compiled.as_text())
        return [one for one in sent if len(one.shape) >= 3 and one.shape[0] == layers]


SMALL = Program(
    train_config(
        "44M",
        model={"layers": 3, "window": 512},
        run={"batch_windows": 16, "precision": "master"},
    ),
    "v5e:2x2",
    2,
)


@pytest.fixture(scope="module")
def small() -> Any:
    return SMALL.compile()


def test_small_step_sends_no_stack_of_weights_and_no_mask(small: Any) -> None:
    assert SMALL.stacks_of_weights(small) == []
    assert "pred" not in {one.number for one in collectives(small.as_text())}


def test_small_step_gathers_two_bytes_a_weight(small: Any) -> None:
    """Outside loops the logits' float32 sums travel, inside them weights and activations."""
    gathered = [one for one in collectives(small.as_text()) if one.kind == "all-gather"]
    assert {one.number for one in gathered if not one.in_entry} == {"bf16"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "most_gib"),
    [
        (Program(train_config("1.4B", model={"remat": "products"}), "v5p:4x4x4"), 8),
        (Program(train_config("7.1B"), "v5p:4x4x4"), 28),
        (Program(train_config("280B"), "v5p:8x8x16", 16), 40),
    ],
    ids=["1.4B", "7.1B", "280B"],
)
def test_presets_fit_as_described(program: Program, most_gib: float) -> None:
    compiled = program.compile()
    peak = compiled.memory_analysis().peak_memory_in_bytes / GIB
    assert peak <= most_gib
    plan = describe_run(program.config, ChipSlice.parse(program.chips), program.model_parallel)
    assert plan.peak_gib_per_chip == pytest.approx(peak, rel=0.10)
    assert program.stacks_of_weights(compiled) == []
