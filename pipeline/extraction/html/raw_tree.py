"""HTML to a `PageTree` in one compiled pass over the page's bytes.

Time is linear in the page's size: every byte is read once, and a tag looks at no more than
`MAX_DEPTH` open elements.
"""

from __future__ import annotations

import html as character_references
from typing import Any, Final

import numpy as np
from numba import types

from massivetext import ascii_bytes as ab
from massivetext.byte_scan import find_byte
from massivetext.kernels import helper, inlined, kernel, lean
from massivetext.pipeline.extraction.hashing import name_hash_with, slot_of
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html import raw_state as st
from massivetext.pipeline.extraction.html import raw_tables as tables
from massivetext.pipeline.extraction.html.page_tree import TREE_TYPE, PageTree, ParsedPage
from massivetext.pipeline.extraction.html.raw_attributes import scan_attributes
from massivetext.pipeline.extraction.html.raw_blocks import end_block
from massivetext.pipeline.extraction.html.raw_characters import write_character
from massivetext.pipeline.extraction.html.raw_formulas import write_script
from massivetext.pipeline.extraction.html.raw_tags import (
    close_element,
    leave_foreign,
    open_element,
)
from massivetext.pipeline.extraction.html.raw_text import scan_text
from massivetext.pipeline.extraction.html.spans import Spans

_UNKNOWN: Final = elements.UNKNOWN_TAG
_TAG_FLAGS: Final = elements.TAG_FLAGS
_IS_VOID: Final = elements.IS_VOID
_IS_RAW_TEXT: Final = elements.IS_RAW_TEXT
_BR: Final = elements.tag("br")
_TITLE: Final = elements.tag("title")
_SCRIPT: Final = elements.tag("script")
_STYLE: Final = elements.tag("style")
_IFRAME: Final = elements.tag("iframe")
_IS_BREAKING_OUT: Final = elements.IS_BREAKING_OUT

_RAW_TEXT_NUMBER: Final = np.zeros(len(elements.TAGS) + 1, np.int64)
"""Each raw text element by a small number of its own."""
for _number, _name in enumerate(sorted(elements.RAW_TEXT)):
    _RAW_TEXT_NUMBER[elements.tag(_name)] = _number


@inlined
def _tag_name(html: Any, position: int) -> Any:
    """`(where the name ends, tag number)`."""
    value = 0
    while position < len(html):
        byte = html[position]
        if byte <= ab.SPACE or byte == ab.GREATER_THAN or byte == ab.SLASH:
            break
        value = name_hash_with(value, ab.lowered(byte))
        position += 1
    return position, int(tables.TAG_VALUES[slot_of(tables.TAG_KEYS, value)])


@helper
def _break_line(page: Any) -> None:
    """Act on a `br`."""
    state, stack, text = page.state, page.stack, page.text
    flags = stack[st.STACK_FLAGS, state[st.DEPTH]]
    if flags & st.IN_HIDDEN:
        return
    if flags & st.IN_PREFORMATTED:
        text[state[st.TEXT]] = ab.NEWLINE
        state[st.TEXT] += 1
    else:
        state[st.PENDING_BREAKS] += 1
        state[st.INDENT] = 0


@helper
def _skip_raw_text(page: Any, position: int, tag: int) -> int:
    """Skip the content of a raw text element and its end tag; remember the page's title.

    An element that never ends is taken as empty, unless it is code: old pages forget `</title>`.
    """
    html, state, stack = page.html, page.state, page.stack
    start = behind_name = position
    stop = len(html)
    is_code = tag in (_SCRIPT, _STYLE)
    bit = 1 << _RAW_TEXT_NUMBER[tag]
    if state[st.UNENDED] & bit:
        return start
    while True:
        position = find_byte(html, position, ab.LESS_THAN)
        if position + 1 >= stop:
            position = stop
            break
        if html[position + 1] == ab.SLASH:
            behind_name, other = _tag_name(html, position + 2)
            if other == tag:
                break
        position += 1
    if position >= stop:
        state[st.UNENDED] |= bit
        return stop if is_code else start
    is_shown = not stack[st.STACK_FLAGS, state[st.DEPTH]] & st.IN_HIDDEN
    if tag == _TITLE and is_shown and not state[st.TITLE_STOP]:
        state[st.TITLE_START] = start
        state[st.TITLE_STOP] = position
    elif tag == _SCRIPT and is_shown:
        write_script(page, start, position)
    return min(find_byte(html, behind_name, ab.GREATER_THAN) + 1, stop)


@inlined
def _scan_start_tag(page: Any, position: Any) -> Any:
    """Read a start tag from its name on, and act on it; where it ends, its raw text included."""
    position, tag = _tag_name(page.html, position)
    position, is_closed = scan_attributes(page, position)
    is_foreign = page.stack[st.STACK_FLAGS, page.state[st.DEPTH]] & st.IN_FOREIGN
    if is_foreign and _TAG_FLAGS[tag] & _IS_BREAKING_OUT:
        leave_foreign(page)
    if tag == _BR:
        _break_line(page)
    elif _TAG_FLAGS[tag] & _IS_RAW_TEXT:
        if tag == _IFRAME and page.attributes[st.DOCUMENT, 0] >= 0:
            page.state[st.HAS_FRAMES] = 1
        if not (is_foreign and is_closed):  # `<script/>` has no content in `svg`
            position = _skip_raw_text(page, position, tag)
    else:
        open_element(page, tag, is_closed or _TAG_FLAGS[tag] & _IS_VOID != 0)
    return position


@inlined
def _are_hyphens(html: Any, position: Any) -> Any:
    return html[position] == ab.HYPHEN and html[position + 1] == ab.HYPHEN


@inlined
def _ends_comment(html: Any, position: Any) -> Any:
    """Whether `--` or `--!` stands before a `>`; the first `--` is the comment's own."""
    if _are_hyphens(html, position - 2):
        return True
    return html[position - 1] == ab.EXCLAMATION and _are_hyphens(html, position - 3)


@helper
def _skip_declaration(html: Any, position: int) -> int:
    """Skip a comment, a doctype, a processing instruction; where it ends."""
    stop = len(html)
    is_comment = position + 3 < stop and html[position + 1] == ab.EXCLAMATION
    if is_comment and _are_hyphens(html, position + 2):
        position += 4
        if position < stop and html[position] == ab.GREATER_THAN:  # HTML standard: `<!-->` is whole
            return position + 1
        position = find_byte(html, position, ab.GREATER_THAN)
        while position < stop and not _ends_comment(html, position):
            position = find_byte(html, position + 1, ab.GREATER_THAN)
        return min(position + 1, stop)
    return min(find_byte(html, position, ab.GREATER_THAN) + 1, stop)


@inlined
def _begins_end_tag(html: Any, position: Any) -> Any:
    """Whether `</` and a letter stand at a `<`; without the letter it is a broken comment."""
    return (
        position + 2 < len(html)
        and html[position + 1] == ab.SLASH
        and ab.is_letter(html[position + 2])
    )


@lean
def _read(page: Any) -> None:
    """Fill the arrays of a page; how much of them is filled stands in its `state`."""
    html, state, stack, nodes = page.html, page.state, page.stack, page.nodes
    nodes[pt.NODE_PARENT, 0] = -1
    nodes[pt.NODE_TAG, 0] = _UNKNOWN
    nodes[pt.NODE_NUMBER, 0] = pt.NO_NUMBER
    nodes[pt.NODE_STYLE, 0] = 0
    page.node_words[0] = 0
    state[st.NODE_COUNT] = 1
    state[st.MARGIN] = 2
    position = 0
    stop = len(html)
    while position < stop:
        if html[position] != ab.LESS_THAN:
            flags = stack[st.STACK_FLAGS, state[st.DEPTH]]
            if flags & st.IN_HIDDEN:
                start = position
                position = find_byte(html, position, ab.LESS_THAN)
                if flags & st.IN_VEILED and position - start >= pt.VEILED_RUN:
                    state[st.VEILED_BYTES] += position - start
            else:
                position = scan_text(page, position)
            continue
        following = html[position + 1] if position + 1 < stop else 0
        if ab.is_letter(following):
            position = _scan_start_tag(page, position + 1)
        elif _begins_end_tag(html, position):
            position, tag = _tag_name(html, position + 2)
            position, _ = scan_attributes(page, position)
            state[st.NEXT] = position
            if tag == _BR:  # HTML standard: `</br>` is a `br`
                _break_line(page)
            else:
                close_element(page, tag)
        elif following == ab.EXCLAMATION or following == ab.SLASH or following == ab.QUESTION:
            position = _skip_declaration(html, position)
        else:  # a `<` that begins nothing is text
            if not stack[st.STACK_FLAGS, state[st.DEPTH]] & st.IN_HIDDEN:
                write_character(page, ab.LESS_THAN)
            position += 1
    end_block(page)


@helper
def read_page(html: Any, show_hidden: Any, with_spans: Any) -> Any:
    """`(PageTree, numbers, spans)` of a page in UTF-8 (compiled).

    The numbers: start of the title, its stop, veiled bytes, whether frames' documents stand in it.
    """
    page = st.page_reader(html, show_hidden, with_spans)
    _read(page)
    state = page.state
    nodes, blocks = state[st.NODE_COUNT], state[st.BLOCK_COUNT]
    tree = PageTree(
        page.text[: state[st.TEXT]],
        page.nodes[:, :nodes].copy(),
        page.node_words[:nodes],
        page.blocks[:, :blocks].copy(),
    )
    numbers = (
        state[st.TITLE_START],
        state[st.TITLE_STOP],
        state[st.VEILED_BYTES],
        state[st.HAS_FRAMES],
    )
    return tree, numbers, page.spans[:, : state[st.SPANS]].copy()


@kernel(
    types.Tuple((TREE_TYPE, types.UniTuple(types.int64, 4), types.int32[:, ::1]))(
        types.Array(types.uint8, 1, "C", readonly=True), types.boolean, types.boolean
    )
)
def _parse(html: Any, show_hidden: Any, with_spans: Any) -> Any:
    return read_page(html, show_hidden, with_spans)


def parse_raw(html_utf8: bytes, show_hidden: bool = False, with_spans: bool = False) -> ParsedPage:
    """The tree of a page given as UTF-8; arbitrary bytes give some tree, never an exception.

    `show_hidden` reads what the page hides, and what it shows to readers without scripts;
    `with_spans` notes what inline elements cover.
    """
    tree, (start, stop, veiled, _), spans = _parse(
        np.frombuffer(html_utf8, np.uint8), show_hidden, with_spans
    )
    return ParsedPage(tree, title_of(html_utf8, start, stop), veiled, Spans(spans, html_utf8))


def title_of(html_utf8: bytes, start: int, stop: int) -> str:
    """The title that stands at these bytes, its references resolved and its white space single."""
    title = html_utf8[start:stop].decode("utf-8", "replace")
    return " ".join(character_references.unescape(title).split())
