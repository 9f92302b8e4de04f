"""Blocks of text of a page: where they end, and what stands before a word (compiled)."""

from __future__ import annotations

from typing import Any, Final

from massivetext import ascii_bytes as ab
from massivetext.kernels import helper, inlined
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html import raw_state as st
from massivetext.pipeline.extraction.html.raw_spans import end_spans

_P: Final = elements.tag("p")
_DIV: Final = elements.tag("div")
_TD: Final = elements.tag("td")
_TH: Final = elements.tag("th")

LONGEST_INDENTED: Final = 80
"""Characters; our choice: what is as long as a line of code or verse is no paragraph."""

LEAST_INDENT: Final = 2
"""Our choice: columns of no-break spaces from which a line is indented; a single one is an accident
of editors."""


@inlined
def end_block(page: Any) -> None:
    """End the open block, if it holds a character that is not white space."""
    state = page.state
    if state[st.OPEN_CHARACTERS] or page.spans.shape[1]:
        _end_block(page)
    else:
        _begin_block(state)


@inlined
def _begin_block(state: Any) -> None:
    """Let the next block begin where the last one has ended."""
    state[st.TEXT] = state[st.OPEN_START]
    if state[st.PENDING_BREAKS]:
        state[st.MARGIN] = max(state[st.MARGIN], min(state[st.PENDING_BREAKS], 2))
        state[st.PENDING_BREAKS] = 0
    state[st.PENDING_SPACE] = 0
    state[st.PENDING_LINKS] = 0
    state[st.INDENT] = 0
    state[st.PLACED] = state[st.PLACED_AT] = 0


@helper
def _end_block(page: Any) -> None:
    state, stack, text, blocks = page.state, page.stack, page.text, page.blocks
    flags = stack[st.STACK_FLAGS, state[st.DEPTH]]
    if flags & st.IN_GUTTER and is_number(text, state[st.OPEN_START], state[st.TEXT]):
        state[st.OPEN_CHARACTERS] = state[st.OPEN_LINK_CHARACTERS] = state[st.OPEN_LINKS] = 0
    if flags & st.IN_PLACES:
        _note_places(page)
    if state[st.OPEN_CHARACTERS]:
        start, stop = state[st.OPEN_START], state[st.TEXT]
        is_pre = flags & st.IN_PREFORMATTED
        while text[stop - 1] <= ab.SPACE:
            stop -= 1
        position = start
        is_indented = is_pre or (text[start] <= ab.SPACE and _keeps_indent(page))
        while text[position] <= ab.SPACE:  # empty lines before the first one with text
            if text[position] == ab.NEWLINE or not is_indented:
                start = position + 1
            position += 1
        block = state[st.BLOCK_COUNT]
        blocks[pt.BLOCK_NODE, block] = stack[st.STACK_NODE, state[st.DEPTH]]
        blocks[pt.BLOCK_START, block] = start
        blocks[pt.BLOCK_STOP, block] = stop
        blocks[pt.BLOCK_CHARACTERS, block] = state[st.OPEN_CHARACTERS]
        blocks[pt.BLOCK_LINK_CHARACTERS, block] = state[st.OPEN_LINK_CHARACTERS]
        if not state[st.PENDING_BREAKS]:
            state[st.OPEN_LINKS] += state[st.PENDING_LINKS]  # of a link without text
        blocks[pt.BLOCK_LINKS, block] = state[st.OPEN_LINKS]
        blocks[pt.BLOCK_MARGIN, block] = state[st.MARGIN]
        places = 0
        if flags & st.IN_PLACES:
            places = _places_of_node(page) >> st.PLACE_SHIFT & pt.PLACE_FLAGS
        if 2 * state[st.PLACED] > state[st.OPEN_CHARACTERS]:
            places |= state[st.PLACED_AT]
        blocks[pt.BLOCK_FLAGS, block] = places | (pt.PREFORMATTED if is_pre else 0)
        state[st.BLOCK_COUNT] += 1
        state[st.OPEN_START] = stop
        state[st.OPEN_CHARACTERS] = state[st.OPEN_LINK_CHARACTERS] = state[st.OPEN_LINKS] = 0
        state[st.MARGIN] = 0
    _begin_block(state)
    if page.spans.shape[1]:
        end_spans(page)


@helper
def note_place(page: Any, depth: Any) -> None:
    """Count the characters of the open block in an inline element, if its place is its own."""
    state, stack = page.state, page.stack
    outer = _places_of_node(page) & st.IN_PLACES
    is_outermost = stack[st.STACK_FLAGS, depth - 1] & st.IN_PLACES == outer
    if is_outermost and stack[st.STACK_FLAGS, depth] & st.IN_PLACES != outer:
        is_same_block = stack[st.STACK_BLOCK, depth] == state[st.BLOCK_COUNT]
        before = stack[st.STACK_CHARACTERS, depth] if is_same_block else 0
        characters = state[st.OPEN_CHARACTERS] - before
        if characters > 0:
            state[st.PLACED] += characters
            state[st.PLACED_AT] |= stack[st.STACK_FLAGS, depth] >> st.PLACE_SHIFT & pt.PLACE_FLAGS


@helper
def _note_places(page: Any) -> None:
    """Count the same for the outermost inline element that is open as its block ends."""
    stack, depth, outer = page.stack, page.state[st.DEPTH], 0
    while depth > 0 and not stack[st.STACK_FLAGS, depth] & st.OPENS_BLOCK:
        if stack[st.STACK_FLAGS, depth] & ~stack[st.STACK_FLAGS, depth - 1] & st.IN_PLACES:
            outer = depth
        depth -= 1
    if outer:
        note_place(page, outer)


@helper
def _places_of_node(page: Any) -> Any:
    """Flags of the innermost open block element."""
    stack, depth = page.stack, page.state[st.DEPTH]
    while depth > 0 and not stack[st.STACK_FLAGS, depth] & st.OPENS_BLOCK:
        depth -= 1
    return stack[st.STACK_FLAGS, depth]


@helper
def _keeps_indent(page: Any) -> bool:
    """Whether the no-break spaces at the start of the open block are indentation.

    They are where a line is a paragraph: code and verse by word processors. Before a longer
    paragraph, in a list item or in a cell they say nothing.
    """
    state, stack, open_tags = page.state, page.stack, page.open_tags
    flags = stack[st.STACK_FLAGS, state[st.DEPTH]]
    tag = page.nodes[pt.NODE_TAG, stack[st.STACK_NODE, state[st.DEPTH]]]
    is_in_cell = open_tags[_TD] > 0 or open_tags[_TH] > 0
    is_line = tag in (_P, _DIV) and not flags & st.IN_ITEM and not is_in_cell
    return is_line and state[st.OPEN_CHARACTERS] < LONGEST_INDENTED


@helper
def is_number(text: Any, start: Any, stop: Any) -> bool:
    """Whether a text has digits, and nothing else but white space."""
    digits = 0
    for position in range(start, stop):
        if text[position] > ab.SPACE:
            if not ab.is_digit(text[position]):
                return False
            digits += 1
    return digits > 0


@helper
def begin_line(page: Any) -> None:
    """Let the next character begin a line, if it stands in this block."""
    state, text = page.state, page.text
    if page.stack[st.STACK_FLAGS, state[st.DEPTH]] & st.IN_PREFORMATTED:
        if state[st.TEXT] > state[st.OPEN_START] and text[state[st.TEXT] - 1] != ab.NEWLINE:
            text[state[st.TEXT]] = ab.NEWLINE
            state[st.TEXT] += 1
    else:
        state[st.PENDING_SPACE] |= st.A_LINE
        state[st.INDENT] = 0


@inlined
def begin_word(page: Any) -> None:
    """Settle the white space before a character that is to be written."""
    state, text = page.state, page.text
    if state[st.TEXT] == state[st.OPEN_START]:
        if state[st.INDENT]:
            _indent_line(page)
        if state[st.PENDING_BREAKS]:
            state[st.MARGIN] = max(state[st.MARGIN], min(state[st.PENDING_BREAKS], 2))
    elif state[st.PENDING_BREAKS] >= 2:
        links = state[st.PENDING_LINKS]
        _end_block(page)
        state[st.PENDING_LINKS] = links
    elif state[st.PENDING_BREAKS] == 1 or state[st.PENDING_SPACE] & st.A_LINE:
        text[state[st.TEXT]] = ab.NEWLINE
        state[st.TEXT] += 1
        if state[st.INDENT]:
            _indent_line(page)
    elif state[st.PENDING_SPACE]:
        text[state[st.TEXT]] = ab.SPACE
        state[st.TEXT] += 1
    state[st.PENDING_BREAKS] = 0
    state[st.PENDING_SPACE] = 0
    state[st.INDENT] = 0
    state[st.OPEN_LINKS] += state[st.PENDING_LINKS]
    state[st.PENDING_LINKS] = 0


@helper
def _indent_line(page: Any) -> None:
    """Begin a line with the no-break spaces that stand there."""
    state, text = page.state, page.text
    columns = state[st.INDENT] + (state[st.PENDING_SPACE] & st.A_SPACE)
    if columns >= LEAST_INDENT:
        for _ in range(columns):
            text[state[st.TEXT]] = ab.SPACE
            state[st.TEXT] += 1
