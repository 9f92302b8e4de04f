"""HTML to a `PageTree` in one compiled pass over the page's bytes.

Time is linear in the page's size: every byte is read once, and a tag looks at no more than
`MAX_DEPTH` open elements.
"""

from __future__ import annotations

import html as character_references
from typing import Any, Final

import numpy as np

from massivetext.kernels import inlined, kernel, part
from massivetext.pipeline.extraction import elements
from massivetext.pipeline.extraction import page_tree as pt
from massivetext.pipeline.extraction import raw_state as st
from massivetext.pipeline.extraction.page_tree import PageTree, ParsedPage
from massivetext.pipeline.extraction.raw_tables import (
    HASH_MASK,
    HASH_MULTIPLIER,
    TAG_KEYS,
    TAG_SLOTS,
    TAG_VALUES,
)
from massivetext.pipeline.extraction.raw_tags import close_element, open_element, scan_attributes
from massivetext.pipeline.extraction.raw_text import end_block, scan_text, write_character

_UNKNOWN: Final = elements.UNKNOWN_TAG
_TAG_FLAGS: Final = elements.TAG_FLAGS
_IS_VOID: Final = elements.IS_VOID
_IS_RAW_TEXT: Final = elements.IS_RAW_TEXT
_BR: Final = elements.tag("br")
_TITLE: Final = elements.tag("title")
_SCRIPT: Final = elements.tag("script")
_STYLE: Final = elements.tag("style")
_SHORTEST_TAG: Final = 3
"""Bytes of the shortest tag; no node, block or link comes without a tag of its own."""

_TAG_COUNT: Final = len(elements.TAGS) + 1


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
def _break_line(state: Any, stack: Any, text: Any) -> None:
    """Act on a `br`."""
    flags = stack[st.STACK_FLAGS, state[st.DEPTH]]
    if flags & st.IN_HIDDEN:
        return
    if flags & st.IN_PREFORMATTED:
        text[state[st.TEXT]] = 10
        state[st.TEXT] += 1
    else:
        state[st.BREAKS] += 1


@part
def _skip_raw_text(html: Any, position: int, tag: int, state: Any, stack: Any) -> int:
    """Skip the content of a raw text element and its end tag; remember the page's title.

    An element that never ends is taken as empty, unless it is code: old pages forget `</title>`.
    """
    start = behind_name = position
    stop = len(html)
    is_code = tag in (_SCRIPT, _STYLE)
    if state[st.UNENDED] >> (tag % 63) & 1:
        return start
    while position < stop:
        if html[position] == 60 and position + 1 < stop and html[position + 1] == 47:
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
    position = behind_name
    while position < stop and html[position] != 62:
        position += 1
    return min(position + 1, stop)


@part
def _skip_declaration(html: Any, position: int) -> int:
    """Skip a comment, a doctype, a processing instruction; where it ends."""
    stop = len(html)
    is_comment = position + 3 < stop and html[position + 1] == 33
    if is_comment and html[position + 2] == 45 and html[position + 3] == 45:
        position += 4
        if position < stop and html[position] == 62:
            return position + 1
        while position < stop:
            if html[position] == 62 and html[position - 1] == 45 and html[position - 2] == 45:
                return position + 1
            position += 1
        return stop
    while position < stop and html[position] != 62:
        position += 1
    return min(position + 1, stop)


@kernel(
    "void(Array(uint8, 1, 'C', readonly=True), int64[::1], uint8[::1], int32[:,::1],"
    " int64[::1], int32[:,::1], int32[:,::1])"
)
def parse(
    html: Any, state: Any, text: Any, nodes: Any, node_words: Any, blocks: Any, hrefs: Any
) -> None:
    """Fill the arrays of a page; how much of them is filled stands in `state`."""
    stack = np.zeros((st.STACK_ROWS, st.MAX_DEPTH + 1), np.int32)
    open_tags = np.zeros(_TAG_COUNT, np.int32)
    attributes = np.ones((st.ATTRIBUTES + 1, 2), np.int32)  # as if filled: cleared by the first tag
    nodes[pt.NODE_PARENT, 0] = -1
    nodes[pt.NODE_TAG, 0] = _UNKNOWN
    nodes[pt.NODE_NUMBER, 0] = pt.NO_NUMBER
    nodes[pt.NODE_STYLE, 0] = 0
    node_words[0] = 0
    state[st.NODES] = 1
    state[st.MARGIN] = 2
    position = 0
    stop = len(html)
    while position < stop:
        if html[position] != 60:
            if stack[st.STACK_FLAGS, state[st.DEPTH]] & st.IN_HIDDEN:
                while position < stop and html[position] != 60:
                    position += 1
            else:
                position = scan_text(html, position, state, stack, text, blocks)
            continue
        following = html[position + 1] if position + 1 < stop else 0
        if 97 <= following | 32 <= 122:
            position, tag = _tag_name(html, position + 1)
            position, is_closed = scan_attributes(html, position, attributes)
            if tag == _BR:
                _break_line(state, stack, text)
                continue
            is_closed |= _TAG_FLAGS[tag] & _IS_VOID != 0
            if _TAG_FLAGS[tag] & _IS_RAW_TEXT:
                position = _skip_raw_text(html, position, tag, state, stack)
                continue
            open_element(
                html, tag, is_closed, attributes, state, stack, open_tags, text, nodes,
                node_words, blocks, hrefs,
            )  # fmt: skip
        elif following == 47 and position + 2 < stop and 97 <= html[position + 2] | 32 <= 122:
            position, tag = _tag_name(html, position + 2)
            position, _ = scan_attributes(html, position, attributes)
            close_element(tag, state, stack, open_tags, text, blocks)
        elif following == 33 or following == 47 or following == 63:
            position = _skip_declaration(html, position)
        else:
            if not stack[st.STACK_FLAGS, state[st.DEPTH]] & st.IN_HIDDEN:
                write_character(60, state, stack, text, blocks)
            position += 1
    end_block(state, stack, text, blocks)


def parse_raw(html_utf8: bytes, show_hidden: bool = False) -> ParsedPage:
    """The tree of a page given as UTF-8; arbitrary bytes give some tree, never an exception.

    `show_hidden` reads what the page hides, and what it shows to readers without scripts.
    """
    html = np.frombuffer(html_utf8, np.uint8)
    tags = len(html) // _SHORTEST_TAG + 2
    state = np.zeros(st.STATE_SLOTS, np.int64)
    state[st.SHOW_HIDDEN] = show_hidden
    text = np.empty(len(html) + len(html) // 2 + 16, np.uint8)
    nodes = np.empty((pt.NODE_ROWS, tags), np.int32)
    node_words = np.empty(tags, np.int64)
    blocks = np.empty((pt.BLOCK_ROWS, tags), np.int32)
    hrefs = np.empty((2, tags), np.int32)
    parse(html, state, text, nodes, node_words, blocks, hrefs)
    tree = PageTree(
        text[: state[st.TEXT]],
        np.ascontiguousarray(nodes[:, : state[st.NODES]]),
        node_words[: state[st.NODES]],
        np.ascontiguousarray(blocks[:, : state[st.BLOCKS]]),
    )
    title = _decoded(html_utf8[state[st.TITLE_START] : state[st.TITLE_STOP]])
    starts, stops = hrefs[:, : state[st.HREFS]].tolist()
    links = tuple(
        _decoded(html_utf8[start:stop]) for start, stop in zip(starts, stops, strict=True)
    )
    return ParsedPage(tree, " ".join(title.split()), links)


def _decoded(value: bytes) -> str:
    decoded = value.decode("utf-8", "replace")
    return character_references.unescape(decoded) if "&" in decoded else decoded
