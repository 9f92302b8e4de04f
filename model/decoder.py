"""The decoder: embedding, a stack of blocks scanned as one, RMSNorm, the embedding again.

Axis letters: B batch, T positions, S positions attended to, D d_model, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import jax
import jax.numpy as jnp
from flax import nnx

from massivetext.model.configs import ModelConfig
from massivetext.model.layers import (
    MLP,
    RelativeAttention,
    RMSNorm,
    distance_sinusoids,
    normal,
)

INITIAL_LOGIT_STD: Final = 0.3
"""Our choice (unstated): the embedding starts so small that logits of any width have this standard
deviation and the loss starts within 0.1 of ln V. GPT-2's 0.02 gives 0.45 at D = 512, 2.6 at 16384.
"""

Constrain = Callable[[jax.Array], jax.Array]
"""Pins the sharding of activations [B, T, D]; the identity on one device."""

_Layer = Callable[[jax.Array, "Block"], tuple[jax.Array, None]]


class Block(nnx.Module):
    """Pre-norm residual block, as in GPT-2."""

    def __init__(self, model: ModelConfig, rngs: nnx.Rngs) -> None:
        self.attention_norm = RMSNorm(model.d_model)
        self.attention = RelativeAttention(model, rngs)
        self.mlp_norm = RMSNorm(model.d_model)
        self.mlp = MLP(model, rngs)

    def __call__(self, x_BxTxD: jax.Array, r_TxD: jax.Array, mask_BxTxS: jax.Array) -> jax.Array:
        """[B, T, D] -> [B, T, D]."""
        x_BxTxD = x_BxTxD + self.attention(self.attention_norm(x_BxTxD), r_TxD, mask_BxTxS)
        return x_BxTxD + self.mlp(self.mlp_norm(x_BxTxD))


class Decoder(nnx.Module):
    """Gopher (section 2): GPT-2's decoder with RMSNorm and relative positions, tied embedding."""

    def __init__(self, model: ModelConfig, rngs: nnx.Rngs) -> None:
        self.model = model
        shape = (model.vocab_size, model.d_model)
        self.embedding = normal(rngs, shape, INITIAL_LOGIT_STD * model.d_model**-0.5)
        stack = nnx.vmap(lambda layer_rngs: Block(model, layer_rngs))
        self.blocks = stack(rngs.split(model.layers))
        self.final_norm = RMSNorm(model.d_model)

    def __call__(
        self,
        inputs_BxT: jax.Array,
        segment_ids_BxT: jax.Array | None = None,
        constrain: Constrain = lambda activations: activations,
    ) -> jax.Array:
        """Token ids [B, T] -> float32 logits [B, T, V] of the token that follows each.

        Positions attend to earlier positions with the same segment id; None means one segment.
        """
        embedding_VxD = self.embedding[...]
        positions = inputs_BxT.shape[1]
        sinusoids = distance_sinusoids(positions, self.model.d_model, self.model.window - 1)
        r_TxD, mask = jnp.asarray(sinusoids), attention_mask(positions, segment_ids_BxT)

        def layer(x_BxTxD: jax.Array, block: Block) -> tuple[jax.Array, None]:
            return constrain(block(x_BxTxD, r_TxD, mask)), None

        x_BxTxD = constrain(embedding_VxD[inputs_BxT])
        x_BxTxD, _ = jax.lax.scan(_rematerialised(layer, self.model), x_BxTxD, self.blocks)
        y_BxTxD = self.final_norm(x_BxTxD)
        return jnp.einsum("btd,vd->btv", y_BxTxD, embedding_VxD, preferred_element_type=jnp.float32)


def attention_mask(positions: int, segment_ids_BxT: jax.Array | None) -> jax.Array:
    """[B or 1, T, S], True where position t may attend to position s."""
    causal = jnp.tril(jnp.ones((1, positions, positions), bool))
    if segment_ids_BxT is None:
        return causal
    return causal & (segment_ids_BxT[:, :, None] == segment_ids_BxT[:, None, :])


def _rematerialised(layer: _Layer, model: ModelConfig) -> _Layer:
    if model.remat == "none":
        return layer
    policy = jax.checkpoint_policies.checkpoint_dots if model.remat == "dots" else None
    return jax.checkpoint(layer, policy=policy, prevent_cse=False)
