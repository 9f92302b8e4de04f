"""What each node of a page stands in, as far as the layout goes by it: list items, table rows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import helper
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.layout.columns import place_cells

LONG_BLOCK: Final = 80
"""Characters (not white space) from which a block is a paragraph and not a label. Our choice: the
length at which readability-like rules begin to see prose."""

SECTION_PARAGRAPHS: Final = 3
"""Our choice: a list item with a heading, or with this many paragraphs, is a part of the page (a
post, a product) that happens to stand in a list; it gets no bullet."""

_LI: Final = elements.tag("li")
_OL: Final = elements.tag("ol")
_TR: Final = elements.tag("tr")
_TD: Final = elements.tag("td")
_TH: Final = elements.tag("th")
_TABLE: Final = elements.tag("table")
_PRE: Final = elements.tag("pre")
_H1: Final = elements.tag("h1")
_H6: Final = elements.tag("h6")
_LISTS: Final = tuple(elements.tag(name) for name in ("ul", "ol", "menu", "dir"))

# Rows of the contexts (int32, one column a node): what the node stands in, -1 for nothing.
ITEM: Final = 0  # nearest list item that gets a bullet or number
LEVEL: Final = 1  # number of such items around it, itself included
LIST_TOP: Final = 2  # outermost list of those items
CELL: Final = 3  # nearest table cell
ROW: Final = 4  # nearest table row, if it is laid out as one line
IN_TABLE: Final = 5
ORDINAL: Final = 6  # number of a list item among its siblings, NO_NUMBER for a bullet
CELL_COLUMN: Final = 7  # position of a cell in its row, from 0
CONTEXT_ROWS: Final = 8


@helper
def contexts_of(nodes: Any, blocks: Any, keep: Any) -> Any:
    """What every node stands in, see the rows above."""
    count = nodes.shape[1]
    is_section, is_line = _sections_and_lines(nodes, blocks, keep)
    contexts = np.full((CONTEXT_ROWS, count), -1, np.int32)
    contexts[LEVEL] = 0
    _number_items(nodes, contexts[ORDINAL])
    place_cells(nodes, contexts[CELL_COLUMN])
    for node in range(1, count):
        parent = nodes[pt.NODE_PARENT, node]
        tag = nodes[pt.NODE_TAG, node]
        for row in range(ORDINAL):
            contexts[row, node] = contexts[row, parent]
        if tag == _TABLE or (tag == _LI and is_section[node]):
            contexts[ITEM, node] = -1
            contexts[LEVEL, node] = 0
            contexts[LIST_TOP, node] = -1
            if tag == _TABLE:
                contexts[CELL, node] = -1
                contexts[ROW, node] = -1
                contexts[IN_TABLE, node] = node
        elif tag == _LI:
            if contexts[LIST_TOP, node] < 0:
                contexts[LIST_TOP, node] = parent
            contexts[ITEM, node] = node
            contexts[LEVEL, node] += 1
        elif tag in _LISTS and nodes[pt.NODE_TAG, parent] in _LISTS:
            if contexts[LIST_TOP, node] < 0:  # right in another list: a step to the right of it
                contexts[LIST_TOP, node] = parent
            contexts[LEVEL, node] += 1
        elif tag == _TR:
            contexts[ROW, node] = node if is_line[node] else -1
            contexts[CELL, node] = -1
        elif tag in (_TD, _TH):
            contexts[CELL, node] = node
        if contexts[CELL, node] < 0:
            contexts[ROW, node] = -1  # text between cells does not belong to the row
            if tag == _TR and is_line[node]:
                contexts[ROW, node] = node
    return contexts


@helper
def column_of(contexts: Any, node: Any) -> Any:
    """The column of the cell that a node stands in, -1 for text between cells."""
    cell = contexts[CELL, node]
    return contexts[CELL_COLUMN, cell] if cell >= 0 else -1


@helper
def _sections_and_lines(nodes: Any, blocks: Any, keep: Any) -> Any:
    """Which `li` are parts of the page, and which `tr` are laid out as one line."""
    count = nodes.shape[1]
    in_item = np.zeros(count, np.int32)
    in_cell = np.zeros(count, np.int32)
    in_row = np.zeros(count, np.int32)
    is_section = np.zeros(count, np.bool_)
    is_line = np.zeros(count, np.bool_)
    for node in range(1, count):
        parent = nodes[pt.NODE_PARENT, node]
        tag = nodes[pt.NODE_TAG, node]
        in_item[node] = node if tag == _LI else in_item[parent]
        in_cell[node] = node if tag in (_TD, _TH) else in_cell[parent]
        in_row[node] = node if tag == _TR else in_row[parent]
        is_line[node] = tag == _TR
        if _H1 <= tag <= _H6:
            is_section[in_item[node]] = True
        if tag in (_PRE, _TABLE) or _H1 <= tag <= _H6:
            is_line[in_row[node]] = False
    paragraphs = np.zeros(count, np.int32)
    in_cells = np.zeros(count, np.int32)
    longest = np.zeros(count, np.int32)
    full_cells = np.zeros(count, np.int32)
    for block in range(blocks.shape[1]):
        node = blocks[pt.BLOCK_NODE, block]
        characters = blocks[pt.BLOCK_CHARACTERS, block]
        paragraphs[in_item[node]] += characters >= LONG_BLOCK
        if keep[block]:
            cell = in_cell[node]
            full_cells[in_row[node]] += in_cells[cell] == 0
            in_cells[cell] += 1
            longest[cell] = max(longest[cell], characters)
    for node in range(count):
        is_section[node] |= paragraphs[node] >= SECTION_PARAGRAPHS
        is_line[node] &= full_cells[node] >= 2
    for node in range(count):
        if in_cells[node] >= 2 and longest[node] >= LONG_BLOCK:
            is_line[in_row[node]] = False
    return is_section, is_line


@helper
def _number_items(nodes: Any, ordinals: Any) -> None:
    """Give the items of ordered lists their numbers, and all others `NO_NUMBER`."""
    count = nodes.shape[1]
    items = np.zeros(count, np.int32)
    for node in range(1, count):
        items[nodes[pt.NODE_PARENT, node]] += nodes[pt.NODE_TAG, node] == _LI
    ordinals[:] = pt.NO_NUMBER
    following = np.zeros(count, np.int32)
    for node in range(1, count):
        parent = nodes[pt.NODE_PARENT, node]
        tag = nodes[pt.NODE_TAG, node]
        number = nodes[pt.NODE_NUMBER, node]
        if tag == _OL:
            is_reversed = nodes[pt.NODE_STYLE, node] & pt.REVERSED_LIST
            following[node] = items[node] if is_reversed else 1
            if number != pt.NO_NUMBER:
                following[node] = number
        elif tag == _LI and nodes[pt.NODE_TAG, parent] == _OL:
            if number != pt.NO_NUMBER:
                following[parent] = number
            ordinals[node] = following[parent]
            is_reversed = nodes[pt.NODE_STYLE, parent] & pt.REVERSED_LIST
            following[parent] += -1 if is_reversed else 1
