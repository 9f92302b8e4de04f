"""Words that were met before, and their tokens: one place in memory for each word (compiled).

A word's hash says the two neighbouring lines where it may stand. A new word takes the first of
them; the word that stood there moves to the second, and the one that stood there is forgotten. So a
search reads two lines at most, nothing fills up, and a frequent word that lost its line is soon
back.

Words of at most SHORT_BYTES have lines of 64 bytes, as the processor's caches have. Longer ones
have lines of twice that in a table of their own. A line holds the word, its size and how many
tokens it has (one machine word), and the tokens.

Texts must have PADDING bytes behind them, and outputs ROOM tokens: both are touched past the end.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.byte_patterns import WORD_BYTES, word_at
from massivetext.hash_table import GOLDEN
from massivetext.kernels import inlined, lean
from massivetext.prefetch import prefetch

CACHE: Final = "Tuple((uint64[:,::1], uint32[:,::1], uint64[:,::1], uint32[:,::1], uint64[::1]))"
"""Lines of short words, the same memory as tokens; lines of long words, the same as tokens; the
line of each word of a batch."""

BATCH: Final = 64
"""Our choice: how many words' lines are asked for before the first is read, so that memory is
waited for once."""

_SHORT_WORDS: Final = 3
_LONG_WORDS: Final = 7
"""Machine words of a line that hold the bytes of its word; one more says its size and tokens."""

SHORT_BYTES: Final = _SHORT_WORDS * WORD_BYTES
LONGEST_BYTES: Final = _LONG_WORDS * WORD_BYTES
"""Longer words are not remembered: they are rare, and seldom come again."""

PADDING: Final = LONGEST_BYTES + WORD_BYTES
ROOM: Final = 4
"""Tokens that are copied at once; most words have fewer."""

_SHORT_LINE: Final = 2 * (_SHORT_WORDS + 1)
_LONG_LINE: Final = 2 * (_LONG_WORDS + 1)
"""Machine words of a line; half of it are tokens, two in each."""

SHORT_LINES: Final = 1 << 17
LONG_LINES: Final = 1 << 13
"""Our choice: 9 MB a thread; twelve languages have about so many words in 4 MB."""

_ALIGNMENT_BYTES: Final = 128
"""Processors bring lines of 64 bytes in pairs, or have lines of 128."""

_ONE: Final = np.uint64(1)
_WORD: Final = np.uint64(WORD_BYTES)
_HALF: Final = np.uint64(32)
_SIZE_MASK: Final = np.uint64(0xFFFFFFFF)
_SECOND: Final = np.uint64(0xD6E8FEB86659FD93)
_THIRD: Final = np.uint64(0xA0761D6478BD642F)
"""Odd numbers of random bits: a multiplier for each machine word of a short word."""

_MASKS: Final = np.array(
    [
        [(1 << 8 * min(max(size - first, 0), WORD_BYTES)) - 1 for first in (0, 8, 16)]
        for size in range(SHORT_BYTES + 1)
    ],
    np.uint64,
)
"""By size: which bits of the machine words at a place belong to the word that begins there."""


def empty_cache(
    short_lines: int = SHORT_LINES, long_lines: int = LONG_LINES
) -> tuple[NDArray[np.generic], ...]:
    """Returns a cache of no words, as CACHE says; powers of two, 2 or more."""
    short = _aligned(short_lines, _SHORT_LINE)
    long = _aligned(long_lines, _LONG_LINE)
    batch = np.zeros(BATCH, np.uint64)
    return short, short.view(np.uint32), long, long.view(np.uint32), batch


def _aligned(lines: int, machine_words: int) -> NDArray[np.uint64]:
    """Returns zeros that begin where a line of the processor's caches does, two of them together.

    A line that lies across two of theirs would cost two searches in memory.
    """
    size = lines * machine_words
    # Not `zeros`: numpy asks for huge pages for `empty` only, and lines lie all over the memory.
    memory = np.empty(size + _ALIGNMENT_BYTES // WORD_BYTES, np.uint64)
    memory[:] = 0
    first = -memory.ctypes.data % _ALIGNMENT_BYTES // WORD_BYTES
    return memory[first : first + size].reshape(lines, machine_words)


def padded(text: bytes) -> NDArray[np.uint8]:
    """Returns a text with the bytes behind it that kernels may read."""
    return np.frombuffer(text + bytes(PADDING), np.uint8)


@lean
def find_lines(text: Any, start: Any, stops: Any, first: Any, last: Any, C: Any) -> None:
    """Finds the lines of the words that end at stops[first:last], and asks for them.

    Args:
        text: padded.
        start: where the first of them begins.
        stops: where words end.
        first: the number of the first of them.
        last: one more than that of the last; at most `first` + BATCH.
        C: the cache.
    """
    short, long, batch = C[0], C[2], C[4]
    for number in range(first, last):
        size = stops[number] - start
        if size <= SHORT_BYTES:
            line = _short_line(_short_key(text, start, size), short)
            prefetch(short, np.int64(line) * _SHORT_LINE)
        elif size <= LONGEST_BYTES:
            line = _long_line(text, start, size, long)
            prefetch(long, np.int64(line) * _LONG_LINE)
        else:
            line = np.uint64(0)
        batch[np.uint64(number - first)] = line
        start = stops[number]


@inlined
def recall(text: Any, start: Any, size: Any, line: Any, out: Any, written: Any, C: Any) -> Any:
    """Appends the tokens of a word; returns how many are written then, or -1 if it is not known.

    A word has at least one byte, and at least one token; `line` is what `find_lines` has found.
    """
    if size <= SHORT_BYTES:
        return _recall_short(text, start, size, line, out, written, C[0], C[1])
    if size <= LONGEST_BYTES:
        return _recall_long(text, start, size, line, out, written, C[2], C[3])
    return np.int64(-1)


@lean
def remember(text: Any, start: Any, size: Any, out: Any, first: Any, written: Any, C: Any) -> None:
    """Enters a word with its tokens out[first:written], if a line holds both."""
    count = written - first
    if size <= SHORT_BYTES and count <= _SHORT_LINE:
        lines, tokens = C[0], C[1]
        key = _short_key(text, start, size)
        line = _short_line(key, lines)
        for number in range(_SHORT_LINE):
            lines[line + _ONE, number] = lines[line, number]
        lines[line, 0], lines[line, 1], lines[line, 2] = key
        lines[line, _SHORT_WORDS] = np.uint64(count) << _HALF | np.uint64(size)
        for token in range(count):
            tokens[line, _SHORT_LINE + token] = out[first + token]
    elif SHORT_BYTES < size <= LONGEST_BYTES and count <= _LONG_LINE:
        lines, tokens = C[2], C[3]
        line = _long_line(text, start, size, lines)
        for number in range(_LONG_LINE):
            lines[line + _ONE, number] = lines[line, number]
        for number in range(_LONG_WORDS):
            lines[line, number] = _long_word(text, start, size, number)
        lines[line, _LONG_WORDS] = np.uint64(count) << _HALF | np.uint64(size)
        for token in range(count):
            tokens[line, _LONG_LINE + token] = out[first + token]


@inlined
def _short_key(text: Any, start: Any, size: Any) -> Any:
    """Returns the bytes of a word as three machine words."""
    place, length = np.uint64(start), np.uint64(size)
    return (
        word_at(text, place) & _MASKS[length, 0],
        word_at(text, place + _WORD) & _MASKS[length, 1],
        word_at(text, place + _WORD + _WORD) & _MASKS[length, 2],
    )


@inlined
def _line(mixed: Any, lines: Any) -> Any:
    """Returns the first of the two lines where a word of this hash may stand."""
    return (mixed ^ mixed >> _HALF) * GOLDEN >> _HALF & np.uint64(len(lines) - 2)


@inlined
def _short_line(key: Any, lines: Any) -> Any:
    return _line(key[0] * GOLDEN ^ key[1] * _SECOND ^ key[2] * _THIRD, lines)


@inlined
def _recall_short(
    text: Any, start: Any, size: Any, line: Any, out: Any, written: Any, lines: Any, tokens: Any
) -> Any:
    first, second, third = _short_key(text, start, size)
    for _ in range(2):
        stored = lines[line, _SHORT_WORDS]
        is_same = (lines[line, 0] == first) & (stored & _SIZE_MASK == np.uint64(size))
        if is_same & (lines[line, 1] == second) & (lines[line, 2] == third):
            return _copy(line, np.int64(stored >> _HALF), tokens, _SHORT_LINE, out, written)
        line += _ONE
    return np.int64(-1)


@inlined
def _copy(line: Any, count: Any, tokens: Any, first: Any, out: Any, written: Any) -> Any:
    for token in range(ROOM):  # whatever the count: a fixed number costs less
        out[np.uint64(written + token)] = tokens[line, np.uint64(first + token)]
    for token in range(ROOM, count):
        out[np.uint64(written + token)] = tokens[line, np.uint64(first + token)]
    return written + count


@lean
def _long_word(text: Any, start: Any, size: Any, number: Any) -> Any:
    """Returns one machine word of a long word; zeros behind its end."""
    rest = size - number * WORD_BYTES
    if rest <= 0:
        return np.uint64(0)
    word = word_at(text, start + number * WORD_BYTES)
    return word if rest >= WORD_BYTES else word & _MASKS[rest, 0]


@lean
def _long_line(text: Any, start: Any, size: Any, lines: Any) -> Any:
    mixed = np.uint64(0)
    for number in range(_LONG_WORDS):
        mixed = (mixed ^ _long_word(text, start, size, number)) * GOLDEN
        mixed ^= mixed >> _HALF
    return _line(mixed, lines)


@lean
def _is_long_word(text: Any, start: Any, size: Any, lines: Any, line: Any) -> Any:
    """Whether a line holds this word."""
    if lines[line, _LONG_WORDS] & _SIZE_MASK != np.uint64(size):
        return False
    for number in range(_LONG_WORDS):
        if lines[line, number] != _long_word(text, start, size, number):
            return False
    return True


@lean
def _recall_long(
    text: Any, start: Any, size: Any, line: Any, out: Any, written: Any, lines: Any, tokens: Any
) -> Any:
    for _ in range(2):
        if _is_long_word(text, start, size, lines, line):
            count = np.int64(lines[line, _LONG_WORDS] >> _HALF)
            return _copy(line, count, tokens, _LONG_LINE, out, written)
        line += _ONE
    return np.int64(-1)
