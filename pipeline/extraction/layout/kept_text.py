"""Kept blocks to text, with their formatting: lists, tables, preformatted text, paragraphs.

"Taking care to preserve any meaningful formatting, such as indentation, newlines and bullet points"
(Gopher, section A.1.1). The forms are our choice: an empty line between paragraphs, since the
paragraph rules of Table A1 count them; `- ` and numbers before list items, two spaces a level; one
line a table row, ` | ` between its cells; no other marks.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import types
from numpy.typing import NDArray

from massivetext.kernels import helper, kernel, lean
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.page_tree import TREE_TYPE, PageTree
from massivetext.pipeline.extraction.layout import contexts as cx
from massivetext.pipeline.extraction.layout.breaks import breaks_between
from massivetext.pipeline.extraction.layout.columns import bars_of
from massivetext.pipeline.extraction.layout.contexts import column_of, contexts_of
from massivetext.pipeline.extraction.layout.markers import LONGEST_MARKER, put_marker
from massivetext.pipeline.extraction.layout.row_order import shown_order

MAX_INDENT_LEVELS: Final = 16
"""Our choice: deeper lists do not move further to the right; this bounds the output."""


@lean
def _separate(
    blocks: Any,
    nodes: Any,
    contexts: Any,
    last: Any,
    block: Any,
    margin: Any,
    marked: Any,
    out: Any,
    length: Any,
) -> Any:
    """Write what stands between two kept blocks; the new length of the output."""
    breaks = breaks_between(blocks, nodes, contexts, last, block, margin, marked)
    if not breaks:
        before, node = blocks[pt.BLOCK_NODE, last], blocks[pt.BLOCK_NODE, block]
        column, column_before = column_of(contexts, node), column_of(contexts, before)
        bars = column - column_before if column_before >= 0 else 1
        if column < 0 or bars <= 0:
            return _put_spaces(out, length, 1)
        for _ in range(bars):
            length = _put_bar(out, length)
    for _ in range(breaks):
        out[length] = 10
        length += 1
    return length


@lean
def _put_text(
    text: Any, blocks: Any, block: Any, indent: Any, is_one_line: Any, out: Any, length: Any
) -> Any:
    is_pre = blocks[pt.BLOCK_FLAGS, block] & pt.PREFORMATTED
    for position in range(blocks[pt.BLOCK_START, block], blocks[pt.BLOCK_STOP, block]):
        byte = text[position]
        out[length] = 32 if is_one_line and byte == 10 else byte
        length += 1
        if byte == 10 and not is_pre:
            length = _put_spaces(out, length, indent)
    return length


@lean
def _put_spaces(out: Any, length: Any, count: Any) -> Any:
    for position in range(length, length + count):
        out[position] = 32
    return length + count


@lean
def _put_bar(out: Any, length: Any) -> Any:
    """A cell separator: ` | `, or `| ` at the start of a line or after another one."""
    if length > 0 and out[length - 1] != 10 and out[length - 1] != 32:
        out[length] = 32
        length += 1
    out[length] = 124
    out[length + 1] = 32
    return length + 2


@lean
def _write_text(
    text: Any, nodes: Any, blocks: Any, keep: Any, contexts: Any, order: Any, marked: Any, out: Any
) -> int:
    """Write the kept blocks to `out`; the number of bytes written.

    `marked` tells of each list item and row whether it has begun: none has at first.
    """
    length = 0
    last = -1
    margin = 0
    for block in order:
        margin = max(margin, blocks[pt.BLOCK_MARGIN, block])
        if not keep[block]:
            continue
        node = blocks[pt.BLOCK_NODE, block]
        item = contexts[cx.ITEM, node]
        if last >= 0:
            length = _separate(blocks, nodes, contexts, last, block, margin, marked, out, length)
        row = contexts[cx.ROW, node]
        if row >= 0:
            if not marked[row]:
                marked[row] = True
                for _ in range(column_of(contexts, node)):
                    length = _put_bar(out, length)
            length = _put_text(text, blocks, block, 0, True, out, length)
        elif item >= 0:
            indent = 2 * min(contexts[cx.LEVEL, node], MAX_INDENT_LEVELS)
            if not marked[item]:
                length = _put_spaces(out, length, indent - 2)
                length = put_marker(nodes, contexts[cx.ORDINAL, item], item, out, length)
                marked[item] = True
            elif not blocks[pt.BLOCK_FLAGS, block] & pt.PREFORMATTED:
                length = _put_spaces(out, length, indent)
            length = _put_text(text, blocks, block, indent, False, out, length)
        else:
            length = _put_text(text, blocks, block, 0, False, out, length)
        last = block
        margin = 0
    return length


@helper
def write_kept(tree: Any, keep: Any) -> Any:
    """Bytes of the text of the kept blocks; no empty line at its ends, no space at its end."""
    newlines = 0
    for position in range(len(tree.text_utf8)):
        newlines += tree.text_utf8[position] == 10
    nodes, blocks = tree.nodes, tree.blocks
    contexts, order = contexts_of(nodes, blocks, keep), shown_order(nodes, blocks)
    a_block = 2 * MAX_INDENT_LEVELS + LONGEST_MARKER + 8
    overhead = newlines * 2 * MAX_INDENT_LEVELS + len(keep) * a_block
    bars = bars_of(nodes, contexts[cx.CELL_COLUMN])
    out = np.empty(len(tree.text_utf8) + overhead + 3 * bars, np.uint8)
    marked = np.zeros(nodes.shape[1], np.bool_)
    stop = _write_text(tree.text_utf8, nodes, blocks, keep, contexts, order, marked, out)
    start = 0
    while start < stop and out[start] == 10:
        start += 1
    while stop > start and out[stop - 1] <= 32:
        stop -= 1
    return out[start:stop]


@kernel(types.uint8[::1](TREE_TYPE, types.boolean[::1]))
def _lay_out(tree: Any, keep: Any) -> Any:
    return write_kept(tree, keep)


def lay_out(tree: PageTree, keep: NDArray[np.bool_]) -> str:
    """The text of the kept blocks (one flag a block), formatted."""
    return decoded(_lay_out(tree, keep))


def decoded(text_utf8: NDArray[np.uint8]) -> str:
    """A text that a kernel wrote."""
    return text_utf8.tobytes().decode("utf-8", "replace")
