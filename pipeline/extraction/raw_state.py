"""What the raw-bytes engine remembers while it reads a page: slots of small integer arrays.

Plain arrays and not objects, because compiled functions share them.
"""

from __future__ import annotations

from typing import Final

# Slots of the `state` array (int64).
TEXT: Final = 0  # bytes written to the text buffer
NODES: Final = 1
BLOCKS: Final = 2
DEPTH: Final = 3  # index of the top of the stack of open elements
BLOCK_START: Final = 4  # where the open block begins in the text buffer
CHARACTERS: Final = 5  # of the open block, white space not counted
LINK_CHARACTERS: Final = 6
LINKS: Final = 7
PENDING_LINKS: Final = 8  # links opened since the last character
SPACE: Final = 9  # 1 if white space stands before the next character
BREAKS: Final = 10  # `br`s since the last character
MARGIN: Final = 11  # of the next block
TITLE_START: Final = 12
TITLE_STOP: Final = 13
HREFS: Final = 14
SHOW_HIDDEN: Final = 15  # 1 to read what the page hides, too
UNENDED: Final = 16  # bit set of raw text elements, by tag number modulo 63, that have no end ahead
STATE_SLOTS: Final = 17

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

MAX_DEPTH: Final = 512
"""Our choice, as in browsers: deeper elements give text, but no nodes."""

# Rows of the `attributes` array (int32, columns: start and stop of the value, -1 if absent).
CLASS: Final = 0
ID: Final = 1
ROLE: Final = 2
STYLE: Final = 3
HIDDEN: Final = 4
ARIA_HIDDEN: Final = 5
HREF: Final = 6
START: Final = 7
VALUE: Final = 8
TYPE: Final = 9
REVERSED: Final = 10
ATTRIBUTES: Final = 11
ANY: Final = 11  # one more row: not 0 if a row above it is filled
