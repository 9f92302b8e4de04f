"""Untrusted text, shown to people: bounded, on one line, and unable to act on the terminal or page.

Titles, URLs and hosts come from strangers. A control character moves the cursor or hides text, a
bidi character makes `moc.live` read `evil.com`; both are written out.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

SHOWN_CHARACTERS: Final = 300
"""Our choice: three lines of a terminal, more than titles and nearly all URLs need."""

_PLAIN: Final = re.compile(r"[ -~]*")
_UNSEEN: Final = frozenset(("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"))
"""Unicode's categories of what shows nothing of itself: controls and formats (bidi among them),
lone surrogates, private and unassigned code points, and separators of lines."""


def made_visible(text: str, most: int = SHOWN_CHARACTERS) -> str:
    """Returns a text with what cannot be seen written as `<U+202E>`, and its end cut off.

    Args:
        text: from anywhere.
        most: characters that are shown; of a longer text the number of all is told.
    """
    cut = text[:most]
    shown = cut if _PLAIN.fullmatch(cut) else "".join(map(_visible_character, cut))
    return shown if len(text) <= most else f"{shown}... ({len(text):,} characters)"


def _visible_character(character: str) -> str:
    if unicodedata.category(character) in _UNSEEN:
        return f"<U+{ord(character):04X}>"
    return character
