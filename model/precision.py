"""Number formats of training: the variants that appendix C.2 compares.

| name | stored parameters | forward and backward pass | appendix C.2 |
|---|---|---|---|
| `float32` | float32 | float32 | (a) |
| `activations` | float32 | bfloat16, rounded to nearest | models below 7.1B (section 3) |
| `nearest` | bfloat16, rounded to nearest | bfloat16 | (b), the worst |
| `stochastic` | bfloat16, rounded stochastically | bfloat16 | (c) |
| `master` | float32 | bfloat16, rounded stochastically | (d), as good as (a) |

Adam's moments are float32 throughout, softmaxes too.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from massivetext.model.configs import Precision
from massivetext.model.parameters import Parameters

_HALF_BITS = 16
"""bfloat16 is the upper half of a float32."""


def round_stochastically(x: jax.Array, key: jax.Array) -> jax.Array:
    """float32 -> bfloat16, up or down with probabilities that leave the mean where it was.

    Adding 16 random bits below the ones that bfloat16 keeps carries into them as often as the
    dropped half asks. Infinities and zeros stay; NaN stays NaN.
    """
    noise = jax.random.bits(key, x.shape, jnp.uint16).astype(jnp.uint32)
    bits = jax.lax.bitcast_convert_type(x.astype(jnp.float32), jnp.uint32) + noise
    upper = (bits >> _HALF_BITS).astype(jnp.uint16)
    rounded = jax.lax.bitcast_convert_type(upper, jnp.bfloat16)
    return jnp.where(jnp.isnan(x), jnp.bfloat16(jnp.nan), rounded)


def round_to_nearest(x: jax.Array, key: jax.Array) -> jax.Array:
    """float32 -> bfloat16, ties to even; the key is not used."""
    del key
    return x.astype(jnp.bfloat16)


def _keep_float32(x: jax.Array, key: jax.Array) -> jax.Array:
    del key
    return x.astype(jnp.float32)


_Cast = Callable[[jax.Array, jax.Array], jax.Array]

_STORED: dict[Precision, _Cast] = {
    "float32": _keep_float32,
    "activations": _keep_float32,
    "nearest": round_to_nearest,
    "stochastic": round_stochastically,
    "master": _keep_float32,
}
_FORWARD: dict[Precision, _Cast] = {
    "float32": _keep_float32,
    "activations": round_to_nearest,
    "nearest": round_to_nearest,
    "stochastic": round_to_nearest,
    "master": round_stochastically,
}


def stored(parameters: Parameters, precision: Precision, key: jax.Array) -> Parameters:
    """float32 parameters as they are kept between steps."""
    return _cast_all(_STORED[precision], parameters, key)


def forward_copy(parameters: Parameters, precision: Precision, key: jax.Array) -> Parameters:
    """Stored parameters as the forward pass uses them."""
    return _cast_all(_FORWARD[precision], parameters, key)


def evaluation_copy(parameters: Parameters, precision: Precision) -> Parameters:
    """Stored parameters for evaluation: as in training, but rounded to nearest, so repeatable."""
    dtype = jnp.float32 if precision == "float32" else jnp.bfloat16
    return jax.tree.map(lambda leaf: leaf.astype(dtype), parameters)


def _cast_all(cast: _Cast, parameters: Parameters, key: jax.Array) -> Parameters:
    leaves, tree = jax.tree.flatten(parameters)
    keys = jax.random.split(key, len(leaves))
    cast_leaves = [cast(leaf, one) for leaf, one in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(tree, cast_leaves)
