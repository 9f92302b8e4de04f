"""Templates: those that have a value are entered, others are left out (compiled)."""

from __future__ import annotations

from typing import Any, Final

from massivetext.kernels import lean
from massivetext.pipeline.extraction.wikitext import marks as mk
from massivetext.pipeline.extraction.wikitext import state as st
from massivetext.pipeline.extraction.wikitext.names import NAME_BYTES, code_of
from massivetext.pipeline.extraction.wikitext.output import close_gap
from massivetext.pipeline.extraction.wikitext.state import push

MOST_VALUES: Final = 100
"""Templates with values within each other: Wikimedia's $wgMaxTemplateDepth."""


@lean
def open_template(
    text: Any, place: Any, mates: Any, out: Any, s: Any, frames: Any, hashes: Any, codes: Any
) -> Any:
    """Enter a template that has a value, or go behind it; returns where to go on."""
    end, name = mates[place], place + 2
    stop = name
    limit = min(end, stop + NAME_BYTES)
    while stop < limit and text[stop] != 124 and text[stop] != 58 and text[stop] != 123:
        stop += 1
    code = 0
    if stop == end or text[stop] == 124:
        code = code_of(text, name, stop, hashes, codes)
    elif text[stop] == 58:
        code = -code_of(text, name, stop + 1, hashes, codes)
    if code and s[st.VALUES_OPEN] < MOST_VALUES:
        push(frames, s, mk.MARK_TEMPLATE, end)
        frames[s[st.FRAMES_OPEN] - 1, st.FRAME_CODE] = abs(code)
        s[st.VALUES_OPEN] += 1
        if code < 0:
            s[st.MARKED] = 1  # its argument begins behind the colon
            return stop + 1
        return stop
    close_gap(text, end + 2, out, s)
    return end + 2


@lean
def leave_parameter(text: Any, place: Any, out: Any, s: Any, frames: Any) -> Any:
    """Leave the parameter on top, which ends at `place`; without a default it leaves nothing."""
    top = s[st.FRAMES_OPEN] - 1
    s[st.FRAMES_OPEN] = top
    if not frames[top, st.FRAME_CODE]:
        s[st.WRITTEN] = frames[top, st.FRAME_FROM]
        close_gap(text, place, out, s)
