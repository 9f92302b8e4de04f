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

SHOWN_FILE, LABELLED = 1 << 8, 1 << 9
"""Added to the code of a link: its file is shown with a caption; its label has begun."""

TEXT_LINE, OTHER_LINE, CAPTION_LINE = range(3)
"""Kinds of lines: of a paragraph, others, the caption of a table."""

STEP_ROOM: Final = 1 << 10
"""More than any step but raw text writes."""

MOST_REPEATED: Final = STEP_ROOM // 2
"""Our choice: bytes that one step writes of a run, so that it fits in STEP_ROOM; spaces and
apostrophes beyond them are left out."""


@lean
def lacks_room(out: Any, s: Any, more: Any) -> Any:
    """Whether the output is too small for a step that writes `more` bytes of raw text."""
    needed = s[WRITTEN] + s[CAPTION_BYTES] + more + STEP_ROOM
    if needed <= len(out):
        return False
    s[NEEDED] = needed
    return True


@lean
def kind_on_top(s: Any, frames: Any) -> Any:
    """The mark of what was opened last and is open, 0 for nothing."""
    return frames[s[FRAMES_OPEN] - 1, FRAME_KIND] if s[FRAMES_OPEN] else 0


@lean
def begin_argument(s: Any, arguments: Any) -> Any:
    """Note that an argument begins here; one too many is a part of the one before it."""
    if s[ARGUMENTS] < len(arguments):
        arguments[s[ARGUMENTS]] = s[WRITTEN]
        s[ARGUMENTS] += 1


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
