"""Samples of 13-grams: as the reference takes them, and what they promise."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.normalise import split_batch
from massivetext.dedup.sampling import LEAST, WINDOW, passage_words, sample_grams
from massivetext.dedup.shingles import ShingleBatch, shingle_batch
from tests.reference.sampling import sampled


def samples(documents: list[list[int]]) -> list[set[int]]:
    offsets = np.cumsum([0, *map(len, documents)]).astype(np.int64)
    batch = ShingleBatch(np.array([h for d in documents for h in d], np.uint64), offsets)
    taken = sample_grams(batch)
    return [
        set(batch.hashes[start:stop][taken[start:stop]].tolist())
        for start, stop in itertools.pairwise(offsets)
    ]


@given(
    st.lists(
        st.one_of(
            st.lists(st.integers(0, 9), max_size=100),
            st.lists(st.integers(0, 2**64 - 1), max_size=200),
        ),
        max_size=4,
    )
)
def test_samples_are_those_of_the_reference(documents: list[list[int]]) -> None:
    assert samples(documents) == [sampled(d, WINDOW, LEAST) for d in documents]


def test_rising_falling_and_equal_hashes() -> None:
    rising, falling = list(range(300)), list(range(300))[::-1]
    for document in (rising, falling, [7] * 300, [3], [1, 1], []):
        assert samples([document]) == [sampled(document, WINDOW, LEAST)]


@given(st.integers(0, 2**32), st.integers(0, 300), st.integers(0, 300))
def test_every_long_passage_that_two_texts_share_is_found(seed: int, left: int, right: int) -> None:
    words = passage_words(13)
    draw = np.random.default_rng(seed)

    def text(count: int) -> str:
        return "".join(f"{word} " for word in draw.integers(0, 10**9, count))

    shared = text(words)
    one, other = text(left) + shared + text(right), text(right) + shared + text(left)
    grams = shingle_batch(split_batch([one, other]), 13)
    taken = sample_grams(grams)
    size = int(grams.sizes[0])
    first = set(grams.hashes[:size][taken[:size]].tolist())
    second = set(grams.hashes[size:][taken[size:]].tolist())
    assert first & second


def test_the_share_of_samples_is_small() -> None:
    hashes = np.random.default_rng(0).integers(0, 2**63, 100_000, np.uint64)
    taken = sample_grams(ShingleBatch(hashes, np.array([0, hashes.size], np.int64)))
    assert abs(taken.mean() - 2 / (WINDOW + 1)) < 0.002
