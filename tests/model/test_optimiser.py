from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from massivetext.config import ConfigError
from massivetext.model.configs import TrainConfig
from massivetext.model.optimiser import OPTIMISERS, OptimiserConfig, optimiser
from massivetext.model.schedule import learning_rate_schedule


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_updates_are_those_of_adam_with_clipping(
    small_run: TrainConfig, weight_decay: float
) -> None:
    """Against Adam written out; with decay, on matrices only."""
    settings = OptimiserConfig(max_learning_rate=1e-2, weight_decay=weight_decay)
    config = dataclasses.replace(small_run, optimiser=settings)
    schedule = learning_rate_schedule(config)
    transformation = optimiser(settings, schedule)
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


def test_another_kind_keeps_the_schedule_and_brings_its_defaults() -> None:
    asked = OptimiserConfig(1e-3, clip_norm=0.25, warmup_steps=7, beta1=0.5, weight_decay=0.3)
    assert asked.of_kind("chinchilla") == OptimiserConfig(
        1e-3, clip_norm=0.25, warmup_steps=7, weight_decay=0.1, kind="chinchilla"
    )
    assert asked.of_kind("gopher") == OptimiserConfig(1e-3, clip_norm=0.25, warmup_steps=7)


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    for make in (
        lambda: OptimiserConfig(1e-3, kind="sgd"),
        lambda: OptimiserConfig(1e-3).of_kind("sgd"),
    ):
        with pytest.raises(ConfigError, match=r"'sgd': expected one of gopher, chinchilla"):
            make()


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_every_optimiser_goes_downhill(small_run: TrainConfig, kind: str) -> None:
    """On a quadratic, with its own defaults."""
    settings = OptimiserConfig(max_learning_rate=3e-2).of_kind(kind)
    config = dataclasses.replace(small_run, optimiser=settings)
    transformation = optimiser(settings, learning_rate_schedule(config))
    tree = {"up": jnp.ones((3, 4)), "gain": jnp.ones(3)}
    state, update = transformation.init(tree), jax.jit(transformation.update)
    for _ in range(config.steps):
        updates, state = update(tree, state, tree)
        tree = optax.apply_updates(tree, updates)
    assert all(float(jnp.abs(leaf).max()) < 0.9 for leaf in tree.values())
