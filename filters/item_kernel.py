"""Items of structured data in a page's tags, and what they say of isFamilyFriendly (compiled).

Microdata (HTML standard, section 5) and RDFa Lite, reduced to one property: which item it belongs
to, and whether that item is a property of another one. An item lasts to the end tag of its element;
elements of the same name in it are counted, so that each tag is looked at once.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.ascii_bytes import COLON, LESS_THAN, SLASH, SPACE
from massivetext.filters.tag_kernel import (
    hash_of,
    name_hash,
    name_hashes,
    next_attribute,
    read_tag,
)
from massivetext.kernels import inlined, kernel, lean

MOST_STATEMENTS: Final = 64
"""Our choice: so many top items and statements are looked at, and items nest half as deep."""

_DEEPEST: Final = 32
_MOST_VALUE_BYTES: Final = 256
_SCOPES: Final = name_hashes("itemscope", "typeof")
_TYPES: Final = name_hashes("itemtype", "typeof")
_PROPERTIES: Final = name_hashes("itemprop", "property")
_VALUES: Final = name_hashes("content", "href", "src")
_FAMILY: Final = name_hash("isfamilyfriendly")
_MAIN: Final = name_hash("mainentity")
_VOID: Final = name_hashes(
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
    *("source", "track", "wbr"),
)
"""Elements without content (13.1.2)."""

# What an element's attributes say.
_IS_ITEM: Final = 1
_IS_PROPERTY: Final = 2
_IS_MAIN: Final = 4
_IS_FAMILY: Final = 8


@lean
def _names_property(page: Any, start: Any, stop: Any, name: Any) -> Any:
    """Whether one of a value's words ends with a name: itself, schema:name, https://host/name."""
    word = start
    for position in range(start, stop + 1):
        if position == stop or page[position] <= SPACE:
            if position > word and hash_of(page, word, position) == name:
                return True
            word = position + 1
        elif page[position] == COLON or page[position] == SLASH:
            word = position + 1
    return False


@lean
def _read_element(page: Any, position: Any, stop: Any, spans: Any) -> Any:
    """Returns what an element is, as bits, and writes the places of its type and value to `spans`.

    Args:
        page: uint8[bytes].
        position: behind the tag's name.
        stop: where its `>` stands.
        spans: int64[4], type start and stop, value start and stop; -1 without.
    """
    spans[:] = -1
    found = 0
    while True:
        first, last, value, value_stop, position = next_attribute(page, position, stop)
        if last == first:
            return found
        name = hash_of(page, first, last)
        if name in _SCOPES:
            found |= _IS_ITEM
        if name in _TYPES:
            spans[0], spans[1] = value, value_stop
        elif name in _PROPERTIES:
            found |= _IS_PROPERTY
            if _names_property(page, value, value_stop, _FAMILY):
                found |= _IS_FAMILY
            if _names_property(page, value, value_stop, _MAIN):
                found |= _IS_MAIN
        elif name in _VALUES and spans[2] < 0:
            spans[2], spans[3] = value, value_stop


@inlined
def _is_top(bits: Any) -> Any:
    """Whether an item is the page's own: no property of another one, or what the page is about."""
    return not bits & _IS_PROPERTY or bits & _IS_MAIN


@lean
def _item_of_name(names: Any, depth: Any, name: Any) -> Any:
    """Returns the innermost open item whose element has a name, or -1."""
    item = depth - 1
    while item >= 0 and names[item] != name:
        item -= 1
    return item


@lean
def _write_statement(page: Any, row: Any, spans: Any, position: Any, item: Any) -> None:
    """Writes what a property says, and of an item of which type, to a row of `find_items`.

    Args:
        page: uint8[bytes].
        row: int64[4].
        spans: of the property's element.
        position: behind its tag: without an attribute for it, the value is the element's text.
        item: int64[3] of the item that it belongs to: type start and stop; -1 where it is of none.
    """
    row[0], row[1] = spans[2], spans[3]
    if spans[2] < 0:
        row[0] = row[1] = position
        last = min(len(page), position + _MOST_VALUE_BYTES)
        while row[1] < last and page[row[1]] != LESS_THAN:
            row[1] += 1
    row[2], row[3] = item[0], item[1]


@lean
def _depth_after_end_tag(names: Any, opened: Any, depth: Any, name: Any) -> Any:
    """Returns how many items stay open behind an end tag."""
    same = _item_of_name(names, depth, name)
    if same >= 0:
        opened[same] -= 1
        if opened[same] == 0:
            return same
    return depth


@lean
def _depth_after_element(
    bits: Any, spans: Any, name: Any, names: Any, opened: Any, items: Any, depth: Any
) -> Any:
    """Returns how many items are open behind a start tag; writes the one that it begins.

    The item of row n is that of depth n; row 0 is the page.
    """
    if name in _VOID:
        return depth
    if bits & _IS_ITEM and depth < _DEEPEST:
        names[depth], opened[depth] = name, 1
        row = items[depth + 1]
        row[0], row[1], row[2] = spans[0], spans[1], _is_top(bits) != 0
        return depth + 1
    same = _item_of_name(names, depth, name)
    if same >= 0:
        opened[same] += 1
    return depth


@kernel("Tuple((int64[:, ::1], int64[:, ::1]))(Array(uint8, 1, 'C', readonly=True))")
def find_items(page: Any) -> Any:
    """Returns the page's own items, and statements of isFamilyFriendly that are about these.

    Args:
        page: uint8[bytes].

    Returns:
        int64[items, 2], start and stop of their types; int64[statements, 4], start and stop of the
        value, and of the type of the item, which are -1 where it is stated of none.
    """
    tops = np.empty((MOST_STATEMENTS, 2), np.int64)
    statements = np.empty((MOST_STATEMENTS, 4), np.int64)
    names = np.zeros(_DEEPEST, np.uint64)
    opened = np.zeros(_DEEPEST, np.int64)
    items = np.full((_DEEPEST + 1, 3), -1, np.int64)  # type start and stop; 0 if it is no top item
    spans = np.empty(4, np.int64)
    n_tops = n_statements = depth = templates = position = 0
    while True:
        name, stop, end, is_end_tag, templates, position = read_tag(page, position, templates)
        if end >= len(page):
            break
        if is_end_tag:
            depth = _depth_after_end_tag(names, opened, depth, name)
        elif position == end + 1 and not templates:
            bits = _read_element(page, stop, end, spans)
            if bits & _IS_FAMILY and n_statements < MOST_STATEMENTS and items[depth, 2]:
                _write_statement(page, statements[n_statements], spans, position, items[depth])
                n_statements += 1
            outer = depth
            depth = _depth_after_element(bits, spans, name, names, opened, items, depth)
            if depth > outer and items[depth, 2] and n_tops < MOST_STATEMENTS:
                tops[n_tops, 0], tops[n_tops, 1] = spans[0], spans[1]
                n_tops += 1
    return tops[:n_tops].copy(), statements[:n_statements].copy()
