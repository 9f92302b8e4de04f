"""The counting models, beside their definitions."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.bits_per_byte import bigram_nats, unigram_nats

SIZE, BOS = 5, 4
SEQUENCES = st.lists(st.lists(st.integers(0, SIZE - 1), min_size=1), min_size=1, max_size=4)


def _unigram(training: list[list[int]], symbol: int) -> float:
    seen = [symbol for sequence in training for symbol in sequence]
    return (seen.count(symbol) + 1) / (len(seen) + SIZE)


def _bigram(training: list[list[int]], before: int, symbol: int) -> float:
    followers = Counter(
        after
        for sequence in training
        for context, after in zip([BOS, *sequence], sequence, strict=False)
        if context == before
    )
    if not followers:
        return _unigram(training, symbol)
    unseen = len(followers) * _unigram(training, symbol)
    return (followers[symbol] + unseen) / (followers.total() + len(followers))


@given(SEQUENCES, SEQUENCES)
def test_losses_are_those_of_the_definitions(
    training: list[list[int]], asked: list[list[int]]
) -> None:
    counted = [np.array(sequence) for sequence in training]
    questions = [np.array(sequence) for sequence in asked]
    unigram = -sum(math.log(_unigram(training, s)) for sequence in asked for s in sequence)
    assert unigram_nats(counted, questions, SIZE) == pytest.approx(unigram)
    bigram = -sum(
        math.log(_bigram(training, before, symbol))
        for sequence in asked
        for before, symbol in zip([BOS, *sequence], sequence, strict=False)
    )
    assert bigram_nats(counted, questions, SIZE, BOS) == pytest.approx(bigram)


@given(SEQUENCES, st.integers(0, SIZE - 1))
def test_probabilities_sum_to_one(training: list[list[int]], before: int) -> None:
    counted = [np.array(sequence) for sequence in training]
    first = bigram_nats(counted, [np.array([before])], SIZE, BOS)
    rest = [
        bigram_nats(counted, [np.array([before, symbol])], SIZE, BOS) - first
        for symbol in range(SIZE)
    ]
    assert sum(math.exp(-nats) for nats in rest) == pytest.approx(1)
