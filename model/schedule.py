"""The learning-rate schedule of section 3."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from massivetext.model.configs import TrainConfig


def learning_rate_schedule(config: TrainConfig) -> optax.Schedule:
    """Learning rate by step: linear warm-up, then a cosine over tokens down to max / 10.

    The cosine's length is the run's, as Chinchilla finds best. It is measured in tokens, so that a
    batch that doubles midway decays twice as fast a step from there on.
    """
    settings, batches, warmup = config.optimiser, config.batches, config.warmup_steps
    start, maximum = settings.start_learning_rate, settings.max_learning_rate
    final = maximum / settings.decay_factor
    # In batches of the first size: windows of a long run are more than an int32 holds.
    decay_batches = config.steps + (config.steps - batches.doubling_step) - warmup

    def schedule(step: jax.typing.ArrayLike) -> jax.Array:
        count = jnp.asarray(step, jnp.int32)
        rising = start + (maximum - start) * (count / max(1, warmup))
        beyond_doubling = jnp.maximum(0, count - batches.doubling_step)
        decayed = (count - warmup).astype(jnp.float32) + beyond_doubling
        cosine = jnp.cos(jnp.pi * jnp.minimum(1.0, decayed / decay_batches))
        falling = final + (maximum - final) * (1 + cosine) / 2
        return jnp.where(count < warmup, rising, falling)

    return schedule
