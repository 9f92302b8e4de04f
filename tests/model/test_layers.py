from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.model import layers
from massivetext.model.configs import ModelConfig
from massivetext.model.decoder import attention_mask
from massivetext.model.layers import (
    NORM_EPSILON,
    RelativeAttention,
    RMSNorm,
    distance_sinusoids,
    shift_to_keys,
)

sizes = st.tuples(st.sampled_from([1, 2, 5, 8]), st.just(2), st.integers(0, 2**32 - 1))


def lower(scores: np.ndarray) -> np.ndarray:
    """What the causal mask leaves."""
    return np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, 0)


@settings(max_examples=12)
@given(sizes)
def test_shift_puts_every_distance_below_its_key(shape: tuple[int, int, int]) -> None:
    positions, heads, seed = shape
    rng = np.random.default_rng(seed)
    by_distance = rng.normal(size=(heads, positions, positions)).astype(np.float32)
    expected = np.zeros_like(by_distance)
    for i in range(positions):
        for j in range(i + 1):
            expected[:, i, j] = by_distance[:, i, positions - 1 - (i - j)]
    np.testing.assert_array_equal(lower(np.asarray(shift_to_keys(by_distance))), expected)


@settings(max_examples=12)
@given(sizes)
def test_position_scores_obey_the_addition_theorems(shape: tuple[int, int, int]) -> None:
    """Sine and cosine of i - j expand into i and j: the position term without any shift."""
    positions, key_size, seed = shape
    width = 12
    rng = np.random.default_rng(seed)
    q_TxK = rng.normal(size=(positions, key_size))
    projection_DxK = rng.normal(size=(width, key_size))
    r_SxK = distance_sinusoids(positions, width, positions) @ projection_DxK
    shifted = lower(np.asarray(shift_to_keys((q_TxK @ r_SxK.T).astype(np.float32))))

    z_TxD = q_TxK @ projection_DxK.T
    angles = np.arange(positions)[:, None] * 10_000.0 ** (-np.arange(0, width, 2) / width)
    sine, cosine = np.sin(angles), np.cos(angles)
    for_sine, for_cosine = z_TxD[:, : width // 2], z_TxD[:, width // 2 :]
    with_cosine = (for_sine * sine + for_cosine * cosine) @ cosine.T
    with_sine = (for_cosine * sine - for_sine * cosine) @ sine.T
    np.testing.assert_allclose(shifted, lower(with_cosine + with_sine), atol=2e-5)


def test_distances_beyond_the_clamp_share_its_sinusoid() -> None:
    clamped = distance_sinusoids(6, 8, max_distance=2)
    np.testing.assert_array_equal(clamped[:4], np.broadcast_to(clamped[3], (4, 8)))
    np.testing.assert_array_equal(clamped[3:], distance_sinusoids(3, 8, max_distance=2))


def test_rms_norm_divides_by_the_root_mean_square() -> None:
    x = np.array([[3.0, 4.0, 0.0, 0.0]], np.float32)
    norm = RMSNorm(4)
    norm.gain[...] = jnp.array([1.0, 2.0, 1.0, 1.0])
    expected = x / np.sqrt(25 / 4 + NORM_EPSILON) * [1, 2, 1, 1]
    np.testing.assert_allclose(norm(jnp.asarray(x)), expected, rtol=1e-6)


def slow_attention(attention: RelativeAttention, x_TxD: np.ndarray) -> np.ndarray:
    """The formula of Dai et al., one pair of positions at a time."""
    weight = {name: np.asarray(value, np.float64) for name, value in weights_of(attention).items()}
    positions, width = x_TxD.shape
    heads, key_size = weight["content_bias"].shape
    y_TxD = np.zeros((positions, width))
    for head in range(heads):
        q, k, v = (x_TxD @ weight[name][:, head] for name in ("query", "key", "value"))
        for i in range(positions):
            scores = np.zeros(i + 1)
            for j in range(i + 1):
                r = sinusoid(i - j, width) @ weight["position"][:, head]
                content = (q[i] + weight["content_bias"][head]) @ k[j]
                distance = (q[i] + weight["position_bias"][head]) @ r
                scores[j] = (content + distance) / np.sqrt(key_size)
            shares = np.exp(scores - scores.max())
            mixed = (shares / shares.sum()) @ v[: i + 1]
            y_TxD[i] += mixed @ weight["output"][head]
    return y_TxD


def sinusoid(distance: int, width: int) -> np.ndarray:
    angles = [distance / 10_000 ** (2 * pair / width) for pair in range(width // 2)]
    return np.concatenate([np.sin(angles), np.cos(angles)])


def weights_of(module: nnx.Module) -> dict[str, np.ndarray]:
    return nnx.to_pure_dict(nnx.state(module, nnx.Param))


def biased_attention(small_model: ModelConfig) -> RelativeAttention:
    attention = RelativeAttention(small_model, nnx.Rngs(0))
    shape = attention.content_bias.shape
    attention.content_bias[...] = jax.random.normal(jax.random.key(1), shape)
    attention.position_bias[...] = jax.random.normal(jax.random.key(2), shape)
    return attention


@pytest.mark.parametrize(("positions", "block"), [(7, 256), (8, 2), (12, 4)])
def test_attention_equals_the_formula_pair_by_pair(
    small_model: ModelConfig, monkeypatch: pytest.MonkeyPatch, positions: int, block: int
) -> None:
    monkeypatch.setattr(layers, "QUERY_BLOCK", block)
    attention = biased_attention(small_model)
    shape = (positions, small_model.d_model)
    x_TxD = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    r_TxD = jnp.asarray(distance_sinusoids(*shape, small_model.window))
    mask = jnp.tril(jnp.ones((1, positions, positions), bool))
    found = jax.jit(lambda x: attention(x[None], r_TxD, mask)[0])(x_TxD)
    np.testing.assert_allclose(found, slow_attention(attention, x_TxD), atol=1e-5)


def test_blocks_of_queries_change_no_gradient(
    small_model: ModelConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With attention cut into two segments, and two windows."""
    graph, weights = nnx.split(biased_attention(small_model))
    x_BxTxD = jax.random.normal(jax.random.key(4), (2, 8, small_model.d_model))
    r_TxD = jnp.asarray(distance_sinusoids(8, small_model.d_model, small_model.window))
    mask = attention_mask(8, jnp.repeat(jnp.array([[0, 1], [2, 3]]), 4, axis=1))

    def gradients(block: int) -> list[jax.Array]:
        monkeypatch.setattr(layers, "QUERY_BLOCK", block)

        def loss(weights: nnx.State, x_BxTxD: jax.Array) -> jax.Array:
            return (nnx.merge(graph, weights)(x_BxTxD, r_TxD, mask) ** 2).sum()

        return jax.tree.leaves(jax.jit(jax.grad(loss, argnums=(0, 1)))(weights, x_BxTxD))

    for whole, in_blocks in zip(gradients(8), gradients(2), strict=True):
        np.testing.assert_allclose(in_blocks, whole, atol=1e-5)
