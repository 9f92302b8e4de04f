"""Whether bytes are UTF-8, without decoding them: most pages are, and are read as bytes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import helper, kernel

_STRIDE: Final = 32


@helper
def _skip_ascii(text: Any, position: Any) -> Any:
    """Where ASCII ends: at most a stride before the next other byte."""
    while position + _STRIDE <= len(text):
        first = np.uint64(position)
        bits = np.uint8(0)
        for offset in range(_STRIDE):
            bits |= text[first + np.uint64(offset)]
        if bits >= 0x80:
            break
        position += _STRIDE
    return position


@helper
def _width(text: Any, position: Any) -> Any:
    """Bytes of the character that begins at a byte beyond ASCII, 0 if none does.

    The Unicode standard, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
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
        if not 0x80 <= text[position + offset] <= 0xBF:
            return 0
    return width


@kernel("boolean(Array(uint8, 1, 'C', readonly=True))")
def is_utf8(text: Any) -> bool:
    """Whether bytes are valid UTF-8."""
    position = _skip_ascii(text, 0)
    while position < len(text):
        if text[position] < 0x80:
            position += 1
            if position % _STRIDE == 0:
                position = _skip_ascii(text, position)
        else:
            width = _width(text, position)
            if not width:
                return False
            position += width
    return True
