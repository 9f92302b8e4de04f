"""The state of the walk, which it goes on from, and its stack of what is open (compiled)."""

from __future__ import annotations

from typing import Any, Final

from massivetext.kernels import lean

# The state: one number each.
PLACE, WRITTEN, FRAMES_OPEN, ARGUMENTS, LINE_KIND, DROPPED_FROM, DROPPED_LEVEL = range(7)
CAPTION_BYTES, SHIFTED_FROM, VALUES_OPEN, CELL_FROM, ROW_FROM, LIST_DEPTH = range(7, 13)
EVENT, NEEDED, TABLES_OPEN, GALLERY_OPEN, LINE_START, MARKED = range(13, 19)
STATE_SIZE: Final = 19

DONE, VALUE_ASKED, FULL = range(3)
"""Events: the page is over; a template's value is asked for; the output must be made larger."""

# A frame: one row of the stack of what is open.
FRAME_KIND, FRAME_FROM, FRAME_CODE, FRAME_ARGUMENTS, FRAME_END = range(5)
FRAME_SIZE: Final = 5

TEXT_LINE, OTHER_LINE, CAPTION_LINE = range(3)
"""Kinds of lines: of a paragraph, others, the caption of a table."""

ROOM: Final = 1 << 10
"""More than any step but raw text writes."""


@lean
def push(frames: Any, s: Any, kind: Any, end: Any) -> Any:
    """Open a frame; `kind` is the mark of what opens it, `end` where it ends, if that is known."""
    depth = s[FRAMES_OPEN]
    frames[depth, FRAME_KIND] = kind
    frames[depth, FRAME_FROM] = s[WRITTEN]
    frames[depth, FRAME_CODE] = 0
    frames[depth, FRAME_ARGUMENTS] = s[ARGUMENTS]
    frames[depth, FRAME_END] = end
    s[FRAMES_OPEN] = depth + 1
