"""UTF-8 in kernels: characters read and written as bytes, and whether bytes are UTF-8 at all.

A character's first byte says how many bytes it has; those behind it are continuation bytes, of six
bits each (the Unicode standard, table 3-6).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.byte_patterns import PATTERN_BLOCK, first_place, places_beyond_ascii
from massivetext.kernels import inlined, kernel, lean

ASCII_END: Final = 0x80
"""The first value that is no ASCII byte, and no code point of one byte."""

CONTINUATION: Final = 0x80
CONTINUATION_MASK: Final = 0xC0
"""Continuation bytes are those whose bits under the mask are CONTINUATION."""

LEAD_2: Final = 0xC0
LEAD_3: Final = 0xE0
LEAD_4: Final = 0xF0
"""Least first byte of a character of two, three and four bytes; also the bits that mark one."""

_POINT_3: Final = 0x800
_POINT_4: Final = 0x10000
"""Least code point of three and of four bytes."""

_SIX_BITS: Final = 0x3F

_beyond_ascii: Final = places_beyond_ascii()


@inlined
def is_continuation(byte: Any) -> Any:
    """Whether a byte stands inside a character, not at its start."""
    return byte & CONTINUATION_MASK == CONTINUATION


@inlined
def character_size(lead: Any) -> Any:
    """Returns how many bytes a character has, by its first."""
    if lead < ASCII_END:
        return 1
    if lead < LEAD_3:
        return 2
    return 3 if lead < LEAD_4 else 4


@inlined
def character_at(text: Any, i: Any) -> tuple[Any, Any]:
    """Returns the code point (int64) at byte `i` of valid UTF-8, and how many bytes it has."""
    lead = np.int64(text[i])
    if lead < ASCII_END:
        return lead, 1
    second = np.int64(text[i + 1]) & _SIX_BITS
    if lead < LEAD_3:
        return (lead & 0x1F) << 6 | second, 2
    third = np.int64(text[i + 2]) & _SIX_BITS
    if lead < LEAD_4:
        return (lead & 0x0F) << 12 | second << 6 | third, 3
    fourth = np.int64(text[i + 3]) & _SIX_BITS
    return (lead & 0x07) << 18 | second << 12 | third << 6 | fourth, 4


@inlined
def put_character(code_point: Any, text: Any, i: Any) -> Any:
    """Writes a character to `text` from byte `i` on; returns the place behind it."""
    if code_point < ASCII_END:
        text[i] = code_point
        return i + 1
    if code_point < _POINT_3:
        text[i] = LEAD_2 | code_point >> 6
        text[i + 1] = CONTINUATION | code_point & _SIX_BITS
        return i + 2
    if code_point < _POINT_4:
        text[i] = LEAD_3 | code_point >> 12
        text[i + 1] = CONTINUATION | code_point >> 6 & _SIX_BITS
        text[i + 2] = CONTINUATION | code_point & _SIX_BITS
        return i + 3
    text[i] = LEAD_4 | code_point >> 18
    text[i + 1] = CONTINUATION | code_point >> 12 & _SIX_BITS
    text[i + 2] = CONTINUATION | code_point >> 6 & _SIX_BITS
    text[i + 3] = CONTINUATION | code_point & _SIX_BITS
    return i + 4


@lean
def skip_ascii(text: Any, position: Any) -> Any:
    """Where the next byte beyond ASCII stands, at `position` or behind it; len(text) without."""
    while position + PATTERN_BLOCK <= len(text):
        places = _beyond_ascii(text, position)
        if places:
            return position + first_place(places)
        position += PATTERN_BLOCK
    while position < len(text) and text[position] < ASCII_END:
        position += 1
    return position


@lean
def _width(text: Any, position: Any) -> Any:
    """Bytes of the character that begins at a byte beyond ASCII, 0 if none does.

    The bounds are those of the Unicode standard, table 3-7: no overlong forms, no surrogates,
    nothing above U+10FFFF.
    """
    lead = text[position]
    least, most = 0x80, 0xBF
    if 0xC2 <= lead <= 0xDF:
        width = 2
    elif 0xE0 <= lead <= 0xEF:
        width = 3
        if lead == 0xE0:
            least = 0xA0
        elif lead == 0xED:
            most = 0x9F
    elif 0xF0 <= lead <= 0xF4:
        width = 4
        if lead == 0xF0:
            least = 0x90
        elif lead == 0xF4:
            most = 0x8F
    else:
        return 0
    if position + width > len(text) or not least <= text[position + 1] <= most:
        return 0
    for offset in range(2, width):
        if not is_continuation(text[position + offset]):
            return 0
    return width


@kernel("boolean(Array(uint8, 1, 'C', readonly=True))")
def is_utf8(text: Any) -> bool:
    """Whether bytes are valid UTF-8."""
    position = skip_ascii(text, 0)
    while position < len(text):
        if text[position] < ASCII_END:
            position = skip_ascii(text, position + 1)
        else:
            width = _width(text, position)
            if not width:
                return False
            position += width
    return True


@lean
def _is_cut(text: Any, position: Any) -> Any:
    """Whether the beginning of a character, and no more, stands at a byte beyond ASCII."""
    lead = text[position]
    if not 0xC2 <= lead <= 0xF4 or position + character_size(lead) <= len(text):
        return False
    for behind in range(position + 1, len(text)):  # noqa: SIM110 (kernels have no generators)
        if not is_continuation(text[behind]):
            return False
    return True


@kernel("UniTuple(int64, 2)(Array(uint8, 1, 'C', readonly=True))")
def count_utf8(text: Any) -> tuple[int, int]:
    """How many bytes beyond ASCII form UTF-8, and how many do not.

    Half a character at the end is neither: there the text was cut.
    """
    good, bad = 0, 0
    position = skip_ascii(text, 0)
    while position < len(text):
        if text[position] < ASCII_END:
            position = skip_ascii(text, position + 1)
            continue
        width = _width(text, position)
        if width:
            good += width
        elif _is_cut(text, position):
            break
        else:
            bad += 1
        position += max(width, 1)
    return good, bad
