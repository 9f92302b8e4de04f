"""From shards to batches: a training window's place in the order is a pure function of the seed.

Batch `step` of a run holds the same windows, in the same rows, on 1, 2 or any number of hosts; a
host reads only its rows. So the state of the input is one integer, the step.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import grain
import numpy as np

from massivetext.config import ConfigError
from massivetext.model.configs import BatchPlan
from massivetext.model.errors import BadRecordError
from massivetext.sequencing.dataset import Dataset

PREFETCHED_STEPS = 4
"""Our choice: batches read ahead; reading is thousands of times faster than training."""


class SequenceReader(Protocol):
    """What the trainer asks of shards; `massivetext.sequencing.ShardReader` has it."""

    dataset: Dataset

    def __len__(self) -> int:
        """Number of records."""
        ...

    def __getitem__(self, index: int, /) -> np.ndarray:
        """uint16 tokens of a record, `dataset.sequence_length` of them."""
        ...

    def locate(self, index: int) -> tuple[int, int]:
        """Number of a record's shard, and its row there."""
        ...


@dataclass(frozen=True)
class DataIdentity:
    """What a model was trained on, as far as later commands must agree with it."""

    dataset_sha256: str
    tokenizer_sha256: str
    vocab_size: int
    bos: int
    eos: int

    @classmethod
    def of(cls, dataset: Dataset) -> DataIdentity:
        """The identity of shards, from their `dataset.json`."""
        return cls(
            dataset_sha256=hashlib.sha256(dataset.to_json().encode()).hexdigest(),
            tokenizer_sha256=dataset.tokenizer_sha256,
            vocab_size=dataset.vocab_size,
            bos=dataset.bos,
            eos=dataset.eos,
        )

    def require_same_tokenizer(self, dataset: Dataset) -> None:
        """Raises ConfigError where shards were made with another tokenizer than this one."""
        if dataset.tokenizer_sha256 != self.tokenizer_sha256:
            raise ConfigError(
                f"the shards were made with tokenizer {dataset.tokenizer_sha256[:12]}, the model "
                f"was trained with {self.tokenizer_sha256[:12]}: use shards of the same tokenizer"
            )


@dataclass(frozen=True)
class WindowOrder:
    """The endless shuffled order of training windows: every window once an epoch.

    Attributes:
        records: number of records, each of `windows_per_record` windows.
        windows_per_record: 1, or more where the model's window is shorter than a record.
        seed: of the shuffle; every epoch has an order of its own.
    """

    records: int
    windows_per_record: int
    seed: int

    @property
    def windows_per_epoch(self) -> int:
        """Windows in all records."""
        return self.records * self.windows_per_record

    @functools.cached_property
    def _shuffled(self) -> grain.MapDataset[int]:
        windows = grain.MapDataset.range(self.windows_per_epoch)
        return windows.seed(self.seed).shuffle().repeat(None)

    def __getitem__(self, place: int) -> tuple[int, int]:
        """(record, window within it) at a place of the order."""
        window = self._shuffled[place]
        assert window is not None  # nothing filters
        return divmod(int(window), self.windows_per_record)


@dataclass(frozen=True)
class Batches:
    """Random access to batches by step: int32 [A, L, T] (microbatches, this host's rows, tokens).

    Attributes:
        reader: the shards.
        order: which window stands where.
        plan: how many windows a step takes.
        microbatch: rows of a microbatch over all hosts.
        rows: those of them that this host reads, ascending.
        window: tokens of a window.
        vocab_size: bound on token ids.
    """

    reader: SequenceReader
    order: WindowOrder
    plan: BatchPlan
    microbatch: int
    rows: np.ndarray
    window: int
    vocab_size: int

    def __len__(self) -> int:
        """Steps of the run."""
        return self.plan.steps

    def __getitem__(self, index: int) -> np.ndarray:
        """The batch of the step with this number."""
        first, size = self.plan.first_window(index), self.plan.size(index)
        starts = range(first, first + size, self.microbatch)
        return np.stack([[self._window(start + int(row)) for row in self.rows] for start in starts])

    def from_step(self, step: int) -> Iterator[np.ndarray]:
        """Batches from a step to the end of the run, read ahead in a thread."""
        options = grain.ReadOptions(num_threads=1, prefetch_buffer_size=PREFETCHED_STEPS)
        return iter(grain.MapDataset.source(self)[step:].to_iter_dataset(options))

    def records_of(self, step: int) -> list[int]:
        """Numbers of the records that all hosts read for a step, ascending."""
        first = self.plan.first_window(step)
        places = range(first, first + self.plan.size(step))
        return sorted({self.order[place][0] for place in places})

    def _window(self, place: int) -> np.ndarray:
        record, window = self.order[place]
        tokens = read_sequence(self.reader, record, self.vocab_size)
        return tokens[window * self.window : (window + 1) * self.window]


def read_sequence(reader: SequenceReader, record: int, vocab_size: int) -> np.ndarray:
    """Tokens of a record as int32.

    Raises:
        BadRecordError: its shard is damaged, or holds an id outside the vocabulary (which JAX
            would silently clamp).
    """
    try:
        tokens = np.asarray(reader[record]).astype(np.int32)
    except ValueError as error:
        raise BadRecordError(str(error)) from error
    if tokens.max(initial=0) >= vocab_size:
        raise BadRecordError(
            f"record {record} holds token {tokens.max()}, the vocabulary has {vocab_size} pieces: "
            f"the shards are damaged or belong to another dataset.json"
        )
    return tokens


def windows_per_record(sequence_length: int, window: int) -> int:
    """How many training windows a record is cut into.

    Raises:
        ConfigError: the window does not divide the record.
    """
    if sequence_length % window:
        raise ConfigError(
            f"training window of {window} tokens, records of {sequence_length}: choose a window "
            f"that divides the record"
        )
    return sequence_length // window
