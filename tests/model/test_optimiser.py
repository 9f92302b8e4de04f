from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from massivetext.model.configs import OptimiserConfig, TrainConfig, train_config
from massivetext.model.optimiser import learning_rate_schedule, optimiser


def test_schedule_of_the_paper() -> None:
    config = train_config("44M")
    schedule = learning_rate_schedule(config)
    assert float(schedule(0)) == pytest.approx(1e-7)
    assert float(schedule(750)) == pytest.approx((1e-7 + 6e-4) / 2, rel=1e-3)
    assert float(schedule(1500)) == pytest.approx(6e-4)
    assert float(schedule((1500 + config.steps) // 2)) == pytest.approx(0.55 * 6e-4, rel=1e-3)
    assert float(schedule(config.steps)) == pytest.approx(6e-5)


def test_cosine_is_measured_in_tokens_where_the_batch_doubles() -> None:
    config = train_config("280B")
    plain = dataclasses.replace(config, batch_doubles=False, steps=config.steps * 4 // 3)
    schedule, by_tokens = learning_rate_schedule(config), learning_rate_schedule(plain)
    for step in (0, 1500, 40_000, 60_000, config.steps):
        same_tokens = config.batches.first_window(step) // config.batch_windows
        assert float(schedule(step)) == pytest.approx(float(by_tokens(same_tokens)), rel=1e-3)
    assert float(schedule(config.steps)) == pytest.approx(4e-6, rel=1e-3)


def test_run_too_short_for_a_warmup_starts_at_the_maximum(small_run: TrainConfig) -> None:
    schedule = learning_rate_schedule(dataclasses.replace(small_run, steps=5))
    assert float(schedule(0)) == pytest.approx(3e-2)
    assert float(schedule(5)) == pytest.approx(3e-3)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_updates_are_those_of_adam_with_clipping(
    small_run: TrainConfig, weight_decay: float
) -> None:
    """Against Adam written out; with decay, on matrices only."""
    settings = OptimiserConfig(max_learning_rate=1e-2, weight_decay=weight_decay)
    config = dataclasses.replace(small_run, optimiser=settings)
    schedule, transformation = learning_rate_schedule(config), optimiser(config)
    rng = np.random.default_rng(0)
    weights = {"up": rng.normal(size=(3, 4)), "gain": rng.normal(size=3)}
    tree = {name: jnp.asarray(value, jnp.float32) for name, value in weights.items()}
    state, update = transformation.init(tree), jax.jit(transformation.update)
    first = {name: np.zeros_like(value) for name, value in weights.items()}
    second = {name: np.zeros_like(value) for name, value in weights.items()}
    for step in range(4):
        gradients = {name: rng.normal(size=value.shape) * 3 for name, value in weights.items()}
        given = {name: jnp.asarray(value, jnp.float32) for name, value in gradients.items()}
        updates, state = update(given, state, tree)
        tree = {name: tree[name] + updates[name] for name in tree}
        norm = np.sqrt(sum((value**2).sum() for value in gradients.values()))
        for name, gradient in gradients.items():
            clipped = gradient / max(1.0, norm)
            first[name] = 0.9 * first[name] + 0.1 * clipped
            second[name] = 0.95 * second[name] + 0.05 * clipped**2
            mean, square = (
                first[name] / (1 - 0.9 ** (step + 1)),
                second[name] / (1 - 0.95 ** (step + 1)),
            )
            direction = mean / (np.sqrt(square) + 1e-8)
            if name == "up":
                direction = direction + weight_decay * weights[name]
            weights[name] = weights[name] - float(schedule(step)) * direction
    for name, value in weights.items():
        np.testing.assert_allclose(tree[name], value, rtol=1e-4, atol=1e-6)
