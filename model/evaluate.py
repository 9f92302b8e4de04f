"""Bits per byte of a model on shards: a loss that does not depend on the tokenizer.

BPB = (total nats / ln 2) / UTF-8 bytes of the text (the Pile, section 3.1). The bytes are those
that the tokens stand for, which is the original text where the tokenizer loses nothing. The loss
of BOS and EOS is counted; they stand for no bytes.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import jax
import numpy as np

from massivetext.config import ConfigError
from massivetext.model.configs import ModelConfig
from massivetext.model.data import SequenceReader, read_sequence, windows_per_record
from massivetext.model.errors import TrainingError
from massivetext.model.parameters import Parameters
from massivetext.model.step import LanguageModel

SCORE_COPIES: Final = 3
"""Our choice: how often the largest array, of scores or of logits, lies in memory at a time."""


@dataclass(frozen=True)
class Evaluation:
    """Summed loss of some tokens.

    Attributes:
        nats: cross entropy of all tokens.
        tokens: how many they are.
        text_bytes: UTF-8 bytes that they stand for.
    """

    nats: float
    tokens: int
    text_bytes: int

    @property
    def nats_per_token(self) -> float:
        """Mean loss, as training reports it."""
        return self.nats / self.tokens

    @property
    def bits_per_byte(self) -> float:
        """Loss in bits a byte of text; NaN if the tokens stand for no text."""
        return self.nats / math.log(2) / self.text_bytes if self.text_bytes else math.nan


@dataclass(frozen=True)
class EvaluationOptions:
    """What is evaluated, and how.

    Attributes:
        records: how many, from the first; None means all.
        window: tokens that a record is cut into, or those of some records in a row; None means
            the training window. A larger one works, because relative distances are clamped (D.6).
            Records in a row follow each other in the shards, not in a document.
        batch_windows: windows computed at once; changes nothing but rounding.
    """

    records: int | None = None
    window: int | None = None
    batch_windows: int = 8

    def __post_init__(self) -> None:
        for name in ("records", "window", "batch_windows"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name} is {value}: it must be at least 1")


def evaluate(
    language_model: LanguageModel,
    parameters: Parameters,
    reader: SequenceReader,
    token_bytes: np.ndarray,
    options: EvaluationOptions,
) -> Evaluation:
    """Loss over the first records of some shards.

    Args:
        language_model: the model.
        parameters: as `step.evaluation_parameters` gives them.
        reader: shards made with the model's tokenizer.
        token_bytes: UTF-8 bytes that each token stands for, shape (vocab_size,).
        options: how much, and how it is cut.

    Raises:
        ConfigError: the window does not fit the records, or its attention this machine.
        TrainingError: the loss is not finite.
    """
    window = options.window or language_model.model.window
    _require_memory(language_model.model, window, options.batch_windows)
    total = Evaluation(0.0, 0, 0)
    for rows_BxT in _window_batches(reader, window, options):
        padding = ((0, options.batch_windows - len(rows_BxT)), (0, 0))
        padded_BxT = np.pad(rows_BxT, padding)
        nats_B = np.asarray(_window_nats(language_model, parameters, padded_BxT), np.float64)
        total = Evaluation(
            nats=total.nats + float(nats_B[: len(rows_BxT)].sum()),
            tokens=total.tokens + rows_BxT.size,
            text_bytes=total.text_bytes + int(token_bytes[rows_BxT].sum()),
        )
    if not math.isfinite(total.nats):
        raise TrainingError(f"the loss is {total.nats}: the model's weights give no probabilities")
    return total


@functools.partial(jax.jit, static_argnums=0)
def _window_nats(
    language_model: LanguageModel, parameters: Parameters, rows_BxT: jax.Array
) -> jax.Array:
    return language_model.token_nats(parameters, rows_BxT).sum(axis=1)


def _require_memory(model: ModelConfig, window: int, batch_windows: int) -> None:
    """Raises ConfigError where a CPU has too little memory for the scores; others say so."""
    if jax.default_backend() != "cpu":
        return
    needed = SCORE_COPIES * 4 * batch_windows * model.heads * window**2
    logits = SCORE_COPIES * 4 * batch_windows * window * model.vocab_size
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if max(needed, logits) > available:
        raise ConfigError(
            f"{batch_windows:,} windows of {window:,} tokens need about "
            f"{max(needed, logits) / 2**30:,.0f} GiB at once, this machine has "
            f"{available / 2**30:,.0f}: take a smaller --batch or --window"
        )


def _window_batches(
    reader: SequenceReader, window: int, options: EvaluationOptions
) -> Iterator[np.ndarray]:
    """Windows [B, T] in the order of the records; the last batch may be short."""
    length = reader.dataset.sequence_length
    records = len(reader) if options.records is None else min(options.records, len(reader))
    together = _records_together(length, window)
    if records < together:
        raise ConfigError(
            f"a window of {window:,} tokens is {together:,} records of {length:,}, and there are "
            f"{records:,}: take a smaller window"
        )
    per_batch = options.batch_windows
    rows: list[np.ndarray] = []
    for first in range(0, records - together + 1, together):
        tokens = [
            read_sequence(reader, record, reader.dataset.vocab_size)
            for record in range(first, first + together)
        ]
        rows.extend(np.concatenate(tokens).reshape(-1, window))
        while len(rows) >= per_batch:
            yield np.stack(rows[:per_batch])
            rows = rows[per_batch:]
    if rows:
        yield np.stack(rows)


def _records_together(length: int, window: int) -> int:
    """How many records are cut into windows as one.

    Raises:
        ConfigError: the window neither divides the record nor is a multiple of it.
    """
    if window > length and window % length == 0:
        return window // length
    windows_per_record(length, window)
    return 1
