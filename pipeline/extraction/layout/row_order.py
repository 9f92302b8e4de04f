"""The order in which a table's rows are shown: a `tfoot` comes last, wherever it is written."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import helper
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import page_tree as pt

_TABLE: Final = elements.tag("table")
_TFOOT: Final = elements.tag("tfoot")


@helper
def shown_order(nodes: Any, blocks: Any) -> Any:
    """The blocks in the order in which a page shows them.

    The `tfoot` of a table that stands in another one stays where it is, so that no block moves
    twice and time is linear.
    """
    count = nodes.shape[1]
    order = np.arange(blocks.shape[1])
    has_foot = False
    for node in range(1, count):
        has_foot |= nodes[pt.NODE_TAG, node] == _TFOOT
    if not has_foot:
        return order
    table, foot = np.zeros(count, np.int32), np.zeros(count, np.int32)
    for node in range(1, count):
        parent, tag = nodes[pt.NODE_PARENT, node], nodes[pt.NODE_TAG, node]
        table[node], foot[node] = table[parent], foot[parent]
        if not table[node] and tag == _TABLE:
            table[node] = node
        elif tag == _TFOOT and parent == table[parent]:
            foot[node] = node
    first = 0
    while first < len(order):
        stop, outer = first, table[blocks[pt.BLOCK_NODE, first]]
        while stop < len(order) and table[blocks[pt.BLOCK_NODE, stop]] == outer:
            stop += 1
        if outer:
            _move_feet(foot, blocks, order, first, stop)
        first = stop
    return order


@helper
def _move_feet(foot: Any, blocks: Any, order: Any, first: Any, stop: Any) -> None:
    """Order the blocks of one table: those of its feet come last."""
    place = first
    for is_foot in range(2):
        for block in range(first, stop):
            if (foot[blocks[pt.BLOCK_NODE, block]] > 0) == is_foot:
                order[place] = block
                place += 1
