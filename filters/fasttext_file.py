"""Reads the binary files of fastText models (version 12) and checks that they are whole.

fastText itself does not check: a file that was cut off makes it allocate all memory there is.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

_MAGIC: Final = 793712314
_VERSION: Final = 12
_CENTROIDS: Final = 256
"""Of each part of a vector: a code is one byte."""


class FastTextFileError(ValueError):
    """A file that is not a fastText model, or that is incomplete."""


class Loss(IntEnum):
    """What the output was trained with."""

    HIERARCHICAL_SOFTMAX = 1
    NEGATIVE_SAMPLING = 2
    SOFTMAX = 3
    ONE_VERSUS_ALL = 4


class ModelKind(IntEnum):
    """What the model was trained for."""

    CBOW = 1
    SKIPGRAM = 2
    SUPERVISED = 3


@dataclass(frozen=True)
class Arguments:
    """How the model was trained: what prediction needs of it."""

    dimension: int
    word_ngrams: int
    loss: int
    kind: int
    buckets: int
    min_characters: int
    max_characters: int


@dataclass(frozen=True)
class Dictionary:
    """The words and labels of a model.

    Attributes:
        words: UTF-8 of each word; its row of the input matrix is its place here.
        labels: UTF-8 of each label, with its prefix.
        label_counts: how often each label was seen; they make the tree of the output.
        buckets: int32[pairs, 2]: bucket of an n-gram and its row behind the words; None if the
            buckets were not pruned.
    """

    words: tuple[bytes, ...]
    labels: tuple[bytes, ...]
    label_counts: tuple[int, ...]
    buckets: np.ndarray | None


@dataclass(frozen=True)
class QuantisedMatrix:
    """Rows as codes of a product quantiser.

    Attributes:
        codes: uint8[rows, parts].
        centroids: float32[parts, 256, part size].
        norms: float32[rows]: each row is multiplied by it.
    """

    codes: np.ndarray
    centroids: np.ndarray
    norms: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and dimension."""
        return len(self.codes), self.centroids.shape[0] * self.centroids.shape[2]

    def dense(self) -> np.ndarray:
        """Returns float32[rows, dimension]."""
        parts = np.arange(self.codes.shape[1])[None, :]
        rows = self.centroids[parts, self.codes] * self.norms[:, None, None]
        return np.ascontiguousarray(rows.reshape(len(self.codes), -1), dtype=np.float32)


@dataclass(frozen=True)
class FastTextFile:
    """The content of a model's file; a dense matrix is float32[rows, dimension]."""

    arguments: Arguments
    dictionary: Dictionary
    input: np.ndarray | QuantisedMatrix
    output: np.ndarray | QuantisedMatrix


def parse_fasttext(content: bytes) -> FastTextFile:
    """Returns what a model's file holds; the arrays are views of the content.

    Raises:
        FastTextFileError: if it is not a model of version 12, or ends too early or too late.
    """
    reader = _Reader(content)
    if reader.values("2i") != (_MAGIC, _VERSION):
        raise FastTextFileError(f"it does not begin like a fastText model of version {_VERSION}")
    arguments = _read_arguments(reader)
    dictionary = _read_dictionary(reader)
    is_quantised = reader.flag()
    input_matrix = _read_quantised(reader) if is_quantised else _read_dense(reader)
    is_output_quantised = reader.flag()
    output_matrix = _read_quantised(reader) if is_output_quantised else _read_dense(reader)
    if reader.left_bytes:
        raise FastTextFileError(f"{reader.left_bytes} bytes follow the model's end")
    model = FastTextFile(arguments, dictionary, input_matrix, output_matrix)
    _check_sizes(model)
    return model


def _check_sizes(model: FastTextFile) -> None:
    """Raises an error where a row that prediction looks up would not exist."""
    arguments, dictionary = model.arguments, model.dictionary
    buckets = dictionary.buckets
    ngram_rows = arguments.buckets if buckets is None else len(buckets)
    expected = {
        "input": (len(dictionary.words) + ngram_rows, arguments.dimension),
        "output": (len(dictionary.labels), arguments.dimension),
    }
    found = {"input": model.input.shape, "output": model.output.shape}
    if model.arguments.kind == ModelKind.SUPERVISED and found != expected:
        raise FastTextFileError(f"its matrices are {found}, expected {expected}")
    if buckets is not None and len(buckets):
        in_range = (buckets >= 0) & (buckets < [max(1, arguments.buckets), len(buckets)])
        if not in_range.all():
            raise FastTextFileError("its table of pruned buckets points outside of the model")


class _Reader:
    """Takes values from the content, in order."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def left_bytes(self) -> int:
        return len(self._content) - self._at

    def values(self, layout: str) -> tuple[int, ...]:
        """Takes integers, as `struct` names them; takes other numbers to pass over them only."""
        size_bytes = struct.calcsize("<" + layout)
        self._check(size_bytes)
        found = struct.unpack_from("<" + layout, self._content, self._at)
        self._at += size_bytes
        return found

    def flag(self) -> bool:
        (value,) = self.values("B")
        if value > 1:
            raise FastTextFileError(f"byte {self._at - 1} is {value}, expected 0 or 1")
        return bool(value)

    def array(self, dtype: type[np.generic], count: int) -> np.ndarray:
        size_bytes = count * np.dtype(dtype).itemsize
        self._check(size_bytes)
        found = np.frombuffer(self._content, dtype, count, self._at)
        self._at += size_bytes
        return found

    def string(self) -> bytes:
        end = self._content.find(b"\0", self._at)
        if end < 0:
            raise FastTextFileError("it ends too early")
        found = self._content[self._at : end]
        self._at = end + 1
        return found

    def _check(self, size_bytes: int) -> None:
        if not 0 <= size_bytes <= self.left_bytes:
            raise FastTextFileError(
                f"it ends too early: {size_bytes} bytes are missing at byte {self._at}"
            )


def _read_arguments(reader: _Reader) -> Arguments:
    (dimension, _, _, _, _, word_ngrams, loss, kind, buckets, shortest, longest, _) = reader.values(
        "12i"
    )
    reader.values("d")  # sampling threshold
    return Arguments(dimension, word_ngrams, loss, kind, buckets, shortest, longest)


def _read_dictionary(reader: _Reader) -> Dictionary:
    size, word_count, label_count = reader.values("3i")
    _, pruned = reader.values("2q")  # tokens seen; -1: not pruned
    words: list[bytes] = []
    labels: list[bytes] = []
    label_counts: list[int] = []
    for _ in range(size):
        entry = reader.string()
        count, kind = reader.values("qb")
        if kind:
            labels.append(entry)
            label_counts.append(count)
        else:
            words.append(entry)
    if (len(words), len(labels)) != (word_count, label_count):
        raise FastTextFileError(
            f"it holds {len(words)} words and {len(labels)} labels, "
            f"but states {word_count} and {label_count}"
        )
    buckets = reader.array(np.int32, 2 * pruned).reshape(-1, 2) if pruned >= 0 else None
    return Dictionary(tuple(words), tuple(labels), tuple(label_counts), buckets)


def _read_dense(reader: _Reader) -> np.ndarray:
    rows, columns = reader.values("2q")
    return reader.array(np.float32, rows * columns).reshape(rows, columns)


def _read_quantised(reader: _Reader) -> QuantisedMatrix:
    has_norms = reader.flag()
    rows, columns = reader.values("2q")
    (code_count,) = reader.values("i")
    codes = reader.array(np.uint8, code_count)
    centroids = _read_quantiser(reader)
    if code_count != rows * len(centroids) or centroids.size != columns * _CENTROIDS:
        raise FastTextFileError(f"{code_count} codes do not make {rows} rows of {columns}")
    norms = np.ones(rows, np.float32)
    if has_norms:
        norm_codes = reader.array(np.uint8, rows)
        norms = _read_quantiser(reader).reshape(-1)[norm_codes]
    return QuantisedMatrix(codes.reshape(rows, -1), centroids, norms)


def _read_quantiser(reader: _Reader) -> np.ndarray:
    """Returns float32[parts, 256, part size]."""
    dimension, parts, part_size, last_size = reader.values("4i")
    if part_size != last_size or dimension != parts * part_size or dimension <= 0:
        raise FastTextFileError(f"vectors of {dimension} in {parts} parts of unequal size")
    return reader.array(np.float32, dimension * _CENTROIDS).reshape(parts, _CENTROIDS, part_size)
