from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from massivetext.config import ConfigError
from massivetext.model.configs import ModelConfig
from massivetext.model.data import SequenceReader
from massivetext.model.errors import TrainingError
from massivetext.model.evaluate import Evaluation, EvaluationOptions, evaluate
from massivetext.model.step import LanguageModel

Listed = Callable[[int], SequenceReader]
TOKEN_BYTES = np.array([0, 0, 0, *range(1, 59)])


@pytest.fixture(scope="module")
def guessing(small_model: ModelConfig) -> tuple[LanguageModel, Any]:
    """A model whose logits are all 0."""
    functions = LanguageModel(small_model, bos_id=1)
    shapes = jax.eval_shape(lambda: functions.initial(0))
    return functions, jax.tree.map(lambda leaf: np.zeros(leaf.shape, np.float32), shapes)


def test_guessing_costs_the_logarithm_of_the_vocabulary(
    guessing: tuple[LanguageModel, Any], listed_records: Listed
) -> None:
    reader = listed_records(5)
    found = evaluate(*guessing, reader, TOKEN_BYTES, EvaluationOptions(batch_windows=4))
    text_bytes = sum(int(TOKEN_BYTES[reader[i]].sum()) for i in range(5))
    assert (found.tokens, found.text_bytes) == (5 * 64, text_bytes)
    assert found.nats_per_token == pytest.approx(math.log(61), rel=1e-6)
    assert found.bits_per_byte == pytest.approx(math.log2(61) * 5 * 64 / text_bytes, rel=1e-6)


def test_loss_does_not_depend_on_the_batch(
    small_model: ModelConfig, listed_records: Listed
) -> None:
    """5 records of 2 windows: batches of 4 leave a short one."""
    functions, reader = LanguageModel(small_model, bos_id=1), listed_records(5)
    parameters = jax.jit(functions.initial, static_argnums=0)(0)
    in_batches = evaluate(
        functions, parameters, reader, TOKEN_BYTES, EvaluationOptions(batch_windows=4)
    )
    nats_of = jax.jit(functions.token_nats)
    windows = np.concatenate([reader[i].reshape(2, 32) for i in range(5)])
    one_by_one = np.array([nats_of(parameters, w[None].astype(np.int32)) for w in windows])
    assert in_batches.nats == pytest.approx(float(one_by_one.sum()), rel=1e-5)


@pytest.mark.parametrize(("records", "tokens"), [(2, 128), (5, 320), (9, 320)])
def test_first_records_only(
    guessing: tuple[LanguageModel, Any], listed_records: Listed, records: int, tokens: int
) -> None:
    options = EvaluationOptions(records=records, batch_windows=4)
    assert evaluate(*guessing, listed_records(5), TOKEN_BYTES, options).tokens == tokens


def test_windows_longer_than_in_training_are_read(
    guessing: tuple[LanguageModel, Any], listed_records: Listed
) -> None:
    options = EvaluationOptions(window=64, batch_windows=4)
    found = evaluate(*guessing, listed_records(5), TOKEN_BYTES, options)
    assert found.nats_per_token == pytest.approx(math.log(61), rel=1e-6)


def test_records_in_a_row_are_one_window(
    guessing: tuple[LanguageModel, Any], listed_records: Listed
) -> None:
    """Of 5 records, two pairs; a third pair is not there."""
    found = evaluate(*guessing, listed_records(5), TOKEN_BYTES, EvaluationOptions(window=128))
    assert found.tokens == 4 * 64
    assert found.nats_per_token == pytest.approx(math.log(61), rel=1e-6)
    with pytest.raises(ConfigError, match="there are 5"):
        evaluate(*guessing, listed_records(5), TOKEN_BYTES, EvaluationOptions(window=6 * 64))
    with pytest.raises(ConfigError, match="GiB at once"):
        evaluate(*guessing, listed_records(5), TOKEN_BYTES, EvaluationOptions(window=2**20))


def test_weights_that_are_not_finite_have_no_loss(
    guessing: tuple[LanguageModel, Any], listed_records: Listed
) -> None:
    functions, parameters = guessing
    broken = jax.tree.map(lambda leaf: np.full_like(leaf, np.nan), parameters)
    with pytest.raises(TrainingError, match="loss is nan"):
        evaluate(functions, broken, listed_records(1), TOKEN_BYTES, EvaluationOptions())


def test_options_that_make_no_sense_are_refused(
    guessing: tuple[LanguageModel, Any], listed_records: Listed
) -> None:
    with pytest.raises(ConfigError, match="records is 0"):
        EvaluationOptions(records=0)
    with pytest.raises(ConfigError, match="divides the record"):
        evaluate(*guessing, listed_records(5), TOKEN_BYTES, EvaluationOptions(window=48))


def test_tokens_without_text_have_no_bits_per_byte() -> None:
    assert math.isnan(Evaluation(nats=1.0, tokens=2, text_bytes=0).bits_per_byte)
