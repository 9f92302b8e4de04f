from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from massivetext.model import precision
from massivetext.model.configs import Precision


def test_mean_of_stochastic_rounding_is_the_number() -> None:
    x = jnp.full(1_000_000, 1.003, jnp.float32)
    rounded = np.asarray(precision.round_stochastically(x, jax.random.key(0)), np.float64)
    assert rounded.mean() == pytest.approx(1.003, abs=2e-5)
    assert set(np.unique(rounded)) == {1.0, 1.0078125}  # the neighbours of 1.003 in bfloat16


@pytest.mark.parametrize("seed", range(3))
def test_stochastic_rounding_gives_a_neighbour(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=4096) * 10.0 ** rng.integers(-30, 30, 4096)).astype(np.float32)
    rounded = np.asarray(
        precision.round_stochastically(jnp.asarray(x), jax.random.key(seed)), np.float64
    )
    bits = x.view(np.uint32) & 0xFFFF0000
    towards_zero = bits.view(np.float32).astype(np.float64)
    away = (bits + 0x10000).view(np.float32).astype(np.float64)
    assert ((rounded == towards_zero) | (rounded == away)).all()


def test_numbers_that_bfloat16_has_stay() -> None:
    exact = jnp.array([0.0, -0.0, 1.0, -2.5, jnp.inf, -jnp.inf], jnp.float32)
    rounded = precision.round_stochastically(exact, jax.random.key(0))
    np.testing.assert_array_equal(np.asarray(rounded, np.float32), exact)
    np.testing.assert_array_equal(np.signbit(np.asarray(rounded, np.float32)), np.signbit(exact))
    assert bool(jnp.isnan(precision.round_stochastically(jnp.array([jnp.nan]), jax.random.key(1))))


@pytest.mark.parametrize(
    ("step_size", "nearest_move", "nearest_changed"), [(4e-5, 0.68, 0.57), (4e-6, 0.11, 0.08)]
)
def test_nearest_rounding_loses_small_steps(
    step_size: float, nearest_move: float, nearest_changed: float
) -> None:
    """docs/paper.md, section 11: 1M bfloat16 weights N(0, 0.02), one Adam-sized step up."""
    weights = (0.02 * jax.random.normal(jax.random.key(0), (1_000_000,))).astype(jnp.bfloat16)
    stepped = weights.astype(jnp.float32) + jnp.float32(step_size)

    def moved(rounded: jax.Array) -> float:
        difference = np.asarray(rounded, np.float64) - np.asarray(weights, np.float64)
        return float(difference.mean() / step_size)

    nearest = precision.round_to_nearest(stepped, jax.random.key(1))
    stochastic = precision.round_stochastically(stepped, jax.random.key(1))
    assert moved(nearest) == pytest.approx(nearest_move, abs=0.02)
    assert float(jnp.mean(nearest != weights)) == pytest.approx(nearest_changed, abs=0.02)
    assert moved(stochastic) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("variant", "stored", "forward"),
    [
        ("float32", jnp.float32, jnp.float32),
        ("activations", jnp.float32, jnp.bfloat16),
        ("nearest", jnp.bfloat16, jnp.bfloat16),
        ("stochastic", jnp.bfloat16, jnp.bfloat16),
        ("master", jnp.float32, jnp.bfloat16),
    ],
)
def test_variants_have_the_formats_of_appendix_c2(
    variant: Precision, stored: jnp.dtype, forward: jnp.dtype
) -> None:
    tree = {"a": jnp.full(3, 1.003), "b": {"c": jnp.ones((2, 2))}}
    kept = precision.stored(tree, variant, jax.random.key(0))
    copy = precision.forward_copy(kept, variant, jax.random.key(1))
    assert {leaf.dtype for leaf in jax.tree.leaves(kept)} == {jnp.dtype(stored)}
    assert {leaf.dtype for leaf in jax.tree.leaves(copy)} == {jnp.dtype(forward)}
    evaluated = precision.evaluation_copy(kept, variant)
    assert {leaf.dtype for leaf in jax.tree.leaves(evaluated)} == {jnp.dtype(forward)}
