"""Tags of a page's raw bytes: the stack of open elements, and implied ends (compiled).

The HTML standard's tree building, reduced to what blocks of text need: which elements end others
that were left open, and which end tags mean nothing.
"""

from __future__ import annotations

from typing import Any, Final

from massivetext.kernels import helper, inlined
from massivetext.pipeline.extraction.html import elements, name_words, styles
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html import raw_state as st
from massivetext.pipeline.extraction.html.elements import tag as _tag
from massivetext.pipeline.extraction.html.raw_attributes import (
    integer_of,
    lacks,
    list_style,
    name_words_of,
    span_of,
)
from massivetext.pipeline.extraction.html.raw_blocks import end_block, note_place
from massivetext.pipeline.extraction.html.raw_ends import end_inline
from massivetext.pipeline.extraction.html.raw_formulas import (
    begin_part,
    is_tex,
    take_annotation,
    write_image,
)
from massivetext.pipeline.extraction.html.raw_hiding import raw_places
from massivetext.pipeline.extraction.html.raw_implied_ends import open_before
from massivetext.pipeline.extraction.html.raw_inline import end_open_link, in_foreign, open_inline
from massivetext.pipeline.extraction.html.raw_spans import end_span, note_names

_A: Final = _tag("a")
_BUTTON: Final = _tag("button")
_BODY: Final = _tag("body")
_HTML: Final = _tag("html")
_P: Final = _tag("p")
_LI: Final = _tag("li")
_OL: Final = _tag("ol")
_DD: Final = _tag("dd")
_TABLE: Final = _tag("table")
_TBODY: Final = _tag("tbody")
_THEAD: Final = _tag("thead")
_TFOOT: Final = _tag("tfoot")
_TR: Final = _tag("tr")
_TD: Final = _tag("td")
_TH: Final = _tag("th")
_RT: Final = _tag("rt")
_RP: Final = _tag("rp")
_IMG: Final = _tag("img")
_MATH: Final = _tag("math")
_ANNOTATION: Final = _tag("annotation")
_H1: Final = _tag("h1")
_H6: Final = _tag("h6")
_PREFORMATTED: Final = tuple(map(_tag, sorted(elements.PREFORMATTED_TAGS)))

# Local names, because compiled code takes module constants as they are.
_FLAGS: Final = elements.TAG_FLAGS
_MARGINS: Final = elements.TAG_MARGINS
_IS_BLOCK: Final = elements.IS_BLOCK
_IS_SKIPPED: Final = elements.IS_SKIPPED
_IS_VOID: Final = elements.IS_VOID
_IS_LIST: Final = elements.IS_LIST
_IS_HOLDER: Final = elements.IS_VEILED | elements.IS_HOLDER
_IS_ENDING: Final = elements.IS_ENDING
_IS_ENDING_SELECT: Final = elements.IS_ENDING_SELECT
_IS_SELECT: Final = elements.IS_SELECT
_GUTTER: Final = name_words.GUTTER
_CODE_LINE: Final = name_words.CODE_LINE
_LEARNED: Final = name_words.LEARNED
_NO_MARKER: Final = ord("-") << styles.MARKER_SHIFT
_IS_PLACED: Final = elements.which_tags(
    *("template", "dialog", "object", "applet", *sorted(elements.SKIPPED | elements.VEILED))
)
_PLACING: Final = (
    name_words.OUT_OF_SIGHT | name_words.CONTROL | name_words.FORMULA_DRAWING | name_words.PANEL
)
_HIDING: Final = styles.HIDES | styles.OFF_SCREEN
_LINES_AND_HEIGHTS: Final = styles.LINE | styles.RAISED | styles.LOWERED


@inlined
def _margin(tag: int, flags: int) -> int:
    """Line breaks around an element, given the flags of what it stands in."""
    if _FLAGS[tag] & _IS_LIST and flags & st.IN_ITEM:
        return 1  # a list in a list stands close
    return int(_MARGINS[tag])


@inlined
def _pop_to(page: Any, depth: int) -> None:
    """Close all elements above `depth`."""
    state, stack, open_tags = page.state, page.stack, page.open_tags
    while state[st.DEPTH] > depth:
        top = state[st.DEPTH]
        tag = stack[st.STACK_TAG, top]
        open_tags[tag] -= 1
        if stack[st.STACK_FLAGS, top] & st.OPENS_BLOCK:
            if not stack[st.STACK_FLAGS, top] & st.IN_HIDDEN:
                end_block(page)
                margin = _margin(tag, stack[st.STACK_FLAGS, top - 1])
                state[st.MARGIN] = max(state[st.MARGIN], margin)
        elif stack[st.STACK_FLAGS, top] & (st.ENDING | st.IN_PLACES | st.IS_SPAN):
            _leave_inline(page, top)
        state[st.DEPTH] = top - 1


@helper
def _leave_inline(page: Any, top: Any) -> None:
    """Act on the end of the innermost element, an inline one of which something is noted."""
    flags = page.stack[st.STACK_FLAGS, top]
    if flags & st.ENDING:
        end_inline(page, top)
    if flags & st.IN_PLACES:
        note_place(page, top)
    if flags & st.IS_SPAN:
        end_span(page, top)


@helper
def leave_foreign(page: Any) -> None:
    """End an `svg` or `math` in which a tag stands that is none of theirs."""
    state, stack = page.state, page.stack
    depth = state[st.DEPTH]
    while depth > 0 and stack[st.STACK_FLAGS, depth] & st.IN_FOREIGN:
        depth -= 1
    _pop_to(page, depth)


@inlined
def _is_in_select(page: Any) -> Any:
    """Whether the innermost open element is a `select` or stands right in one."""
    return _FLAGS[page.stack[st.STACK_TAG, page.state[st.DEPTH]]] & _IS_SELECT != 0


@inlined
def _close_before(page: Any, tag: int) -> None:
    """End the open elements that a start tag ends."""
    state, stack = page.state, page.stack
    if tag in (_RT, _RP) and stack[st.STACK_TAG, state[st.DEPTH]] in (_RT, _RP):
        _pop_to(page, state[st.DEPTH] - 1)
    while _FLAGS[tag] & _IS_ENDING_SELECT and _is_in_select(page):
        _pop_to(page, state[st.DEPTH] - 1)
    ended = open_before(page, tag)
    if ended:
        _pop_to(page, ended - 1)


@inlined
def _style_of_tag(page: Any) -> int:
    """The bits of the `style` of the tag that is being read."""
    start, stop = page.attributes[st.STYLE, 0], page.attributes[st.STYLE, 1]
    return styles.style_bits_of(page.html, start, stop) if start >= 0 else 0


@inlined
def _with_white_space(tag: int, groups: Any, style: Any, flags: Any) -> Any:
    """The flags of an element, with those that say how its white space is read."""
    is_block = _FLAGS[tag] & _IS_BLOCK != 0
    if tag in _PREFORMATTED or (is_block and groups & _CODE_LINE):
        flags |= st.IN_PREFORMATTED
    if style & styles.PRE:
        flags = flags & ~st.IN_COLLAPSED | st.IN_PREFORMATTED
        flags |= st.IN_COLLAPSED if style & styles.PRE_LINE else 0
    elif style & styles.NOT_PRE and is_block:  # lines of an inline element are those of its block
        flags &= ~(st.IN_PREFORMATTED | st.IN_COLLAPSED)
    return flags | (st.IN_GUTTER if groups & _GUTTER else 0)


@inlined
def _is_placed(attributes: Any, groups: Any, style: Any) -> Any:
    """Whether the attributes of a tag may say that its element stands at a place of its own.

    Those of most tags do not, and calls cost more than this does.
    """
    return (
        groups & _PLACING != 0
        or style & _HIDING != 0
        or attributes[st.ROLE, 0] >= 0
        or not lacks(attributes, st.HIDDEN, st.ARIA_HIDDEN, st.POPOVER)
    )


@inlined
def open_element(page: Any, tag: int, is_closed: Any) -> None:
    """Act on a start tag (not `br`); `is_closed` if it has no content."""
    state, stack = page.state, page.stack
    _close_before(page, tag)
    flags = stack[st.STACK_FLAGS, state[st.DEPTH]] & st.INHERITED
    if flags & st.IN_HIDDEN:
        if not is_closed:
            if _FLAGS[tag] & _IS_SKIPPED:
                flags &= ~st.IN_VEILED
            _push_hidden(page, tag, flags)
        return
    node = stack[st.STACK_NODE, state[st.DEPTH]]
    attributes = page.attributes
    groups, style = 0, 0
    if attributes[st.ANY, 0]:
        if not lacks(attributes, st.CLASS, st.ID, st.ROLE):
            groups = name_words_of(page.html, attributes)
        style = _style_of_tag(page)
    if flags & st.IN_FORMULA:
        begin_part(page)
        if tag == _ANNOTATION and is_tex(page):
            take_annotation(page)
            if not is_closed:
                _push(page, tag, node, flags & ~(st.IN_FORMULA | st.IN_FOREIGN))
            return
    if tag == _IMG:
        write_image(page, groups, style)
        return
    places = 0
    if _IS_PLACED[tag] or _is_placed(attributes, groups, style):
        places = raw_places(page, tag, groups, style)
    if places == pt.NEVER or (places & pt.VEILS and not state[st.SHOW_HIDDEN]):
        if not is_closed:
            _push_hidden(page, tag, flags | (0 if places == pt.NEVER else st.IN_VEILED))
        return
    if tag in (_BODY, _HTML):
        return
    flags = _with_white_space(tag, groups, style, flags | places << st.PLACE_SHIFT)
    if _FLAGS[tag] & _IS_BLOCK:
        _open_block(page, tag, is_closed, groups, style, flags)
        return
    if (
        _FLAGS[tag] & _IS_ENDING
        or flags & st.IN_FORMULA
        or style & _LINES_AND_HEIGHTS
        or groups & _GUTTER
        or tag == _MATH
        or page.spans.shape[1]
    ):
        flags = open_inline(page, tag, groups, style, flags)
    if not is_closed:
        _push(page, tag, node, flags)


@inlined
def _open_block(page: Any, tag: int, is_closed: Any, groups: Any, style: Any, flags: Any) -> None:
    """Act on the start tag of a block element that is shown."""
    state = page.state
    end_block(page)
    state[st.MARGIN] = max(state[st.MARGIN], _margin(tag, flags))
    if is_closed or state[st.DEPTH] >= pt.MAX_DEPTH:
        return
    if flags & st.IN_PREFORMATTED and _FLAGS[tag] & _IS_LIST:
        style |= _NO_MARKER  # its numbers are those of the lines of a listing
    outer = page.stack[st.STACK_NODE, state[st.DEPTH]]
    node = _new_node(page, tag, outer, groups, style)
    if page.spans.shape[1]:
        note_names(page, node)
    flags |= st.OPENS_BLOCK | (st.IN_ITEM if tag in (_LI, _DD) else 0)
    _push(page, tag, node, flags)


@inlined
def _new_node(page: Any, tag: int, parent: Any, groups: Any, style: Any) -> Any:
    html, state, attributes, nodes, node_words = (
        page.html,
        page.state,
        page.attributes,
        page.nodes,
        page.node_words,
    )
    node = state[st.NODE_COUNT]
    number, marker = pt.NO_NUMBER, 0
    if _FLAGS[tag] & _IS_LIST:
        marker = list_style(page, style)
        if tag == _OL:
            number = integer_of(html, attributes[st.LIST_START, 0], attributes[st.LIST_START, 1])
    elif tag == _LI:
        number = integer_of(html, attributes[st.VALUE, 0], attributes[st.VALUE, 1])
        marker = list_style(page, style)
    elif tag in (_TD, _TH):
        number = span_of(page, st.ROW_SPAN, pt.MAX_SPAN)
        columns = span_of(page, st.COLUMN_SPAN, pt.MAX_COLUMN_SPAN)
        marker = columns if columns != pt.NO_NUMBER else 0
    nodes[pt.NODE_PARENT, node] = parent
    nodes[pt.NODE_TAG, node] = tag
    nodes[pt.NODE_NUMBER, node] = number
    nodes[pt.NODE_STYLE, node] = marker
    node_words[node] = groups & _LEARNED
    state[st.NODE_COUNT] += 1
    return node


@inlined
def _push(page: Any, tag: int, node: Any, flags: Any) -> None:
    state, stack, open_tags = page.state, page.stack, page.open_tags
    if state[st.DEPTH] >= pt.MAX_DEPTH:
        return
    state[st.DEPTH] += 1
    depth = state[st.DEPTH]
    stack[st.STACK_TAG, depth] = tag
    stack[st.STACK_NODE, depth] = node
    stack[st.STACK_FLAGS, depth] = flags
    stack[st.STACK_TEXT, depth] = state[st.TEXT]
    stack[st.STACK_PARTS, depth] = 0
    stack[st.STACK_BLOCK, depth] = state[st.BLOCK_COUNT]
    stack[st.STACK_CHARACTERS, depth] = state[st.OPEN_CHARACTERS]
    open_tags[tag] += 1


@inlined
def _push_hidden(page: Any, tag: int, flags: Any) -> None:
    """Open an element that is not shown; tags end it as they would end a shown one."""
    flags |= st.IN_HIDDEN | (st.OPENS_BLOCK if _FLAGS[tag] & _IS_BLOCK else 0)
    node = page.stack[st.STACK_NODE, page.state[st.DEPTH]]
    _push(page, tag, node, in_foreign(tag, flags))


@inlined
def close_element(page: Any, tag: int) -> None:
    """Act on an end tag."""
    state, stack, open_tags = page.state, page.stack, page.open_tags
    if tag in (_BODY, _HTML) or _FLAGS[tag] & _IS_VOID:
        return
    if tag == _P and stack[st.STACK_FLAGS, state[st.DEPTH]] & st.IN_FOREIGN:
        leave_foreign(page)
    if not open_tags[tag] and not _H1 <= tag <= _H6:
        if tag == _P and not stack[st.STACK_FLAGS, state[st.DEPTH]] & st.IN_HIDDEN:
            end_block(page)  # as if an empty paragraph stood here
            state[st.MARGIN] = 2
        return
    is_table_part = tag in (_TABLE, _TR, _TBODY, _THEAD, _TFOOT)
    depth = state[st.DEPTH]
    while depth > 0:
        other = stack[st.STACK_TAG, depth]
        if other == tag or (_H1 <= tag <= _H6 and _H1 <= other <= _H6):
            break
        if stack[st.STACK_FLAGS, depth] & st.OPENS_BLOCK:
            if not _FLAGS[tag] & (_IS_BLOCK | _IS_SKIPPED | _IS_HOLDER):
                if tag in (_A, _BUTTON):
                    end_open_link(page)
                return  # an inline element does not end the blocks in it
            if other == _TABLE or ((other in (_TD, _TH)) and not is_table_part):
                return
        depth -= 1
    if depth > 0:
        _pop_to(page, depth - 1)
