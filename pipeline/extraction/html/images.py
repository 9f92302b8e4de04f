"""Which images stand for characters, so that their `alt` is text: shared by every parser."""

from __future__ import annotations

import re
from typing import Final

from massivetext.pipeline.extraction.html import marks, name_words

LONGEST_EMOJI: Final = 32
"""Bytes of `alt`; our choice: the longest joined emoji have about as many, names of more are
descriptions."""

LONGEST_SYMBOL: Final = 8
"""Bytes; our choice: an image that is named a formula may be a single symbol."""

DISPLAY_STYLE: Final = "{\\displaystyle"
"""What MediaWiki puts around each formula; it says nothing."""

_TEX: Final = re.compile(r"\\[A-Za-z]|\^[A-Za-z0-9{]")


def is_formula(alt: str, is_named: bool) -> bool:
    """Whether an `alt` is a formula; `is_named` if the image's names say that it shows one."""
    if ":\\" in alt:
        return False  # a path
    if _TEX.search(alt):
        return True
    is_symbol = len(alt.encode("utf-8", "replace")) <= LONGEST_SYMBOL and not re.search(r"\s", alt)
    return is_named and (is_symbol or any(sign in alt for sign in "=_{"))


def tex_of(source: str) -> str:
    """The TeX of a formula without what only styles it."""
    source = source.strip()
    if source.startswith(DISPLAY_STYLE) and source.endswith("}"):
        source = source[len(DISPLAY_STYLE) : -1]
    return source.strip()


def shows_character(alt: str, groups: int) -> bool:
    """Whether an image is an emoji, given its `alt` and the bits of its names."""
    if len(alt.encode("utf-8", "replace")) > LONGEST_EMOJI:
        return False
    return groups & name_words.EMOJI != 0 or marks.is_emoji(alt)
