"""Text from a model: tokens drawn one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from massivetext.config import ConfigError
from massivetext.model.parameters import Parameters
from massivetext.model.step import LanguageModel


@dataclass(frozen=True)
class SampleOptions:
    """How tokens are drawn.

    Attributes:
        tokens: how many follow the prompt, at most.
        temperature: logits are divided by it; 0 takes the likeliest token.
        top_p: tokens are drawn from the smallest set with this share of the probability.
        seed: of the draws.
    """

    tokens: int = 128
    temperature: float = 0.8
    top_p: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise ConfigError(f"{self.tokens} tokens to draw: ask for at least 1")
        if self.temperature < 0:
            raise ConfigError(f"temperature is {self.temperature}: it must not be negative")
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"top_p is {self.top_p}: it must be above 0 and at most 1")


def sample(
    language_model: LanguageModel,
    parameters: Parameters,
    prompt: np.ndarray,
    options: SampleOptions,
    eos: int,
) -> np.ndarray:
    """Tokens that follow BOS and the prompt's tokens, up to EOS, which is left out.

    The whole text so far is read again for each token: simple, and quick enough for a look. Texts
    beyond the training window work, because relative distances are clamped to it (D.6).
    """
    start = len(prompt) + 1
    buffer_T = np.zeros(start + options.tokens, np.int32)
    buffer_T[:start] = [language_model.bos_id, *prompt]

    def draw(place: jax.Array, tokens_T: jax.Array) -> jax.Array:
        logits_V = language_model.logits(parameters, tokens_T[None])[0, place - 1]
        key = jax.random.fold_in(jax.random.key(options.seed), place)
        return tokens_T.at[place].set(draw_token(logits_V, options, key))

    loop = jax.jit(lambda tokens_T: jax.lax.fori_loop(start, len(buffer_T), draw, tokens_T))
    drawn = np.asarray(loop(jnp.asarray(buffer_T)))[start:]
    ends = np.flatnonzero(drawn == eos)
    return drawn[: ends[0]] if len(ends) else drawn


def draw_token(logits_V: jax.Array, options: SampleOptions, key: jax.Array) -> jax.Array:
    """A token id from logits: nucleus sampling (Holtzman et al. 2020), as Gopher samples."""
    if options.temperature == 0:
        return jnp.argmax(logits_V).astype(jnp.int32)
    scaled = logits_V / options.temperature
    order = jnp.argsort(-scaled)
    probabilities = jax.nn.softmax(scaled[order])
    before = jnp.cumsum(probabilities) - probabilities
    nucleus = jnp.where(before < options.top_p, scaled[order], -jnp.inf)
    return order[jax.random.categorical(key, nucleus)].astype(jnp.int32)
