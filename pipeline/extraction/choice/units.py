"""Parts of a page that are main text as wholes or not at all (compiled).

A cell without its row says nothing, nor does a list of which some items are left out. So these are
units: a table of which each row can be written as one line, a single such row of another table, a
list of plain items, a definition list. What stands in a unit belongs to it, nested lists included.
Tables and lists that hold the page, as a frame or as a list of posts, are no units of this kind. In
what is left, each role of alike entries is a unit: all authors of a thread, all texts (`entries`).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.kernels import helper, lean
from massivetext.pipeline.extraction.choice.entries import find_roles
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.layout.contexts import LONG_BLOCK, SECTION_PARAGRAPHS

NO_UNIT: Final = -1

TABLE_UNIT: Final = 0
ROW_UNIT: Final = 1
LIST_UNIT: Final = 2
DEFINITIONS_UNIT: Final = 3
ROLE_UNIT: Final = 4
UNIT_NAMES: Final = ("table", "row", "list", "definitions", "role of alike entries")
"""What each kind is called, for people."""

_H1: Final = elements.tag("h1")
_H6: Final = elements.tag("h6")
_TABLE: Final = elements.tag("table")
_PRE: Final = elements.tag("pre")
_TR: Final = elements.tag("tr")
_TD: Final = elements.tag("td")
_TH: Final = elements.tag("th")
_DL: Final = elements.tag("dl")
_P: Final = elements.tag("p")


_IS_LIST: Final = elements.which_tags(*elements.LIST_TAGS)
_IS_ITEM: Final = elements.which_tags("li", "dt", "dd")
_IS_PART: Final = elements.which_tags(
    *("article", "section", "form", "main", "nav", "aside", "header", "footer", "fieldset")
)
"""Elements that are parts of a page: a list that holds one is no plain list."""

# Rows of the counts (int32, one column a node).
_IN_ITEM: Final = 0  # nearest item of a list, 0 for none
_IN_CELL: Final = 1  # nearest table cell
_IN_ROW: Final = 2  # nearest table row
_OWN_BLOCKS: Final = 3  # of an item or cell: blocks whose nearest item or cell it is
_LONG_BLOCKS: Final = 4  # of them, paragraphs
_ODD_BLOCKS: Final = 5  # of an item: blocks in elements other than itself and its paragraphs
_FULL_CELLS: Final = 6  # of a row: cells with text
_PARTS: Final = 7  # below a node: headings, tables, parts of the page
_ROWS: Final = 8  # of a table: rows with text
_WIDE_ROWS: Final = 9  # of a table: rows with text in two cells or more
_BROKEN_ROWS: Final = 10  # of a table: rows that cannot be written as one line
_IN_LIST: Final = 11  # nearest list
_ITEMS: Final = 12  # of a list, nested ones included: items with text
_ODD_ITEMS: Final = 13  # of them, those that are not plain
_COUNTS: Final = 14


class Units(NamedTuple):
    """The units of a page."""

    size: int
    nodes: NDArray[np.int32]
    """Shape (units or more): the node of each unit; of a role, that of its first block."""
    kinds: NDArray[np.int32]
    of_blocks: NDArray[np.int32]
    """Shape (blocks): the unit that each block belongs to, or `NO_UNIT`."""


@helper
def find_units(tree: Any, facts: Any) -> Units:
    """The units of a page, none within another; `facts` are filled by `describe_page`."""
    nodes, blocks = tree.nodes.shape[1], tree.blocks.shape[1]
    unit_nodes = np.empty(nodes + blocks, np.int32)
    kinds = np.empty(nodes + blocks, np.int32)
    of_blocks = np.empty(blocks, np.int32)
    count = _find_forms(tree, unit_nodes, kinds, of_blocks)
    roles, numbers = find_roles(tree, facts, of_blocks)
    unit_of_role = np.full(numbers, NO_UNIT, np.int32)
    for block in range(blocks):
        role = roles[block]
        if role >= 0:
            if unit_of_role[role] == NO_UNIT:
                unit_of_role[role] = count
                unit_nodes[count] = tree.blocks[pt.BLOCK_NODE, block]
                kinds[count] = ROLE_UNIT
                count += 1
            of_blocks[block] = unit_of_role[role]
    return Units(count, unit_nodes, kinds, of_blocks)


@helper
def _find_forms(tree: Any, unit_nodes: Any, kinds: Any, of_blocks: Any) -> Any:
    """Find the tables, rows and lists that are units, the outermost of nested ones; their number.

    In document order; what has no text is none.
    """
    nodes, blocks = tree.nodes, tree.blocks
    counts = np.zeros((_COUNTS, nodes.shape[1]), np.int32)
    _count_around(nodes, counts)
    _count_blocks(nodes, blocks, counts)
    room = np.zeros((2, nodes.shape[1]), np.int32)
    _count_rows_and_items(nodes, counts, room[0], room[1])
    unit_of_node = np.full(nodes.shape[1], NO_UNIT, np.int32)
    return _number_forms(nodes, blocks, counts, unit_of_node, unit_nodes, kinds, of_blocks)


@lean
def _number_forms(
    nodes: Any,
    blocks: Any,
    counts: Any,
    unit_of_node: Any,
    unit_nodes: Any,
    kinds: Any,
    of_blocks: Any,
) -> Any:
    """Number the nodes that are units, and the blocks in them; how many units there are."""
    count = 0
    for node in range(1, nodes.shape[1]):
        unit_of_node[node] = unit_of_node[nodes[pt.NODE_PARENT, node]]
        if unit_of_node[node] == NO_UNIT:
            kind = _kind_of(nodes, counts, node)
            if kind >= 0:
                unit_of_node[node] = count
                unit_nodes[count] = node
                kinds[count] = kind
                count += 1
    for block in range(blocks.shape[1]):
        of_blocks[block] = unit_of_node[blocks[pt.BLOCK_NODE, block]]
    return count


@lean
def _count_around(nodes: Any, counts: Any) -> None:
    """Fill what each node stands in, and what parts of a page stand below it."""
    for node in range(1, nodes.shape[1]):
        parent, tag = nodes[pt.NODE_PARENT, node], nodes[pt.NODE_TAG, node]
        counts[_IN_ITEM, node] = node if _IS_ITEM[tag] else counts[_IN_ITEM, parent]
        counts[_IN_CELL, node] = node if tag in (_TD, _TH) else counts[_IN_CELL, parent]
        counts[_IN_ROW, node] = node if tag == _TR else counts[_IN_ROW, parent]
        counts[_IN_LIST, node] = node if _IS_LIST[tag] else counts[_IN_LIST, parent]
        if tag == _TABLE:
            counts[_IN_ITEM, node] = 0
            counts[_IN_CELL, node] = 0
            counts[_IN_ROW, node] = 0
    for node in range(nodes.shape[1] - 1, 0, -1):
        parent, tag = nodes[pt.NODE_PARENT, node], nodes[pt.NODE_TAG, node]
        is_part = _H1 <= tag <= _H6 or tag == _TABLE or _IS_PART[tag]
        counts[_PARTS, parent] += counts[_PARTS, node] + is_part


@lean
def _count_blocks(nodes: Any, blocks: Any, counts: Any) -> None:
    """Count the blocks of items and cells."""
    for block in range(blocks.shape[1]):
        node = blocks[pt.BLOCK_NODE, block]
        is_long = blocks[pt.BLOCK_CHARACTERS, block] >= LONG_BLOCK
        item, cell = counts[_IN_ITEM, node], counts[_IN_CELL, node]
        if item:
            counts[_OWN_BLOCKS, item] += 1
            counts[_LONG_BLOCKS, item] += is_long
            counts[_ODD_BLOCKS, item] += node != item and nodes[pt.NODE_TAG, node] != _P
        if cell and cell != item:
            counts[_FULL_CELLS, counts[_IN_ROW, cell]] += counts[_OWN_BLOCKS, cell] == 0
            counts[_OWN_BLOCKS, cell] += 1
            counts[_LONG_BLOCKS, cell] += is_long


@lean
def _count_rows_and_items(nodes: Any, counts: Any, broken: Any, in_table: Any) -> None:
    """Count the rows of tables and the items of lists, and those of them that are not plain.

    `broken` and `in_table` have room for a number a node, 0 at first.
    """
    for node in range(1, nodes.shape[1]):
        parent, tag = nodes[pt.NODE_PARENT, node], nodes[pt.NODE_TAG, node]
        in_table[node] = node if tag == _TABLE else in_table[parent]
        is_cell = counts[_IN_CELL, node] == node
        is_broken = is_cell and counts[_OWN_BLOCKS, node] > 1 and counts[_LONG_BLOCKS, node] > 0
        if is_broken or tag == _PRE or _H1 <= tag <= _H6:
            broken[counts[_IN_ROW, node]] = 1
        elif tag == _TABLE:
            broken[counts[_IN_ROW, parent]] = 1
        if counts[_IN_ITEM, node] == node:
            is_odd = counts[_LONG_BLOCKS, node] >= SECTION_PARAGRAPHS
            is_odd |= counts[_OWN_BLOCKS, node] > 1 and counts[_ODD_BLOCKS, node] > 0
            counts[_ITEMS, counts[_IN_LIST, node]] += counts[_OWN_BLOCKS, node] > 0
            counts[_ODD_ITEMS, counts[_IN_LIST, node]] += is_odd
    for node in range(1, nodes.shape[1]):
        if counts[_IN_ROW, node] == node and counts[_FULL_CELLS, node]:
            table = in_table[node]
            counts[_ROWS, table] += 1
            counts[_WIDE_ROWS, table] += counts[_FULL_CELLS, node] >= 2
            counts[_BROKEN_ROWS, table] += broken[node]
            if broken[node]:
                counts[_FULL_CELLS, node] = 0
    for node in range(nodes.shape[1] - 1, 0, -1):
        parent = nodes[pt.NODE_PARENT, node]
        if counts[_IN_LIST, node] == node:
            outer = counts[_IN_LIST, parent]
            counts[_ODD_ITEMS, outer] += counts[_ODD_ITEMS, node]
            counts[_ITEMS, outer] += counts[_ITEMS, node]


@lean
def _kind_of(nodes: Any, counts: Any, node: Any) -> Any:
    """The kind of unit that a node is, or -1."""
    tag = nodes[pt.NODE_TAG, node]
    if tag == _TABLE:
        is_unit = counts[_PARTS, node] == 0 and counts[_BROKEN_ROWS, node] == 0
        is_unit &= 2 * counts[_WIDE_ROWS, node] > counts[_ROWS, node] >= 2
        return TABLE_UNIT if is_unit else -1
    if tag == _TR:
        return ROW_UNIT if counts[_FULL_CELLS, node] >= 2 and counts[_PARTS, node] == 0 else -1
    if _IS_LIST[tag]:
        is_unit = counts[_PARTS, node] == 0 and counts[_ITEMS, node] >= 2
        is_unit &= 8 * counts[_ODD_ITEMS, node] <= counts[_ITEMS, node]
        kind = DEFINITIONS_UNIT if tag == _DL else LIST_UNIT
        return kind if is_unit else -1
    return -1
