"""Tags of HTML and of extensions: what each of them is in the text (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import lean
from massivetext.pipeline.extraction.wikitext import marks as mk
from massivetext.pipeline.extraction.wikitext import state as st
from massivetext.pipeline.extraction.wikitext.output import (
    close_gap,
    copy,
    end_lines,
    space,
    write_byte,
)
from massivetext.pipeline.extraction.wikitext.state import kind_on_top

_RAISED: Final = np.array(
    [0x2070, 0xB9, 0xB2, 0xB3, 0x2074, 0x2075, 0x2076, 0x2077, 0x2078, 0x2079, 0x207A, 0x207B],
    np.int64,
)
_LOWERED: Final = np.array([*range(0x2080, 0x208C)], np.int64)
"""Digits, plus and minus as Unicode raises and lowers them."""

_MOST_SHIFTED: Final = 8
"""Our choice: longer numbers stay on their line."""


@lean
def _is_number(out: Any, begin: Any, end: Any) -> Any:
    """Whether there are digits, plus and minus alone, and a digit among them."""
    digits = 0
    for place in range(begin, end):
        byte = out[place]
        if 48 <= byte <= 57:
            digits += 1
        elif byte != 43 and byte != 45:
            return False
    return digits > 0


@lean
def _shift(out: Any, s: Any) -> Any:
    """Raise or lower the digits since a `sup` or `sub`, if there is nothing else."""
    begin, is_lowered = s[st.SHIFTED_FROM] >> 1, s[st.SHIFTED_FROM] & 1
    s[st.SHIFTED_FROM] = -1
    end = s[st.WRITTEN]
    size = end - begin
    if size > _MOST_SHIFTED or not _is_number(out, begin, end):
        return
    s[st.WRITTEN] = begin + 3 * size  # room for the longest form, taken from its end
    for back in range(size):
        out[begin + 3 * size - 1 - back] = out[end - 1 - back]
    s[st.WRITTEN] = begin
    for place in range(size):
        byte = np.int64(out[begin + 2 * size + place])
        index = byte - 48 if byte >= 48 else (10 if byte == 43 else 11)
        character = _LOWERED[index] if is_lowered else _RAISED[index]
        if character >= 0x800:
            write_byte(out, s, 0xE0 | character >> 12)
            write_byte(out, s, 0x80 | (character >> 6 & 0x3F))
        else:
            write_byte(out, s, 0xC0 | character >> 6)
        write_byte(out, s, 0x80 | (character & 0x3F))


@lean
def write_raw(text: Any, place: Any, is_block: Any, mates: Any, out: Any, s: Any) -> Any:
    """Write raw text as it stands; returns where to go on."""
    begin, stop = mates[place], mates[place + 1]
    if is_block:
        end_lines(out, s, 2)
        while begin < stop and text[begin] == 10:
            begin += 1
    copy(text, begin, stop, out, s)
    if is_block:
        end_lines(out, s, 2)
    return mates[place + 2]


@lean
def _end_of_gallery(text: Any, start: Any) -> Any:
    """Where the gallery whose tag ends at `start` ends: at its end tag, or before a heading."""
    stop = start
    while stop + 9 < len(text):
        if text[stop] == 60 and text[stop + 1] == 47 and (text[stop + 2] | 32) == 103:
            break
        if text[stop] == 10 and text[stop + 1] == 61:
            break
        stop += 1
    return stop


@lean
def write_tag(text: Any, place: Any, mark: Any, end: Any, out: Any, s: Any, frames: Any) -> Any:
    """Write what the tag in text[place:end] stands for."""
    in_line = s[st.TABLES_OPEN] > 0 or kind_on_top(s, frames) == mk.MARK_LINK
    if mark == mk.MARK_SKIPPED:
        close_gap(text, end, out, s)
        if end > place and end < len(text) and text[end - 1] == 10:
            s[st.LINE_START] = 1
    elif mark == mk.MARK_CELL or (
        in_line and mark in (mk.MARK_BREAK, mk.MARK_BLOCK_TAG, mk.MARK_ITEM)
    ):
        space(out, s)
    elif mark == mk.MARK_BREAK or mark == mk.MARK_BLOCK_TAG:
        end_lines(out, s, 1)
    elif mark == mk.MARK_ITEM:
        end_lines(out, s, 1)
        write_byte(out, s, 45)
        write_byte(out, s, 32)
    elif mark == mk.MARK_GALLERY and s[st.GALLERY_OPEN] <= place:
        end_lines(out, s, 2)
        s[st.GALLERY_OPEN] = _end_of_gallery(text, end)
    elif mark == mk.MARK_RAISED:
        s[st.SHIFTED_FROM] = s[st.WRITTEN] * 2
    elif mark == mk.MARK_LOWERED:
        s[st.SHIFTED_FROM] = s[st.WRITTEN] * 2 + 1
    elif mark == mk.MARK_SHIFT_END and s[st.SHIFTED_FROM] >= 0:
        if s[st.SHIFTED_FROM] >> 1 <= s[st.WRITTEN]:
            _shift(out, s)
        s[st.SHIFTED_FROM] = -1
