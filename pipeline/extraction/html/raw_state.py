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
from massivetext.pipeline.extraction.html import spans as sp

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
PENDING_SPACE: Final = 9  # what stands before the next character: `A_SPACE`, `A_LINE`
PENDING_BREAKS: Final = 10  # `br`s since the last character
MARGIN: Final = 11  # of the next block
TITLE_START: Final = 12
TITLE_STOP: Final = 13
SHOW_HIDDEN: Final = 14  # 1 to read what the page hides, too
UNENDED: Final = 15  # bit set of raw text elements, by tag number modulo 63, that have no end ahead
INDENT: Final = 16  # columns of no-break spaces since the last line break
FORMULA_STOP: Final = 17  # where the last formula ends in the text buffer, -1 if there is none
VEILED_BYTES: Final = 18  # bytes of long runs of text that the page hides
NEXT: Final = 19  # position behind the end tag that is acted on
PLACED: Final = 20  # characters of the open block in inline elements at places of their own
PLACED_AT: Final = 21  # what these places are, as flags of `page_tree.PLACE_FLAGS`
HAS_FRAMES: Final = 22  # 1 if a frame's document stands in the page
SPANS: Final = 23  # spans noted
STATE_SLOTS: Final = 24

# Bits of PENDING_SPACE.
A_SPACE: Final = 1
A_LINE: Final = 2  # a line begins: an inline element that is displayed as a block

# Rows of the `stack` array (int32), one column an open element; column 0 is the page.
STACK_TAG: Final = 0
STACK_NODE: Final = 1
STACK_FLAGS: Final = 2
STACK_TEXT: Final = 3  # where its text begins in the text buffer; of elements that are `ENDING`
STACK_PARTS: Final = 4  # parts of a formula that began in it
STACK_BLOCK: Final = 5  # blocks written before it
STACK_CHARACTERS: Final = 6  # characters of the open block before it
STACK_VALUE: Final = 7  # where the value of its span begins; of `math`: 1 on a line of its own
STACK_VALUE_STOP: Final = 8
STACK_ROWS: Final = 9

# Flags of an open element.
IN_LINK: Final = 1
IN_PREFORMATTED: Final = 2
IN_HIDDEN: Final = 4
IN_ITEM: Final = 8
OPENS_BLOCK: Final = 16
ENDING: Final = 32  # something is done at its end, see `raw_ends`
IN_FOREIGN: Final = 64  # in `svg` or `math`, outside of their HTML
IN_VEILED: Final = 128  # hidden, but read at a second look
IN_GUTTER: Final = 256  # where numbers of lines stand
IN_FORMULA: Final = 512  # in `math`, read part by part
IN_COLLAPSED: Final = 1024  # preformatted, but for spaces (white-space: pre-line)
IN_LINE: Final = 2048  # an inline element that is displayed as a block
IS_RAISED: Final = 4096
IS_LOWERED: Final = 8192
IS_SPAN: Final = 16384  # what it covers is noted, see `raw_spans`
PLACE_SHIFT: Final = 15  # flags of `page_tree.PLACE_FLAGS` stand so much higher
IN_PLACES: Final = pt.PLACE_FLAGS << PLACE_SHIFT
INHERITED: Final = ~(OPENS_BLOCK | ENDING | IN_LINE | IS_RAISED | IS_LOWERED | IS_SPAN)

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
ALT: Final = 11
ALT_TEXT: Final = 12
ENCODING: Final = 13
DIALOG_OPEN: Final = 14
POPOVER: Final = 15
SHADOW: Final = 16
SHADOW_BEFORE: Final = 17  # the attribute's name in the first browsers that had it
ROW_SPAN: Final = 18
COLUMN_SPAN: Final = 19
DOCUMENT: Final = 20
DISPLAY: Final = 21
ATTRIBUTES: Final = 22
ANY: Final = 22  # one more row: not 0 if a row above it is filled


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
    spans: NDArray[np.int32]
    """Shape (spans.SPAN_ROWS, as many as there may be); none if nobody asks for them."""


@helper
def page_reader(html: Any, show_hidden: Any, with_spans: Any) -> PageReader:
    """A reader at the start of a page."""
    tags = 1
    for position in range(len(html)):  # no node and no block comes without a tag of its own
        tags += html[position] == ab.LESS_THAN
    state = np.zeros(STATE_SLOTS, np.int64)
    state[SHOW_HIDDEN] = show_hidden
    state[FORMULA_STOP] = -1
    return PageReader(
        html,
        state,
        np.zeros((STACK_ROWS, pt.MAX_DEPTH + 1), np.int32),
        np.zeros(_TAGS, np.int32),
        np.ones((ATTRIBUTES + 1, 2), np.int32),  # as if filled: cleared by the first tag
        np.empty(2 * len(html) + 16, np.uint8),  # `<q>`, the shortest tag that writes: two marks
        np.empty((pt.NODE_ROWS, tags + 1), np.int32),
        np.empty(tags + 1, np.int64),
        np.empty((pt.BLOCK_ROWS, tags), np.int32),
        np.empty((sp.SPAN_ROWS, tags if with_spans else 0), np.int32),
    )
