"""A page as flat arrays: the tree of its block elements, and its blocks of text.

Every parser (raw bytes, lxml) fills these arrays; choice and layout read nothing else.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

# Rows of `PageTree.nodes`, one column a block element.
NODE_PARENT: Final = 0
NODE_TAG: Final = 1
"""Tag number, see `elements.TAGS`."""
NODE_NUMBER: Final = 2
"""`start` of an `ol`, `value` of an `li`, else `NO_NUMBER`."""
NODE_STYLE: Final = 3
"""Of an `ol`: its `type` (one of the bytes `1aAiI`, 0 if none), plus `REVERSED_LIST`."""
NODE_ROWS: Final = 4

# Rows of `PageTree.blocks`, one column a block of text.
BLOCK_NODE: Final = 0
BLOCK_START: Final = 1
"""First byte of the block in `text_utf8`."""
BLOCK_STOP: Final = 2
BLOCK_CHARACTERS: Final = 3
"""Characters that are not white space."""
BLOCK_LINK_CHARACTERS: Final = 4
BLOCK_LINKS: Final = 5
BLOCK_MARGIN: Final = 6
"""Line breaks before the block: 1, or 2 for an empty line; 0 where its table row decides."""
BLOCK_FLAGS: Final = 7
BLOCK_ROWS: Final = 8

PREFORMATTED: Final = 1
"""Block flag: the white space of the block's text is its own (`pre`)."""

REVERSED_LIST: Final = 128

NO_NUMBER: Final = -(2**31)
"""Number of a node that states none."""

MAX_DEPTH: Final = 512
"""The most open elements, `html` and `body` not counted: deeper ones give text, but no nodes.
Source: Blink's `kMaximumHTMLParserDOMTreeDepth` and WebKit's limit of the same name and value."""


class PageTree(NamedTuple):
    """The block elements and the blocks of text of one page, in document order.

    A node is a block element (0 is the page itself; a parent comes before its children). A block is
    a run of inline text between two block boundaries; a single `br` inside it is a newline, two or
    more end it. All arrays are C-contiguous.
    """

    text_utf8: NDArray[np.uint8]
    """Clean text of all blocks, one after another (valid UTF-8, no references)."""
    nodes: NDArray[np.int32]
    """Shape (NODE_ROWS, nodes)."""
    node_words: NDArray[np.int64]
    """Bit set of the groups of words in `class`, `id` and `role`, see `name_words`."""
    blocks: NDArray[np.int32]
    """Shape (BLOCK_ROWS, blocks)."""

    def block_text(self, block: int) -> str:
        """Text of one block."""
        start, stop = self.blocks[BLOCK_START, block], self.blocks[BLOCK_STOP, block]
        return self.text_utf8[start:stop].tobytes().decode("utf-8", "replace")


TREE_TYPE: Final[Any] = types.NamedTuple(
    [types.uint8[::1], types.int32[:, ::1], types.int64[::1], types.int32[:, ::1]], PageTree
)
"""The type of a `PageTree` in the signatures of kernels."""


class ParsedPage(NamedTuple):
    """What a parser makes of a page."""

    tree: PageTree
    title: str
    """Text of the `title` element, empty if there is none."""
