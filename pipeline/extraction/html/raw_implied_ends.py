"""Which open elements a start tag of a page's raw bytes ends by implication (compiled).

The HTML standard's tree building, reduced to what blocks of text need.
"""

from __future__ import annotations

from typing import Any, Final

from massivetext.kernels import helper, inlined
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import raw_state as st
from massivetext.pipeline.extraction.html.elements import tag as _tag

_BUTTON: Final = _tag("button")
_P: Final = _tag("p")
_LI: Final = _tag("li")
_DT: Final = _tag("dt")
_DD: Final = _tag("dd")
_DIV: Final = _tag("div")
_ADDRESS: Final = _tag("address")
_TABLE: Final = _tag("table")
_CAPTION: Final = _tag("caption")
_TBODY: Final = _tag("tbody")
_THEAD: Final = _tag("thead")
_TFOOT: Final = _tag("tfoot")
_TR: Final = _tag("tr")
_TD: Final = _tag("td")
_TH: Final = _tag("th")
_H1: Final = _tag("h1")
_H6: Final = _tag("h6")

# Local names, because compiled code takes module constants as they are.
_FLAGS: Final = elements.TAG_FLAGS
_IS_ENDING_PARAGRAPH: Final = elements.IS_ENDING_PARAGRAPH


@inlined
def open_before(page: Any, tag: int) -> int:
    """Depth of the outermost element that a start tag ends, 0 if it ends none."""
    state, stack, open_tags = page.state, page.stack, page.open_tags
    found = 0
    if _FLAGS[tag] & _IS_ENDING_PARAGRAPH and open_tags[_P]:
        depth = state[st.DEPTH]
        while depth > 0:
            other = stack[st.STACK_TAG, depth]
            if other == _P:
                found = depth
                break
            if other in (_TD, _TH, _TABLE, _CAPTION):
                break
            if other == _BUTTON:
                break
            depth -= 1
    if _H1 <= tag <= _H6 and not found:
        if _H1 <= stack[st.STACK_TAG, state[st.DEPTH]] <= _H6:
            found = state[st.DEPTH]
    elif tag in (_LI, _DT, _DD):
        depth = state[st.DEPTH]
        while depth > 0:
            other = stack[st.STACK_TAG, depth]
            if other == tag or (tag != _LI and (other in (_DT, _DD))):
                return depth
            is_passed = other in (_ADDRESS, _DIV, _P)
            if stack[st.STACK_FLAGS, depth] & st.OPENS_BLOCK and not is_passed:
                break
            depth -= 1
    elif tag in (_TR, _TD, _TH, _TBODY, _THEAD, _TFOOT):
        return _open_table_part(page, tag)
    return found


@helper
def _open_table_part(page: Any, tag: int) -> int:
    """Depth of the outermost part of the current table that a part of it ends."""
    state, stack = page.state, page.stack
    found = 0
    depth = state[st.DEPTH]
    while depth > 0:
        other = stack[st.STACK_TAG, depth]
        if other == _TABLE:
            break
        if other in (_TD, _TH, _CAPTION):
            found = depth
        elif other == _TR:
            if tag in (_TD, _TH):
                break
            found = depth
        elif other in (_TBODY, _THEAD, _TFOOT):
            if tag in (_TR, _TD, _TH):
                break
            found = depth
        depth -= 1
    return found if depth > 0 else 0
