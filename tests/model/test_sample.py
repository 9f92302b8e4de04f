from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from massivetext.config import ConfigError
from massivetext.model.configs import ModelConfig
from massivetext.model.sample import SampleOptions, draw_token, sample
from massivetext.model.step import LanguageModel

LOGITS = jnp.log(jnp.array([0.5, 0.3, 0.15, 0.05]))


def draws(options: SampleOptions) -> np.ndarray:
    keys = jax.random.split(jax.random.key(0), 4000)
    return np.asarray(jax.vmap(lambda key: draw_token(LOGITS, options, key))(keys))


def shares(tokens: np.ndarray) -> np.ndarray:
    return np.bincount(tokens, minlength=4) / len(tokens)


def test_tokens_are_drawn_by_their_probability() -> None:
    drawn = draws(SampleOptions(temperature=1.0, top_p=1.0))
    np.testing.assert_allclose(shares(drawn), [0.5, 0.3, 0.15, 0.05], atol=0.03)


def test_nucleus_is_the_smallest_set_with_its_share() -> None:
    drawn = draws(SampleOptions(temperature=1.0, top_p=0.75))
    np.testing.assert_allclose(shares(drawn), [0.625, 0.375, 0, 0], atol=0.03)


def test_temperature_sharpens() -> None:
    drawn = draws(SampleOptions(temperature=0.5, top_p=1.0))
    squared = np.array([0.5, 0.3, 0.15, 0.05]) ** 2
    np.testing.assert_allclose(shares(drawn), squared / squared.sum(), atol=0.03)
    assert set(draws(SampleOptions(temperature=0))) == {0}


@pytest.fixture(scope="module")
def model(small_model: ModelConfig) -> tuple[LanguageModel, Any]:
    functions = LanguageModel(small_model, bos_id=1)
    return functions, jax.jit(functions.initial, static_argnums=0)(0)


def test_greedy_text_takes_the_likeliest_token_each_time(model: tuple[LanguageModel, Any]) -> None:
    functions, parameters = model
    prompt = np.array([5, 9])
    drawn = sample(functions, parameters, prompt, SampleOptions(6, temperature=0), eos=-1)
    whole = np.array([[1, *prompt, *drawn]])
    logits = jax.jit(functions.logits)(parameters, whole)
    np.testing.assert_array_equal(np.argmax(logits[0, 2:-1], axis=-1), drawn)


def test_text_ends_before_eos(model: tuple[LanguageModel, Any]) -> None:
    functions, parameters = model
    options = SampleOptions(6, temperature=0)
    drawn = sample(functions, parameters, np.array([5, 9]), options, eos=-1)
    first = int(np.flatnonzero(drawn == drawn[2])[0])
    again = sample(functions, parameters, np.array([5, 9]), options, eos=int(drawn[2]))
    np.testing.assert_array_equal(again, drawn[:first])


@pytest.mark.parametrize("wrong", [{"tokens": 0}, {"temperature": -1.0}, {"top_p": 0.0}])
def test_options_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"must|at least"):
        SampleOptions(**wrong)
