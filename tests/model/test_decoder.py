from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from massivetext.model.configs import PRESETS, ModelConfig, Remat
from massivetext.model.decoder import Decoder
from massivetext.model.flops import parameter_count
from massivetext.model.step import LanguageModel


@pytest.fixture(scope="module")
def decoder(small_model: ModelConfig) -> Callable[..., jax.Array]:
    """A decoder with fresh parameters, compiled."""
    fresh = nnx.jit(lambda: Decoder(small_model, nnx.Rngs(0)))()
    return jax.jit(lambda *inputs: fresh(*inputs))


def initial(model: ModelConfig) -> Any:
    return jax.jit(LanguageModel(model, bos_id=1).initial, static_argnums=0)(0)


def token_nats(model: ModelConfig, targets: np.ndarray) -> np.ndarray:
    return np.asarray(jax.jit(LanguageModel(model, bos_id=1).token_nats)(initial(model), targets))


@pytest.fixture(scope="module")
def inputs(small_model: ModelConfig) -> np.ndarray:
    shape = (2, small_model.window)
    return np.random.default_rng(0).integers(3, small_model.vocab_size, shape)


@pytest.mark.parametrize("name", PRESETS)
def test_parameters_are_as_many_as_counted(name: str) -> None:
    model = PRESETS[name].model
    shapes = jax.eval_shape(lambda: LanguageModel(model, bos_id=1).initial(seed=0))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == parameter_count(model)


def test_no_logit_depends_on_a_later_token(
    decoder: Callable[..., jax.Array], inputs: np.ndarray
) -> None:
    changed = inputs.copy()
    changed[:, 20] = (changed[:, 20] + 1) % 60
    before, after = decoder(inputs), decoder(changed)
    np.testing.assert_array_equal(before[:, :20], after[:, :20])
    assert np.abs(before[:, 20:] - after[:, 20:]).max(axis=(0, 2)).min() > 0


def test_logits_depend_on_the_order_of_earlier_tokens(
    decoder: Callable[..., jax.Array], inputs: np.ndarray
) -> None:
    swapped = inputs.copy()
    swapped[:, [3, 4]] = inputs[:, [4, 3]]
    assert (inputs[:, 3] != inputs[:, 4]).all()
    difference = decoder(inputs)[:, -1] - decoder(swapped)[:, -1]
    assert np.abs(difference).max() > 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("vocab_size", [500, 8000])
def test_loss_starts_at_guessing(small_model: ModelConfig, vocab_size: int) -> None:
    model = dataclasses.replace(small_model, vocab_size=vocab_size, d_model=128)
    tokens = np.random.default_rng(0).integers(3, vocab_size, (4, model.window))
    assert float(token_nats(model, tokens).mean()) == pytest.approx(math.log(vocab_size), abs=0.1)


def test_segments_do_not_see_each_other(
    decoder: Callable[..., jax.Array], inputs: np.ndarray
) -> None:
    segments = np.repeat([[0] * 10 + [1] * 22], 2, axis=0)
    changed = inputs.copy()
    changed[:, :10] = inputs[:, :10][:, ::-1]
    before = decoder(inputs, segments)
    after = decoder(changed, segments)
    np.testing.assert_allclose(before[:, 10:], after[:, 10:], atol=1e-6)
    assert np.abs(before[:, :10] - after[:, :10]).max() > 1e-3


def test_document_mask_cuts_at_bos(small_model: ModelConfig, inputs: np.ndarray) -> None:
    """Tokens after BOS are predicted without regard to what stands before it."""
    functions = LanguageModel(dataclasses.replace(small_model, document_mask=True), bos_id=1)
    nats_of, parameters = jax.jit(functions.token_nats), initial(small_model)
    joined = inputs.copy()
    joined[:, 15] = 1
    changed = joined.copy()
    changed[:, :15] = joined[:, :15][:, ::-1]
    before, after = nats_of(parameters, joined), nats_of(parameters, changed)
    np.testing.assert_array_equal(before[:, 16:], after[:, 16:])
    assert (before[:, 15] != after[:, 15]).all()


def test_targets_are_predicted_from_bos_and_what_precedes(
    small_model: ModelConfig, decoder: Callable[..., jax.Array], inputs: np.ndarray
) -> None:
    shifted = np.concatenate([np.full((2, 1), 1), inputs[:, :-1]], axis=1)
    logits = np.asarray(decoder(shifted), np.float64)
    total = np.log(np.exp(logits).sum(axis=-1))
    chosen = np.take_along_axis(logits, inputs[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(token_nats(small_model, inputs), total - chosen, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("remat", ["block", "dots"])
def test_rematerialisation_changes_no_gradient(
    small_model: ModelConfig, inputs: np.ndarray, remat: Remat
) -> None:
    parameters = initial(small_model)

    def gradient(model: ModelConfig) -> Any:
        functions = LanguageModel(model, bos_id=1)
        return jax.jit(jax.grad(lambda tree: functions.token_nats(tree, inputs).mean()))(parameters)

    stored = gradient(small_model)
    recomputed = gradient(dataclasses.replace(small_model, remat=remat))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), stored, recomputed)


def test_texts_beyond_the_window_are_read(
    decoder: Callable[..., jax.Array], inputs: np.ndarray
) -> None:
    """Distances are clamped (D.6): what lies beyond the window counts as being at its edge."""
    longer = np.concatenate([inputs, inputs], axis=1)
    logits = decoder(longer)
    assert logits.shape[1] == 64
    assert bool(jnp.isfinite(logits).all())
    np.testing.assert_allclose(logits[:, :32], decoder(inputs), atol=1e-5)
