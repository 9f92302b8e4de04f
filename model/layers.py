"""The parts of a block: RMSNorm, attention with relative positions, MLP.

Axis letters: B batch, T positions, S positions attended to (S = T), D d_model, H heads, K key size,
F = 4 D. Weights have the dtype of the computation: `precision` casts them before the forward pass.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.ad_checkpoint import checkpoint_name

from massivetext.model.configs import ModelConfig
from massivetext.model.placement import ANYWHERE, BRANCH, RESIDUAL, Axes, Placement

NORM_EPSILON: Final = 1e-6
"""Our choice (unstated): the epsilon of T5's and nanodo's RMSNorm."""

MAX_TIMESCALE: Final = 10_000.0
"""Largest wavelength / 2 pi of the distance sinusoids (Dai et al. 2019; Transformer-XL's code)."""

PRODUCT: Final = "product"
"""Name of what the backward pass keeps under `remat="products"`: what a weight's product gives, and
the mixed values. Products that only add to the residual stream are kept as its sum.
"""

QUERY_BLOCK: Final = 256
"""Our choice: queries whose scores exist at once. At 2,048 keys they are an eighth of the scores of
a window, and matrices large enough for a matrix unit.
"""

MASKED: Final = -1e30
"""Score of a forbidden pair: far below any float32 score, and finite, so gradients stay finite."""


def normal(rngs: nnx.Rngs, shape: tuple[int, ...], std: float, axes: Axes) -> nnx.Param[jax.Array]:
    """A float32 parameter drawn from N(0, std), with the names of its dimensions."""
    return nnx.Param(std * jax.random.normal(rngs.params(), shape), axes=axes)


@functools.cache
def distance_sinusoids(positions: int, width: int, max_distance: int) -> np.ndarray:
    """Embeddings [T, D] of the distances T-1 ... 0, the order that `shift_to_keys` expects.

    Concatenated sines and cosines (Dai et al. 2019). Distances beyond `max_distance` are clamped
    to it: appendix D.6 evaluates beyond the training window that way.
    """
    distances = np.minimum(np.arange(positions - 1, -1, -1.0), max_distance)
    frequencies = MAX_TIMESCALE ** (-np.arange(0, width, 2) / width)
    angles = distances[:, None] * frequencies
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=-1).astype(np.float32)


def shift_to_keys(scores_by_distance: jax.Array) -> jax.Array:
    """Scores [..., Q, T] whose last axis is distances -> scores by key position.

    The distances fall by one from column to column, from that of the last query to the first key;
    of Q = T queries they are T-1 ... 0.

    The shift trick of Dai et al. (2019, appendix B): pad one column, read the rows as one longer
    strip. Entry (i, j) of the result is the score of query i and key j if it comes before or at
    the query; the others are leftovers that the causal mask must cover.
    """
    *lead, rows, columns = scores_by_distance.shape
    padding = [(0, 0)] * len(lead) + [(0, 0), (1, 0)]
    strip = jnp.pad(scores_by_distance, padding).reshape(*lead, columns + 1, rows)
    return strip[..., 1:, :].reshape(*lead, rows, columns)


class RMSNorm(nnx.Module):
    """Root-mean-square normalisation (Zhang and Sennrich 2019), computed in float32."""

    def __init__(self, width: int) -> None:
        self.gain = nnx.Param(jnp.ones(width), axes=("gain",))

    def __call__(self, x: jax.Array) -> jax.Array:
        """[..., D] -> [..., D]."""
        wide = x.astype(jnp.float32)
        mean_square = jnp.mean(wide * wide, axis=-1, keepdims=True)
        normed = wide * jax.lax.rsqrt(mean_square + NORM_EPSILON)
        return (normed * self.gain[...].astype(jnp.float32)).astype(x.dtype)


class RelativeAttention(nnx.Module):
    """Causal attention with the relative positions of Dai et al. (2019).

    score(i, j) = ((q_i + u) . k_j + (q_i + v) . W_R r_{i-j}) / sqrt(K). W_R is a layer's own, u
    and v a head's own. Scores and softmax are float32 (appendix C.2).
    """

    def __init__(self, model: ModelConfig, rngs: nnx.Rngs) -> None:
        d, h, k = model.d_model, model.heads, model.key_size
        inwards, outwards = ("width", "heads", "key"), ("heads", "key", "width")
        self.query = normal(rngs, (d, h, k), d**-0.5, inwards)
        self.key = normal(rngs, (d, h, k), d**-0.5, inwards)
        self.value = normal(rngs, (d, h, k), d**-0.5, inwards)
        self.position = normal(rngs, (d, h, k), d**-0.5, inwards)
        self.output = normal(rngs, (h, k, d), (h * k) ** -0.5 * residual_scale(model), outwards)
        self.content_bias = nnx.Param(jnp.zeros((h, k)), axes=("heads", "key"))
        self.position_bias = nnx.Param(jnp.zeros((h, k)), axes=("heads", "key"))

    def __call__(
        self,
        x_BxTxD: jax.Array,
        r_TxD: jax.Array,
        mask_BxTxS: jax.Array,
        placement: Placement = ANYWHERE,
    ) -> jax.Array:
        """[B, T, D] -> [B, T, D]; r holds `distance_sinusoids`, mask is True where allowed."""
        x_BxTxD = placement.pin(x_BxTxD, BRANCH)
        by_head = ("batch", None, "heads", None)

        def kept(activations: jax.Array, axes: Axes = by_head) -> jax.Array:
            return checkpoint_name(placement.pin(activations, axes), PRODUCT)

        q_BxTxHxK = kept(jnp.einsum("btd,dhk->bthk", x_BxTxD, self.query[...]))
        k_BxSxHxK = kept(jnp.einsum("bsd,dhk->bshk", x_BxTxD, self.key[...]))
        v_BxSxHxK = kept(jnp.einsum("bsd,dhk->bshk", x_BxTxD, self.value[...]))
        r_TxD = r_TxD.astype(x_BxTxD.dtype)
        r_SxHxK = kept(jnp.einsum("sd,dhk->shk", r_TxD, self.position[...]), by_head[1:])

        def attend(start: jax.Array, q_BxQxHxK: jax.Array) -> jax.Array:
            """Values for the queries from position `start` on."""
            queries, positions = q_BxQxHxK.shape[1], len(r_SxHxK)
            # Columns of keys that come after the queries read what lies behind distance 0.
            behind = jnp.pad(r_SxHxK, ((0, positions - queries), (0, 0), (0, 0)))
            reached = jax.lax.dynamic_slice_in_dim(behind, positions - start - queries, positions)
            mask_BxQxS = jax.lax.dynamic_slice_in_dim(mask_BxTxS, start, queries, axis=1)
            content = _scores("bqhk,bshk->bhqs", q_BxQxHxK + self.content_bias[...], k_BxSxHxK)
            distance = _scores("bqhk,shk->bhqs", q_BxQxHxK + self.position_bias[...], reached)
            scores = placement.pin(
                content + shift_to_keys(distance), ("batch", "heads", None, None)
            )
            return placement.pin(self._mixed(scores, mask_BxQxS, v_BxSxHxK), by_head)

        y_BxTxHxK = kept(_by_query_blocks(attend, q_BxTxHxK))
        return placement.pin(jnp.einsum("bthk,hkd->btd", y_BxTxHxK, self.output[...]), RESIDUAL)

    def extend(
        self, x_BxTxD: jax.Array, r_WxD: jax.Array, cache: LayerCache, mask_BxTxS: jax.Array
    ) -> tuple[jax.Array, LayerCache]:
        """[B, T, D] -> [B, T, D], for tokens that follow those in a cache; they go into it.

        Args:
            x_BxTxD: activations of the tokens.
            r_WxD: `distance_sinusoids` in the order 0 ... W-1; larger distances count as W-1.
            cache: keys and values of S places, and how many of them are taken.
            mask_BxTxS: True where a token may attend to a place.
        """
        q_BxTxHxK = jnp.einsum("btd,dhk->bthk", x_BxTxD, self.query[...])
        k_BxTxHxK = jnp.einsum("btd,dhk->bthk", x_BxTxD, self.key[...])
        v_BxTxHxK = jnp.einsum("btd,dhk->bthk", x_BxTxD, self.value[...])
        r_WxHxK = jnp.einsum("wd,dhk->whk", r_WxD.astype(x_BxTxD.dtype), self.position[...])
        cache = cache.with_tokens(k_BxTxHxK, v_BxTxHxK)
        content = _scores("bthk,bshk->bhts", q_BxTxHxK + self.content_bias[...], cache.key_BxSxHxK)
        by_distance = _scores("bthk,whk->bhtw", q_BxTxHxK + self.position_bias[...], r_WxHxK)
        place_T = cache.taken + jnp.arange(x_BxTxD.shape[1])
        distance_TxS = place_T[:, None] - jnp.arange(cache.key_BxSxHxK.shape[1])
        distance_TxS = jnp.clip(distance_TxS, 0, len(r_WxD) - 1)
        distance = jnp.take_along_axis(by_distance, distance_TxS[None, None], axis=-1)
        y_BxTxHxK = self._mixed(content + distance, mask_BxTxS, cache.value_BxSxHxK)
        return jnp.einsum("bthk,hkd->btd", y_BxTxHxK, self.output[...]), cache

    def _mixed(
        self, scores_BxHxTxS: jax.Array, mask_BxTxS: jax.Array, v_BxSxHxK: jax.Array
    ) -> jax.Array:
        """Values [B, T, H, K], mixed by the softmax of the scaled scores that are allowed."""
        scaled = scores_BxHxTxS * v_BxSxHxK.shape[-1] ** -0.5
        weights = jax.nn.softmax(jnp.where(mask_BxTxS[:, None], scaled, MASKED), axis=-1)
        return jnp.einsum("bhts,bshk->bthk", weights.astype(v_BxSxHxK.dtype), v_BxSxHxK)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class LayerCache:
    """Keys and values of the tokens so far, in arrays with room for S tokens; of each layer.

    Attributes:
        key_BxSxHxK: keys.
        value_BxSxHxK: values.
        taken: places that earlier tokens hold, a scalar int32.
    """

    key_BxSxHxK: jax.Array
    value_BxSxHxK: jax.Array
    taken: jax.Array

    def with_tokens(self, key_BxTxHxK: jax.Array, value_BxTxHxK: jax.Array) -> LayerCache:
        """The cache with the next tokens in it; `taken` stays, as it counts those before them."""
        start = (0, self.taken, 0, 0)
        return LayerCache(
            jax.lax.dynamic_update_slice(self.key_BxSxHxK, key_BxTxHxK, start),
            jax.lax.dynamic_update_slice(self.value_BxSxHxK, value_BxTxHxK, start),
            self.taken,
        )


def _by_query_blocks(
    attend: Callable[[jax.Array, jax.Array], jax.Array], q_BxTxHxK: jax.Array
) -> jax.Array:
    """attend(start, queries [B, Q, H, K]) for one block of positions after the other.

    So scores take O(Q T) memory, in the backward pass too, which recomputes them.
    """
    batch, positions, *rest = q_BxTxHxK.shape
    if positions <= QUERY_BLOCK or positions % QUERY_BLOCK:
        return attend(jnp.int32(0), q_BxTxHxK)
    blocks = q_BxTxHxK.reshape(batch, -1, QUERY_BLOCK, *rest)
    starts = jnp.arange(0, positions, QUERY_BLOCK)
    recomputed = jax.checkpoint(attend, prevent_cse=False)
    mixed = jax.lax.map(lambda block: recomputed(*block), (starts, jnp.moveaxis(blocks, 1, 0)))
    return jnp.moveaxis(mixed, 0, 1).reshape(q_BxTxHxK.shape)


def _scores(contraction: str, left: jax.Array, right: jax.Array) -> jax.Array:
    return jnp.einsum(contraction, left, right, preferred_element_type=jnp.float32)


class MLP(nnx.Module):
    """Two matrices with GELU between them (unstated; GPT-2's, whose decoder the paper takes)."""

    def __init__(self, model: ModelConfig, rngs: nnx.Rngs) -> None:
        d, f = model.d_model, 4 * model.d_model
        self.up = normal(rngs, (d, f), d**-0.5, ("width", "hidden"))
        self.down = normal(rngs, (f, d), f**-0.5 * residual_scale(model), ("hidden", "width"))

    def __call__(self, x_BxTxD: jax.Array, placement: Placement = ANYWHERE) -> jax.Array:
        """[B, T, D] -> [B, T, D]."""
        hidden_BxTxF = placement.pin(x_BxTxD, BRANCH) @ self.up[...]
        hidden_BxTxF = placement.pin(hidden_BxTxF, ("batch", None, "hidden"))
        hidden_BxTxF = checkpoint_name(hidden_BxTxF, PRODUCT)
        return placement.pin(jax.nn.gelu(hidden_BxTxF) @ self.down[...], RESIDUAL)


def residual_scale(model: ModelConfig) -> float:
    """What a branch's last matrix is scaled by, for 2 N branches to add up to 1 (GPT-2)."""
    return float((2 * model.layers) ** -0.5)
