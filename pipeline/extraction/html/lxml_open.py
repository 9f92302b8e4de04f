"""The open elements of the lxml parser, and what the inner ones take over."""

from __future__ import annotations

from dataclasses import dataclass

from massivetext.pipeline.extraction.html import elements, name_words, styles
from massivetext.pipeline.extraction.html.lxml_lines import NOWHERE, Place


@dataclass
class OpenElement:
    """What is known of an open element; the inner one takes over what it does not change."""

    name: str = ""
    node: int = 0
    in_item: bool = False
    places: int = 0
    is_preformatted: bool = False
    is_collapsed: bool = False
    in_gutter: bool = False
    is_gutter: bool = False
    in_formula: bool = False
    parts: int = 0
    is_line: bool = False
    has_bracket: bool = False
    is_raised: bool = False
    is_lowered: bool = False
    begin: Place = NOWHERE
    first: int = 0
    """Characters of the page before it."""


def opened(outer: OpenElement, name: str, groups: int, style: int, places: int) -> OpenElement:
    """An element that opens in another one, given the bits of its names and its style."""
    is_pre = outer.is_preformatted
    is_collapsed = outer.is_collapsed
    is_block = name in elements.BLOCK_TAGS
    if is_block and (name in elements.PREFORMATTED_TAGS or groups & name_words.CODE_LINE):
        is_pre = True
    if style & styles.PRE:
        is_pre, is_collapsed = True, bool(style & styles.PRE_LINE)
    elif style & styles.NOT_PRE and is_block:  # its lines are those of a block
        is_pre, is_collapsed = False, False
    is_gutter = groups & name_words.GUTTER != 0
    return OpenElement(
        name,
        outer.node,
        in_item=outer.in_item,
        places=outer.places | places,
        is_preformatted=is_pre,
        is_collapsed=is_collapsed,
        in_gutter=outer.in_gutter or is_gutter,
        is_gutter=is_gutter,
        in_formula=outer.in_formula and name != "mtext",
    )
