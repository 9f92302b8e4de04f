from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import massivetext.model.sample as sample_module
from massivetext.config import ConfigError
from massivetext.model.configs import ModelConfig
from massivetext.model.errors import TrainingError
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


def test_only_the_likeliest_are_drawn() -> None:
    drawn = draws(SampleOptions(temperature=1.0, top_p=1.0, top_k=2))
    np.testing.assert_allclose(shares(drawn), [0.625, 0.375, 0, 0], atol=0.03)
    assert set(draws(SampleOptions(temperature=1.0, top_k=1))) == {0}


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


@pytest.mark.parametrize("document_mask", [False, True])
@pytest.mark.parametrize("chunks", [(1,) * 50, (7, 1, 42), (50,)])
def test_tokens_that_follow_a_cache_have_the_logits_of_the_whole_text(
    small_model: ModelConfig, document_mask: bool, chunks: tuple[int, ...]
) -> None:
    """50 tokens with BOS amid them, in a model that was trained on windows of 32."""
    config = dataclasses.replace(small_model, document_mask=document_mask)
    functions = LanguageModel(config, bos_id=1)
    parameters = jax.jit(functions.initial, static_argnums=0)(0)
    text = np.random.default_rng(1).integers(3, 61, (1, 50))
    text[0, [0, 20, 44]] = 1
    cache, found, extend = functions.empty_cache(64, parameters), [], jax.jit(functions.extend)
    for part in np.split(text, np.cumsum(chunks)[:-1], axis=1):
        logits, cache = extend(parameters, part, cache)
        found.append(logits)
    whole = jax.jit(functions.logits)(parameters, text)
    np.testing.assert_allclose(np.concatenate(found, axis=1), whole, atol=2e-5)


def test_nothing_is_compiled_twice(model: tuple[LanguageModel, Any]) -> None:
    functions, parameters = model
    counted = sample_module._continue._cache_size
    sample(functions, parameters, np.array([5, 9]), SampleOptions(6), eos=2)
    before = counted()
    for options in (SampleOptions(9, 0.5, 0.9, 3, 4), SampleOptions(20, temperature=0)):
        sample(LanguageModel(functions.model, 1), parameters, np.array([7]), options, eos=2)
    assert counted() == before


def test_logits_that_are_not_finite_give_no_text(model: tuple[LanguageModel, Any]) -> None:
    functions, parameters = model
    broken = jax.tree.map(lambda leaf: leaf * np.nan, parameters)
    with pytest.raises(TrainingError, match="not finite"):
        sample(functions, broken, np.array([5]), SampleOptions(3), eos=2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tokens": 0},
        {"tokens": 10**12},
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"top_p": 0.0},
        {"top_p": float("nan")},
        {"top_k": -1},
        {"seed": -1},
        {"seed": 2**32},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"must|at least"):
        SampleOptions(**wrong)
