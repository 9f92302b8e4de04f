"""Attributes of a tag in a page's raw bytes: where they stand, and what they say (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext import ascii_bytes as ab
from massivetext.byte_scan import find_byte
from massivetext.kernels import helper, inlined
from massivetext.pipeline.extraction.html import name_words, styles
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html import raw_state as st
from massivetext.pipeline.extraction.html.automaton import word_search

_search_names: Final = word_search(name_words.PATTERNS)


_PACKED_BYTES: Final = 7
"""Bytes of a name that are compared: they leave the highest byte of a word for its length. Longer
names are told by their length and beginning: HTML has one `reversed`, and one `aria-hidden`."""

_ATTRIBUTE_SLOTS: Final = {
    "class": st.CLASS,
    "id": st.ID,
    "role": st.ROLE,
    "style": st.STYLE,
    "hidden": st.HIDDEN,
    "aria-hidden": st.ARIA_HIDDEN,
    "href": st.HREF,
    "start": st.LIST_START,
    "value": st.VALUE,
    "type": st.TYPE,
    "reversed": st.REVERSED,
    "alt": st.ALT,
    "alttext": st.ALT_TEXT,
    "encoding": st.ENCODING,
    "open": st.DIALOG_OPEN,
    "popover": st.POPOVER,
    "shadowrootmode": st.SHADOW,
    "shadowroot": st.SHADOW_BEFORE,
    "rowspan": st.ROW_SPAN,
    "colspan": st.COLUMN_SPAN,
    "srcdoc": st.DOCUMENT,
    "display": st.DISPLAY,
}
"""The attributes that matter, by name."""


def _packed_names() -> NDArray[np.int64]:
    """The first bytes of every name as one number, its length above them, by slot."""
    packed = np.zeros(st.ATTRIBUTES, np.int64)
    for name, slot in _ATTRIBUTE_SLOTS.items():
        beginning = int.from_bytes(name.encode()[:_PACKED_BYTES], "big")
        packed[slot] = beginning | len(name) << 8 * _PACKED_BYTES
    return packed


_PACKED_NAMES: Final = _packed_names()
_LONGEST_NAME: Final = max(map(len, _ATTRIBUTE_SLOTS))

_TABLE_SIZE: Final = 256
_FIRST_SHIFT: Final = 3
_SECOND_SHIFT: Final = 52
"""Our choice: shifts that give every packed name a place of its own."""


def _places() -> NDArray[np.int8]:
    """The slot whose name has this place, -1 if none has."""
    places = np.full(_TABLE_SIZE, -1, np.int8)
    for slot, packed in enumerate(_PACKED_NAMES.tolist()):
        place = (packed >> _FIRST_SHIFT ^ packed >> _SECOND_SHIFT) % _TABLE_SIZE
        assert places[place] < 0, "two attributes have one place"
        places[place] = slot
    return places


_PLACES: Final = _places()


@inlined
def _attribute_slot(name: Any, length: Any) -> int:
    """Which of the attributes that matter has this name; -1 for the others.

    `name` holds the first bytes of the name, in lower case.
    """
    if length > _LONGEST_NAME:
        return -1
    packed = name | length << 8 * _PACKED_BYTES
    slot = int(_PLACES[(packed >> _FIRST_SHIFT ^ packed >> _SECOND_SHIFT) & (_TABLE_SIZE - 1)])
    return slot if slot >= 0 and _PACKED_NAMES[slot] == packed else -1


@inlined
def scan_attributes(page: Any, position: int) -> Any:
    """Read from the end of a tag's name to behind its `>`: `(where it ends, self-closing)`."""
    html, attributes = page.html, page.attributes
    stop = len(html)
    if attributes[st.ANY, 0]:
        for slot in range(st.ATTRIBUTES):
            attributes[slot, 0] = -1
            attributes[slot, 1] = -1
        attributes[st.ANY, 0] = 0
    slash = False
    while position < stop:
        byte = html[position]
        if byte == ab.GREATER_THAN:
            return position + 1, slash
        if byte <= ab.SPACE or byte == ab.SLASH:
            slash = byte == ab.SLASH or (slash and byte <= ab.SPACE)
            position += 1
            continue
        slash = False
        name, length = 0, 0
        first = position
        while position < stop:
            byte = html[position]
            if byte <= ab.SPACE or byte == ab.GREATER_THAN or byte == ab.SLASH:
                break
            if byte == ab.EQUALS and position > first:  # HTML standard: a name may begin with one
                break
            if length < _PACKED_BYTES:
                name = name << 8 | ab.lowered(byte)
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
    while position < stop and html[position] <= ab.SPACE:
        position += 1
    if position >= stop or html[position] != ab.EQUALS:
        return behind_name, behind_name, behind_name
    position += 1
    while position < stop and html[position] <= ab.SPACE:
        position += 1
    if position >= stop:
        return position, position, position
    quote = html[position]
    start = position
    if quote == ab.QUOTE or quote == ab.APOSTROPHE:
        start += 1
        position += 1
        position = find_byte(html, position, quote)
        return start, position, min(position + 1, stop)
    while position < stop and html[position] > ab.SPACE and html[position] != ab.GREATER_THAN:
        position += 1
    return start, position, position


@helper
def says(html: Any, position: int, stop: int, wanted: Any) -> bool:
    """Whether a value goes on with `wanted` (lower case), its white space left out."""
    matched = 0
    while position < stop and matched < len(wanted):
        byte = html[position]
        if byte > ab.SPACE:
            if ab.lowered(byte) != wanted[matched]:
                return False
            matched += 1
        position += 1
    return matched == len(wanted)


@inlined
def lacks(attributes: Any, first: Any, second: Any, third: Any) -> Any:
    """Whether a tag has none of three attributes: the start of each is -1."""
    return attributes[first, 0] & attributes[second, 0] & attributes[third, 0] == -1


@inlined
def name_words_of(html: Any, attributes: Any) -> Any:
    """Bit set of the groups of words in `class`, `id` and `role`."""
    state, bits = np.uint32(0), 0
    for slot in (st.CLASS, st.ID, st.ROLE):
        start, stop = attributes[slot, 0], attributes[slot, 1]
        if stop > start:
            state, found = _search_names(html, start, stop, state)
            bits |= found
    return bits


@helper
def integer_of(html: Any, start: int, stop: int) -> Any:
    """Value of an integer attribute, `NO_NUMBER` if it has none of at most nine digits."""
    position = start
    while 0 <= position < stop and html[position] <= ab.SPACE:
        position += 1
    sign = 1
    if 0 <= position < stop and (html[position] == ab.HYPHEN or html[position] == ab.PLUS):
        sign = -1 if html[position] == ab.HYPHEN else 1
        position += 1
    value, digits = 0, 0
    while 0 <= position < stop and digits < 9 and ab.is_digit(html[position]):
        value = value * 10 + html[position] - ab.ZERO
        digits += 1
        position += 1
    return sign * value if digits else pt.NO_NUMBER


@helper
def list_style(page: Any, style: Any) -> int:
    """`NODE_STYLE` of a list or an item whose `style` has these bits."""
    html, attributes = page.html, page.attributes
    start, stop = attributes[st.TYPE, 0], attributes[st.TYPE, 1]
    while start < stop and html[start] <= ab.SPACE:
        start += 1
    while stop > start and html[stop - 1] <= ab.SPACE:
        stop -= 1
    marker = style >> styles.MARKER_SHIFT & 0x7F
    if start >= 0 and stop - start == 1 and not marker:
        byte = html[start]
        if byte == ab.ONE or byte | ab.CASE == ab.LOWER_A or byte | ab.CASE == ab.LOWER_I:
            marker = int(byte)
    return marker + pt.REVERSED_LIST * (attributes[st.REVERSED, 0] >= 0)


@helper
def span_of(page: Any, slot: Any, most: Any) -> Any:
    """Value of `rowspan` or `colspan`, at most `most`; `NO_NUMBER` if it states none above 1.

    A `rowspan` of 0 reaches to the end of its part of the table (HTML standard): it is the most.
    """
    span = integer_of(page.html, page.attributes[slot, 0], page.attributes[slot, 1])
    if span == 0 and slot == st.ROW_SPAN:
        return most
    return min(span, most) if span > 1 else pt.NO_NUMBER
