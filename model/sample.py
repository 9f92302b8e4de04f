"""Text from a model: tokens drawn one after the other; a cache keeps what was read before."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from massivetext.config import ConfigError
from massivetext.model.configs import require_seed
from massivetext.model.decoder import Cache
from massivetext.model.errors import TrainingError
from massivetext.model.parameters import Parameters
from massivetext.model.step import LanguageModel

MOST_TOKENS: Final = 2**16
"""Our choice: prompt and continuation, 32 training windows of the paper; a bound on the cache."""

_FEWEST_PLACES: Final = 64
"""Our choice: sizes are powers of two from here on, so that few of them are ever compiled."""


@dataclass(frozen=True)
class SampleOptions:
    """How tokens are drawn.

    Attributes:
        tokens: how many follow the prompt, at most.
        temperature: logits are divided by it; 0 takes the likeliest token.
        top_p: tokens are drawn from the smallest set with this share of the probability.
        top_k: and from this many of the likeliest; 0 means any number.
        seed: of the draws.
    """

    tokens: int = 128
    temperature: float = 0.8
    top_p: float = 0.95
    top_k: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.tokens < MOST_TOKENS:
            raise ConfigError(
                f"{self.tokens:,} tokens to draw: ask for at least 1 and fewer than {MOST_TOKENS:,}"
            )
        if not 0 <= self.temperature < math.inf:
            raise ConfigError(
                f"temperature is {self.temperature}: it must be finite and not negative"
            )
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"top_p is {self.top_p}: it must be above 0 and at most 1")
        if not 0 <= self.top_k < 2**31:
            raise ConfigError(f"top_k is {self.top_k}: it must not be negative, nor above 2^31")
        require_seed(self.seed)


def sample(
    language_model: LanguageModel,
    parameters: Parameters,
    prompt: np.ndarray,
    options: SampleOptions,
    eos: int,
) -> np.ndarray:
    """Tokens that follow BOS and the prompt's tokens, up to EOS, which is left out.

    Texts beyond the training window work, because relative distances are clamped to it (D.6).

    Raises:
        ConfigError: prompt and continuation are longer than `MOST_TOKENS`.
        TrainingError: the model gives logits that are not finite.
    """
    start = len(prompt) + 1
    if start + options.tokens > MOST_TOKENS:
        raise ConfigError(
            f"a prompt of {start:,} tokens and {options.tokens:,} more: at most {MOST_TOKENS:,} "
            f"in all"
        )
    prompt_P = np.zeros(_bucket(start), np.int32)
    prompt_P[:start] = [language_model.bos_id, *prompt]
    places = _bucket(max(len(prompt_P), start + options.tokens))
    how = _Draw(
        jnp.float32(options.temperature), jnp.float32(options.top_p), jnp.int32(options.top_k)
    )
    until = start + options.tokens
    drawn_S, stop, is_sound = _continue(
        language_model, places, parameters, prompt_P, start, until, how, options.seed, eos
    )
    if not bool(is_sound):
        raise TrainingError("the model's logits are not finite: there is nothing to draw from")
    drawn = np.asarray(drawn_S)[start : int(stop)]
    return drawn[:-1] if len(drawn) and drawn[-1] == eos else drawn


def _bucket(tokens: int) -> int:
    return max(_FEWEST_PLACES, 1 << (tokens - 1).bit_length())


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class _Draw:
    """`SampleOptions` as numbers that a compiled loop takes."""

    temperature: jax.Array
    top_p: jax.Array
    top_k: jax.Array


_Carry: TypeAlias = tuple[jax.Array, jax.Array, Cache, jax.Array]
"""Next place, tokens [S] by place, cache, and the logits [V] of that place."""


@functools.partial(jax.jit, static_argnums=(0, 1))
def _continue(
    language_model: LanguageModel,
    places: int,
    parameters: Parameters,
    prompt_P: jax.Array,
    start: jax.Array,
    until: jax.Array,
    how: _Draw,
    seed: jax.Array,
    eos: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Draws tokens for the places [start, until), the last of which may be EOS.

    Returns:
        Tokens [S] by place, the place behind the last one drawn, and whether all logits were
        finite.
    """
    cache = language_model.empty_cache(places, parameters)
    logits_BxPxV, cache = language_model.extend(parameters, prompt_P[None], cache)
    cache = cache.cut_to(start)  # what stands behind the prompt in its bucket is no text
    first_V = logits_BxPxV[0, start - 1]
    key = jax.random.key(seed)

    def goes_on(carry: _Carry) -> jax.Array:
        place, tokens_S, _, logits_V = carry
        has_ended = (place > start) & (tokens_S[place - 1] == eos)
        return (place < until) & ~has_ended & jnp.isfinite(logits_V).all()

    def draw(carry: _Carry) -> _Carry:
        place, tokens_S, cache, logits_V = carry
        token = draw_token(logits_V, how, jax.random.fold_in(key, place))
        logits_BxTxV, cache = language_model.extend(parameters, token[None, None], cache)
        return place + 1, tokens_S.at[place].set(token), cache, logits_BxTxV[0, 0]

    tokens_S = jnp.zeros(places, jnp.int32)
    place, tokens_S, _, logits_V = jax.lax.while_loop(
        goes_on, draw, (jnp.asarray(start, jnp.int32), tokens_S, cache, first_V)
    )
    return tokens_S, place, jnp.isfinite(logits_V).all()


def draw_token(logits_V: jax.Array, how: _Draw | SampleOptions, key: jax.Array) -> jax.Array:
    """A token id from logits: top-k, then nucleus sampling (Holtzman et al. 2020), as Gopher's."""
    scaled = logits_V / jnp.where(how.temperature == 0, 1.0, how.temperature)
    order = jnp.argsort(-scaled)
    rank = jnp.arange(len(order))
    in_k = (rank < how.top_k) | (how.top_k == 0)
    descending = jnp.where(in_k, scaled[order], -jnp.inf)
    probabilities = jax.nn.softmax(descending)
    before = jnp.cumsum(probabilities) - probabilities
    nucleus = jnp.where((before < how.top_p) | (rank == 0), descending, -jnp.inf)
    place = jnp.where(how.temperature == 0, 0, jax.random.categorical(key, nucleus))
    return order[place].astype(jnp.int32)
