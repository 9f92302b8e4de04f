"""Kept blocks to text, with their formatting: lists, tables, preformatted text, paragraphs.

"Taking care to preserve any meaningful formatting, such as indentation, newlines and bullet points"
(Gopher, section A.1.1). The forms are our choice: an empty line between paragraphs, since the
paragraph rules of Table A1 count them; `- ` and numbers before list items, two spaces a level; one
line a table row, ` | ` between its cells; no other marks.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from massivetext.pipeline.extraction import elements
from massivetext.pipeline.extraction.page_tree import NO_NUMBER, PREFORMATTED, PageTree

LONG_BLOCK: Final = 80
"""Characters (not white space) from which a block is a paragraph and not a label. Our choice: the
length at which readability-like rules begin to see prose."""

SECTION_PARAGRAPHS: Final = 3
"""Our choice: a list item with a heading, or with so many paragraphs, is a part of the page (a
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

_IS_LABEL: Final = np.isin(
    np.arange(len(elements.TAGS) + 1),
    [elements.tag(t) for t in "li dt dd td th tr caption figcaption address legend".split()],
)
"""Tags whose text takes one line, however long it is."""


class _Contexts(NamedTuple):
    """What each node stands in; -1 where it stands in none."""

    item: NDArray[np.int32]
    """Nearest list item that gets a bullet or number."""
    level: NDArray[np.int32]
    """Number of such items around it, itself included."""
    list_top: NDArray[np.int32]
    """Outermost list of those items."""
    cell: NDArray[np.int32]
    """Nearest table cell, if its row is laid out as one line."""
    row: NDArray[np.int32]
    table: NDArray[np.int32]
    ordinal: NDArray[np.int32]
    """Number of a list item among its siblings, `NO_NUMBER` in a list without numbers."""
    column: NDArray[np.int32]
    """Position of a cell in its row, from 0."""


def lay_out(tree: PageTree, keep: NDArray[np.bool_]) -> str:
    """The text of the kept blocks (one flag a block), formatted; no space at its ends."""
    if not keep.any():
        return ""
    newlines = int(np.count_nonzero(tree.text_utf8 == 10))
    overhead = newlines * 2 * MAX_INDENT_LEVELS + len(keep) * (2 * MAX_INDENT_LEVELS + 24)
    out = np.empty(len(tree.text_utf8) + overhead + 3 * len(tree.node_parent), np.uint8)
    length = _write_blocks(tree, keep, _contexts(tree, keep), out)
    return out[:length].tobytes().decode("utf-8", "replace").strip("\n").rstrip()


@njit(cache=True, nogil=True)
def _contexts(tree: Any, keep: Any) -> Any:
    nodes = len(tree.node_parent)
    is_section, is_line = _sections_and_rows(tree, keep)
    item = np.full(nodes, -1, np.int32)
    level = np.zeros(nodes, np.int32)
    list_top = np.full(nodes, -1, np.int32)
    cell = np.full(nodes, -1, np.int32)
    row = np.full(nodes, -1, np.int32)
    table = np.full(nodes, -1, np.int32)
    column = np.zeros(nodes, np.int32)
    cells = np.zeros(nodes, np.int32)
    for node in range(1, nodes):
        parent = tree.node_parent[node]
        tag = tree.node_tag[node]
        item[node], level[node], list_top[node] = item[parent], level[parent], list_top[parent]
        cell[node], row[node], table[node] = cell[parent], row[parent], table[parent]
        if tag == _LI:
            if is_section[node]:
                item[node], level[node], list_top[node] = -1, 0, -1
            else:
                if item[node] < 0:
                    list_top[node] = parent
                item[node] = node
                level[node] += 1
        elif tag == _TABLE:
            cell[node], row[node], table[node] = -1, -1, node
            item[node], level[node], list_top[node] = -1, 0, -1
        elif tag == _TR:
            row[node] = node if is_line[node] else -1
            cell[node] = -1
        elif tag == _TD or tag == _TH:
            cell[node] = node
            column[node] = cells[parent]
            cells[parent] += 1
    return _Contexts(item, level, list_top, cell, row, table, _ordinals(tree), column)


@njit(cache=True, nogil=True)
def _sections_and_rows(tree: Any, keep: Any) -> Any:
    """Which `li` are parts of the page, and which `tr` are laid out as one line."""
    nodes = len(tree.node_parent)
    in_item = np.zeros(nodes, np.int32)
    in_cell = np.zeros(nodes, np.int32)
    in_row = np.zeros(nodes, np.int32)
    is_section = np.zeros(nodes, np.bool_)
    is_line = np.zeros(nodes, np.bool_)
    for node in range(1, nodes):
        parent = tree.node_parent[node]
        tag = tree.node_tag[node]
        in_item[node] = node if tag == _LI else in_item[parent]
        in_cell[node] = node if tag == _TD or tag == _TH else in_cell[parent]
        in_row[node] = node if tag == _TR else in_row[parent]
        is_line[node] = tag == _TR
        if _H1 <= tag <= _H6:
            is_section[in_item[node]] = True
        if tag == _PRE or tag == _TABLE or _H1 <= tag <= _H6:
            is_line[in_row[node]] = False
    paragraphs = np.zeros(nodes, np.int32)
    blocks = np.zeros(nodes, np.int32)
    longest = np.zeros(nodes, np.int32)
    full_cells = np.zeros(nodes, np.int32)
    for block in range(len(tree.block_node)):
        node = tree.block_node[block]
        paragraphs[in_item[node]] += tree.block_characters[block] >= LONG_BLOCK
        if keep[block]:
            cell = in_cell[node]
            full_cells[in_row[node]] += blocks[cell] == 0
            blocks[cell] += 1
            longest[cell] = max(longest[cell], tree.block_characters[block])
    for node in range(nodes):
        is_section[node] |= paragraphs[node] >= SECTION_PARAGRAPHS
        is_line[node] &= full_cells[node] >= 2
    for node in range(nodes):
        if blocks[node] >= 2 and longest[node] >= LONG_BLOCK:
            is_line[in_row[node]] = False
    return is_section, is_line


@njit(cache=True, nogil=True)
def _ordinals(tree: Any) -> Any:
    nodes = len(tree.node_parent)
    items = np.zeros(nodes, np.int32)
    for node in range(1, nodes):
        items[tree.node_parent[node]] += tree.node_tag[node] == _LI
    ordinal = np.full(nodes, NO_NUMBER, np.int32)
    following = np.zeros(nodes, np.int32)
    for node in range(1, nodes):
        parent = tree.node_parent[node]
        if tree.node_tag[node] == _OL:
            following[node] = items[node] if tree.node_style[node] >= 128 else 1
            if tree.node_number[node] != NO_NUMBER:
                following[node] = tree.node_number[node]
        elif tree.node_tag[node] == _LI and tree.node_tag[parent] == _OL:
            if tree.node_number[node] != NO_NUMBER:
                following[parent] = tree.node_number[node]
            ordinal[node] = following[parent]
            following[parent] += -1 if tree.node_style[parent] >= 128 else 1
    return ordinal


@njit(cache=True, nogil=True)
def _write_blocks(tree: Any, keep: Any, contexts: Any, out: Any) -> Any:
    """Write the kept blocks to `out`; the number of bytes written."""
    marked = np.zeros(len(tree.node_parent), np.bool_)
    length = 0
    last = -1
    margin = 0
    for block in range(len(tree.block_node)):
        margin = max(margin, tree.block_margin[block])
        if not keep[block]:
            continue
        node = tree.block_node[block]
        item = contexts.item[node]
        is_cell = contexts.row[node] >= 0
        if last >= 0:
            length = _separate(tree, contexts, last, block, margin, marked, out, length)
        if is_cell:
            if last < 0 or contexts.row[tree.block_node[last]] != contexts.row[node]:
                for _ in range(contexts.column[contexts.cell[node]]):
                    length = _put_bar(out, length)
            length = _put_text(tree, block, 0, True, out, length)
        elif item >= 0:
            indent = 2 * min(contexts.level[node], MAX_INDENT_LEVELS)
            if marked[item]:
                if not tree.block_flags[block] & PREFORMATTED:
                    length = _put_spaces(out, length, indent)
            else:
                length = _put_spaces(out, length, indent - 2)
                length = _put_marker(tree, contexts.ordinal[item], item, out, length)
                marked[item] = True
            length = _put_text(tree, block, indent, False, out, length)
        else:
            length = _put_text(tree, block, 0, False, out, length)
        last = block
        margin = 0
    return length


@njit(cache=True, nogil=True)
def _separate(
    tree: Any, contexts: Any, last: Any, block: Any, margin: Any, marked: Any, out: Any, length: Any
) -> Any:
    """Write what stands between two kept blocks; the new length of the output."""
    before, node = tree.block_node[last], tree.block_node[block]
    row, item = contexts.row[node], contexts.item[node]
    if row >= 0:
        if contexts.row[before] == row:
            bars = contexts.column[contexts.cell[node]] - contexts.column[contexts.cell[before]]
            if bars <= 0:
                return _put_spaces(out, length, 1)
            for _ in range(bars):
                length = _put_bar(out, length)
            return length
        if contexts.row[before] >= 0 and contexts.table[before] == contexts.table[node]:
            margin = 1
    elif item >= 0 and not marked[item]:
        if contexts.list_top[before] == contexts.list_top[node]:
            margin = 1
    elif item < 0 and contexts.item[before] < 0 and contexts.row[before] < 0:
        is_long = max(tree.block_characters[last], tree.block_characters[block]) >= LONG_BLOCK
        is_label = _IS_LABEL[tree.node_tag[before]] and _IS_LABEL[tree.node_tag[node]]
        is_pre = tree.block_flags[last] & tree.block_flags[block] & PREFORMATTED
        if is_long and not is_label and not is_pre:
            margin = 2
    for _ in range(min(max(margin, 1), 2)):
        out[length] = 10
        length += 1
    return length


@njit(cache=True, nogil=True)
def _put_text(tree: Any, block: Any, indent: Any, is_one_line: Any, out: Any, length: Any) -> Any:
    is_pre = tree.block_flags[block] & PREFORMATTED
    for position in range(tree.block_start[block], tree.block_stop[block]):
        byte = tree.text_utf8[position]
        if byte == 10 and is_one_line:
            byte = np.uint8(32)
        out[length] = byte
        length += 1
        if byte == 10 and not is_pre:
            length = _put_spaces(out, length, indent)
    return length


@njit(cache=True, nogil=True)
def _put_spaces(out: Any, length: Any, count: Any) -> Any:
    out[length : length + count] = 32
    return length + count


@njit(cache=True, nogil=True)
def _put_bar(out: Any, length: Any) -> Any:
    """A cell separator: ` | `, or `| ` at the start of a line or after another one."""
    if length > 0 and out[length - 1] != 10 and out[length - 1] != 32:
        out[length] = 32
        length += 1
    out[length] = 124
    out[length + 1] = 32
    return length + 2


@njit(cache=True, nogil=True)
def _put_marker(tree: Any, ordinal: Any, item: Any, out: Any, length: Any) -> Any:
    """The bullet or number of a list item, and a space."""
    if ordinal == NO_NUMBER:
        out[length] = 45
        out[length + 1] = 32
        return length + 2
    style = tree.node_style[tree.node_parent[item]] & 127
    if (style | 32) == 105 and 0 < ordinal < 4000:
        length = _put_roman(ordinal, style & 32, out, length)
    elif (style | 32) == 97 and ordinal > 0:
        length = _put_letters(ordinal, style & 32, out, length)
    else:
        length = _put_integer(ordinal, out, length)
    out[length] = 46
    out[length + 1] = 32
    return length + 2


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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
_ROMAN_FIRST: Final = np.frombuffer(b"MCDCCXLXXIVII", np.uint8).copy()
_ROMAN_SECOND: Final = np.frombuffer(b"\0M\0D\0C\0L\0X\0V\0", np.uint8).copy()


@njit(cache=True, nogil=True)
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
