"""Tables: a row a line, cells between bars (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import lean
from massivetext.pipeline.extraction.wikitext import marks as mk
from massivetext.pipeline.extraction.wikitext import state as st
from massivetext.pipeline.extraction.wikitext.marks import end_of_line
from massivetext.pipeline.extraction.wikitext.output import end_lines, last, space, write_byte
from massivetext.pipeline.extraction.wikitext.state import push

_INFOBOX: Final = np.frombuffer(b"infobox", np.uint8)
_NAVBOX: Final = np.frombuffer(b"navbox", np.uint8)
_METADATA: Final = np.frombuffer(b"metadata", np.uint8)
"""Classes of tables that stand beside the text of an article, or below it."""


@lean
def begin_cell(out: Any, s: Any, is_row: Any) -> Any:
    """Begin a cell, or a row; within an inner table both are white space."""
    if s[st.TABLES_OPEN] > 1:
        space(out, s)
    elif is_row:
        end_row(out, s)
    elif s[st.ROW_FROM] < 0:
        end_lines(out, s, 1)
        s[st.ROW_FROM] = s[st.WRITTEN]
    else:
        while last(out, s) == 32 and s[st.WRITTEN] > s[st.ROW_FROM]:
            s[st.WRITTEN] -= 1
        if s[st.WRITTEN] > s[st.ROW_FROM]:
            write_byte(out, s, 32)
        write_byte(out, s, 124)
        write_byte(out, s, 32)
    s[st.CELL_FROM] = s[st.WRITTEN]


@lean
def end_row(out: Any, s: Any) -> Any:
    """End a row: without the bars behind its last cell that holds something."""
    if s[st.ROW_FROM] >= 0:
        while s[st.WRITTEN] > s[st.ROW_FROM] and out[s[st.WRITTEN] - 1] in (32, 124):
            s[st.WRITTEN] -= 1
        end_lines(out, s, 1)
    s[st.ROW_FROM] = -1


@lean
def _has_word(text: Any, start: Any, end: Any, word: Any) -> Any:
    for place in range(start, end - len(word) + 1):
        same = 0
        while same < len(word) and (text[place + same] | 32) == word[same]:
            same += 1
        if same == len(word):
            return True
    return False


@lean
def open_table(text: Any, place: Any, mates: Any, out: Any, s: Any, frames: Any) -> Any:
    """Enter a table, or go behind one that is no part of the text; returns where to go on."""
    end = end_of_line(text, place)
    for_readers = not (
        _has_word(text, place, end, _INFOBOX)
        or _has_word(text, place, end, _NAVBOX)
        or _has_word(text, place, end, _METADATA)
    )
    if not for_readers:
        return mates[place] + 2
    if s[st.TABLES_OPEN] == 0:
        end_lines(out, s, 2)
        s[st.ROW_FROM] = -1
    push(frames, s, mk.MARK_TABLE, mates[place])
    s[st.TABLES_OPEN] += 1
    s[st.CELL_FROM] = -1
    return min(end, mates[place])


@lean
def table_line(text: Any, place: Any, out: Any, s: Any) -> Any:
    """What begins a line of a table; returns where to go on."""
    while place < len(text) and text[place] == 32:
        place += 1
    if place >= len(text):
        return place
    byte = text[place]
    following = text[place + 1] if place + 1 < len(text) else 10
    if byte == 124 and following == 125:
        return place
    if byte == 124 and following == 45:
        begin_cell(out, s, True)
        return end_of_line(text, place)
    if byte == 124 and following == 43:
        begin_cell(out, s, True)
        begin_cell(out, s, False)
        s[st.LINE_KIND] = st.CAPTION_LINE
        return place + 2
    if byte == 124 or byte == 33:
        if s[st.LINE_KIND] == st.CAPTION_LINE:
            begin_cell(out, s, True)
        s[st.LINE_KIND] = st.OTHER_LINE
        begin_cell(out, s, False)
        return place + 1
    while place < len(text) and text[place] in (42, 35, 58, 59):
        place += 1
    return place


@lean
def close_table(out: Any, s: Any) -> Any:
    """Leave the table on top."""
    s[st.FRAMES_OPEN] -= 1
    s[st.TABLES_OPEN] -= 1
    if s[st.TABLES_OPEN] == 0:
        end_row(out, s)
        end_lines(out, s, 2)


@lean
def bar_in_table(text: Any, place: Any, out: Any, s: Any) -> Any:
    """Begin a cell at `||`; the first bar in a cell ends its attributes. Returns where to go on."""
    if place + 1 < len(text) and text[place + 1] == 124:
        begin_cell(out, s, False)
        return place + 2
    if s[st.CELL_FROM] >= 0:
        s[st.WRITTEN] = s[st.CELL_FROM]
        s[st.CELL_FROM] = -1
    else:
        write_byte(out, s, 124)
    return place + 1
