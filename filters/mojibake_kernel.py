"""The part of the kernel that counts the signs of a text that was decoded wrongly.

Terms are those of tests/reference/measures.py, the slow and obvious version.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from massivetext.filters.text_kernel import Array, Int
from massivetext.kernels import lean
from massivetext.utf8 import ASCII_END, character_at, skip_ascii

_REPLACEMENT: Final = 0xFFFD


def _windows_bytes() -> np.ndarray:
    """Returns the byte of each code point in windows-1252, 0 for those that it lacks."""
    found = np.zeros(0x2123, np.uint8)
    for byte in range(0x80, 0x100):
        found[byte] = byte
        character = bytes([byte]).decode("windows-1252", "ignore")
        if character:
            found[ord(character)] = byte
    return found


_WINDOWS_BYTES: Final = _windows_bytes()

_ALWAYS_LEADS: Final = (0xC2, 0xC3, 0xE2, 0xF0)
"""Our choice: first bytes of what English text has beyond ASCII (accents, signs, quotes, emoji).
One such sequence is a sign; others must be two in a row, as `ß…` may well be text."""


@lean
def _windows_byte(code_point: Int) -> Int:
    return np.int64(_WINDOWS_BYTES[code_point]) if code_point < len(_WINDOWS_BYTES) else 0


@lean
def _sequence_end(text: Array, i: Int) -> tuple[Int, Int]:
    """Where the sequence of UTF-8 ends whose bytes stand as characters from byte `i` on.

    Returns `i` itself if there is none, and the first byte that is meant.
    """
    code_point, size = character_at(text, i)
    lead = _windows_byte(code_point)
    left = 0
    if 0xC2 <= lead <= 0xDF:
        left = 1
    elif 0xE0 <= lead <= 0xEF:
        left = 2
    elif 0xF0 <= lead <= 0xF4:
        left = 3
    if left == 0:
        return i, lead
    end = i + size
    while left > 0:
        if end >= len(text) or text[end] < ASCII_END:
            return i, lead
        code_point, size = character_at(text, end)
        if not 0x80 <= _windows_byte(code_point) <= 0xBF:
            return i, lead
        end += size
        left -= 1
    return end, lead


@lean
def _doubly_encoded(text: Array, i: Int) -> tuple[Int, Int]:
    """How many sequences stand in a row from byte `i` on that count, and where they end."""
    sequences = 0
    counts = False
    while i < len(text) and text[i] >= ASCII_END:
        end, lead = _sequence_end(text, i)
        if end == i:
            break
        sequences += 1
        for always in _ALWAYS_LEADS:
            counts |= lead == always
        i = end
    return sequences if counts or sequences > 1 else 0, i


_NO_LETTER, _LATIN, _OTHER = range(3)


@lean
def _script(code_point: Int) -> Int:
    """Latin letters, and those of scripts that share no word with them."""
    if code_point < ASCII_END:
        folded = code_point | 0x20
        return _LATIN if 0x61 <= folded <= 0x7A else _NO_LETTER
    if 0xC0 <= code_point <= 0x24F and code_point != 0xD7 and code_point != 0xF7:
        return _LATIN
    if 0x400 <= code_point <= 0x4FF or 0x5D0 <= code_point <= 0x5EA or 0x620 <= code_point <= 0x64A:
        return _OTHER
    return _NO_LETTER


@lean
def _stray_letters(text: Array, i: Int, earliest: Int) -> tuple[Int, Int]:
    """Letters of the rarer script in the run of letters around byte `i`, and where the run ends.

    `i` is the run's first byte beyond ASCII, or no letter; no run begins before `earliest`.
    """
    latin, other = 0, 0
    start = i
    while start > earliest and _script(np.int64(text[start - 1])) == _LATIN:
        start -= 1
        latin += 1
    while i < len(text):
        code_point, size = character_at(text, i)
        script = _script(code_point)
        if script == _NO_LETTER:
            break
        latin += script == _LATIN
        other += script == _OTHER
        i += size
    return min(latin, other), i


@lean
def count_mojibake(text: Array) -> Int:
    """Counts U+FFFD, sequences of UTF-8 that were encoded twice, and stray letters."""
    found = 0
    run_end, sequences_end = 0, 0
    i = skip_ascii(text, 0)
    while i < len(text):
        if text[i] < ASCII_END:
            i = skip_ascii(text, i + 1)
            continue
        code_point, size = character_at(text, i)
        found += code_point == _REPLACEMENT
        if i >= sequences_end:
            count, sequences_end = _doubly_encoded(text, i)
            found += count
        if i >= run_end:
            count, run_end = _stray_letters(text, i, run_end)
            found += count
        i += size
    return found
