"""What devices send each other in a step, by the program that is compiled for this processor."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from massivetext.model.configs import TrainConfig
from massivetext.model.sharding import make_layout
from massivetext.model.step import make_train_step, state_shardings
from tests.model.compiled import Sent, collectives

LAYERS = 3


@pytest.fixture(scope="module", params=[1, 2], ids=["8x1", "4x2"])
def sent(request: pytest.FixtureRequest, small_run: TrainConfig) -> list[Sent]:
    """Of a step with rounding, on a mesh."""
    model = dataclasses.replace(small_run.model, layers=LAYERS, remat="block")
    config = dataclasses.replace(small_run, model=model, precision="master")
    layout = make_layout(model_parallel=request.param)
    shape = (1, config.batch_windows, model.window)
    targets = jax.ShapeDtypeStruct(shape, jnp.int32, sharding=layout.batch)
    step = jax.jit(make_train_step(config, 1, layout))
    return list(
        collectives(step.lower(state_shardings(config, layout), targets).compile().as_text())
    )


def test_no_stack_of_weights_travels(sent: list[Sent]) -> None:
    stacks = [one for one in sent if len(one.shape) >= 3 and one.shape[0] == LAYERS]
    assert stacks == []


def test_a_layers_weights_are_gathered_in_a_loop(sent: list[Sent]) -> None:
    assert any(one.kind == "all-gather" and not one.in_entry for one in sent)


def test_no_mask_of_rounding_travels(sent: list[Sent]) -> None:
    assert {one.number for one in sent} <= {"f32", "bf16", "s32"}
