"""fastText classifiers, behind one interface: compiled here where it can be, fastText's own else.

The compiled way is for quantised models with a tree of labels, such as lid.176.ftz: the same
labels and scores, four times as fast. Other models run in fastText's own code.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from massivetext.filters.fasttext_file import (
    Dictionary,
    FastTextFile,
    FastTextFileError,
    Loss,
    ModelKind,
    QuantisedMatrix,
    parse_fasttext,
)

LABEL_PREFIX: Final = "__label__"

_LEAF: Final = -1
_NEVER: Final = 10**15
"""fastText's count of a node that is not made yet: above every real count."""


class TextClassifier(Protocol):
    """What gives a line of text a label."""

    @property
    def labels(self) -> Sequence[str]:
        """The labels that it knows, without prefix."""
        ...

    def predict(self, line: str) -> tuple[str, float]:
        """Returns the label of a line (no line feeds), without prefix, and its probability."""
        ...


def load_classifier(path: Path) -> TextClassifier:
    """Returns a supervised model.

    Raises:
        FastTextFileError: if the file is not such a model, or is incomplete.
    """
    model = parse_fasttext(path.read_bytes())
    if model.arguments.kind != ModelKind.SUPERVISED:
        raise FastTextFileError("it holds word vectors, expected a supervised model with labels")
    return CompiledClassifier(model) if is_compilable(model) else FastTextClassifier(str(path))


def is_compilable(model: FastTextFile) -> bool:
    """Whether `CompiledClassifier` can run a model."""
    return (
        isinstance(model.input, QuantisedMatrix)
        and isinstance(model.output, np.ndarray)
        and model.arguments.loss == Loss.HIERARCHICAL_SOFTMAX
        and model.arguments.word_ngrams == 1
        and model.dictionary.buckets is not None
    )


class FastTextClassifier:
    """Any supervised model, run by fastText's own code."""

    def __init__(self, path: str) -> None:
        import fasttext

        self._model: Any = fasttext.load_model(path)  # fasttext's types say less than it has

    @property
    def labels(self) -> Sequence[str]:
        """See `TextClassifier`."""
        return [label.removeprefix(LABEL_PREFIX) for label in self._model.get_labels()]

    def predict(self, line: str) -> tuple[str, float]:
        """See `TextClassifier`."""
        labels, scores = self._model.predict(line)  # one each
        return labels[0].removeprefix(LABEL_PREFIX), float(scores[0])


class CompiledClassifier:
    """A model that `is_compilable`, run by `fasttext_kernel`."""

    def __init__(self, model: FastTextFile) -> None:
        from massivetext.filters.fasttext_kernel import classify  # numba takes most of a second

        assert is_compilable(model)
        assert isinstance(model.input, QuantisedMatrix)
        assert isinstance(model.output, np.ndarray)
        self._classify = classify
        self.labels: Sequence[str] = [
            name.decode().removeprefix(LABEL_PREFIX) for name in model.dictionary.labels
        ]
        self._arguments = (
            *word_table(model.dictionary.words),
            model.arguments.min_characters,
            model.arguments.max_characters,
            bucket_rows(model.dictionary, model.arguments.buckets),
            model.input.dense(),
            label_tree(model.dictionary.label_counts),
            np.ascontiguousarray(model.output),
        )

    def predict(self, line: str) -> tuple[str, float]:
        """See `TextClassifier`."""
        text = np.frombuffer(line.encode(), np.uint8)
        label, score = self._classify(text, *self._arguments)
        return (self.labels[label], float(score)) if label >= 0 else ("", 0.0)


def word_table(
    words: tuple[bytes, ...],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], NDArray[np.uint8]]:
    """Returns the words as `classify` takes them: hash table (two arrays), ends, bytes."""
    from massivetext.filters.fasttext_kernel import NO_WORD, fill_words

    slots = 1 << max(4, (4 * len(words)).bit_length())  # our choice: a quarter full at most
    hashes, rows = np.full(slots, NO_WORD, np.int64), np.zeros(slots, np.int32)
    ends = np.cumsum([len(word) for word in words], dtype=np.int64)
    joined = np.frombuffer(b"".join(words), np.uint8)
    fill_words(ends, joined, hashes, rows)
    return hashes, rows, ends, joined


def bucket_rows(dictionary: Dictionary, buckets: int) -> np.ndarray:
    """Returns the row of the input matrix of each bucket, int32[buckets], -1 where pruned."""
    rows = np.full(buckets, -1, np.int32)
    assert dictionary.buckets is not None
    rows[dictionary.buckets[:, 0]] = dictionary.buckets[:, 1] + len(dictionary.words)
    return rows


def label_tree(counts: tuple[int, ...]) -> np.ndarray:
    """Returns the Huffman tree over the labels as fastText builds it, int32[nodes, 2].

    Each row is a node's left and right child. The labels come first, in falling order of counts,
    with no children (-1); the root is last.
    """
    size = len(counts)
    children = np.full((2 * size - 1, 2), _LEAF, np.int32)
    weights = [*counts, *[_NEVER] * (size - 1)]
    leaf, inner = size - 1, size
    for node in range(size, 2 * size - 1):
        for side in range(2):
            if leaf >= 0 and weights[leaf] < weights[inner]:
                children[node, side] = leaf
                leaf -= 1
            else:
                children[node, side] = inner
                inner += 1
        weights[node] = weights[children[node, 0]] + weights[children[node, 1]]
    return children
