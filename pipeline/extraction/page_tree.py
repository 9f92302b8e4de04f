"""A page as flat arrays: the tree of its block elements, and its blocks of text.

Every engine (lxml, raw bytes) fills these arrays; choice and layout read nothing else.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

PREFORMATTED: Final = 1
"""Block flag: the white space of the block's text is its own (`pre`)."""

NO_NUMBER: Final = -(2**31)
"""Number of a node that states none."""


class PageTree(NamedTuple):
    """The block elements and the blocks of text of one page, in document order.

    A node is a block element (0 is the page itself; a parent comes before its children). A block is
    a run of inline text between two block boundaries; a single `br` inside it is a newline, two or
    more end it. A named tuple of arrays, so that compiled code takes it as it is.
    """

    text_utf8: NDArray[np.uint8]
    """Clean text of all blocks, one after another (valid UTF-8, no entities)."""
    node_parent: NDArray[np.int32]
    node_tag: NDArray[np.uint8]
    """Tag numbers, see `elements.TAGS`."""
    node_number: NDArray[np.int32]
    """`start` of an `ol`, `value` of an `li`, else `NO_NUMBER`."""
    node_style: NDArray[np.uint8]
    """Of an `ol`: its `type` (one of the bytes `1aAiI`, 0 if none), plus 128 if it is reversed."""
    node_words: NDArray[np.int64]
    """Bit set of the groups of words in `class`, `id` and `role`, see `name_words`."""
    block_node: NDArray[np.int32]
    block_start: NDArray[np.int32]
    """First byte of the block in `text_utf8`."""
    block_stop: NDArray[np.int32]
    block_characters: NDArray[np.int32]
    """Characters that are not white space."""
    block_link_characters: NDArray[np.int32]
    block_links: NDArray[np.int32]
    block_margin: NDArray[np.uint8]
    """Line breaks before the block: 1, or 2 for an empty line; 0 where its table row decides."""
    block_flags: NDArray[np.uint8]


class ParsedPage(NamedTuple):
    """What an engine makes of a page."""

    tree: PageTree
    title: str
    """Text of the `title` element, empty if there is none."""
    links: tuple[str, ...]
    """The `href` of every `a`, as written, in document order."""


def block_text(tree: PageTree, block: int) -> str:
    """Text of one block."""
    text = tree.text_utf8[tree.block_start[block] : tree.block_stop[block]]
    return text.tobytes().decode("utf-8", "replace")
