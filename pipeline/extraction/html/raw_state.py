"""What the parser of raw bytes reads and writes: a page, what it remembers, and the tree it fills.

What it remembers stands in slots of small integer arrays, which compiled functions can share.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext import ascii_bytes as ab
from massivetext.kernels import helper
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import page_tree as pt

# Slots of the `state` array (int64).
TEXT: Final = 0  # bytes written to the text buffer
NODE_COUNT: Final = 1
BLOCK_COUNT: Final = 2
DEPTH: Final = 3  # index of the top of the stack of open elements
OPEN_START: Final = 4  # where the open block begins in the text buffer
OPEN_CHARACTERS: Final = 5  # of the open block, white space not counted
OPEN_LINK_CHARACTERS: Final = 6
OPEN_LINKS: Final = 7
PENDING_LINKS: Final = 8  # links opened since the last character
PENDING_SPACE: Final = 9  # 1 if white space stands before the next character
PENDING_BREAKS: Final = 10  # `br`s since the last character
MARGIN: Final = 11  # of the next block
TITLE_START: Final = 12
TITLE_STOP: Final = 13
SHOW_HIDDEN: Final = 14  # 1 to read what the page hides, too
UNENDED: Final = 15  # bit set of raw text elements, by tag number modulo 63, that have no end ahead
STATE_SLOTS: Final = 16

# Rows of the `stack` array (int32), one column an open element; column 0 is the page.
STACK_TAG: Final = 0
STACK_NODE: Final = 1
STACK_FLAGS: Final = 2
STACK_ROWS: Final = 3

# Flags of an open element.
IN_LINK: Final = 1
IN_PREFORMATTED: Final = 2
IN_HIDDEN: Final = 4
IN_ITEM: Final = 8
OPENS_BLOCK: Final = 16
INHERITED: Final = IN_LINK | IN_PREFORMATTED | IN_HIDDEN | IN_ITEM

# Rows of the `attributes` array (int32, columns: start and stop of the value, -1 if absent).
CLASS: Final = 0
ID: Final = 1
ROLE: Final = 2
STYLE: Final = 3
HIDDEN: Final = 4
ARIA_HIDDEN: Final = 5
HREF: Final = 6
LIST_START: Final = 7
VALUE: Final = 8
TYPE: Final = 9
REVERSED: Final = 10
ATTRIBUTES: Final = 11
ANY: Final = 11  # one more row: not 0 if a row above it is filled


_TAGS: Final = len(elements.TAGS) + 1


class PageReader(NamedTuple):
    """A page that is being read."""

    html: NDArray[np.uint8]
    state: NDArray[np.int64]
    """Shape (STATE_SLOTS)."""
    stack: NDArray[np.int32]
    """Shape (STACK_ROWS, page_tree.MAX_DEPTH + 1)."""
    open_tags: NDArray[np.int32]
    """How many elements of each tag number are open."""
    attributes: NDArray[np.int32]
    """Shape (ATTRIBUTES + 1, 2): those of the tag that is being read."""
    text: NDArray[np.uint8]
    nodes: NDArray[np.int32]
    node_words: NDArray[np.int64]
    blocks: NDArray[np.int32]


@helper
def page_reader(html: Any, show_hidden: Any) -> PageReader:
    """A reader at the start of a page."""
    tags = 1
    for position in range(len(html)):  # no node and no block comes without a tag of its own
        tags += html[position] == ab.LESS_THAN
    state = np.zeros(STATE_SLOTS, np.int64)
    state[SHOW_HIDDEN] = show_hidden
    return PageReader(
        html,
        state,
        np.zeros((STACK_ROWS, pt.MAX_DEPTH + 1), np.int32),
        np.zeros(_TAGS, np.int32),
        np.ones((ATTRIBUTES + 1, 2), np.int32),  # as if filled: cleared by the first tag
        np.empty(len(html) + len(html) // 2 + 16, np.uint8),
        np.empty((pt.NODE_ROWS, tags + 1), np.int32),
        np.empty(tags + 1, np.int64),
        np.empty((pt.BLOCK_ROWS, tags), np.int32),
    )
