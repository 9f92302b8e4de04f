"""Hand-written rules for what per-block scores cannot see (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import helper
from massivetext.pipeline.extraction.html import elements, name_words
from massivetext.pipeline.extraction.html import page_tree as pt

_FRAME_TAGS: Final = np.isin(
    np.arange(len(elements.TAGS) + 1),
    [elements.tag(t) for t in ("nav", "footer", "aside", "header", "menu")],
)
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
_FORMS: Final = np.isin(
    np.arange(len(elements.TAGS) + 1),
    [elements.tag(t) for t in ("ul", "ol", "table", "dl", "pre", "blockquote")],
)
"""Elements that belong to the text that they stand in."""

SMALL_PAGE: Final = 1000
"""Characters up to which a page keeps what the rules call plain text, too. Our choice: learned
scores know pages of the web, which are larger; on such a page there is little to tell apart."""

_ARTICLE: Final = elements.tag("article")
_MAIN: Final = elements.tag("main")
_H1: Final = elements.tag("h1")
_H6: Final = elements.tag("h6")


@helper
def _hang_together(nodes: Any, blocks: Any, first: int, last: int) -> bool:
    """Whether all blocks between two kept siblings stand in lists, tables and such of theirs."""
    parent = nodes[pt.NODE_PARENT, blocks[pt.BLOCK_NODE, first]]
    if parent < 0 or nodes[pt.NODE_PARENT, blocks[pt.BLOCK_NODE, last]] != parent:
        return False
    characters, links = 0, 0
    for block in range(first + 1, last):
        characters += blocks[pt.BLOCK_CHARACTERS, block]
        links += blocks[pt.BLOCK_LINK_CHARACTERS, block]
    if 10 * links > 3 * characters:
        return False
    for block in range(first + 1, last):
        node = blocks[pt.BLOCK_NODE, block]
        is_form = False
        while node > parent:
            is_form |= _FORMS[nodes[pt.NODE_TAG, node]]
            node = nodes[pt.NODE_PARENT, node]
        if node != parent or not is_form:
            return False
    return True


@helper
def add_surrounded(nodes: Any, blocks: Any, keep: Any) -> None:
    """Keep a list, table or the like between two kept siblings, if it is not mostly links.

    Our choice: a three-row table in the middle of an article is part of it.
    """
    last = -1
    for block in range(blocks.shape[1]):
        if keep[block]:
            if last >= 0 and block - last > 1 and _hang_together(nodes, blocks, last, block):
                keep[last + 1 : block] = True
            last = block


@helper
def add_plain(nodes: Any, node_words: Any, blocks: Any, keep: Any) -> None:
    """On a page of at most `SMALL_PAGE` characters, keep all text but frames and blocks of links.

    A frame is an element whose tag or name says so (`nav`, class `sidebar`...).
    """
    total = 0
    for block in range(blocks.shape[1]):
        total += blocks[pt.BLOCK_CHARACTERS, block]
    if total > SMALL_PAGE:
        return
    count = nodes.shape[1]
    in_article = np.zeros(count, np.bool_)
    in_frame = np.zeros(count, np.bool_)
    for node in range(1, count):
        parent, tag = nodes[pt.NODE_PARENT, node], nodes[pt.NODE_TAG, node]
        in_article[node] = in_article[parent] or tag == _ARTICLE
        is_frame = _FRAME_TAGS[tag] and not in_article[node]
        is_named = node_words[node] & _FRAME_WORDS != 0 and tag != _MAIN and tag != _ARTICLE
        in_frame[node] = in_frame[parent] or is_frame or is_named
    for block in range(blocks.shape[1]):
        links = blocks[pt.BLOCK_LINK_CHARACTERS, block]
        is_text = 2 * links <= blocks[pt.BLOCK_CHARACTERS, block]
        if is_text and not in_frame[blocks[pt.BLOCK_NODE, block]]:
            keep[block] = True


@helper
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
def drop_bare_headings(nodes: Any, blocks: Any, keep: Any) -> None:
    """Drop headings of text that is dropped ("Related articles"), but for the page's title.

    From the last block on, so that a heading of such headings goes with them. Where nothing but
    headings is kept, they are the text.
    """
    others = 0
    for block in range(blocks.shape[1]):
        tag = nodes[pt.NODE_TAG, blocks[pt.BLOCK_NODE, block]]
        others += keep[block] and not _H1 <= tag <= _H6
    if not others:
        return
    for block in range(blocks.shape[1] - 1, -1, -1):
        is_heading = _H1 < nodes[pt.NODE_TAG, blocks[pt.BLOCK_NODE, block]] <= _H6
        if is_heading and keep[block] and _heads_dropped_text(nodes, blocks, keep, block):
            keep[block] = False
