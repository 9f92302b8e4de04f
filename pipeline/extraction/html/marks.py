"""Characters and short texts that are controls, numbers or emoji: shared by every parser."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from massivetext.pipeline.extraction.hashing import hash_table

CONTROL_MARKS: Final = np.array(
    [ord(c) for c in "¶§#^↑↩↵⤴⏎⇧⇑⇡▲△▼▾⬆🔝↥↶↲↖⤶⬑⮌⮐∞🔗⚓🖉✎✏←→«»‹›"], np.int32
)
"""What links say that are no text: anchors of headings, the ways back from notes and to the top.
Our choice, from the marks of Sphinx, Markdown processors, wikis and blogs."""

VARIATION_SELECTORS: Final = (0xFE0E, 0xFE0F)

BRACKETED_CONTROLS: Final = (
    *("edit", "editsource", "source", "src", "viewsource", "showsource", "permalink", "link"),
    *("top", "hide", "show"),
)
"""Words, white space left out, that are controls where a link holds nothing else but them in square
brackets. Our choice, from wikis and reference manuals."""

CONTROL_KEYS, CONTROL_VALUES = hash_table({w.encode(): 1 for w in BRACKETED_CONTROLS}, 1 << 6, 0)

LONGEST_CONTROL: Final = 24
"""Bytes; our choice: longer texts of links are text."""

LONGEST_RAISED: Final = 8
"""Bytes of a raised or lowered number; our choice: exponents, charges and note numbers are shorter,
and the text buffer holds its signs."""

_SIGNS: Final = "0123456789+-()"
_RAISED: Final = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾"
_LOWERED: Final = "₀₁₂₃₄₅₆₇₈₉₊₋₍₎"
_UNCHANGED: Final = " ,.*"
"""What may stand among raised digits and has no raised form in Unicode."""


def _forms(signs: str) -> dict[int, int]:
    pairs = zip(_SIGNS + _UNCHANGED, signs + _UNCHANGED, strict=True)
    return {ord(sign): ord(form) for sign, form in pairs}


RAISED_FORMS: Final = _forms(_RAISED)
LOWERED_FORMS: Final = _forms(_LOWERED)
"""For `str.translate`: digits as a reader sees them in `sup` and `sub`. Unicode's own forms are
what people type in plain text (10⁶, H₂O, 1820³); a sign such as `^` would be read as text where a
note's number stands, and no sign makes other numbers of them."""


def form_table(forms: dict[int, int]) -> np.ndarray:
    """The form of each ASCII character, 0 if it is not among them."""
    table = np.zeros(128, np.int32)
    for sign, form in forms.items():
        table[sign] = form
    return table


def is_control(text: str) -> bool:
    """Whether the text of a link is nothing but a mark or a control in brackets."""
    shown = "".join(c for c in text if not c.isspace() and ord(c) not in VARIATION_SELECTORS)
    if not shown or len(text.encode("utf-8", "replace")) > LONGEST_CONTROL:
        return False
    if shown[0] == "[" and shown[-1] == "]":
        return shown[1:-1].lower() in BRACKETED_CONTROLS
    return all(ord(c) in CONTROL_MARKS for c in shown)


def is_raised_number(text: str) -> bool:
    """Whether the text of a `sup` or `sub` is a number, or several."""
    is_short = len(text) <= LONGEST_RAISED
    return (
        is_short
        and all(ord(c) in RAISED_FORMS for c in text)
        and any("0" <= c <= "9" for c in text)
    )


_EMOJI: Final = re.compile("[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")
_JOINED: Final = re.compile("[\u200d\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]")


def is_emoji(text: str) -> bool:
    """Whether a text is one or more emoji and nothing else."""
    return bool(text) and all(_EMOJI.match(c) or _JOINED.match(c) for c in text)
