"""The bullets and numbers of list items (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import types
from numpy.typing import NDArray

from massivetext.kernels import helper, kernel
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.utf8 import put_character

LONGEST_MARKER: Final = 24
"""Bytes: 3999 at most is written in Roman numbers, and a number has eleven characters."""

_NOTHING: Final = ord("-")
_BULLET: Final = ord("*")
_GREEK: Final = ord("g")
_ALPHA: Final = 0x3B1
_GREEK_LETTERS: Final = 24
_AFTER_RHO: Final = 18
"""CSS Counter Styles, lower-greek: alpha to omega without the final sigma, which follows rho."""


@helper
def _put_integer(value: Any, out: Any, length: Any) -> Any:
    rest = np.int64(value)
    if rest < 0:
        out[length] = 45
        length += 1
        rest = -rest
    power = np.int64(1)
    while power * 10 <= rest:
        power *= 10
    while power > 0:
        out[length] = 48 + rest // power % 10
        length += 1
        power //= 10
    return length


@helper
def _put_letters(value: Any, case_bit: Any, out: Any, length: Any) -> Any:
    """1 is a, 26 is z, 27 is aa."""
    rest = np.int64(value)
    first = length
    while rest > 0:
        rest -= 1
        out[length] = (65 | case_bit) + rest % 26
        rest //= 26
        length += 1
    for offset in range((length - first) // 2):
        low, high = first + offset, length - 1 - offset
        out[low], out[high] = out[high], out[low]
    return length


_ROMAN_VALUES: Final = np.array([1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1], np.int64)
_ROMAN_FIRST: Final = np.frombuffer(b"MCDCCXLXXIVII", np.uint8)
_ROMAN_SECOND: Final = np.frombuffer(b"\0M\0D\0C\0L\0X\0V\0", np.uint8)


@helper
def _put_roman(value: Any, case_bit: Any, out: Any, length: Any) -> Any:
    rest = np.int64(value)
    for place in range(13):
        while rest >= _ROMAN_VALUES[place]:
            rest -= _ROMAN_VALUES[place]
            out[length] = _ROMAN_FIRST[place] | case_bit
            length += 1
            if _ROMAN_SECOND[place]:
                out[length] = _ROMAN_SECOND[place] | case_bit
                length += 1
    return length


@helper
def put_marker(nodes: Any, ordinal: Any, item: Any, out: Any, length: Any) -> Any:
    """The bullet or number of a list item and a space, or nothing, as the list's style has it."""
    style = nodes[pt.NODE_STYLE, item] & ~pt.REVERSED_LIST
    if not style:
        style = nodes[pt.NODE_STYLE, nodes[pt.NODE_PARENT, item]] & ~pt.REVERSED_LIST
    if style == _NOTHING:
        return length
    if ordinal == pt.NO_NUMBER or style == _BULLET:
        out[length] = 45
        out[length + 1] = 32
        return length + 2
    if style == _GREEK and 0 < ordinal <= _GREEK_LETTERS:
        length = put_character(_ALPHA + ordinal - 1 + (ordinal >= _AFTER_RHO), out, length)
    elif style | 32 == 105 and 0 < ordinal < 4000:
        length = _put_roman(ordinal, style & 32, out, length)
    elif style | 32 == 97 and ordinal > 0:
        length = _put_letters(ordinal, style & 32, out, length)
    else:
        length = _put_integer(ordinal, out, length)
    out[length] = 46
    out[length + 1] = 32
    return length + 2


@kernel(types.uint8[::1](types.int32[:, ::1], types.int64, types.int64))
def _marker(nodes: Any, ordinal: Any, item: Any) -> Any:
    out = np.empty(LONGEST_MARKER, np.uint8)
    return out[: put_marker(nodes, ordinal, item, out, 0)]


def marker_of(nodes: NDArray[np.int32], ordinal: int, item: int) -> str:
    """The bullet or number of a list item and a space, `""` if its list has none."""
    return str(_marker(nodes, ordinal, item).tobytes(), "utf-8")
