"""The walk through a marked page that writes its text (compiled).

It stops where Python has to work out the value of a template, and where the output is full, and
goes on from its state when called again.
"""

from __future__ import annotations

from typing import Any

from massivetext.kernels import kernel, lean
from massivetext.pipeline.extraction.wikitext import marks as mk
from massivetext.pipeline.extraction.wikitext import state as st
from massivetext.pipeline.extraction.wikitext.captions import flush_captions
from massivetext.pipeline.extraction.wikitext.characters import is_plain, plain_run, unmarked
from massivetext.pipeline.extraction.wikitext.headings import (
    end_heading,
    is_behind_heading,
    open_heading,
)
from massivetext.pipeline.extraction.wikitext.lines import enter_line
from massivetext.pipeline.extraction.wikitext.links import behind_address, end_link, open_link
from massivetext.pipeline.extraction.wikitext.output import write_byte
from massivetext.pipeline.extraction.wikitext.state import (
    begin_argument,
    kind_on_top,
    lacks_room,
    push,
)
from massivetext.pipeline.extraction.wikitext.tables import close_table, open_table
from massivetext.pipeline.extraction.wikitext.tags import write_raw, write_tag
from massivetext.pipeline.extraction.wikitext.templates import leave_parameter, open_template


@lean
def _open(
    text: Any,
    place: Any,
    mark: Any,
    mates: Any,
    out: Any,
    s: Any,
    frames: Any,
    template_hashes: Any,
    template_codes: Any,
    prefix_hashes: Any,
    prefix_codes: Any,
) -> Any:
    """Enter what begins here, or go behind it; returns where to go on."""
    if mark == mk.MARK_TEMPLATE:
        return open_template(text, place, mates, out, s, frames, template_hashes, template_codes)
    if mark == mk.MARK_LINK:
        return open_link(text, place, mates, out, s, frames, prefix_hashes, prefix_codes)
    if mark == mk.MARK_SITE_LINK:
        return behind_address(text, place, mates[place])
    if mark == mk.MARK_TABLE:
        return open_table(text, place, mates, out, s, frames)
    if mark == mk.MARK_HEADING:
        return open_heading(text, place, mates, out, s, frames)
    if mark == mk.MARK_APOSTROPHE:
        write_byte(out, s, 39)
        return place + 3
    push(frames, s, mk.MARK_PARAMETER, 0)
    return place + 3


@lean
def _close(
    text: Any,
    place: Any,
    mark: Any,
    out: Any,
    captions: Any,
    s: Any,
    frames: Any,
    option_hashes: Any,
    option_codes: Any,
) -> Any:
    """Leave what ends here, but for templates; returns where to go on."""
    kind = kind_on_top(s, frames)
    if mark == mk.MARK_SITE_LINK_END:
        return place + 1
    if mark == mk.MARK_PARAMETER_END:
        if kind == mk.MARK_PARAMETER:
            leave_parameter(text, place + 3, out, s, frames)
        return place + 3
    if mark == mk.MARK_LINK_END and kind == mk.MARK_LINK:
        end_link(out, s, frames, captions, option_hashes, option_codes)
    elif mark == mk.MARK_TABLE_END and kind == mk.MARK_TABLE:
        close_table(out, s)
    return place + 2


@kernel(
    "void(Array(uint8, 1, 'C', True), uint8[::1], int32[::1], uint8[::1], uint8[::1], int64[::1],"
    "int64[:, ::1], int64[::1], int64[::1],"
    "Array(uint64, 1, 'C', True), Array(int32, 1, 'C', True),"
    "Array(uint64, 1, 'C', True), Array(int32, 1, 'C', True), Array(uint64, 1, 'C', True),"
    "Array(int32, 1, 'C', True), Array(uint64, 1, 'C', True), Array(int32, 1, 'C', True),"
    "Array(uint64, 1, 'C', True), Array(int32, 1, 'C', True))",
    lean=True,
)
def walk(
    text: Any,
    marks: Any,
    mates: Any,
    out: Any,
    captions: Any,
    s: Any,
    frames: Any,
    arguments: Any,
    numbers: Any,
    template_hashes: Any,
    template_codes: Any,
    prefix_hashes: Any,
    prefix_codes: Any,
    option_hashes: Any,
    option_codes: Any,
    section_hashes: Any,
    section_codes: Any,
    word_hashes: Any,
    word_codes: Any,
) -> Any:
    """Go on with the page, to its end or to the next event (`s[st.EVENT]`)."""
    place = s[st.PLACE]
    while place < len(text) or kind_on_top(s, frames) == mk.MARK_HEADING:
        mark = marks[place]
        is_raw = mark == mk.MARK_RAW or mark == mk.MARK_RAW_BLOCK
        more = mates[place + 1] - mates[place] if is_raw else 0
        if lacks_room(out, s, more) or s[st.FRAMES_OPEN] + 2 > len(frames):
            s[st.PLACE], s[st.EVENT] = place, st.FULL
            return
        if is_behind_heading(place, s, frames):
            place = end_heading(text, out, s, frames, section_hashes, section_codes)
            continue
        if s[st.MARKED]:
            s[st.MARKED] = 0
            begin_argument(s, arguments)
        if s[st.LINE_START]:
            place = enter_line(text, place, marks, out, s, frames, numbers)
        elif mark == 0 and is_plain(text[place], out, s):
            place = plain_run(text, place, marks, out, s)
        elif mark == 0:
            place = unmarked(
                text,
                place,
                out,
                captions,
                s,
                frames,
                arguments,
                option_hashes,
                option_codes,
                word_hashes,
                word_codes,
            )
        elif is_raw:
            place = write_raw(text, place, mark == mk.MARK_RAW_BLOCK, mates, out, s)
        elif mark >= mk.MARK_SKIPPED:
            write_tag(text, place, mark, mates[place], out, s, frames)
            place = mates[place]
        elif mark == mk.MARK_TEMPLATE_END:
            place += 2
            if kind_on_top(s, frames) == mk.MARK_TEMPLATE:
                s[st.PLACE], s[st.EVENT] = place, st.VALUE_ASKED
                return
        elif mark in (
            mk.MARK_PARAMETER_END,
            mk.MARK_LINK_END,
            mk.MARK_SITE_LINK_END,
            mk.MARK_TABLE_END,
        ):
            place = _close(text, place, mark, out, captions, s, frames, option_hashes, option_codes)
        else:
            place = _open(
                text,
                place,
                mark,
                mates,
                out,
                s,
                frames,
                template_hashes,
                template_codes,
                prefix_hashes,
                prefix_codes,
            )
    if lacks_room(out, s, 0):
        s[st.PLACE], s[st.EVENT] = place, st.FULL
        return
    flush_captions(out, s, captions)
    if s[st.DROPPED_LEVEL]:
        s[st.WRITTEN] = s[st.DROPPED_FROM]
    s[st.PLACE], s[st.EVENT] = place, st.DONE
