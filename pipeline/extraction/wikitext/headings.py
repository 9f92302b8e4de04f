"""Headings, and the sections that are dropped with theirs (compiled)."""

from __future__ import annotations

from typing import Any

from massivetext.kernels import lean
from massivetext.pipeline.extraction.wikitext import marks as mk
from massivetext.pipeline.extraction.wikitext import state as st
from massivetext.pipeline.extraction.wikitext.marks import end_of_line
from massivetext.pipeline.extraction.wikitext.names import NAME_BYTES, code_of
from massivetext.pipeline.extraction.wikitext.output import end_lines
from massivetext.pipeline.extraction.wikitext.state import kind_on_top, push


@lean
def open_heading(text: Any, place: Any, mates: Any, out: Any, s: Any, frames: Any) -> Any:
    """Begin a heading, and end the dropped section before it; returns where its text begins."""
    end, line_end = mates[place], place
    level = 0
    while text[end + level] == 61 and level < 6 and text[place + level] == 61:
        level += 1
        if end + level >= len(text):
            break
    if s[st.DROPPED_LEVEL] and level <= s[st.DROPPED_LEVEL]:
        s[st.WRITTEN], s[st.DROPPED_LEVEL] = s[st.DROPPED_FROM], 0
    s[st.FRAMES_OPEN], s[st.VALUES_OPEN], s[st.TABLES_OPEN], s[st.ARGUMENTS] = 0, 0, 0, 0
    s[st.LIST_DEPTH], s[st.GALLERY_OPEN] = 0, 0
    end_lines(out, s, 2)
    push(frames, s, mk.MARK_HEADING, end)
    frames[s[st.FRAMES_OPEN] - 1, st.FRAME_CODE] = level
    line_end = place + level
    while line_end < end and text[line_end] <= 32:
        line_end += 1
    return line_end


@lean
def is_behind_heading(place: Any, s: Any, frames: Any) -> Any:
    """Whether the text of the heading on top has ended."""
    return (
        kind_on_top(s, frames) == mk.MARK_HEADING
        and place >= frames[s[st.FRAMES_OPEN] - 1, st.FRAME_END]
    )


@lean
def end_heading(text: Any, out: Any, s: Any, frames: Any, hashes: Any, codes: Any) -> Any:
    """End a heading; begin to drop if its section is dropped. Returns the end of its line."""
    top = s[st.FRAMES_OPEN] - 1
    begin, level = frames[top, st.FRAME_FROM], frames[top, st.FRAME_CODE]
    is_short = s[st.WRITTEN] - begin < NAME_BYTES
    code = code_of(out, begin, s[st.WRITTEN], hashes, codes) if is_short else 0
    if code != 0 and s[st.DROPPED_LEVEL] == 0:
        s[st.DROPPED_FROM], s[st.DROPPED_LEVEL] = begin, level
    s[st.FRAMES_OPEN] = 0
    end_lines(out, s, 2)
    s[st.LINE_KIND] = st.OTHER_LINE
    return end_of_line(text, frames[top, st.FRAME_END])
