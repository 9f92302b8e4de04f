"""Texts to tokens of a byte-level vocabulary."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.sequencing.byte_level.bpe_kernel import encode_words, enter_words
from massivetext.sequencing.byte_level.splits import splitter_of
from massivetext.sequencing.byte_level.vocabulary import Vocabulary
from massivetext.sequencing.fast_encoder import (
    KEPT_BYTES,
    empty_cache,
    merge_table,
    working_space,
)


class ByteLevelEncoder:
    """Encodes text; usable from several threads at once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Derives the tables.

        Raises:
            ValueError: if a byte has no token, or the pattern cannot be read.
        """
        self._normalization: Final = vocabulary.normalization
        self._splitter: Final = splitter_of(vocabulary.patterns)
        self._merges: Final = _merge_tables(vocabulary)
        self._words: Final = _word_table(vocabulary.tokens if vocabulary.takes_words else ())
        self._added: Final = vocabulary.added
        self._literals: Final = _literals(vocabulary.added)
        self._of_thread: Final = threading.local()

    def encode(self, text: bytes) -> NDArray[np.uint32]:
        """Returns the tokens of valid UTF-8 text; names of special tokens in it are text."""
        if self._literals is None:
            return self._encode_part(self._normalized(text))
        parts = []
        for part in self._literals.split(text.decode()):
            if part in self._added:
                parts.append(np.array([self._added[part]], np.uint32))
            elif part:
                parts.append(self._encode_part(self._normalized(part.encode())))
        return np.concatenate([np.empty(0, np.uint32), *parts])

    def _normalized(self, text: bytes) -> bytes:
        if not self._normalization or text.isascii():
            return text
        return unicodedata.normalize(self._normalization, text.decode()).encode()

    def _encode_part(self, text: bytes) -> NDArray[np.uint32]:
        state = self._of_thread
        if not hasattr(state, "cache"):
            state.cache, state.work = empty_cache(np.uint32), working_space(KEPT_BYTES)
        work = state.work if len(text) <= KEPT_BYTES else working_space(len(text))
        out = np.empty(len(text), np.uint32)
        stops = self._splitter.stops(text)
        words = np.frombuffer(text, np.uint8)
        count = encode_words(words, stops, out, self._merges, self._words, state.cache, work)
        return out[:count].copy()


def _merge_tables(vocabulary: Vocabulary) -> tuple[NDArray[np.generic], ...]:
    """Returns the arrays that `bpe_kernel.MERGES` names."""
    of_bytes = {token: number for number, token in enumerate(vocabulary.tokens) if len(token) == 1}
    missing = [byte for byte in range(256) if bytes([byte]) not in of_bytes]
    if missing:
        raise ValueError(f"{len(missing)} bytes have no token, the first is {missing[0]:#04x}")
    byte_tokens = np.array([of_bytes[bytes([byte])] for byte in range(256)], np.int32)
    made = np.array([token for _, _, token in vocabulary.merges], np.int32)
    ranks = made if vocabulary.is_ranked else np.arange(len(made), dtype=np.int32)
    pairs = {(left, right): n for n, (left, right, _) in reversed([*enumerate(vocabulary.merges)])}
    keys, merges = merge_table([(left, right, n) for (left, right), n in pairs.items()])
    return byte_tokens, keys, merges, ranks, made


def _word_table(tokens: tuple[bytes, ...]) -> tuple[NDArray[np.generic], ...]:
    """Returns a table of words that are tokens as they are, as `bpe_kernel.WORDS` names it."""
    size_bytes = sum(map(len, tokens))
    slots = 1 << (4 * len(tokens) + 4).bit_length()
    words = (
        np.zeros(slots, np.uint64),
        np.zeros(slots, np.int64),
        np.zeros(slots, np.int64),
        np.zeros(size_bytes, np.uint8),
        np.zeros(len(tokens), np.uint32),
        np.zeros(3, np.int64),
    )
    stops = np.cumsum([len(token) for token in tokens], dtype=np.int64)
    enter_words(np.frombuffer(b"".join(tokens), np.uint8), stops, words)
    return words


def _literals(added: Mapping[str, int]) -> re.Pattern[str] | None:
    """Returns what finds the texts of added tokens, the longest first; None without any."""
    names = sorted(added, key=lambda name: (-len(name), name))
    return re.compile("(" + "|".join(map(re.escape, names)) + ")") if names else None
