"""Characters that a reader never sees, and styles that hide text: shared by every parser."""

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
_CONTROLS: Final = (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0))

INVISIBLE: Final[dict[int, str]] = {
    **{code: "" for code in _REMOVED},
    **{code: " " for code in _CONTROLS},
    **{code: " " for code in (0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029)},
    **{code: " " for code in (0x202F, 0x205F, 0x3000)},
}
"""For `str.translate`: removes invisible characters, makes every other kind of space a space."""

JOINER_AFTER_ASCII: Final = re.compile("(?:^|(?<=[\0-\x7f]))[\u200c\u200d]+")
"""Zero-width (non-)joiners belong to Persian, to Indic scripts and to emoji; after ASCII: noise."""

_HIDING_STYLE: Final = re.compile(r"(?:^|[;\s])(?:display:none|visibility:hidden)", re.IGNORECASE)


def is_hiding_style(style: str) -> bool:
    """Whether a `style` attribute hides its element."""
    return _HIDING_STYLE.search("".join(style.split())) is not None
