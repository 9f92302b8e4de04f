"""Searching bytes (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import inlined

_STRIDE: Final = 16


@inlined
def find_byte_before(html: Any, position: Any, stop: Any, byte: Any) -> Any:
    """Where a byte stands, at `position` or behind it; `stop` if not before it.

    Scripts, comments and values of attributes are most of a page, and nothing but this is done with
    them. A stride has a fixed length and unsigned indices, so it is compiled without a loop.
    """
    while position + _STRIDE <= stop:
        first = np.uint64(position)
        for offset in range(_STRIDE):
            if html[first + np.uint64(offset)] == byte:
                return position + offset
        position += _STRIDE
    while position < stop and html[position] != byte:
        position += 1
    return position


@inlined
def find_byte(html: Any, position: Any, byte: Any) -> Any:
    """Where a byte stands, at `position` or behind it; the end of the page if it does not."""
    return find_byte_before(html, position, len(html), byte)
