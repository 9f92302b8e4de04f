"""Links: to pages, files, categories and other languages (compiled)."""

from __future__ import annotations

from typing import Any

from massivetext.kernels import lean
from massivetext.pipeline.extraction.wikitext import marks as mk
from massivetext.pipeline.extraction.wikitext import state as st
from massivetext.pipeline.extraction.wikitext.captions import end_parameter, keep_caption
from massivetext.pipeline.extraction.wikitext.names import (
    CATEGORY,
    FILE,
    LANGUAGE,
    NAME_BYTES,
    code_of,
)
from massivetext.pipeline.extraction.wikitext.output import close_gap
from massivetext.pipeline.extraction.wikitext.state import push


@lean
def _prefix_code(text: Any, start: Any, end: Any, hashes: Any, codes: Any) -> Any:
    """What the namespace before the first colon of a link's target is."""
    stop = start
    while stop < end and stop - start < NAME_BYTES and text[stop] != 58:
        if text[stop] == 124 or text[stop] == 93 or text[stop] == 10:
            return 0
        stop += 1
    if stop >= end or text[stop] != 58 or stop == start:
        return 0
    code = code_of(text, start, stop, hashes, codes)
    if code:
        return code
    for place in range(start, stop):
        if not (97 <= text[place] <= 122):
            return 0
    return LANGUAGE if stop - start in (2, 3) else 0


@lean
def open_link(
    text: Any, place: Any, mates: Any, out: Any, s: Any, frames: Any, hashes: Any, codes: Any
) -> Any:
    """Enter a link, or go behind one that is not shown; returns where to go on."""
    end, start = mates[place], place + 2
    while start < end and text[start] == 32:
        start += 1
    is_shown = start < end and text[start] == 58
    code = 0 if is_shown else _prefix_code(text, start, end, hashes, codes)
    if code in (CATEGORY, LANGUAGE):
        close_gap(text, end + 2, out, s)
        return end + 2
    push(frames, s, mk.MARK_LINK, 0)
    frames[s[st.FRAMES_OPEN] - 1, st.FRAME_CODE] = code
    if code == FILE:
        frames[s[st.FRAMES_OPEN] - 1, st.FRAME_END] = s[st.WRITTEN]
        while start < end and text[start] != 124 and text[start] != 10:
            start += 1
        return start
    return start + 1 if is_shown else start


@lean
def end_link(
    out: Any,
    s: Any,
    frames: Any,
    captions: Any,
    option_hashes: Any,
    option_codes: Any,
) -> Any:
    """Leave a link; a file leaves nothing here, its caption waits."""
    top = s[st.FRAMES_OPEN] - 1
    if frames[top, st.FRAME_CODE] & 255 == FILE:
        end_parameter(out, s, frames, option_hashes, option_codes)
        begin = frames[top, st.FRAME_FROM]
        if frames[top, st.FRAME_CODE] & st.SHOWN_FILE and top == 0 and s[st.WRITTEN] > begin:
            keep_caption(out, s, captions, begin)
        s[st.WRITTEN] = begin
    s[st.FRAMES_OPEN] = top


@lean
def behind_address(text: Any, place: Any, end: Any) -> Any:
    """Where the label of the link to another site in text[place:end] begins."""
    place += 1
    while place < end and text[place] > 32:
        place += 1
    while place < end and text[place] == 32:
        place += 1
    return place
