"""Words to sets of hashed 13-grams (A.1.1: "13-gram Jaccard").

A document with fewer words than n has one shingle, its whole normalised text, so that short
documents are duplicates if and only if they are equal; one without words has none and never meets
another (docs/paper.md, section 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.normalise import WordBatch, split_batch


@dataclass(frozen=True)
class ShingleBatch:
    """Hashed shingles of some documents, one document after the other.

    Attributes:
        hashes: uint64 (shingles,).
        offsets: int64 (documents + 1,), where each document's shingles begin.
    """

    hashes: NDArray[np.uint64]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """int64 (documents,): how many shingles each document has here."""
        return np.diff(self.offsets)

    def of_document(self, document: int) -> NDArray[np.uint64]:
        """Returns the shingles of one document."""
        return self.hashes[self.offsets[document] : self.offsets[document + 1]]

    def select(self, documents: NDArray[np.int64]) -> ShingleBatch:
        """Returns the shingles of these documents, in this order."""
        return join_sets([self.of_document(document) for document in documents])


def shingle_batch(words: WordBatch, ngram: int) -> ShingleBatch:
    """Returns every n-gram of every document in the order of the text, repeats included."""
    from massivetext.dedup import kernels  # here: numba takes most of a second to import

    lengths = np.diff(words.offsets)
    counts = np.where(lengths >= ngram, lengths - ngram + 1, np.minimum(lengths, 1))
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    hashes = np.empty(offsets[-1], np.uint64)
    kernels.hash_ngrams(words.hashes, words.offsets, ngram, hashes, offsets)
    return ShingleBatch(hashes, offsets)


def count_distinct(shingles: ShingleBatch) -> NDArray[np.int64]:
    """Returns int64 (documents,): how many different shingles each document has."""
    from massivetext.dedup import kernels  # here: numba takes most of a second to import

    counts = np.empty(len(shingles), np.int64)
    kernels.fill_distinct_counts(shingles.hashes, shingles.offsets, counts)
    return counts


def shingle_sets(texts: Sequence[str], ngram: int, fold_case: bool = False) -> ShingleBatch:
    """Returns each text's set of shingles: sorted, each hash once."""
    shingles = shingle_batch(split_batch(texts, fold_case), ngram)
    sets = [np.unique(shingles.of_document(document)) for document in range(len(texts))]
    return join_sets(sets)


def join_sets(sets: Sequence[NDArray[np.uint64]]) -> ShingleBatch:
    """Returns sets, one array each, as one batch."""
    offsets = np.zeros(len(sets) + 1, np.int64)
    np.cumsum([part.size for part in sets], out=offsets[1:])
    return ShingleBatch(np.concatenate([np.empty(0, np.uint64), *sets]), offsets)
