"""Byte-level encoding as it is defined, word by word and merge by merge: slow, and plain to read.

What the kernels and gigatoken give is held against this, in tests and while a corpus is tokenised.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from massivetext.sequencing.byte_level.splits import PatternSplitter
from massivetext.sequencing.byte_level.vocabulary import Vocabulary


class ReferenceEncoder:
    """Encodes text that is already normalised."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Prepares dictionaries of a vocabulary."""
        self._splitter = PatternSplitter(vocabulary.patterns)
        self._is_ranked = vocabulary.is_ranked
        self._token_of = {token: n for n, token in enumerate(vocabulary.tokens) if token}
        self._takes_words = vocabulary.takes_words
        self._bytes_of = vocabulary.tokens
        merges = reversed([*enumerate(vocabulary.merges)])  # of equal pairs, the first counts
        self._merges = {(left, right): (rank, made) for rank, (left, right, made) in merges}

    def encode(self, text: bytes) -> NDArray[np.uint32]:
        """Returns the tokens of valid UTF-8 text."""
        stops = self._splitter.stops(text, np.empty(0, np.int64)).tolist()
        tokens: list[int] = []
        for start, stop in itertools.pairwise([0, *stops]):
            tokens += self._encode_word(text[start:stop])
        return np.array(tokens, np.uint32)

    def _encode_word(self, word: bytes) -> Sequence[int]:
        if self._takes_words and word in self._token_of:
            return [self._token_of[word]]
        tokens = [self._token_of[bytes([byte])] for byte in word]
        while len(tokens) > 1:
            ranked = [self._merge(*pair) for pair in itertools.pairwise(tokens)]
            rank, made = min(ranked, key=lambda merge: merge[0])
            if made < 0:
                break
            place = next(n for n, merge in enumerate(ranked) if merge[0] == rank)
            tokens[place : place + 2] = [made]
        return tokens

    def _merge(self, left: int, right: int) -> tuple[float, int]:
        """Returns the rank of a pair and what it makes; (infinity, -1) if it does not merge."""
        if self._is_ranked:
            made = self._token_of.get(self._bytes_of[left] + self._bytes_of[right], -1)
            return (made if made >= 0 else float("inf")), made
        return self._merges.get((left, right), (float("inf"), -1))
