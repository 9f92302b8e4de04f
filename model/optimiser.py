"""Adam, the learning-rate schedule and clipping of section 3, built from optax."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from massivetext.model.configs import TrainConfig

NOT_DECAYED = frozenset({"gain", "content_bias", "position_bias"})
"""Our choice (unstated), and usual: weight decay acts on matrices only."""


def learning_rate_schedule(config: TrainConfig) -> optax.Schedule:
    """Learning rate by step: linear warm-up, then a cosine over tokens down to max / 10.

    The cosine's length is the run's, as Chinchilla finds best. It is measured in tokens, so that a
    batch that doubles midway decays twice as fast a step from there on.
    """
    settings, batches, warmup = config.optimiser, config.batches, config.warmup_steps
    start, maximum = settings.start_learning_rate, settings.max_learning_rate
    final = maximum / settings.decay_factor
    decay_windows = batches.first_window(config.steps) - batches.first_window(warmup)

    def schedule(step: jax.typing.ArrayLike) -> jax.Array:
        count = jnp.asarray(step, jnp.int32)
        rising = start + (maximum - start) * (count / max(1, warmup))
        beyond_doubling = jnp.maximum(0, count - batches.doubling_step)
        windows = batches.windows * (count - warmup + beyond_doubling)
        cosine = jnp.cos(jnp.pi * jnp.minimum(1.0, windows / decay_windows))
        falling = final + (maximum - final) * (1 + cosine) / 2
        return jnp.where(count < warmup, rising, falling)

    return schedule


def optimiser(config: TrainConfig) -> optax.GradientTransformation:
    """Clip by global norm, Adam (AdamW where weight decay is set), learning rate."""
    settings = config.optimiser
    chain = [
        optax.clip_by_global_norm(settings.clip_norm),
        optax.scale_by_adam(settings.beta1, settings.beta2, settings.epsilon),
    ]
    if settings.weight_decay:
        chain.append(optax.add_decayed_weights(settings.weight_decay, decayed_leaves))
    chain.append(optax.scale_by_learning_rate(learning_rate_schedule(config)))
    return optax.chain(*chain)


def decayed_leaves(parameters: Any) -> Any:
    """A tree of booleans like the parameters': True where weight decay acts."""
    return jax.tree.map_with_path(lambda path, _: path[-1].key not in NOT_DECAYED, parameters)
