"""Line breaks between kept blocks, and the whole plan of a page's layout (compiled)."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from massivetext.kernels import helper, kernel
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.page_tree import TREE_TYPE, PageTree
from massivetext.pipeline.extraction.layout import contexts as cx
from massivetext.pipeline.extraction.layout.contexts import LONG_BLOCK, contexts_of
from massivetext.pipeline.extraction.layout.row_order import shown_order

_DT: Final = elements.tag("dt")
_DD: Final = elements.tag("dd")

_IS_LABEL: Final = elements.which_tags(
    *("li", "dt", "dd", "td", "th", "tr", "caption", "figcaption", "address", "legend")
)
"""Tags whose text takes one line, however long it is."""


class LayoutPlan(NamedTuple):
    """Where the kept blocks of a page stand."""

    order: NDArray[np.int64]
    """All blocks in the order in which they are shown."""
    contexts: NDArray[np.int32]
    """What each node stands in, see `contexts`."""
    breaks: NDArray[np.int32]
    """Line breaks before each kept block: 0 in the line of the last one, 1, or 2."""


@helper
def breaks_between(
    blocks: Any, nodes: Any, contexts: Any, last: Any, block: Any, margin: Any, marked: Any
) -> Any:
    """Line breaks between two kept blocks, 0 if they stand in one line.

    `margin` is the largest of the blocks since `last`; `marked` tells the list items that have
    their mark.
    """
    before, node = blocks[pt.BLOCK_NODE, last], blocks[pt.BLOCK_NODE, block]
    row, item = contexts[cx.ROW, node], contexts[cx.ITEM, node]
    row_before = contexts[cx.ROW, before]
    if row >= 0 and row_before == row:
        return 0
    if row >= 0:
        if row_before >= 0 and contexts[cx.IN_TABLE, before] == contexts[cx.IN_TABLE, node]:
            margin = 1
    elif item >= 0 and not marked[item]:
        if contexts[cx.LIST_TOP, before] == contexts[cx.LIST_TOP, node]:
            margin = 1
    elif item < 0 and contexts[cx.ITEM, before] < 0 and row_before < 0:
        longer = max(blocks[pt.BLOCK_CHARACTERS, last], blocks[pt.BLOCK_CHARACTERS, block])
        is_label = _IS_LABEL[nodes[pt.NODE_TAG, before]] and _IS_LABEL[nodes[pt.NODE_TAG, node]]
        both_flags = blocks[pt.BLOCK_FLAGS, last] & blocks[pt.BLOCK_FLAGS, block]
        if _defines(nodes, before, node):
            margin = 1
        elif longer >= LONG_BLOCK and not is_label and not both_flags & pt.PREFORMATTED:
            margin = 2
    return min(max(margin, 1), 2)


@helper
def _defines(nodes: Any, before: Any, node: Any) -> bool:
    """Whether a definition begins right behind its term: in a `dd`, or in a paragraph of it."""
    parent = nodes[pt.NODE_PARENT, node]
    is_definition = nodes[pt.NODE_TAG, node] == _DD or nodes[pt.NODE_TAG, parent] == _DD
    return nodes[pt.NODE_TAG, before] == _DT and is_definition


@kernel(
    types.Tuple((types.int64[::1], types.int32[:, ::1], types.int32[::1]))(
        TREE_TYPE, types.boolean[::1]
    )
)
def _plan(tree: Any, keep: Any) -> Any:
    nodes, blocks = tree.nodes, tree.blocks
    contexts, order = contexts_of(nodes, blocks, keep), shown_order(nodes, blocks)
    breaks = np.zeros(len(keep), np.int32)
    marked = np.zeros(nodes.shape[1], np.bool_)
    last, margin = -1, 0
    for block in order:
        margin = max(margin, blocks[pt.BLOCK_MARGIN, block])
        if not keep[block]:
            continue
        node = blocks[pt.BLOCK_NODE, block]
        if last >= 0:
            breaks[block] = breaks_between(blocks, nodes, contexts, last, block, margin, marked)
        if contexts[cx.ROW, node] < 0 and contexts[cx.ITEM, node] >= 0:
            marked[contexts[cx.ITEM, node]] = True
        last, margin = block, 0
    return order, contexts, breaks


def layout_plan(tree: PageTree, keep: NDArray[np.bool_]) -> LayoutPlan:
    """The plan of the text form, for other forms of the kept blocks (one flag a block)."""
    return LayoutPlan(*_plan(tree, keep))
