"""Hand-written rules for what per-block scores cannot see (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import helper, lean
from massivetext.pipeline.extraction.choice.units import NO_UNIT
from massivetext.pipeline.extraction.html import elements, name_words
from massivetext.pipeline.extraction.html import page_tree as pt

_FRAME_TAGS: Final = elements.which_tags("nav", "footer", "aside", "header", "menu")
"""Elements around the main text, unless they stand in an `article`."""

_FRAME_NAMES: Final = (
    *("-nav-", "breadcrumb", "footer", "sidebar", "related", "share", "-ad-", "cookie"),
    *("newsletter", "modal", "-meta-", "profile", "search", "-tag-"),
)
_FRAME_WORDS: Final = sum(
    1 << bit
    for bit, words in enumerate(name_words.GROUPS)
    if not set(words.split()).isdisjoint(_FRAME_NAMES)
)
SMALL_PAGE: Final = 250
"""Characters up to which a page keeps what the rules call plain text, too. Our choice: learned
scores know pages of the web, which are larger. Measured on the 66 gold pages of up to 1,000
characters: token F1 0.847 with scores alone, 0.844 with this rule up to 300 characters, 0.836 with
it up to 1,000, where the frame comes along."""

_ARTICLE: Final = elements.tag("article")
_MAIN: Final = elements.tag("main")
_H1: Final = elements.tag("h1")
_H6: Final = elements.tag("h6")


@helper
def add_plain(nodes: Any, node_words: Any, blocks: Any, units: Any, keep: Any) -> None:
    """On a page of at most `SMALL_PAGE` characters, keep all text but frames and what is all links.

    A frame is an element whose tag or name says so (`nav`, class `sidebar`...). `units` has the
    unit of each block: what is all links is a unit, or a block that belongs to none.
    """
    total = 0
    for block in range(blocks.shape[1]):
        total += blocks[pt.BLOCK_CHARACTERS, block]
    if total > SMALL_PAGE:
        return
    in_frame = _frames(nodes, node_words)
    balance = np.zeros(blocks.shape[1] + 1, np.int64)  # of each unit; of blocks alone the last one
    framed = np.zeros(blocks.shape[1] + 1, np.bool_)
    for block in range(blocks.shape[1]):
        balance[units[block]] += _balance(blocks, block)
        framed[units[block]] |= in_frame[blocks[pt.BLOCK_NODE, block]]
    for block in range(blocks.shape[1]):
        if units[block] == NO_UNIT:
            is_text = _balance(blocks, block) >= 0
            keep[block] |= is_text and not in_frame[blocks[pt.BLOCK_NODE, block]]
        else:
            keep[block] |= balance[units[block]] >= 0 and not framed[units[block]]


@lean
def _balance(blocks: Any, block: Any) -> Any:
    """Characters of a block outside links, minus those in links."""
    return blocks[pt.BLOCK_CHARACTERS, block] - 2 * blocks[pt.BLOCK_LINK_CHARACTERS, block]


@helper
def _frames(nodes: Any, node_words: Any) -> Any:
    """Which nodes stand in a frame."""
    count = nodes.shape[1]
    in_article = np.zeros(count, np.bool_)
    in_frame = np.zeros(count, np.bool_)
    for node in range(1, count):
        parent, tag = nodes[pt.NODE_PARENT, node], nodes[pt.NODE_TAG, node]
        in_article[node] = in_article[parent] or tag == _ARTICLE
        is_frame = _FRAME_TAGS[tag] and not in_article[node]
        is_named = node_words[node] & _FRAME_WORDS != 0 and tag != _MAIN and tag != _ARTICLE
        in_frame[node] = in_frame[parent] or is_frame or is_named
    return in_frame


@helper
def add_headings(nodes: Any, blocks: Any, units: Any, keep: Any) -> None:
    """Keep a heading right above text that is kept, if it is not mostly links.

    Our choice: token F1 is the same (.9047 and .9049), and a title belongs to its text.
    """
    for block in range(blocks.shape[1] - 2, -1, -1):
        is_heading = _H1 <= nodes[pt.NODE_TAG, blocks[pt.BLOCK_NODE, block]] <= _H6
        if is_heading and units[block] == NO_UNIT and _balance(blocks, block) >= 0:
            keep[block] |= keep[block + 1]


@lean
def _heads_dropped_text(nodes: Any, blocks: Any, keep: Any, heading: Any) -> bool:
    """Whether text stands below a heading, up to the next one of its rank, and none is kept."""
    node = blocks[pt.BLOCK_NODE, heading]
    rank, parent = nodes[pt.NODE_TAG, node], nodes[pt.NODE_PARENT, node]
    for block in range(heading + 1, blocks.shape[1]):
        other = blocks[pt.BLOCK_NODE, block]
        tag = nodes[pt.NODE_TAG, other]
        while other > parent:
            other = nodes[pt.NODE_PARENT, other]
        if other < parent or _H1 <= tag <= rank:
            return block > heading + 1
        if keep[block]:
            return False
    return heading + 1 < blocks.shape[1]


@helper
def drop_bare_headings(nodes: Any, blocks: Any, units: Any, keep: Any) -> None:
    """Drop headings of text that is dropped ("Related articles"), but for the page's title.

    From the last block on, so that a heading of such headings goes with them. Where nothing but
    headings is kept, they are the text. `units` has the unit of each block: the headings of alike
    entries were decided together, and stay so.
    """
    others = 0
    for block in range(blocks.shape[1]):
        tag = nodes[pt.NODE_TAG, blocks[pt.BLOCK_NODE, block]]
        others += keep[block] and not _H1 <= tag <= _H6
    if not others:
        return
    for block in range(blocks.shape[1] - 1, -1, -1):
        is_heading = _H1 < nodes[pt.NODE_TAG, blocks[pt.BLOCK_NODE, block]] <= _H6
        is_heading &= units[block] == NO_UNIT
        if is_heading and keep[block] and _heads_dropped_text(nodes, blocks, keep, block):
            keep[block] = False
