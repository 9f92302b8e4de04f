"""Inline elements of a page's raw bytes that begin: links, quotations, formulas (compiled)."""

from __future__ import annotations

from typing import Any, Final

from massivetext import ascii_bytes as ab
from massivetext.kernels import helper, inlined
from massivetext.pipeline.extraction.html import elements, name_words, spans, styles
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html import raw_state as st
from massivetext.pipeline.extraction.html.elements import tag as _tag
from massivetext.pipeline.extraction.html.raw_attributes import says
from massivetext.pipeline.extraction.html.raw_blocks import begin_line
from massivetext.pipeline.extraction.html.raw_characters import write_character
from massivetext.pipeline.extraction.html.raw_ends import OPENING_QUOTES
from massivetext.pipeline.extraction.html.raw_formulas import SIGNS, write_formula
from massivetext.pipeline.extraction.html.raw_spans import begin_span

_A: Final = _tag("a")
_BUTTON: Final = _tag("button")
_Q: Final = _tag("q")
_RT: Final = _tag("rt")
_MATH: Final = _tag("math")
_MFRAC: Final = _tag("mfrac")
_MROW: Final = _tag("mrow")
_MSQRT: Final = _tag("msqrt")
_MTEXT: Final = _tag("mtext")

# Local names, because compiled code takes module constants as they are.
_FLAGS: Final = elements.TAG_FLAGS
_IS_ENDING: Final = elements.IS_ENDING
_IS_FOREIGN_ROOT: Final = elements.IS_FOREIGN_ROOT
_IS_INTEGRATION_POINT: Final = elements.IS_INTEGRATION_POINT
_GUTTER: Final = name_words.GUTTER
_SPAN_KINDS: Final = spans.KIND_OF_TAG
_BLOCK: Final = elements.as_bytes("block")
_SQUARE_ROOT: Final = 0x221A


@helper
def end_open_link(page: Any) -> None:
    """A link in a link ends the outer one: what follows is plain text."""
    state, stack = page.state, page.stack
    for depth in range(1, state[st.DEPTH] + 1):
        stack[st.STACK_FLAGS, depth] &= ~st.IN_LINK


@inlined
def in_foreign(tag: int, flags: Any) -> Any:
    """The flags of an element, `IN_FOREIGN` set where its content is not HTML."""
    if _FLAGS[tag] & _IS_FOREIGN_ROOT:
        return flags | st.IN_FOREIGN
    if _FLAGS[tag] & _IS_INTEGRATION_POINT:
        return flags & ~st.IN_FOREIGN
    return flags


@inlined
def open_inline(page: Any, tag: int, groups: Any, style: Any, flags: Any) -> Any:
    """Act on the start tag of an inline element that is shown; the flags of what stands in it."""
    state, attributes = page.state, page.attributes
    if tag == _BUTTON or (tag == _A and attributes[st.HREF, 0] >= 0):
        if flags & st.IN_LINK:
            end_open_link(page)
        flags |= st.IN_LINK
        state[st.PENDING_LINKS] += 1
    if _FLAGS[tag] & _IS_ENDING or groups & _GUTTER:
        flags |= st.ENDING
    kind = _SPAN_KINDS[tag]
    if kind and page.spans.shape[1]:
        flags |= begin_span(page, kind)
    if style & styles.LINE:
        begin_line(page)
        flags |= st.ENDING | st.IN_LINE
    if style & styles.RAISED:
        flags |= st.ENDING | st.IS_RAISED
    elif style & styles.LOWERED:
        flags |= st.ENDING | st.IS_LOWERED
    if tag == _BUTTON:
        state[st.PENDING_SPACE] |= st.A_SPACE
    elif tag == _Q:
        write_character(page, OPENING_QUOTES[page.open_tags[_Q] & 1])
    elif tag == _RT:
        write_character(page, ab.OPENING_PARENTHESIS)
    elif tag == _MATH:
        flags |= st.ENDING | st.IN_FORMULA | st.IN_FOREIGN
        is_display = _is_display(page)
        if state[st.DEPTH] < pt.MAX_DEPTH:
            page.stack[st.STACK_VALUE, state[st.DEPTH] + 1] = is_display
        if attributes[st.ALT_TEXT, 1] > attributes[st.ALT_TEXT, 0]:
            write_formula(page, attributes[st.ALT_TEXT, 0], attributes[st.ALT_TEXT, 1], is_display)
            flags |= st.IN_HIDDEN
    elif flags & st.IN_FORMULA:
        flags = _open_part(page, tag, flags)
    return flags


@helper
def _is_display(page: Any) -> bool:
    """Whether a `math` stands on a line of its own."""
    start, stop = page.attributes[st.DISPLAY, 0], page.attributes[st.DISPLAY, 1]
    return start >= 0 and says(page.html, start, stop, _BLOCK)


@helper
def _open_part(page: Any, tag: int, flags: Any) -> Any:
    """Act on the start tag of an element in `math`; the flags of what stands in it."""
    state, stack = page.state, page.stack
    parent = stack[st.STACK_TAG, state[st.DEPTH]]
    if tag == _MSQRT:
        write_character(page, _SQUARE_ROOT)
    is_later = stack[st.STACK_PARTS, state[st.DEPTH]] > 1 or parent == _MFRAC
    if tag == _MSQRT or (tag == _MROW and SIGNS[0, parent] and is_later):
        write_character(page, ab.OPENING_PARENTHESIS)
        flags |= st.ENDING
    if tag == _MTEXT:
        flags &= ~st.IN_FORMULA
    return in_foreign(tag, flags)
