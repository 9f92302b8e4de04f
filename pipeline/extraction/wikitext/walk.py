"""The walk through a marked page that writes its text (compiled).

It stops where Python has to work out the value of a template, and where the output is full, and
goes on from its state when called again.
"""

from __future__ import annotations

from typing import Any

from massivetext.kernels import kernel, lean
from massivetext.pipeline.extraction.wikitext import marks as mk
from massivetext.pipeline.extraction.wikitext import state as st
from massivetext.pipeline.extraction.wikitext.captions import end_parameter, flush_captions
from massivetext.pipeline.extraction.wikitext.headings import end_heading, open_heading
from massivetext.pipeline.extraction.wikitext.lines import begin_line, newline
from massivetext.pipeline.extraction.wikitext.links import end_link, open_link
from massivetext.pipeline.extraction.wikitext.names import FILE, NAME_BYTES, code_of
from massivetext.pipeline.extraction.wikitext.output import close_gap, end_lines, put, space
from massivetext.pipeline.extraction.wikitext.state import push
from massivetext.pipeline.extraction.wikitext.tables import begin_cell, end_row, open_table
from massivetext.pipeline.extraction.wikitext.tags import tag
from massivetext.pipeline.extraction.wikitext.templates import open_template


@lean
def _pipe(
    text: Any,
    place: Any,
    out: Any,
    s: Any,
    frames: Any,
    arguments: Any,
    captions: Any,
    hashes: Any,
    codes: Any,
) -> Any:
    """What a bar means depends on what is open; returns where to go on."""
    if s[st.FRAMES_OPEN] == 0:
        put(out, s, 124)
        return place + 1
    top = s[st.FRAMES_OPEN] - 1
    kind = frames[top, st.FRAME_KIND]
    if kind == mk.MARK_TEMPLATE:
        if s[st.ARGUMENTS] < len(arguments):
            arguments[s[st.ARGUMENTS]] = s[st.WRITTEN]
            s[st.ARGUMENTS] += 1
    elif kind == mk.MARK_LINK and frames[top, st.FRAME_CODE] & 255 == FILE:
        end_parameter(out, s, frames, captions, hashes, codes)
    elif kind == mk.MARK_LINK and frames[top, st.FRAME_CODE] == 0:
        s[st.WRITTEN] = frames[top, st.FRAME_FROM]
        frames[top, st.FRAME_CODE] = 512
    elif kind == mk.MARK_PARAMETER and frames[top, st.FRAME_CODE] == 0:
        s[st.WRITTEN] = frames[top, st.FRAME_FROM]
        frames[top, st.FRAME_CODE] = 1
    elif kind == mk.MARK_TABLE:
        if place + 1 < len(text) and text[place + 1] == 124:
            begin_cell(out, s, False)
            return place + 2
        if s[st.CELL_FROM] >= 0:
            s[st.WRITTEN] = s[st.CELL_FROM]
            s[st.CELL_FROM] = -1
        else:
            put(out, s, 124)
    else:
        put(out, s, 124)
    return place + 1


@lean
def _character(
    text: Any, place: Any, out: Any, s: Any, frames: Any, hashes: Any, codes: Any
) -> Any:
    """Write what has no mark; returns where to go on."""
    byte, size = text[place], len(text)
    if byte == 32 or byte == 9 or byte == 13:
        space(out, s)
        return place + 1
    if byte in (91, 93, 123, 125) and place + 1 < size and text[place + 1] == byte:
        while place < size and text[place] == byte:
            place += 1  # of what never began or ended
        return place
    if byte == 39 and place + 1 < size and text[place + 1] == 39:
        run = place
        while run < size and text[run] == 39:
            run += 1
        count = run - place
        for _ in range(1 if count == 4 else count - 5):
            put(out, s, 39)
        return run
    if byte == 95 and place + 4 < size and text[place + 1] == 95:
        stop = place + 2
        while stop < size and stop - place < NAME_BYTES and text[stop] > 64 and text[stop] != 95:
            stop += 1
        is_word = stop + 1 < size and text[stop] == 95 and text[stop + 1] == 95
        if is_word and code_of(text, place + 2, stop, hashes, codes):
            return stop + 2
    if (
        byte == 33
        and s[st.FRAMES_OPEN]
        and frames[s[st.FRAMES_OPEN] - 1, st.FRAME_KIND] == mk.MARK_TABLE
        and place + 1 < size
        and text[place + 1] == 33
    ):
        begin_cell(out, s, False)
        return place + 2
    put(out, s, byte)
    return place + 1


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
    size = len(text)
    place = s[st.PLACE]
    while place < size or (
        s[st.FRAMES_OPEN] and frames[s[st.FRAMES_OPEN] - 1, st.FRAME_KIND] == mk.MARK_HEADING
    ):
        if s[st.WRITTEN] + s[st.CAPTION_BYTES] + st.ROOM > len(out) or s[st.FRAMES_OPEN] + 2 > len(
            frames
        ):
            s[st.PLACE], s[st.EVENT] = place, st.FULL
            s[st.NEEDED] = s[st.WRITTEN] + s[st.CAPTION_BYTES] + st.ROOM
            return
        if s[st.FRAMES_OPEN]:
            top = s[st.FRAMES_OPEN] - 1
            if frames[top, st.FRAME_KIND] == mk.MARK_HEADING and place >= frames[top, st.FRAME_END]:
                place = end_heading(text, out, s, frames, section_hashes, section_codes)
                continue
        if s[st.MARKED]:
            s[st.MARKED] = 0
            if s[st.ARGUMENTS] < len(arguments):
                arguments[s[st.ARGUMENTS]] = s[st.WRITTEN]
                s[st.ARGUMENTS] += 1
        if s[st.LINE_START]:
            place = begin_line(text, place, marks, mates, out, s, frames, numbers)
            continue
        mark = marks[place]
        if mark == 0:
            byte = text[place]
            if byte == 10:
                newline(text, place, out, s, frames, captions)
                place, s[st.LINE_START] = place + 1, 1
            elif byte == 124:
                place = _pipe(
                    text, place, out, s, frames, arguments, captions, option_hashes, option_codes
                )
            elif (byte > 95 and byte != 123 and byte != 125) or (47 < byte < 91):
                out[s[st.WRITTEN]] = byte
                s[st.WRITTEN] += 1
                place += 1
            else:
                place = _character(text, place, out, s, frames, word_hashes, word_codes)
        elif mark >= mk.MARK_SKIPPED:
            behind = tag(text, place, marks, mates, out, s, frames)
            if behind < 0:
                s[st.PLACE], s[st.EVENT] = place, st.FULL
                return
            place = behind
        elif mark == mk.MARK_TEMPLATE:
            place = open_template(
                text, place, mates, out, s, frames, template_hashes, template_codes
            )
        elif mark == mk.MARK_LINK:
            place = open_link(text, place, mates, out, s, frames, prefix_hashes, prefix_codes)
        elif mark == mk.MARK_LINK_END:
            place += 2
            if s[st.FRAMES_OPEN] and frames[s[st.FRAMES_OPEN] - 1, st.FRAME_KIND] == mk.MARK_LINK:
                end_link(text, place, out, s, frames, captions, option_hashes, option_codes)
        elif mark == mk.MARK_TEMPLATE_END:
            place += 2
            if (
                s[st.FRAMES_OPEN]
                and frames[s[st.FRAMES_OPEN] - 1, st.FRAME_KIND] == mk.MARK_TEMPLATE
            ):
                s[st.PLACE], s[st.EVENT] = place, st.VALUE_ASKED
                return
        elif mark == mk.MARK_PARAMETER:
            push(frames, s, mk.MARK_PARAMETER, 0)
            place += 3
        elif mark == mk.MARK_PARAMETER_END:
            place += 3
            if (
                s[st.FRAMES_OPEN]
                and frames[s[st.FRAMES_OPEN] - 1, st.FRAME_KIND] == mk.MARK_PARAMETER
            ):
                s[st.FRAMES_OPEN] -= 1
                if not frames[s[st.FRAMES_OPEN], st.FRAME_CODE]:
                    s[st.WRITTEN] = frames[s[st.FRAMES_OPEN], st.FRAME_FROM]
                    close_gap(text, place, out, s)
        elif mark == mk.MARK_SITE_LINK:
            end = mates[place]
            place += 1
            while place < end and text[place] > 32:
                place += 1
            while place < end and text[place] == 32:
                place += 1
        elif mark == mk.MARK_SITE_LINK_END:
            place += 1
        elif mark == mk.MARK_TABLE:
            place = open_table(text, place, mates, out, s, frames)
        elif mark == mk.MARK_TABLE_END:
            place += 2
            if s[st.FRAMES_OPEN] and frames[s[st.FRAMES_OPEN] - 1, st.FRAME_KIND] == mk.MARK_TABLE:
                s[st.FRAMES_OPEN] -= 1
                s[st.TABLES_OPEN] -= 1
                if s[st.TABLES_OPEN] == 0:
                    end_row(out, s)
                    end_lines(out, s, 2)
        elif mark == mk.MARK_HEADING:
            place = open_heading(text, place, mates, out, s, frames)
        elif mark == mk.MARK_APOSTROPHE:
            put(out, s, 39)
            place += 3
        else:
            place += 1
    if s[st.WRITTEN] + s[st.CAPTION_BYTES] + st.ROOM > len(out):
        s[st.PLACE], s[st.EVENT] = place, st.FULL
        s[st.NEEDED] = s[st.WRITTEN] + s[st.CAPTION_BYTES] + st.ROOM
        return
    flush_captions(out, s, captions)
    if s[st.DROPPED_LEVEL]:
        s[st.WRITTEN] = s[st.DROPPED_FROM]
    s[st.PLACE], s[st.EVENT] = place, st.DONE
