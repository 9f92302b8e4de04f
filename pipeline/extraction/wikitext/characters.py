"""What has no mark: characters, bars, and what the end of a line is (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import lean
from massivetext.pipeline.extraction.wikitext import marks as mk
from massivetext.pipeline.extraction.wikitext import state as st
from massivetext.pipeline.extraction.wikitext.captions import end_parameter
from massivetext.pipeline.extraction.wikitext.lines import newline
from massivetext.pipeline.extraction.wikitext.names import FILE, NAME_BYTES, code_of
from massivetext.pipeline.extraction.wikitext.output import last, space, write_byte
from massivetext.pipeline.extraction.wikitext.state import begin_argument, kind_on_top
from massivetext.pipeline.extraction.wikitext.tables import bar_in_table, begin_cell

_PLAIN: Final = np.array([byte not in b"\t\n\r !'=[]_{|}" for byte in range(256)])
"""Bytes that are text wherever they stand without a mark; `=` may end a heading."""


@lean
def is_plain(byte: Any, out: Any, s: Any) -> Any:
    """Whether a byte without a mark is written as it stands."""
    return _PLAIN[byte] or (byte == 32 and last(out, s) != 32 and last(out, s) != 10)


@lean
def plain_run(text: Any, place: Any, marks: Any, out: Any, s: Any) -> Any:
    """Write the plain bytes that begin at `place`; returns where they end."""
    stop = min(len(text), place + st.MOST_REPEATED)
    while place < stop and marks[place] == 0 and is_plain(text[place], out, s):
        write_byte(out, s, text[place])
        place += 1
    return place


@lean
def _bar(
    text: Any,
    place: Any,
    out: Any,
    s: Any,
    frames: Any,
    arguments: Any,
    hashes: Any,
    codes: Any,
) -> Any:
    """What a bar means depends on what is open; returns where to go on."""
    top, kind = s[st.FRAMES_OPEN] - 1, kind_on_top(s, frames)
    if kind == mk.MARK_TEMPLATE:
        begin_argument(s, arguments)
    elif kind == mk.MARK_TABLE:
        return bar_in_table(text, place, out, s)
    elif kind == mk.MARK_LINK and frames[top, st.FRAME_CODE] & 255 == FILE:
        end_parameter(out, s, frames, hashes, codes)
    elif (kind == mk.MARK_LINK and frames[top, st.FRAME_CODE] == 0) or (
        kind == mk.MARK_PARAMETER and frames[top, st.FRAME_CODE] == 0
    ):
        s[st.WRITTEN] = frames[top, st.FRAME_FROM]
        frames[top, st.FRAME_CODE] = st.LABELLED
    else:
        write_byte(out, s, 124)
    return place + 1


@lean
def _apostrophes(text: Any, place: Any, out: Any, s: Any) -> Any:
    """Write what a run of apostrophes leaves beside bold and italics; returns where it ends."""
    run = place
    while run < len(text) and text[run] == 39:
        run += 1
    count = run - place
    for _ in range(1 if count == 4 else min(count - 5, st.MOST_REPEATED)):
        write_byte(out, s, 39)
    return run


@lean
def _behind_word(text: Any, place: Any, hashes: Any, codes: Any) -> Any:
    """Where a word like `__TOC__` at `place` ends; `place` if it is none of the table."""
    stop = place + 2
    while stop < len(text) and stop - place < NAME_BYTES and text[stop] > 64 and text[stop] != 95:
        stop += 1
    is_word = stop + 1 < len(text) and text[stop] == 95 and text[stop + 1] == 95
    if is_word and code_of(text, place + 2, stop, hashes, codes):
        return stop + 2
    return place


@lean
def _character(
    text: Any, place: Any, out: Any, s: Any, frames: Any, hashes: Any, codes: Any
) -> Any:
    """Write what has no mark; returns where to go on."""
    byte, size = text[place], len(text)
    if byte == 32 or byte == 9 or byte == 13:
        space(out, s)
        return place + 1
    if place + 1 < size and text[place + 1] == byte:
        if byte in (91, 93, 123, 125):
            while place < size and text[place] == byte:
                place += 1  # of what never began or ended
            return place
        if byte == 39:
            return _apostrophes(text, place, out, s)
        if byte == 95:
            behind = _behind_word(text, place, hashes, codes)
            if behind > place:
                return behind
        if byte == 33 and kind_on_top(s, frames) == mk.MARK_TABLE:
            begin_cell(out, s, False)
            return place + 2
    write_byte(out, s, byte)
    return place + 1


@lean
def unmarked(
    text: Any,
    place: Any,
    out: Any,
    captions: Any,
    s: Any,
    frames: Any,
    arguments: Any,
    option_hashes: Any,
    option_codes: Any,
    word_hashes: Any,
    word_codes: Any,
) -> Any:
    """Write a byte that has no mark, or what it stands for; returns where to go on."""
    byte = text[place]
    if byte == 10:
        newline(text, place, out, s, frames, captions)
        s[st.LINE_START] = 1
        return place + 1
    if byte == 124:
        return _bar(text, place, out, s, frames, arguments, option_hashes, option_codes)
    return _character(text, place, out, s, frames, word_hashes, word_codes)
