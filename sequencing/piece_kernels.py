"""The hot loop of the fast encoder: text cut to words, words to pieces or remembered (compiled).

Letters as in `merge_kernels`; T are tables of characters, C is a cache of words.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.hash_table import find_slot, spread
from massivetext.kernels import inlined, kernel, lean
from massivetext.sequencing.merge_kernels import (
    EMPTY,
    MERGES,
    UNKNOWN,
    WORK,
    merge_all,
    merge_few,
    merge_of,
)
from massivetext.sequencing.word_cache import BATCH, CACHE, find_lines, recall, remember
from massivetext.utf8 import ASCII_END, character_at, is_continuation

CHARACTER_TABLES: Final = "Tuple((uint8[:,::1], uint64[::1], int32[::1], int32))"
"""joins_256x256, joined characters, token of each code point, token of byte 0."""

_HALF: Final = np.uint64(32)


@inlined
def _pair(left: Any, right: Any) -> Any:
    """Returns the key (uint64) of two characters."""
    return (np.uint64(left) << _HALF) | np.uint64(right)


@lean
def _slot(left: Any, right: Any, keys: Any) -> Any:
    """Returns the entry of two characters in a hash table: its own, or that it would get."""
    key = _pair(left, right)
    return find_slot(keys, len(keys) - 1, spread(key), key, EMPTY)


@kernel("void(int32[::1], int32[::1], uint64[::1])")
def fill_pairs(left: Any, right: Any, keys: Any) -> None:
    """Enters pairs of characters into an empty table."""
    for pair in range(len(left)):
        keys[_slot(left[pair], right[pair], keys)] = _pair(left[pair], right[pair])


@lean
def _are_joined(text: Any, previous: Any, start: Any, joined: Any) -> Any:
    """Whether some piece holds two neighbouring characters, which start at these bytes."""
    left, right = character_at(text, previous)[0], character_at(text, start)[0]
    return joined[_slot(left, right, joined)] != EMPTY


@lean
def _characters(
    text: Any, start: Any, stop: Any, character_tokens: Any, symbols: Any, firsts: Any
) -> Any:
    """Makes each character of text[start:stop] a symbol; returns their number."""
    count = np.int64(0)
    while start < stop:
        code_point, size = character_at(text, start)
        symbols[count] = character_tokens[code_point]
        firsts[count] = start
        count += 1
        start += size
    firsts[count] = stop
    return count


@kernel(
    f"void(Array(uint8, 1, 'C', readonly=True), int64[::1], int32[::1], {MERGES}, {WORK},"
    " int32[::1], int32[::1])",
    lean=True,
)
def find_last_pairs(
    text: Any, stops: Any, character_tokens: Any, M: Any, W: Any, lefts: Any, rights: Any
) -> None:
    """Finds the pair of tokens that merging the characters of each piece ends with.

    Where a piece stands in a text and no merge crosses its ends, merging goes as it does over its
    characters alone. So no other pair ever makes it.

    Args:
        text: the pieces, one behind the other.
        stops: where each ends.
        character_tokens: of each code point.
        M: merges; all pairs that could make a piece.
        W: working space for the longest piece.
        lefts: receives the left one of the pair, UNKNOWN for a piece that two others do not make.
        rights: receives the right one.
    """
    symbols, firsts = W[0], W[1]
    start = np.int64(0)
    for piece in range(len(stops)):
        count = _characters(text, start, stops[piece], character_tokens, symbols, firsts)
        count = merge_few(text, count, np.int64(2), M, W)
        is_pair = count == 2 and merge_of(symbols[0], symbols[1], M[1], M[2]) >= 0
        lefts[piece] = symbols[0] if is_pair else UNKNOWN
        rights[piece] = symbols[1] if is_pair else UNKNOWN
        start = stops[piece]


@lean
def _encode_word(
    text: Any, start: Any, stop: Any, out: Any, written: Any, T: Any, M: Any, W: Any
) -> Any:
    """Appends the tokens of text[start:stop], which nothing outside can merge with."""
    character_tokens, byte_0 = T[2], T[3]
    symbols, firsts = W[0], W[1]
    count = _characters(text, start, stop, character_tokens, symbols, firsts)
    count = merge_all(text, count, M, W)
    for symbol in range(count):
        if symbols[symbol] >= 0:
            out[written] = symbols[symbol]
            written += 1
        else:  # byte fallback
            for place in range(firsts[symbol], firsts[symbol + 1]):
                out[written] = byte_0 + np.int32(text[place])
                written += 1
    return written


@lean
def _word_stop(text: Any, start: Any, stop: Any, joins: Any, joined: Any) -> Any:
    """Returns where the word ends that begins at `start`: where no piece holds both neighbours.

    Last byte before and first byte behind rule out most places without a search; for ASCII, they
    are the characters.
    """
    previous, place = start, start + 1
    before = text[start]
    while place < stop:
        byte = text[place]
        if (before | byte) < ASCII_END:
            if joins[before, byte] == 0:
                break
            previous = place
        elif not is_continuation(byte):
            if joins[before, byte] == 0 or not _are_joined(text, previous, place, joined):
                break
            previous = place
        before = byte
        place += 1
    return place


@kernel(
    "int64(Array(uint8, 1, 'C', readonly=True), int64, uint32[::1], int64[::1],"
    f" {CHARACTER_TABLES}, {MERGES}, {CACHE}, {WORK})",
    lean=True,
)
def encode(text: Any, size_bytes: Any, out: Any, stops: Any, T: Any, M: Any, C: Any, W: Any) -> Any:
    """Writes the tokens of valid UTF-8 text to `out`; returns their number.

    The text is cut wherever no piece holds the two characters at the cut: no merge can cross it.

    Args:
        text: the text, padded (see `word_cache`).
        size_bytes: of the text.
        out: room for as many tokens as the text has bytes, and `word_cache.ROOM` more.
        stops: room for the ends of BATCH words.
        T: characters.
        M: merges.
        C: words that were met before.
        W: working space.
    """
    joins, joined, lines = T[0], T[1], C[4]
    written, start = np.int64(0), np.int64(0)
    while start < size_bytes:
        count, stop = np.int64(0), start
        while count < BATCH and stop < size_bytes:
            stop = _word_stop(text, stop, size_bytes, joins, joined)
            stops[count] = stop
            count += 1
        find_lines(text, start, stops, np.int64(0), count, C)
        for word in range(count):
            stop = stops[word]
            known = recall(text, start, stop - start, lines[word], out, written, C)
            if known >= 0:
                written = known
            else:
                first = written
                written = _encode_word(text, start, stop, out, written, T, M, W)
                remember(text, start, stop - start, out, first, written, C)
            start = stop
    return written
