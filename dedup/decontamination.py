"""Training documents against test sets: exact counts of shared 13-grams, no LSH.

The paper's rule (A.1.1): a training document whose 13-gram Jaccard with a test item is above 0.8
goes. That rule finds near-copies only: a 75-word passage inside a 1,000-word page has a Jaccard of
0.06. Its containment, the share of the test item's 13-grams that the document has, is 1; it is
always counted, and removes documents if the rule says so. Then boilerplate that many documents
share (licenses, menus) must not count: test grams of many training documents are left out of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.normalise import split_batch
from massivetext.dedup.shingles import ShingleBatch, count_distinct, shingle_batch
from massivetext.dedup.testsets import TestItem

MatchRule = Literal["jaccard", "containment", "both"]

_SLOTS_A_GRAM: Final = 16
_MIN_SLOT_BITS, _MAX_SLOT_BITS = 10, 26
"""Our choice: a table of presence by the leading bits of a hash, at most 64 MB, so that one in 16
of the grams that no test item has is looked up in the sorted array."""


@dataclass(frozen=True)
class TestIndex:
    """All test items by their shingles.

    Attributes:
        grams: uint64 (grams,), sorted, each once.
        offsets: int64 (grams + 1,), where each gram's items begin in `postings`.
        postings: uint32, numbers of items.
        sizes: int64 (items,), distinct shingles of each item.
        sets: the test set of each item.
        names: the name of each item.
        short: bool (items,), whether an item has fewer words than a shingle: only a document
            that is nothing else can match it.
        frequent: bool (grams,), whether a gram is left out of containment.
    """

    __test__ = False

    grams: NDArray[np.uint64]
    offsets: NDArray[np.int64]
    postings: NDArray[np.uint32]
    sizes: NDArray[np.int64]
    sets: tuple[str, ...]
    names: tuple[str, ...]
    short: NDArray[np.bool_]
    frequent: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def rare_sizes(self) -> NDArray[np.int64]:
        """int64 (items,): distinct shingles of each item that are not frequent."""
        rare = np.repeat(~self.frequent, np.diff(self.offsets))
        return np.bincount(self.postings[rare], minlength=len(self)).astype(np.int64)


def frequent_grams(
    document_counts: NDArray[np.int64], documents: int, fraction: float, at_least: int
) -> NDArray[np.bool_]:
    """Returns bool (grams,): which test grams too many training documents have.

    Args:
        document_counts: int64 (grams,), how many documents have each gram.
        documents: how many there are.
        fraction: a gram in more than this share of them is frequent,
        at_least: if more than this many documents have it.
    """
    return document_counts > max(fraction * documents, at_least)


def build_index(
    test_sets: Mapping[str, Sequence[TestItem]], ngram: int, fold_case: bool = False
) -> TestIndex:
    """Returns the index of all items of all test sets, in their order."""
    named = [(name, item) for name, items in test_sets.items() for item in items]
    words = split_batch([item.text for _, item in named], fold_case)
    shingles = shingle_batch(words, ngram)
    sets = [np.unique(shingles.of_document(item)) for item in range(len(named))]
    all_grams = np.concatenate([np.empty(0, np.uint64), *sets])
    sizes = np.array([grams.size for grams in sets], np.int64)
    items = np.repeat(np.arange(len(named), dtype=np.uint32), sizes)
    order = np.argsort(all_grams, kind="stable")
    grams, starts = np.unique(all_grams[order], return_index=True)
    return TestIndex(
        grams=grams,
        offsets=np.append(starts, all_grams.size).astype(np.int64),
        postings=items[order],
        sizes=sizes,
        sets=tuple(name for name, _ in named),
        names=tuple(item.name for _, item in named),
        short=np.diff(words.offsets) < ngram,
        frequent=np.zeros(grams.size, np.bool_),
    )


@dataclass(frozen=True)
class Overlaps:
    """Pairs of a training document and a test item that share a shingle, by document, then item.

    Attributes:
        document: int64 (pairs,), number of the document in its batch.
        item: int64 (pairs,), number of the item in the index.
        jaccard: float64 (pairs,).
        containment: float64 (pairs,), share of the item's shingles, but for frequent ones, that
            the document has; 0 if the item has frequent ones only.
    """

    document: NDArray[np.int64]
    item: NDArray[np.int64]
    jaccard: NDArray[np.float64]
    containment: NDArray[np.float64]

    def best(self, rule: MatchRule, threshold: float) -> NDArray[np.int64]:
        """Returns int64, at most one pair a document: the strongest that the rule objects to.

        The strongest by Jaccard where the rule asks for it and it is above the threshold,
        otherwise by containment; ties go to the higher Jaccard, then to the item that comes first.
        """
        nothing = np.zeros(self.document.size, np.float64)
        jaccard = nothing if rule == "containment" else self.jaccard
        containment = nothing if rule == "jaccard" else self.containment
        jaccard = np.where(jaccard > threshold, jaccard, 0.0)
        containment = np.where(containment > threshold, containment, 0.0)
        objected = np.flatnonzero((jaccard > 0) | (containment > 0))
        order = objected[
            np.lexsort(
                (
                    self.item[objected],
                    -self.jaccard[objected],
                    -containment[objected],
                    -jaccard[objected],
                    self.document[objected],
                )
            )
        ]
        first = np.ones(order.size, np.bool_)
        first[1:] = np.diff(self.document[order]) != 0
        return order[first]


class TestMatcher:
    """Counts the shingles that documents share with the items of an index."""

    __test__ = False

    def __init__(self, index: TestIndex, ngram: int, fold_case: bool = False) -> None:
        self.index, self.ngram, self.fold_case = index, ngram, fold_case
        self._rare_sizes = index.rare_sizes
        wanted = max(index.grams.size, 1) * _SLOTS_A_GRAM
        bits = min(max(wanted.bit_length(), _MIN_SLOT_BITS), _MAX_SLOT_BITS)
        self._shift = np.uint64(64 - bits)
        self._present = np.zeros(1 << bits, np.bool_)
        self._present[index.grams >> self._shift] = True

    def overlaps(self, texts: Sequence[str]) -> Overlaps:
        """Returns every overlap between a batch of training documents and the test items."""
        shingles = self._shingles(texts)
        documents, grams = self._shared_grams(shingles)
        index = self.index
        lengths = np.diff(index.offsets)[grams]
        firsts = np.repeat(index.offsets[grams] - np.cumsum(lengths) + lengths, lengths)
        items = index.postings[firsts + np.arange(firsts.size)].astype(np.int64)
        pairs, pair, shared = np.unique(
            np.repeat(documents, lengths) * max(len(index), 1) + items,
            return_inverse=True,
            return_counts=True,
        )
        rare = np.repeat(~index.frequent[grams], lengths)
        shared_rare = np.bincount(pair[rare], minlength=pairs.size)
        document, item = np.divmod(pairs, max(len(index), 1))
        united = count_distinct(shingles)[document] + index.sizes[item] - shared
        containment = shared_rare / np.maximum(self._rare_sizes[item], 1)
        return Overlaps(document, item, shared / united, containment)

    def document_counts(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Returns int64 (grams,): how many of the documents have each test gram."""
        _, grams = self._shared_grams(self._shingles(texts))
        return np.bincount(grams, minlength=self.index.grams.size).astype(np.int64)

    def _shingles(self, texts: Sequence[str]) -> ShingleBatch:
        return shingle_batch(split_batch(texts, self.fold_case), self.ngram)

    def _shared_grams(self, shingles: ShingleBatch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Returns distinct (document, number of a test gram) that occur in the batch."""
        if not self.index.grams.size:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        maybe = np.flatnonzero(self._present[shingles.hashes >> self._shift])
        hashes = shingles.hashes[maybe]
        grams = np.searchsorted(self.index.grams, hashes)
        grams = np.minimum(grams, self.index.grams.size - 1)
        found = self.index.grams[grams] == hashes
        documents = np.searchsorted(shingles.offsets, maybe[found], side="right") - 1
        both = np.unique(documents * self.index.grams.size + grams[found])
        document, gram = np.divmod(both, self.index.grams.size)
        return document, gram
