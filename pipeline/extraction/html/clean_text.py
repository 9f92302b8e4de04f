"""Characters that a reader never sees, and what kinds of white space mean: for the lxml parser.

The compiled parser does the same character by character (`raw_text.write_character`).
"""

from __future__ import annotations

import re
from typing import Final

# Soft hyphen, zero-width space and no-break space, word joiner and its kin, marks of direction.
_REMOVED: Final = (
    *(0xAD, 0x180E, 0x200B, 0x200E, 0x200F, 0xFEFF),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
)

# Controls are white space in HTML, or nothing that should be in a text.
_CONTROLS: Final = (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F)

# Characters of ours that stand for white space until a block's text is whole. Private-use
# characters of the page are removed before.
KEPT_SPACE: Final = "\ue000"
KEPT_NEWLINE: Final = "\ue001"
KEPT_TAB: Final = "\ue002"
COLUMN: Final = "\ue003"
"""A space that does not break: it indents the line that it begins."""
TWO_COLUMNS: Final = "\ue004"

_WINDOWS_1252: Final = {
    code: bytes([code]).decode("windows-1252", "ignore") or " " for code in range(0x80, 0xA0)
}
"""What C1 controls mean where they come from a wrong conversion, as numeric references do."""

_INVISIBLE: Final[dict[int, str]] = {
    **{code: "" for code in _REMOVED},
    **{code: " " for code in _CONTROLS},
    **_WINDOWS_1252,
    **{code: " " for code in (0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029)},
    **{code: " " for code in (0x202F, 0x205F, 0x3000)},
    **{code: COLUMN for code in (0xA0, 0x2002, 0x2007)},
    0x2003: TWO_COLUMNS,
}

_JOINER_AFTER_ASCII: Final = re.compile("(?:^|(?<=[\0-\x7f\ue003\ue004]))[\u200c\u200d]+")
"""Zero-width (non-)joiners belong to Persian, to Indic scripts and to emoji; after ASCII: noise."""

_PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]+")
"""Private-use characters are pictures of an icon font; without that font they say nothing."""

_KEPT: Final = {" ": KEPT_SPACE, "\n": KEPT_NEWLINE, "\t": KEPT_TAB}
_PLAIN: Final = {ord(kept): space for space, kept in _KEPT.items()}
_LINE_START: Final = re.compile(f"[\\s{COLUMN}{TWO_COLUMNS}]*")
_LEAST_INDENT: Final = 2  # as in raw_text


def cleaned(text: str) -> str:
    """A text of the page without what nobody sees; every kind of space is a space or a column."""
    return _JOINER_AFTER_ASCII.sub("", _PRIVATE.sub("", text).translate(_INVISIBLE))


def kept_as_it_stands(text: str, before: str, is_collapsed: bool) -> str:
    """A cleaned text whose white space is its own; `before` is what stands before it.

    With `is_collapsed` runs of spaces are one space, and none stands at a line's start.
    """
    kept = []
    last = before[-1:] or KEPT_NEWLINE
    for given in text:
        is_space = given in (COLUMN, TWO_COLUMNS) or given.isspace()
        character = _KEPT.get(given, KEPT_SPACE) if is_space else given
        is_run = character != KEPT_NEWLINE and (last.isspace() or last in _KEPT.values())
        if given.isspace() and is_collapsed and is_run:
            continue
        kept.append(character)
        last = character
    return "".join(kept)


def visible(text: str) -> int:
    """Number of characters that are not white space."""
    return sum(not c.isspace() and not KEPT_SPACE <= c <= TWO_COLUMNS for c in text)


def indent_of(line: str) -> str:
    """The spaces that a line begins with, given its text: those of no-break spaces there."""
    columns, is_behind_space = 0, False
    for character in _LINE_START.match(line)[0]:  # type: ignore[index]
        if character in (COLUMN, TWO_COLUMNS):
            columns += (columns > 0 and is_behind_space) + (2 if character == TWO_COLUMNS else 1)
            is_behind_space = False
        else:
            is_behind_space = True
    columns += columns > 0 and is_behind_space
    return " " * columns if columns >= _LEAST_INDENT else ""


def joined_text(line: str) -> str:
    """A line with single spaces between its words, and the white space that is kept."""
    line = line.replace(COLUMN, " ").replace(TWO_COLUMNS, " ")
    return " ".join(line.split()).translate(_PLAIN)
