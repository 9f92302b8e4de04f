"""Tags of a page's raw bytes: attributes, the stack of open elements, implied ends (compiled).

The HTML standard's tree building, reduced to what blocks of text need: which elements end others
that were left open, and which end tags mean nothing.
"""

from __future__ import annotations

from typing import Any, Final

from massivetext.kernels import inlined, part
from massivetext.pipeline.extraction import elements
from massivetext.pipeline.extraction import page_tree as pt
from massivetext.pipeline.extraction import raw_state as st
from massivetext.pipeline.extraction.automaton import SEPARATOR
from massivetext.pipeline.extraction.elements import tag as _tag
from massivetext.pipeline.extraction.raw_tables import (
    BYTE_CLASSES,
    WORD_BITS,
    WORD_STEPS,
)
from massivetext.pipeline.extraction.raw_text import end_block

_A: Final = _tag("a")
_BUTTON: Final = _tag("button")
_BODY: Final = _tag("body")
_HTML: Final = _tag("html")
_P: Final = _tag("p")
_LI: Final = _tag("li")
_OL: Final = _tag("ol")
_DT: Final = _tag("dt")
_DD: Final = _tag("dd")
_DIV: Final = _tag("div")
_ADDRESS: Final = _tag("address")
_PRE: Final = _tag("pre")
_LISTING: Final = _tag("listing")
_XMP: Final = _tag("xmp")
_PLAINTEXT: Final = _tag("plaintext")
_TABLE: Final = _tag("table")
_CAPTION: Final = _tag("caption")
_TBODY: Final = _tag("tbody")
_THEAD: Final = _tag("thead")
_TFOOT: Final = _tag("tfoot")
_TR: Final = _tag("tr")
_TD: Final = _tag("td")
_TH: Final = _tag("th")
_NOSCRIPT: Final = _tag("noscript")
_TEMPLATE: Final = _tag("template")
_H1: Final = _tag("h1")
_H6: Final = _tag("h6")

# Local names, because compiled code takes module constants as they are.
_FLAGS: Final = elements.TAG_FLAGS
_MARGINS: Final = elements.TAG_MARGINS
_IS_BLOCK: Final = elements.IS_BLOCK
_IS_SKIPPED: Final = elements.IS_SKIPPED
_IS_VOID: Final = elements.IS_VOID
_IS_ENDING_PARAGRAPH: Final = elements.IS_ENDING_PARAGRAPH
_IS_NEVER_HIDDEN: Final = elements.IS_NEVER_HIDDEN
_IS_LIST: Final = elements.IS_LIST


def _packed(name: str) -> int:
    """First eight bytes of a name as one number, and its length above them."""
    return int.from_bytes(name.encode()[:7], "big") | len(name) << 56


_CLASS_NAME: Final = _packed("class")
_ID_NAME: Final = _packed("id")
_ROLE_NAME: Final = _packed("role")
_STYLE_NAME: Final = _packed("style")
_HIDDEN_NAME: Final = _packed("hidden")
_ARIA_HIDDEN_NAME: Final = _packed("aria-hidden")
_HREF_NAME: Final = _packed("href")
_START_NAME: Final = _packed("start")
_VALUE_NAME: Final = _packed("value")
_TYPE_NAME: Final = _packed("type")
_REVERSED_NAME: Final = _packed("reversed")


@inlined
def _attribute_slot(name: Any, length: Any) -> int:
    """Which of the attributes that matter has this name; -1 for the others."""
    if length > 11:
        return -1
    name |= length << 56
    if name == _CLASS_NAME:
        return st.CLASS
    if name == _HREF_NAME:
        return st.HREF
    if name == _ID_NAME:
        return st.ID
    if name == _STYLE_NAME:
        return st.STYLE
    if name == _ROLE_NAME:
        return st.ROLE
    if name == _HIDDEN_NAME:
        return st.HIDDEN
    if name == _ARIA_HIDDEN_NAME:
        return st.ARIA_HIDDEN
    if name == _START_NAME:
        return st.START
    if name == _VALUE_NAME:
        return st.VALUE
    if name == _TYPE_NAME:
        return st.TYPE
    if name == _REVERSED_NAME:
        return st.REVERSED
    return -1


@inlined
def scan_attributes(html: Any, position: int, attributes: Any) -> Any:
    """Read from the end of a tag's name to behind its `>`: `(where it ends, self-closing)`."""
    stop = len(html)
    if attributes[st.ANY, 0]:
        for slot in range(st.ATTRIBUTES):
            attributes[slot, 0] = -1
            attributes[slot, 1] = -1
        attributes[st.ANY, 0] = 0
    slash = False
    while position < stop:
        byte = html[position]
        if byte == 62:
            return position + 1, slash
        if byte <= 32 or byte == 47:
            slash = byte == 47 or (slash and byte <= 32)
            position += 1
            continue
        slash = False
        name, length = 0, 0
        first = position
        while position < stop:
            byte = html[position]
            if byte <= 32 or byte == 62 or byte == 47 or (byte == 61 and position > first):
                break
            if length < 7:
                name = name << 8 | (byte | 32 if 65 <= byte <= 90 else byte)
            length += 1
            position += 1
        start, end, position = _scan_value(html, position)
        slot = _attribute_slot(name, length)
        if slot >= 0 and attributes[slot, 0] < 0:
            attributes[slot, 0] = start
            attributes[slot, 1] = end
            attributes[st.ANY, 0] = 1
    return stop, slash


@inlined
def _scan_value(html: Any, position: int) -> Any:
    """Read what follows an attribute's name: `(start of its value, end, where to go on)`."""
    stop = len(html)
    behind_name = position
    while position < stop and html[position] <= 32:
        position += 1
    if position >= stop or html[position] != 61:
        return behind_name, behind_name, behind_name
    position += 1
    while position < stop and html[position] <= 32:
        position += 1
    if position >= stop:
        return position, position, position
    quote = html[position]
    start = position
    if quote == 34 or quote == 39:
        start += 1
        position += 1
        while position < stop and html[position] != quote:
            position += 1
        return start, position, min(position + 1, stop)
    while position < stop and html[position] > 32 and html[position] != 62:
        position += 1
    return start, position, position


@part
def _matches(html: Any, position: int, stop: int, wanted: Any) -> bool:
    """Whether a value goes on with `wanted` (lower case), its white space left out."""
    matched = 0
    while position < stop and matched < len(wanted):
        byte = html[position]
        if byte > 32:
            if (byte | 32 if 65 <= byte <= 90 else byte) != wanted[matched]:
                return False
            matched += 1
        position += 1
    return matched == len(wanted)


_DISPLAY_NONE: Final = elements.as_bytes("display:none")
_VISIBILITY_HIDDEN: Final = elements.as_bytes("visibility:hidden")
_TRUE: Final = elements.as_bytes("true")


@inlined
def _is_hidden(html: Any, tag: int, attributes: Any, show_hidden: Any) -> bool:
    """Whether a start tag hides its element."""
    if show_hidden and (tag in (_NOSCRIPT, _TEMPLATE)):
        return False
    if _FLAGS[tag] & _IS_SKIPPED:
        return True
    if show_hidden or _FLAGS[tag] & _IS_NEVER_HIDDEN:
        return False
    if attributes[st.HIDDEN, 0] >= 0:
        return True
    start, stop = attributes[st.ARIA_HIDDEN, 0], attributes[st.ARIA_HIDDEN, 1]
    if start >= 0 and _matches(html, start, stop, _TRUE):
        return True
    start, stop = attributes[st.STYLE, 0], attributes[st.STYLE, 1]
    is_declaration = True
    for position in range(start, stop):
        byte = html[position]
        if is_declaration and byte > 32:
            if _matches(html, position, stop, _DISPLAY_NONE):
                return True
            if _matches(html, position, stop, _VISIBILITY_HIDDEN):
                return True
            is_declaration = False
        if byte == 59:
            is_declaration = True
    return False


@inlined
def _words(html: Any, attributes: Any) -> Any:
    """Bit set of the groups of words in `class`, `id` and `role`."""
    state = WORD_STEPS[0, SEPARATOR]
    bits = WORD_BITS[state]
    for slot in (st.CLASS, st.ID, st.ROLE):
        start, stop = attributes[slot, 0], attributes[slot, 1]
        for position in range(start, stop):
            state = WORD_STEPS[state, BYTE_CLASSES[html[position]]]
            bits |= WORD_BITS[state]
        if stop > start:
            state = WORD_STEPS[state, SEPARATOR]
            bits |= WORD_BITS[state]
    return bits


@part
def _integer(html: Any, start: int, stop: int) -> Any:
    """Value of an integer attribute, `NO_NUMBER` if it has none of at most nine digits."""
    position = start
    while 0 <= position < stop and html[position] <= 32:
        position += 1
    sign = 1
    if 0 <= position < stop and (html[position] == 45 or html[position] == 43):
        sign = -1 if html[position] == 45 else 1
        position += 1
    value, digits = 0, 0
    while 0 <= position < stop and digits < 9 and 48 <= html[position] <= 57:
        value = value * 10 + html[position] - 48
        digits += 1
        position += 1
    return sign * value if digits else pt.NO_NUMBER


@part
def _list_style(html: Any, attributes: Any) -> int:
    """`NODE_STYLE` of an `ol`."""
    style = 0
    start, stop = attributes[st.TYPE, 0], attributes[st.TYPE, 1]
    while start < stop and html[start] <= 32:
        start += 1
    while stop > start and html[stop - 1] <= 32:
        stop -= 1
    if start >= 0 and stop - start == 1:
        byte = html[start]
        if byte == 49 or byte | 32 == 97 or byte | 32 == 105:
            style = int(byte)
    return style + pt.REVERSED_LIST * (attributes[st.REVERSED, 0] >= 0)


@inlined
def _margin(tag: int, flags: int) -> int:
    """Line breaks around an element, given the flags of what it stands in."""
    if _FLAGS[tag] & _IS_LIST and flags & st.IN_ITEM:
        return 1  # a list in a list stands close
    return int(_MARGINS[tag])


@inlined
def _pop_to(depth: int, state: Any, stack: Any, open_tags: Any, text: Any, blocks: Any) -> None:
    """Close all elements above `depth`."""
    while state[st.DEPTH] > depth:
        top = state[st.DEPTH]
        tag = stack[st.STACK_TAG, top]
        open_tags[tag] -= 1
        if stack[st.STACK_FLAGS, top] & st.OPENS_BLOCK:
            end_block(state, stack, text, blocks)
            margin = _margin(tag, stack[st.STACK_FLAGS, top - 1])
            state[st.MARGIN] = max(state[st.MARGIN], margin)
        state[st.DEPTH] = top - 1


@inlined
def _open_before(tag: int, state: Any, stack: Any, open_tags: Any) -> int:
    """Depth of the outermost element that a start tag ends, 0 if it ends none."""
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
        return _open_table_part(tag, state, stack)
    return found


@part
def _open_table_part(tag: int, state: Any, stack: Any) -> int:
    """Depth of the outermost part of the current table that a part of it ends."""
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


@part
def _end_open_link(state: Any, stack: Any) -> None:
    """A link in a link ends the outer one: text is no link text from here on."""
    for depth in range(1, state[st.DEPTH] + 1):
        stack[st.STACK_FLAGS, depth] &= ~st.IN_LINK


@inlined
def open_element(
    html: Any,
    tag: int,
    is_closed: Any,
    attributes: Any,
    state: Any,
    stack: Any,
    open_tags: Any,
    text: Any,
    nodes: Any,
    node_words: Any,
    blocks: Any,
    hrefs: Any,
) -> None:
    """Act on a start tag (not `br`); `is_closed` if it has no content."""
    if stack[st.STACK_FLAGS, state[st.DEPTH]] & st.IN_HIDDEN:
        if not is_closed:
            _push(tag, stack[st.STACK_NODE, state[st.DEPTH]], st.IN_HIDDEN, state, stack, open_tags)
        return
    ended = _open_before(tag, state, stack, open_tags)
    if ended:
        _pop_to(ended - 1, state, stack, open_tags, text, blocks)
    flags = stack[st.STACK_FLAGS, state[st.DEPTH]] & st.INHERITED
    node = stack[st.STACK_NODE, state[st.DEPTH]]
    if _is_hidden(html, tag, attributes, state[st.SHOW_HIDDEN]):
        if not is_closed:
            _push(tag, node, flags | st.IN_HIDDEN, state, stack, open_tags)
        return
    if tag in (_BODY, _HTML):
        return
    if _FLAGS[tag] & _IS_BLOCK:
        end_block(state, stack, text, blocks)
        state[st.MARGIN] = max(state[st.MARGIN], _margin(tag, flags))
        if is_closed or state[st.DEPTH] >= st.MAX_DEPTH:
            return
        node = _new_node(html, tag, node, attributes, state, nodes, node_words)
        flags |= st.OPENS_BLOCK
        if tag in (_LI, _DD):
            flags |= st.IN_ITEM
        if tag in (_PRE, _LISTING, _XMP, _PLAINTEXT):
            flags |= st.IN_PREFORMATTED
    elif tag == _BUTTON or (tag == _A and attributes[st.HREF, 0] >= 0):
        if flags & st.IN_LINK:
            _end_open_link(state, stack)
        flags |= st.IN_LINK
        state[st.PENDING_LINKS] += 1
        if tag == _A and attributes[st.HREF, 1] > attributes[st.HREF, 0]:
            hrefs[0, state[st.HREFS]] = attributes[st.HREF, 0]
            hrefs[1, state[st.HREFS]] = attributes[st.HREF, 1]
            state[st.HREFS] += 1
    if not is_closed:
        _push(tag, node, flags, state, stack, open_tags)


@part
def _new_node(
    html: Any, tag: int, parent: Any, attributes: Any, state: Any, nodes: Any, node_words: Any
) -> Any:
    node = state[st.NODES]
    number, style = pt.NO_NUMBER, 0
    if tag == _OL:
        number = _integer(html, attributes[st.START, 0], attributes[st.START, 1])
        style = _list_style(html, attributes)
    elif tag == _LI:
        number = _integer(html, attributes[st.VALUE, 0], attributes[st.VALUE, 1])
    nodes[pt.NODE_PARENT, node] = parent
    nodes[pt.NODE_TAG, node] = tag
    nodes[pt.NODE_NUMBER, node] = number
    nodes[pt.NODE_STYLE, node] = style
    node_words[node] = _words(html, attributes)
    state[st.NODES] += 1
    return node


@inlined
def _push(tag: int, node: Any, flags: Any, state: Any, stack: Any, open_tags: Any) -> None:
    if state[st.DEPTH] >= st.MAX_DEPTH:
        return
    state[st.DEPTH] += 1
    depth = state[st.DEPTH]
    stack[st.STACK_TAG, depth] = tag
    stack[st.STACK_NODE, depth] = node
    stack[st.STACK_FLAGS, depth] = flags
    open_tags[tag] += 1


@inlined
def close_element(tag: int, state: Any, stack: Any, open_tags: Any, text: Any, blocks: Any) -> None:
    """Act on an end tag."""
    if tag in (_BODY, _HTML) or _FLAGS[tag] & _IS_VOID:
        return
    if not open_tags[tag] and not _H1 <= tag <= _H6:
        if tag == _P and not stack[st.STACK_FLAGS, state[st.DEPTH]] & st.IN_HIDDEN:
            end_block(state, stack, text, blocks)  # as if an empty paragraph stood here
            state[st.MARGIN] = 2
        return
    is_table_part = tag in (_TABLE, _TR, _TBODY, _THEAD, _TFOOT)
    depth = state[st.DEPTH]
    while depth > 0:
        other = stack[st.STACK_TAG, depth]
        if other == tag or (_H1 <= tag <= _H6 and _H1 <= other <= _H6):
            break
        if stack[st.STACK_FLAGS, depth] & st.OPENS_BLOCK:
            if not _FLAGS[tag] & (_IS_BLOCK | _IS_SKIPPED):
                if tag in (_A, _BUTTON):
                    _end_open_link(state, stack)
                return  # an inline element does not end the blocks in it
            if other == _TABLE or ((other in (_TD, _TH)) and not is_table_part):
                return
        depth -= 1
    if depth > 0:
        _pop_to(depth - 1, state, stack, open_tags, text, blocks)
