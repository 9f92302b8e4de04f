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

from massivetext.kernels import helper, kernel
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.page_tree import TREE_TYPE, PageTree

LONG_BLOCK: Final = 80
"""Characters (not white space) from which a block is a paragraph and not a label. Our choice: the
length at which readability-like rules begin to see prose."""

SECTION_PARAGRAPHS: Final = 3
"""Our choice: a list item with a heading, or with this many paragraphs, is a part of the page (a
post, a product) that happens to stand in a list; it gets no bullet."""

MAX_INDENT_LEVELS: Final = 16
"""Our choice: deeper lists do not move further to the right; this bounds the output."""

_LI: Final = elements.tag("li")
_OL: Final = elements.tag("ol")
_TR: Final = elements.tag("tr")
_TD: Final = elements.tag("td")
_TH: Final = elements.tag("th")
_TABLE: Final = elements.tag("table")
_PRE: Final = elements.tag("pre")
_H1: Final = elements.tag("h1")
_H6: Final = elements.tag("h6")

_LABEL_TAGS: Final = (
    *("li", "dt", "dd", "td", "th", "tr", "caption", "figcaption", "address", "legend"),
)
_IS_LABEL: Final = np.isin(
    np.arange(len(elements.TAGS) + 1),
    [elements.tag(t) for t in _LABEL_TAGS],
)
"""Tags whose text takes one line, however long it is."""


# Rows of the contexts (int32, one column a node): what the node stands in, -1 for nothing.
_ITEM: Final = 0  # nearest list item that gets a bullet or number
_LEVEL: Final = 1  # number of such items around it, itself included
_LIST_TOP: Final = 2  # outermost list of those items
_CELL: Final = 3  # nearest table cell
_ROW: Final = 4  # nearest table row, if it is laid out as one line
_IN_TABLE: Final = 5
_ORDINAL: Final = 6  # number of a list item among its siblings, NO_NUMBER for a bullet
_COLUMN: Final = 7  # position of a cell in its row, from 0
_CONTEXT_ROWS: Final = 8


@helper
def _contexts(nodes: Any, blocks: Any, keep: Any) -> Any:
    """What every node stands in, see the rows above."""
    count = nodes.shape[1]
    is_section, is_line = _sections_and_lines(nodes, blocks, keep)
    contexts = np.full((_CONTEXT_ROWS, count), -1, np.int32)
    contexts[_LEVEL] = 0
    cells = np.zeros(count, np.int32)
    _number_items(nodes, contexts[_ORDINAL])
    for node in range(1, count):
        parent = nodes[pt.NODE_PARENT, node]
        tag = nodes[pt.NODE_TAG, node]
        for row in range(_ORDINAL):
            contexts[row, node] = contexts[row, parent]
        if tag == _TABLE or (tag == _LI and is_section[node]):
            contexts[_ITEM, node] = -1
            contexts[_LEVEL, node] = 0
            contexts[_LIST_TOP, node] = -1
            if tag == _TABLE:
                contexts[_CELL, node] = -1
                contexts[_ROW, node] = -1
                contexts[_IN_TABLE, node] = node
        elif tag == _LI:
            if contexts[_ITEM, node] < 0:
                contexts[_LIST_TOP, node] = parent
            contexts[_ITEM, node] = node
            contexts[_LEVEL, node] += 1
        elif tag == _TR:
            contexts[_ROW, node] = node if is_line[node] else -1
            contexts[_CELL, node] = -1
        elif tag in (_TD, _TH):
            contexts[_CELL, node] = node
            contexts[_COLUMN, node] = cells[parent]
            cells[parent] += 1
        if contexts[_CELL, node] < 0:
            contexts[_ROW, node] = -1  # text between cells does not belong to the row
            if tag == _TR and is_line[node]:
                contexts[_ROW, node] = node
    return contexts


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


@helper
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
    before, node = blocks[pt.BLOCK_NODE, last], blocks[pt.BLOCK_NODE, block]
    row, item = contexts[_ROW, node], contexts[_ITEM, node]
    row_before = contexts[_ROW, before]
    if row >= 0 and row_before == row:
        cell, cell_before = contexts[_CELL, node], contexts[_CELL, before]
        bars = contexts[_COLUMN, cell] - contexts[_COLUMN, cell_before]
        if bars <= 0:
            return _put_spaces(out, length, 1)
        for _ in range(bars):
            length = _put_bar(out, length)
        return length
    if row >= 0:
        if row_before >= 0 and contexts[_IN_TABLE, before] == contexts[_IN_TABLE, node]:
            margin = 1
    elif item >= 0 and not marked[item]:
        if contexts[_LIST_TOP, before] == contexts[_LIST_TOP, node]:
            margin = 1
    elif item < 0 and contexts[_ITEM, before] < 0 and row_before < 0:
        longer = max(blocks[pt.BLOCK_CHARACTERS, last], blocks[pt.BLOCK_CHARACTERS, block])
        is_label = _IS_LABEL[nodes[pt.NODE_TAG, before]] and _IS_LABEL[nodes[pt.NODE_TAG, node]]
        both_flags = blocks[pt.BLOCK_FLAGS, last] & blocks[pt.BLOCK_FLAGS, block]
        if longer >= LONG_BLOCK and not is_label and not both_flags & pt.PREFORMATTED:
            margin = 2
    for _ in range(min(max(margin, 1), 2)):
        out[length] = 10
        length += 1
    return length


@helper
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


@helper
def _put_spaces(out: Any, length: Any, count: Any) -> Any:
    for position in range(length, length + count):
        out[position] = 32
    return length + count


@helper
def _put_bar(out: Any, length: Any) -> Any:
    """A cell separator: ` | `, or `| ` at the start of a line or after another one."""
    if length > 0 and out[length - 1] != 10 and out[length - 1] != 32:
        out[length] = 32
        length += 1
    out[length] = 124
    out[length + 1] = 32
    return length + 2


@helper
def _put_integer(value: Any, out: Any, length: Any) -> Any:
    rest = np.int64(value)
    if rest < 0:
        out[length] = 45
        length += 1
        rest = -rest
    power = np.int64(1)
    while power * 10 <= rest:
        power *= 10
    while power > 0:
        out[length] = 48 + rest // power % 10
        length += 1
        power //= 10
    return length


@helper
def _put_letters(value: Any, case_bit: Any, out: Any, length: Any) -> Any:
    """1 is a, 26 is z, 27 is aa."""
    rest = np.int64(value)
    first = length
    while rest > 0:
        rest -= 1
        out[length] = (65 | case_bit) + rest % 26
        rest //= 26
        length += 1
    for offset in range((length - first) // 2):
        low, high = first + offset, length - 1 - offset
        out[low], out[high] = out[high], out[low]
    return length


_ROMAN_VALUES: Final = np.array([1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1], np.int64)
_ROMAN_FIRST: Final = np.frombuffer(b"MCDCCXLXXIVII", np.uint8)
_ROMAN_SECOND: Final = np.frombuffer(b"\0M\0D\0C\0L\0X\0V\0", np.uint8)


@helper
def _put_roman(value: Any, case_bit: Any, out: Any, length: Any) -> Any:
    rest = np.int64(value)
    for place in range(13):
        while rest >= _ROMAN_VALUES[place]:
            rest -= _ROMAN_VALUES[place]
            out[length] = _ROMAN_FIRST[place] | case_bit
            length += 1
            if _ROMAN_SECOND[place]:
                out[length] = _ROMAN_SECOND[place] | case_bit
                length += 1
    return length


@helper
def _put_marker(nodes: Any, ordinal: Any, item: Any, out: Any, length: Any) -> Any:
    """The bullet or number of a list item, and a space."""
    if ordinal == pt.NO_NUMBER:
        out[length] = 45
        out[length + 1] = 32
        return length + 2
    style = nodes[pt.NODE_STYLE, nodes[pt.NODE_PARENT, item]] & ~pt.REVERSED_LIST
    if style | 32 == 105 and 0 < ordinal < 4000:
        length = _put_roman(ordinal, style & 32, out, length)
    elif style | 32 == 97 and ordinal > 0:
        length = _put_letters(ordinal, style & 32, out, length)
    else:
        length = _put_integer(ordinal, out, length)
    out[length] = 46
    out[length + 1] = 32
    return length + 2


@helper
def _write_text(text: Any, nodes: Any, blocks: Any, keep: Any, out: Any) -> int:
    """Write the kept blocks to `out`; the number of bytes written."""
    contexts = _contexts(nodes, blocks, keep)
    marked = np.zeros(nodes.shape[1], np.bool_)
    length = 0
    last = -1
    margin = 0
    for block in range(blocks.shape[1]):
        margin = max(margin, blocks[pt.BLOCK_MARGIN, block])
        if not keep[block]:
            continue
        node = blocks[pt.BLOCK_NODE, block]
        item = contexts[_ITEM, node]
        if last >= 0:
            length = _separate(blocks, nodes, contexts, last, block, margin, marked, out, length)
        if contexts[_ROW, node] >= 0:
            before = blocks[pt.BLOCK_NODE, last]
            if last < 0 or contexts[_ROW, before] != contexts[_ROW, node]:
                for _ in range(contexts[_COLUMN, contexts[_CELL, node]]):
                    length = _put_bar(out, length)
            length = _put_text(text, blocks, block, 0, True, out, length)
        elif item >= 0:
            indent = 2 * min(contexts[_LEVEL, node], MAX_INDENT_LEVELS)
            if not marked[item]:
                length = _put_spaces(out, length, indent - 2)
                length = _put_marker(nodes, contexts[_ORDINAL, item], item, out, length)
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
    overhead = newlines * 2 * MAX_INDENT_LEVELS + len(keep) * (2 * MAX_INDENT_LEVELS + 32)
    out = np.empty(len(tree.text_utf8) + overhead + 3 * tree.nodes.shape[1], np.uint8)
    stop = _write_text(tree.text_utf8, tree.nodes, tree.blocks, keep, out)
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
