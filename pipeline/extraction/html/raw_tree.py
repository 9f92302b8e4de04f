"""HTML to a `PageTree` in one compiled pass over the page's bytes.

Time is linear in the page's size: every byte is read once, and a tag looks at no more than
`MAX_DEPTH` open elements.
"""

from __future__ import annotations

import html as character_references
from typing import Any, Final

import numpy as np
from numba import types

from massivetext.kernels import inlined, kernel, lean, part
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html import raw_state as st
from massivetext.pipeline.extraction.html.page_tree import TREE_TYPE, PageTree, ParsedPage
from massivetext.pipeline.extraction.html.raw_attributes import scan_attributes
from massivetext.pipeline.extraction.html.raw_scan import find_byte
from massivetext.pipeline.extraction.html.raw_tables import (
    HASH_MASK,
    HASH_MULTIPLIER,
    TAG_KEYS,
    TAG_SLOTS,
    TAG_VALUES,
)
from massivetext.pipeline.extraction.html.raw_tags import close_element, open_element
from massivetext.pipeline.extraction.html.raw_text import end_block, scan_text, write_character

_UNKNOWN: Final = elements.UNKNOWN_TAG
_TAG_FLAGS: Final = elements.TAG_FLAGS
_IS_VOID: Final = elements.IS_VOID
_IS_RAW_TEXT: Final = elements.IS_RAW_TEXT
_BR: Final = elements.tag("br")
_TITLE: Final = elements.tag("title")
_SCRIPT: Final = elements.tag("script")
_STYLE: Final = elements.tag("style")


@inlined
def _tag_name(html: Any, position: int) -> Any:
    """`(where the name ends, tag number)`."""
    value = 0
    while position < len(html):
        byte = html[position]
        if byte <= 32 or byte == 62 or byte == 47:
            break
        if 65 <= byte <= 90:
            byte |= 32
        value = (value * HASH_MULTIPLIER ^ byte) & HASH_MASK
        position += 1
    slot = value & (TAG_SLOTS - 1)
    while TAG_KEYS[slot] >= 0:
        if TAG_KEYS[slot] == value:
            return position, int(TAG_VALUES[slot])
        slot = (slot + 1) & (TAG_SLOTS - 1)
    return position, _UNKNOWN


@part
def _break_line(page: Any) -> None:
    """Act on a `br`."""
    state, stack, text = page.state, page.stack, page.text
    flags = stack[st.STACK_FLAGS, state[st.DEPTH]]
    if flags & st.IN_HIDDEN:
        return
    if flags & st.IN_PREFORMATTED:
        text[state[st.TEXT]] = 10
        state[st.TEXT] += 1
    else:
        state[st.BREAKS] += 1


@part
def _skip_raw_text(page: Any, position: int, tag: int) -> int:
    """Skip the content of a raw text element and its end tag; remember the page's title.

    An element that never ends is taken as empty, unless it is code: old pages forget `</title>`.
    """
    html, state, stack = page.html, page.state, page.stack
    start = behind_name = position
    stop = len(html)
    is_code = tag in (_SCRIPT, _STYLE)
    if state[st.UNENDED] >> (tag % 63) & 1:
        return start
    while True:
        position = find_byte(html, position, 60)
        if position + 1 >= stop:
            position = stop
            break
        if html[position + 1] == 47:
            behind_name, other = _tag_name(html, position + 2)
            if other == tag:
                break
        position += 1
    if position >= stop:
        state[st.UNENDED] |= 1 << (tag % 63)
        return stop if is_code else start
    is_shown = not stack[st.STACK_FLAGS, state[st.DEPTH]] & st.IN_HIDDEN
    if tag == _TITLE and is_shown and not state[st.TITLE_STOP]:
        state[st.TITLE_START] = start
        state[st.TITLE_STOP] = position
    return min(find_byte(html, behind_name, 62) + 1, stop)


@inlined
def _scan_start_tag(page: Any, position: Any) -> Any:
    """Read a start tag from its name on, and act on it; where it ends, its raw text included."""
    position, tag = _tag_name(page.html, position)
    position, is_closed = scan_attributes(page, position)
    if tag == _BR:
        _break_line(page)
    elif _TAG_FLAGS[tag] & _IS_RAW_TEXT:
        position = _skip_raw_text(page, position, tag)
    else:
        open_element(page, tag, is_closed or _TAG_FLAGS[tag] & _IS_VOID != 0)
    return position


@part
def _skip_declaration(html: Any, position: int) -> int:
    """Skip a comment, a doctype, a processing instruction; where it ends."""
    stop = len(html)
    is_comment = position + 3 < stop and html[position + 1] == 33
    if is_comment and html[position + 2] == 45 and html[position + 3] == 45:
        position += 4
        if position < stop and html[position] == 62:
            return position + 1
        position = find_byte(html, position, 62)
        while position < stop and not (html[position - 1] == 45 and html[position - 2] == 45):
            position = find_byte(html, position + 1, 62)
        return min(position + 1, stop)
    return min(find_byte(html, position, 62) + 1, stop)


@lean
def _read(page: Any) -> None:
    """Fill the arrays of a page; how much of them is filled stands in its `state`."""
    html, state, stack, nodes = page.html, page.state, page.stack, page.nodes
    nodes[pt.NODE_PARENT, 0] = -1
    nodes[pt.NODE_TAG, 0] = _UNKNOWN
    nodes[pt.NODE_NUMBER, 0] = pt.NO_NUMBER
    nodes[pt.NODE_STYLE, 0] = 0
    page.node_words[0] = 0
    state[st.NODES] = 1
    state[st.MARGIN] = 2
    position = 0
    stop = len(html)
    while position < stop:
        if html[position] != 60:
            if stack[st.STACK_FLAGS, state[st.DEPTH]] & st.IN_HIDDEN:
                position = find_byte(html, position, 60)
            else:
                position = scan_text(page, position)
            continue
        following = html[position + 1] if position + 1 < stop else 0
        if 97 <= following | 32 <= 122:
            position = _scan_start_tag(page, position + 1)
        elif following == 47 and position + 2 < stop and 97 <= html[position + 2] | 32 <= 122:
            position, tag = _tag_name(html, position + 2)
            position, _ = scan_attributes(page, position)
            close_element(page, tag)
        elif following == 33 or following == 47 or following == 63:
            position = _skip_declaration(html, position)
        else:
            if not stack[st.STACK_FLAGS, state[st.DEPTH]] & st.IN_HIDDEN:
                write_character(page, 60)
            position += 1
    end_block(page)


@part
def read_page(html: Any, show_hidden: Any) -> Any:
    """`(PageTree, start of the title, its stop)` of a page given as UTF-8 (compiled)."""
    page = st.reader_of(html, show_hidden)
    _read(page)
    state = page.state
    nodes, blocks = state[st.NODES], state[st.BLOCKS]
    tree = PageTree(
        page.text[: state[st.TEXT]],
        page.nodes[:, :nodes].copy(),
        page.node_words[:nodes],
        page.blocks[:, :blocks].copy(),
    )
    return tree, state[st.TITLE_START], state[st.TITLE_STOP]


@kernel(
    types.Tuple((TREE_TYPE, types.int64, types.int64))(
        types.Array(types.uint8, 1, "C", readonly=True), types.boolean
    )
)
def _parse(html: Any, show_hidden: Any) -> Any:
    return read_page(html, show_hidden)


def parse_raw(html_utf8: bytes, show_hidden: bool = False) -> ParsedPage:
    """The tree of a page given as UTF-8; arbitrary bytes give some tree, never an exception.

    `show_hidden` reads what the page hides, and what it shows to readers without scripts.
    """
    tree, start, stop = _parse(np.frombuffer(html_utf8, np.uint8), show_hidden)
    return ParsedPage(tree, title_of(html_utf8, start, stop))


def title_of(html_utf8: bytes, start: int, stop: int) -> str:
    """The title that stands at these bytes, its references resolved and its white space single."""
    title = html_utf8[start:stop].decode("utf-8", "replace")
    return " ".join(character_references.unescape(title).split())
