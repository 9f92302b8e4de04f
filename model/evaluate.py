"""Bits per byte of a model on shards: a loss that does not depend on the tokenizer.

BPB = (total nats / ln 2) / UTF-8 bytes of the text (the Pile, section 3.1). The bytes are those
that the tokens stand for, which is the original text where the tokenizer loses nothing. The loss
of BOS and EOS is counted; they stand for no bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import jax
import numpy as np

from massivetext.config import ConfigError
from massivetext.model.data import SequenceReader, read_sequence, windows_per_record
from massivetext.model.parameters import Parameters
from massivetext.model.step import LanguageModel


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
        window: tokens that a record is cut into; None means the training window. A larger one
            works, because relative distances are clamped (D.6).
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
        ConfigError: the window does not divide the records.
    """
    window = options.window or language_model.model.window
    window_nats = jax.jit(lambda tree, rows: language_model.token_nats(tree, rows).sum(axis=1))
    total = Evaluation(0.0, 0, 0)
    for rows_BxT in _window_batches(reader, window, options):
        padding = ((0, options.batch_windows - len(rows_BxT)), (0, 0))
        nats_B = np.asarray(window_nats(parameters, np.pad(rows_BxT, padding)), np.float64)
        total = Evaluation(
            nats=total.nats + float(nats_B[: len(rows_BxT)].sum()),
            tokens=total.tokens + rows_BxT.size,
            text_bytes=total.text_bytes + int(token_bytes[rows_BxT].sum()),
        )
    return total


def _window_batches(
    reader: SequenceReader, window: int, options: EvaluationOptions
) -> Iterator[np.ndarray]:
    """Windows [B, T] in the order of the records; the last batch may be short."""
    in_record = windows_per_record(reader.dataset.sequence_length, window)
    records = len(reader) if options.records is None else min(options.records, len(reader))
    places = range(records * in_record)
    for first in range(0, len(places), options.batch_windows):
        rows = []
        for place in places[first : first + options.batch_windows]:
            record, part = divmod(place, in_record)
            tokens = read_sequence(reader, record, reader.dataset.vocab_size)
            rows.append(tokens[part * window : (part + 1) * window])
        yield np.stack(rows)
