"""A page as flat arrays: the tree of its block elements, and its blocks of text.

Every parser (raw bytes, lxml) fills these arrays; choice and layout read nothing else.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from massivetext.pipeline.extraction.html.spans import Spans

# Rows of `PageTree.nodes`, one column a block element.
NODE_PARENT: Final = 0
NODE_TAG: Final = 1
"""Tag number, see `elements.TAGS`."""
NODE_NUMBER: Final = 2
"""`start` of an `ol`, `value` of an `li`, `rowspan` of a cell, else `NO_NUMBER`."""
NODE_STYLE: Final = 3
"""Of a list or item: how it is marked (a byte of `MARKERS`, 0 if it does not say so), plus
`REVERSED_LIST`. Of a cell: its `colspan`, 0 if it states none."""
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

# Block flags: why a browser does not show the block at first. Such blocks stand in the tree only if
# the page was read with what it hides.
BY_ARIA: Final = 2  # aria-hidden
BY_ATTRIBUTE: Final = 4  # hidden
BY_STYLE: Final = 8  # display: none, visibility: hidden
IN_NOSCRIPT: Final = 16
IN_MEDIA: Final = 32  # in place of a video, a sound, a drawing by script
VEILS: Final = BY_ARIA | BY_ATTRIBUTE | BY_STYLE | IN_NOSCRIPT | IN_MEDIA

# Block flags: the block is shown, but stands at an unusual place.
UNTIL_FOUND: Final = 64  # hidden=until-found, panels of tabs: links, searches, clicks reach it
IN_SHADOW: Final = 128  # in a shadow root (`template shadowrootmode`)
IN_OBJECT: Final = 256  # in an `object`, which no browser can show any more
PLACE_FLAGS: Final = VEILS | UNTIL_FOUND | IN_SHADOW | IN_OBJECT
"""All flags that say where a block stands; what the choice learns from."""
NEVER: Final = -1
"""Instead of these flags: the element has no text of the page, however it is looked at."""
FIRST_PLACE: Final = 1
PLACE_COUNT: Final = 8
"""The lowest bit of PLACE_FLAGS, and their number."""

REVERSED_LIST: Final = 128

MARKERS: Final = "1aAiIg*-"
"""How list items are marked: numbers, letters, Roman numbers, Greek letters, bullets, nothing."""

MAX_SPAN: Final = 65_534
MAX_COLUMN_SPAN: Final = 1000
"""HTML standard, "attributes common to td and th elements": larger spans count as these."""

NO_NUMBER: Final = -(2**31)
"""Number of a node that states none."""

VEILED_RUN: Final = 40
"""Our choice: bytes from which a run of text between two tags counts as hidden text: labels and
white space do not."""

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
    veiled: int
    """Bytes of long runs of text that the page hides, see `VEILED_RUN`."""
    spans: Spans
    """What inline elements cover; none if the parser was not asked for them."""
