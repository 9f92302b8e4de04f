"""Duplicates of a part of the documents, from what is known of all: as if the part were all."""

import random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from massivetext.dedup.exact import TEXT_BUCKETS, exact_removals, group_records
from massivetext.dedup.foresight import KnownPairs, OrderChangedError
from massivetext.dedup.heads import HEADS_PER_BUCKET, has_company
from massivetext.dedup.in_memory import find_removals
from massivetext.dedup.jaccard import DocumentSets, jaccard_of_pairs
from massivetext.dedup.keys import KeySettings, document_keys
from massivetext.dedup.pairs import BAND_RECORD, band_records, candidate_pairs, crowded_records
from massivetext.dedup.removal import verified_pairs
from massivetext.dedup.removal_rules import RemovalRule
from massivetext.dedup.shingles import shingle_sets
from tests.dedup.documents import ids_of

WORDS = [f"word{number}" for number in range(300)]


def texts_of(seed: int, crowd: int, copies: bool) -> list[str]:
    """A crowd of nearly equal texts, small clusters, and copies of some in other white space."""
    draw = random.Random(seed)
    frame = draw.choices(WORDS, k=120)
    texts = [" ".join([*frame, *draw.choices(WORDS, k=draw.choice((2, 9)))]) for _ in range(crowd)]
    clusters = []
    for _ in range(25):
        words = draw.choices(WORDS, k=60)
        clusters += [" ".join([*words, *draw.choices(WORDS, k=k)]) for k in (0, 1, 4, 15, 40)]
    twins = draw.sample(clusters, 20)
    texts += [*clusters, *twins, *(text.replace(" ", "  ", 1) for text in twins[:9])]
    if copies:
        texts += draw.sample(texts[:crowd], 12)
    draw.shuffle(texts)
    return texts


class Corpus:
    """Documents with their keys and sets."""

    def __init__(self, texts: list[str]) -> None:
        self.keys = document_keys(texts, ids_of(texts), "web", KeySettings())
        self.addresses = np.arange(len(texts), dtype=np.uint64) * np.uint64(3)
        self.sets = DocumentSets(self.addresses, shingle_sets(texts, 13))
        self.verified = 0

    def known(self) -> KnownPairs:
        groups = group_records(self.keys, self.addresses)
        winners = ~np.isin(self.addresses, exact_removals(groups)["address"])
        records = band_records(self.keys[winners], self.addresses[winners])
        pairs = verified_pairs(candidate_pairs(records, 0.0), self.sets, self.sets, -1.0)
        crowds = np.unique(crowded_records(records, np.empty(0, BAND_RECORD)))
        return KnownPairs(groups[has_company(groups, TEXT_BUCKETS)], pairs, crowds)

    def verify(self, pairs: Any) -> NDArray[np.float64]:
        self.verified += pairs.size
        left, right = (self.sets.indices(pairs[name]) for name in ("lower", "partner"))
        return jaccard_of_pairs(self.sets.sets, left, self.sets.sets, right)

    def removals(self, here: NDArray[np.bool_], threshold: float, rule: RemovalRule) -> Any:
        numbers = np.flatnonzero(here)
        return find_removals(
            self.keys[here],
            self.addresses[here],
            lambda documents: self.sets.sets.select(numbers[documents]),
            threshold,
            rule,
        )


@pytest.mark.parametrize("rule", ["pairwise", "greedy", "cluster"])
def test_a_part_is_as_if_it_were_all(rule: RemovalRule) -> None:
    corpus = Corpus(texts_of(seed=1, crowd=150, copies=False))
    known = corpus.known()
    assert np.unique(known.crowds["key"], return_counts=True)[1].min() > HEADS_PER_BUCKET
    draw = np.random.default_rng(0)
    for share in (1.0, 0.9, 0.6, 0.3, 0.05, 0.0):
        for threshold in (0.0, 0.5, 0.8, 1.0):
            here = draw.random(corpus.addresses.size) < share
            there = set(corpus.addresses[here].tolist())
            found = known.removals(
                lambda addresses, there=there: np.array(
                    [a in there for a in addresses.tolist()], bool
                ),
                threshold,
                rule,
                corpus.verify,
            )
            assert found.tolist() == corpus.removals(here, threshold, rule).tolist()
    assert corpus.verified > 0


def test_copies_in_a_crowd_are_told_or_right() -> None:
    corpus = Corpus(texts_of(seed=2, crowd=150, copies=True))
    known = corpus.known()
    draw = np.random.default_rng(0)
    refused = 0
    for share in (1.0, 0.98, 0.9, 0.5):
        here = draw.random(corpus.addresses.size) < share
        there = corpus.addresses[here]
        try:
            found = known.removals(
                lambda addresses, there=there: np.isin(addresses, there),
                0.8,
                "pairwise",
                corpus.verify,
            )
        except OrderChangedError:
            refused += 1
        else:
            assert found.tolist() == corpus.removals(here, 0.8, "pairwise").tolist()
    assert 0 < refused < 4
