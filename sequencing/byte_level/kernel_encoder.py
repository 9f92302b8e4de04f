"""Byte-level encoding by compiled kernels: for every vocabulary and pattern, on every processor."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.sequencing.byte_level.bpe_kernel import (
    NO_TOKEN,
    encode_words,
    enter_tokens,
    find_merges,
)
from massivetext.sequencing.byte_level.splits import splitter_of
from massivetext.sequencing.byte_level.vocabulary import Vocabulary
from massivetext.sequencing.fast_encoder import merge_table, space_of_thread
from massivetext.sequencing.merge_kernels import UNKNOWN
from massivetext.sequencing.word_cache import padded

Merges = Sequence[tuple[int, int, int]]
"""(left token, right token, made token), best first."""


def merges_of(vocabulary: Vocabulary) -> Merges:
    """Returns the merges of a vocabulary; of a ranked one, the pair that makes each token."""
    return _ranked_merges(vocabulary.tokens) if vocabulary.is_ranked else vocabulary.merges


class KernelEncoder:
    """Encodes text that is already normalised; usable from several threads at once."""

    def __init__(self, vocabulary: Vocabulary, merges: Merges) -> None:
        """Derives the tables.

        Args:
            vocabulary: a tokenizer.
            merges: its merges, see `merges_of`.

        Raises:
            ValueError: if a byte has no token, or the pattern cannot be read.
        """
        self._splitter: Final = splitter_of(vocabulary.patterns)
        self._byte_tokens: Final = _byte_tokens(vocabulary.tokens)
        self._merges: Final = _merge_tables(merges, self._byte_tokens)
        self._tokens: Final = _token_table(vocabulary.tokens if vocabulary.takes_words else ())
        self._of_thread: Final = threading.local()

    def encode(self, text: bytes) -> NDArray[np.uint32]:
        """Returns the tokens of valid UTF-8 text."""
        out, room, cache, work = space_of_thread(self._of_thread, len(text))
        stops = self._splitter.stops(text, room)
        tables = self._byte_tokens, self._merges, self._tokens
        count = encode_words(padded(text), stops, out, *tables, cache, work)
        return out[:count].copy()


def _byte_tokens(tokens: tuple[bytes, ...]) -> NDArray[np.int32]:
    """Returns the token of each byte."""
    of_bytes = {token: number for number, token in enumerate(tokens) if len(token) == 1}
    missing = [byte for byte in range(256) if bytes([byte]) not in of_bytes]
    if missing:
        raise ValueError(f"{len(missing)} bytes have no token, the first is {missing[0]:#04x}")
    return np.array([of_bytes[bytes([byte])] for byte in range(256)], np.int32)


def _merge_tables(
    merges: Merges, byte_tokens: NDArray[np.int32]
) -> tuple[NDArray[np.generic], ...]:
    """Returns the arrays that `merge_kernels.MERGES` names; of equal pairs, the first counts."""
    made = np.array([token for _, _, token in merges], np.int32)
    pairs = {(left, right): n for n, (left, right, _) in reversed([*enumerate(merges)])}
    tables = merge_table([(left, right, merge) for (left, right), merge in pairs.items()])
    return _byte_merges(pairs, byte_tokens), *tables, np.arange(len(made), dtype=np.int32), made


def _ranked_merges(tokens: tuple[bytes, ...]) -> Merges:
    """Returns the one pair that makes each token, where the least token is made first."""
    longest = 2 + max(map(len, tokens))
    lefts, rights = np.empty(len(tokens), np.int32), np.empty(len(tokens), np.int32)
    space = np.empty(longest, np.int64), np.empty(longest, np.int64)
    find_merges(_token_table(tokens), *space, lefts, rights)
    made = np.flatnonzero(lefts != NO_TOKEN)
    return [*zip(lefts[made].tolist(), rights[made].tolist(), made.tolist(), strict=True)]


def _byte_merges(
    pairs: Mapping[tuple[int, int], int], byte_tokens: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Returns the merge of each two bytes."""
    byte_of = {int(token): byte for byte, token in enumerate(byte_tokens)}
    merges_256x256 = np.full((256, 256), UNKNOWN, np.int32)
    for (left, right), merge in pairs.items():
        if left in byte_of and right in byte_of:
            merges_256x256[byte_of[left], byte_of[right]] = merge
    return merges_256x256


def _token_table(tokens: tuple[bytes, ...]) -> tuple[NDArray[np.generic], ...]:
    """Returns what `bpe_kernel.TOKENS` names."""
    names = np.frombuffer(b"".join(tokens), np.uint8)
    stops = np.cumsum([len(token) for token in tokens], dtype=np.int64)
    slots = np.zeros(1 << (2 * len(tokens)).bit_length() if tokens else 0, np.int32)
    if tokens:
        enter_tokens(names, stops, slots)
    return names, stops, slots
