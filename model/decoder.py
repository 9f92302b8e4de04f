"""The decoder: embedding, a stack of blocks scanned as one, RMSNorm, the embedding again.

Axis letters: B batch, T positions, S positions attended to, D d_model, V vocabulary.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import jax
import jax.numpy as jnp
from flax import nnx
from jax.ad_checkpoint import checkpoint_name

from massivetext.model.configs import ModelConfig
from massivetext.model.layers import (
    MLP,
    PRODUCT,
    LayerCache,
    RelativeAttention,
    RMSNorm,
    distance_sinusoids,
    normal,
)
from massivetext.model.placement import ANYWHERE, BRANCH, RESIDUAL, Placement

INITIAL_LOGIT_STD: Final = 0.3
"""Our choice (unstated): the embedding starts so small that logits of any width have this standard
deviation and the loss starts within 0.1 of ln V. GPT-2's 0.02 gives 0.45 at D = 512, 2.6 at 16384.
"""

_Layer = Callable[[jax.Array, "Block"], tuple[jax.Array, None]]


class Block(nnx.Module):
    """Pre-norm residual block, as in GPT-2."""

    def __init__(self, model: ModelConfig, rngs: nnx.Rngs) -> None:
        self.attention_norm = RMSNorm(model.d_model)
        self.attention = RelativeAttention(model, rngs)
        self.mlp_norm = RMSNorm(model.d_model)
        self.mlp = MLP(model, rngs)

    def __call__(
        self,
        x_BxTxD: jax.Array,
        r_TxD: jax.Array,
        mask_BxTxS: jax.Array,
        placement: Placement = ANYWHERE,
    ) -> jax.Array:
        """[B, T, D] -> [B, T, D]."""
        normed = self.attention_norm(x_BxTxD)
        x_BxTxD = x_BxTxD + self.attention(normed, r_TxD, mask_BxTxS, placement)
        x_BxTxD = checkpoint_name(x_BxTxD, PRODUCT)
        return x_BxTxD + self.mlp(self.mlp_norm(x_BxTxD), placement)

    def extend(
        self, x_BxTxD: jax.Array, r_WxD: jax.Array, cache: LayerCache, mask_BxTxS: jax.Array
    ) -> tuple[jax.Array, LayerCache]:
        """[B, T, D] -> [B, T, D] of tokens that follow those in the cache, and the cache then."""
        normed = self.attention_norm(x_BxTxD)
        branch_BxTxD, cache = self.attention.extend(normed, r_WxD, cache, mask_BxTxS)
        x_BxTxD = x_BxTxD + branch_BxTxD
        return x_BxTxD + self.mlp(self.mlp_norm(x_BxTxD)), cache


class Decoder(nnx.Module):
    """Gopher (section 2): GPT-2's decoder with RMSNorm and relative positions, tied embedding."""

    def __init__(self, model: ModelConfig, rngs: nnx.Rngs) -> None:
        self.model = model
        shape = (model.vocab_size, model.d_model)
        self.embedding = normal(
            rngs, shape, INITIAL_LOGIT_STD * model.d_model**-0.5, ("vocabulary", "width")
        )
        stack = nnx.vmap(lambda layer_rngs: Block(model, layer_rngs))
        self.blocks = stack(rngs.split(model.layers))
        self.final_norm = RMSNorm(model.d_model)

    def __call__(
        self,
        inputs_BxT: jax.Array,
        segment_ids_BxT: jax.Array | None = None,
        placement: Placement = ANYWHERE,
    ) -> jax.Array:
        """Token ids [B, T] -> float32 logits [B, T, V] of the token that follows each.

        Positions attend to earlier positions with the same segment id; None means one segment.
        A layer's weights are gathered when its turn comes, and again in the backward pass.
        """
        embedding = placement.gather(self.embedding)
        positions = inputs_BxT.shape[1]
        sinusoids = distance_sinusoids(positions, self.model.d_model, self.model.window - 1)
        r_TxD, mask = jnp.asarray(sinusoids), attention_mask(positions, segment_ids_BxT)

        def layer(x_BxTxD: jax.Array, block: Block) -> tuple[jax.Array, None]:
            return placement.gather(block)(x_BxTxD, r_TxD, mask, placement), None

        x_BxTxD = placement.pin(embedding[...][inputs_BxT], RESIDUAL)
        x_BxTxD, _ = jax.lax.scan(_rematerialised(layer, self.model), x_BxTxD, self.blocks)
        logits = self._logits(placement.pin(x_BxTxD, BRANCH), embedding[...])
        return placement.pin(logits, ("batch", None, "vocabulary"))

    def extend(self, inputs_BxT: jax.Array, cache: Cache) -> tuple[jax.Array, Cache]:
        """Logits [B, T, V] after tokens that follow those in the cache, and the cache with them."""
        model, (_, places) = self.model, cache.segment_BxS.shape
        reach = min(places, model.window)
        r_WxD = jnp.asarray(distance_sinusoids(reach, model.d_model, model.window - 1)[::-1])
        cache = cache.with_segments(inputs_BxT)
        place_T = cache.taken + jnp.arange(inputs_BxT.shape[1])
        mask_BxTxS = cache.segment_BxS[:, place_T, None] == cache.segment_BxS[:, None, :]
        mask_BxTxS &= place_T[:, None] >= jnp.arange(places)

        def layer(x_BxTxD: jax.Array, of: tuple[Block, LayerCache]) -> tuple[jax.Array, LayerCache]:
            block, layer_cache = of
            return block.extend(x_BxTxD, r_WxD, layer_cache, mask_BxTxS)

        x_BxTxD = self.embedding[...][inputs_BxT]
        x_BxTxD, layers = jax.lax.scan(layer, x_BxTxD, (self.blocks, cache.layers))
        return self._logits(x_BxTxD, self.embedding[...]), cache.followed_by(
            layers, inputs_BxT.shape[1]
        )

    def _logits(self, x_BxTxD: jax.Array, embedding_VxD: jax.Array) -> jax.Array:
        y_BxTxD = self.final_norm(x_BxTxD)
        return jnp.einsum("btd,vd->btv", y_BxTxD, embedding_VxD, preferred_element_type=jnp.float32)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Cache:
    """What the decoder keeps of the tokens so far, so that it reads each of them once.

    Attributes:
        layers: `LayerCache` of all layers; its arrays have the layer as their first axis.
        segment_BxS: BOS tokens up to each place if attention stops at them, else 0.
        bos_id: the token at which segments begin; -1 where attention does not stop at one.
    """

    layers: LayerCache
    segment_BxS: jax.Array
    bos_id: jax.Array

    @classmethod
    def empty(cls, model: ModelConfig, places: int, bos_id: int, dtype: jnp.dtype) -> Cache:
        """A cache of one text with room for so many tokens."""
        shape = (model.layers, 1, places, model.heads, model.key_size)
        zeros, taken = jnp.zeros(shape, dtype), jnp.zeros(model.layers, jnp.int32)
        begins = jnp.int32(bos_id if model.document_mask else -1)
        return cls(LayerCache(zeros, zeros, taken), jnp.zeros((1, places), jnp.int32), begins)

    @property
    def taken(self) -> jax.Array:
        """How many tokens it holds."""
        return self.layers.taken[0]

    def with_segments(self, inputs_BxT: jax.Array) -> Cache:
        """The cache with the segments of the next tokens."""
        last_B = jnp.take(self.segment_BxS, jnp.maximum(self.taken - 1, 0), axis=1)
        segment_BxT = last_B[:, None] + jnp.cumsum(inputs_BxT == self.bos_id, axis=1)
        start = (0, self.taken)
        segments = jax.lax.dynamic_update_slice(
            self.segment_BxS, segment_BxT.astype(jnp.int32), start
        )
        return dataclasses.replace(self, segment_BxS=segments)

    def followed_by(self, layers: LayerCache, tokens: int) -> Cache:
        """The cache once all layers hold that many more tokens."""
        counted = dataclasses.replace(layers, taken=layers.taken + tokens)
        return dataclasses.replace(self, layers=counted)

    def cut_to(self, tokens: jax.Array) -> Cache:
        """The cache as if it had been given only the first so many tokens."""
        layers = dataclasses.replace(self.layers, taken=jnp.full_like(self.layers.taken, tokens))
        return dataclasses.replace(self, layers=layers)


def attention_mask(positions: int, segment_ids_BxT: jax.Array | None) -> jax.Array:
    """[B or 1, T, S], True where position t may attend to position s."""
    causal = jnp.tril(jnp.ones((1, positions, positions), bool))
    if segment_ids_BxT is None:
        return causal
    return causal & (segment_ids_BxT[:, :, None] == segment_ids_BxT[:, None, :])


def _rematerialised(layer: _Layer, model: ModelConfig) -> _Layer:
    if model.remat == "none":
        return layer
    policies = jax.checkpoint_policies
    kept = {
        "block": policies.nothing_saveable,
        "products": policies.save_only_these_names(PRODUCT),
        "dots": policies.checkpoint_dots,
    }
    return jax.checkpoint(layer, policy=kept[model.remat], prevent_cse=False)
