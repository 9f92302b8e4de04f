"""What begins and ends a line: lists, galleries, rules, paragraphs (compiled)."""

from __future__ import annotations

from typing import Any, Final

from massivetext.kernels import lean
from massivetext.pipeline.extraction.wikitext import marks as mk
from massivetext.pipeline.extraction.wikitext import state as st
from massivetext.pipeline.extraction.wikitext.captions import flush_captions
from massivetext.pipeline.extraction.wikitext.marks import end_of_line
from massivetext.pipeline.extraction.wikitext.output import (
    end_lines,
    last,
    put_number,
    space,
    write_byte,
)
from massivetext.pipeline.extraction.wikitext.state import kind_on_top
from massivetext.pipeline.extraction.wikitext.tables import table_line

_MOST_LIST_DEPTH: Final = 12
"""Our choice: deeper levels of a list are set as this one."""


@lean
def _list_line(text: Any, place: Any, out: Any, s: Any, numbers: Any) -> Any:
    """Write the bullets of a line of a list; returns where its text begins."""
    depth = place
    while depth < len(text) and text[depth] in (42, 35, 58, 59):
        depth += 1
    levels = min(depth - place, _MOST_LIST_DEPTH)
    bullet = text[depth - 1]
    if s[st.LIST_DEPTH] == 0:
        numbers[:] = 0
    for level in range(levels, len(numbers)):
        numbers[level] = 0
    steps = 0
    for level in range(place, place + levels - 1):
        steps += 1 if text[level] != 58 else 0
    for _ in range(steps):
        write_byte(out, s, 32)
        write_byte(out, s, 32)
    if bullet == 42:
        write_byte(out, s, 45)
        write_byte(out, s, 32)
    elif bullet == 35:
        numbers[levels - 1] += 1
        put_number(out, s, numbers[levels - 1])
        write_byte(out, s, 46)
        write_byte(out, s, 32)
    s[st.LIST_DEPTH] = levels
    while depth < len(text) and text[depth] == 32:
        depth += 1
    return depth


@lean
def newline(text: Any, place: Any, out: Any, s: Any, frames: Any, captions: Any) -> Any:
    """What the end of a line of the source is in the text."""
    kind = kind_on_top(s, frames)
    following = text[place + 1] if place + 1 < len(text) else 10
    if kind == mk.MARK_LINK or kind == mk.MARK_SITE_LINK or s[st.TABLES_OPEN]:
        space(out, s)
        return
    is_text = not (following <= 32 or following in (42, 35, 58, 59, 61, 123, 124, 33, 60, 45))
    is_joined = s[st.LINE_KIND] == st.TEXT_LINE and is_text and last(out, s) != 10
    if following not in (42, 35, 58, 59):
        s[st.LIST_DEPTH] = 0
    if is_joined:
        space(out, s)
    else:
        while last(out, s) == 32 and s[st.WRITTEN]:
            s[st.WRITTEN] -= 1
        if s[st.WRITTEN] < 2 or out[s[st.WRITTEN] - 1] != 10 or out[s[st.WRITTEN] - 2] != 10:
            write_byte(out, s, 10)
        flush_captions(out, s, captions)


@lean
def _gallery_line(text: Any, place: Any, limit: Any) -> Any:
    """Where the caption of a line of a gallery begins."""
    while place < limit and text[place] != 10 and text[place] != 124:
        place += 1
    return place + 1 if place < limit and text[place] == 124 else place


@lean
def _indent(mark: Any, spaces: Any, out: Any, s: Any) -> Any:
    """Begin a preformatted line, unless what stands behind its spaces is not shown as one."""
    if mark != mk.MARK_TEMPLATE and mark != mk.MARK_LINK and mark != mk.MARK_SKIPPED:
        s[st.LINE_KIND] = st.OTHER_LINE
        for _ in range(min(spaces, st.MOST_REPEATED)):
            write_byte(out, s, 32)


@lean
def _behind_rule(text: Any, place: Any, s: Any) -> Any:
    """Where the text of a line begins behind a rule, or the rest of a broken table or template."""
    byte = text[place]
    stop = place
    if byte == 45:
        while stop < len(text) and text[stop] == 45:
            stop += 1
        return stop if stop - place >= 4 else place
    if byte == 124 and s[st.FRAMES_OPEN] == 0:
        stop += 1
        while stop < len(text) and text[stop] in (45, 43, 125):
            stop += 1
    return stop


@lean
def enter_line(
    text: Any, place: Any, marks: Any, out: Any, s: Any, frames: Any, numbers: Any
) -> Any:
    """What begins a line; returns where its text begins."""
    s[st.LINE_START] = 0
    kind = kind_on_top(s, frames)
    if kind == mk.MARK_TABLE:
        return table_line(text, place, out, s)
    if kind == mk.MARK_LINK or kind == mk.MARK_SITE_LINK or s[st.TABLES_OPEN]:
        return place
    if s[st.GALLERY_OPEN] and place < s[st.GALLERY_OPEN]:
        end_lines(out, s, 1)
        s[st.LINE_KIND] = st.OTHER_LINE
        return _gallery_line(text, place, s[st.GALLERY_OPEN])
    s[st.LINE_KIND] = st.TEXT_LINE
    byte = text[place]
    first = place
    while first < len(text) and (text[first] == 32 or text[first] == 58):
        first += 1
    if first < len(text) and marks[first] in (mk.MARK_TABLE, mk.MARK_TABLE_END):
        return first
    if first + 1 < len(text) and text[first] == 123 and text[first + 1] == 124:
        return end_of_line(text, first)  # a table that never ends: its lines are text
    if byte in (42, 35, 58, 59):
        s[st.LINE_KIND] = st.OTHER_LINE
        end_lines(out, s, 1)
        return _list_line(text, place, out, s, numbers)
    if byte == 32 and first < len(text) and text[first] > 32 and s[st.FRAMES_OPEN] == 0:
        _indent(marks[first], first - place - 1, out, s)
        return first
    return _behind_rule(text, place, s)
