"""Spans of a page's raw bytes: what inline elements cover, as they end (compiled).

Spans are noted in the order of their ends. So those of a text that is taken back are the last ones.
"""

from __future__ import annotations

from typing import Any, Final

from massivetext.kernels import helper
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html import raw_state as st
from massivetext.pipeline.extraction.html import spans as sp

_KIND_OF_TAG: Final = sp.KIND_OF_TAG


@helper
def note_span(page: Any, kind: Any, start: Any, node: Any, value: Any, value_stop: Any) -> None:
    """Note a span from `start` to the end of the text so far."""
    state, spans = page.state, page.spans
    span = state[st.SPANS]
    if span < spans.shape[1]:
        spans[sp.SPAN_KIND, span] = kind
        spans[sp.SPAN_START, span] = start
        spans[sp.SPAN_STOP, span] = state[st.TEXT]
        spans[sp.SPAN_NODE, span] = node
        spans[sp.SPAN_VALUE_START, span] = value
        spans[sp.SPAN_VALUE_STOP, span] = value_stop
        state[st.SPANS] += 1


@helper
def begin_span(page: Any, kind: Any) -> Any:
    """Remember the value of an inline element that is about to open; its flag, 0 for no span."""
    slot = st.HREF if kind == sp.LINK else st.CLASS
    value = page.attributes[slot, 0]
    depth = page.state[st.DEPTH] + 1
    if depth > pt.MAX_DEPTH or (kind == sp.LINK and value < 0):
        return 0
    page.stack[st.STACK_VALUE, depth] = value
    page.stack[st.STACK_VALUE_STOP, depth] = page.attributes[slot, 1]
    return st.IS_SPAN


@helper
def end_span(page: Any, depth: Any) -> None:
    """Note what the inline element at this depth covers."""
    state, stack = page.state, page.stack
    start, block = stack[st.STACK_TEXT, depth], stack[st.STACK_BLOCK, depth]
    if state[st.BLOCK_COUNT] > block:  # what stood behind the text of its first block has gone
        start = min(start, page.blocks[pt.BLOCK_STOP, block])
    if start < state[st.TEXT]:
        value, stop = stack[st.STACK_VALUE, depth], stack[st.STACK_VALUE_STOP, depth]
        note_span(page, _KIND_OF_TAG[stack[st.STACK_TAG, depth]], start, 0, value, stop)


@helper
def note_formula(page: Any, start: Any, block: Any, is_display: Any) -> None:
    """Note a formula, given where the text and how many blocks stood before it."""
    state = page.state
    if page.spans.shape[1]:
        if state[st.BLOCK_COUNT] > block:
            start = state[st.OPEN_START]
        kind = sp.TEX_DISPLAY if is_display else sp.TEX
        if start < state[st.TEXT]:
            note_span(page, kind, start, 0, -1, -1)


@helper
def note_names(page: Any, node: Any) -> None:
    """Note the names of a block element that opens."""
    start, stop = page.attributes[st.CLASS, 0], page.attributes[st.CLASS, 1]
    if start < stop:
        note_span(page, sp.NAMES, page.state[st.TEXT], node, start, stop)


@helper
def forget_spans(page: Any, start: Any) -> None:
    """Take back the spans of a text that is taken back or changed, from `start` on."""
    state, spans = page.state, page.spans
    while state[st.SPANS] > 0:
        last = state[st.SPANS] - 1
        if spans[sp.SPAN_KIND, last] == sp.NAMES or spans[sp.SPAN_START, last] < start:
            return
        state[st.SPANS] = last


@helper
def end_spans(page: Any) -> None:
    """End the spans of a block at the last character that is kept of it."""
    state, spans, stop = page.state, page.spans, page.state[st.OPEN_START]
    forget_spans(page, stop)
    span = state[st.SPANS] - 1
    while span >= 0 and spans[sp.SPAN_KIND, span] != sp.NAMES and spans[sp.SPAN_STOP, span] > stop:
        spans[sp.SPAN_STOP, span] = stop
        span -= 1
