"""The few tags of a page that SafeSearch and opt-outs look at, as a browser reads them (compiled).

Nothing in a comment, a script or a quoted value is taken for a tag. A byte belongs to one tag, so
that each pass is linear. `candidate_kernel` tells the few pages that need one.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.ascii_bytes import SPACE
from massivetext.filters.label_kernel import META_NAME, is_label
from massivetext.filters.link_kernel import FIRST_LINKS, add_pair, target_in_tag
from massivetext.filters.tag_kernel import (
    hash_of,
    name_hash,
    name_hashes,
    next_attribute,
    read_tag,
)
from massivetext.kernels import inlined, kernel, lean

MOST_LABELS: Final = 32
"""Our choice: how many labels and JSON-LD scripts of a page are looked at; few have a dozen."""

MOST_ATTRIBUTES: Final = 32
"""Our choice: further attributes of a tag are passed over."""

ATTRIBUTE_COLUMNS: Final = 5
"""An attribute: number of its tag, name start and stop, value start and stop (byte positions)."""

_LINK: Final = name_hash("a")
_SCRIPT: Final = name_hash("script")
_HEAD: Final = name_hash("head")
_TYPE: Final = name_hash("type")
_JSON_LD: Final = name_hash("application/ld+json")
_JSON_LD_BYTES: Final = len("application/ld+json")
_BODIES: Final = name_hashes("body", "frameset")

_OF_HEADS: Final = name_hashes(
    *("html", "head", "base", "basefont", "bgsound", "link", "meta", "noframes", "noscript"),
    *("script", "style", "template", "title"),
)
"""What begins no body behind `</head>` (13.2.6.4.6, "after head"); noscript as in the head."""

# Where the parser stands.
_IN_HEAD: Final = 0
_AFTER_HEAD: Final = 1
_IN_BODY: Final = 2


@lean
def _keep_attributes(page: Any, position: Any, stop: Any, tag: Any, rows: Any, first: Any) -> Any:
    """Writes the attributes of a tag to rows, from `first` on; returns how many."""
    count = 0
    while count < MOST_ATTRIBUTES:
        start, last, value, value_stop, position = next_attribute(page, position, stop)
        if last == start:
            break
        row = rows[first + count]
        row[0], row[1], row[2], row[3], row[4] = tag, start, last, value, value_stop
        count += 1
    return count


@lean
def _is_json_ld(page: Any, position: Any, stop: Any) -> Any:
    """Whether the attributes of a script say that it is JSON-LD."""
    while True:
        first, last, value, value_stop, position = next_attribute(page, position, stop)
        if last == first:
            return False
        if hash_of(page, first, last) == _TYPE:
            while value < value_stop and page[value] <= SPACE:
                value += 1
            return hash_of(page, value, min(value_stop, value + _JSON_LD_BYTES)) == _JSON_LD


@inlined
def _place_after(place: Any, name: Any, is_end_tag: Any) -> Any:
    """Returns where the parser stands after a tag: in the head, behind it, in the body."""
    if name in _BODIES:
        return _IN_BODY
    if place == _IN_HEAD and is_end_tag and name == _HEAD:
        return _AFTER_HEAD
    if place == _AFTER_HEAD and not is_end_tag and name not in _OF_HEADS:
        return _IN_BODY
    return place


@kernel("int64[:, ::1](Array(uint8, 1, 'C', readonly=True))")
def read_labels(page: Any) -> Any:
    """Returns the labels in a page's head.

    Args:
        page: uint8[bytes], in an encoding that holds ASCII as ASCII.

    Returns:
        int64[attributes, ATTRIBUTE_COLUMNS] of `meta` elements for which `is_label` holds.
    """
    attributes = np.empty((MOST_LABELS * MOST_ATTRIBUTES, ATTRIBUTE_COLUMNS), np.int64)
    n_attributes = n_labels = depth = position = 0
    place = _IN_HEAD
    while n_labels < MOST_LABELS:
        name, stop, end, is_end_tag, depth, position = read_tag(page, position, depth)
        place = _place_after(place, name, is_end_tag)
        if end >= len(page) or place == _IN_BODY:
            break
        if name == META_NAME and not is_end_tag and depth == 0 and is_label(page, stop, end):
            n_attributes += _keep_attributes(page, stop, end, n_labels, attributes, n_attributes)
            n_labels += 1
    return attributes[:n_attributes].copy()


@kernel("int64[:, ::1](Array(uint8, 1, 'C', readonly=True))")
def find_json_ld(page: Any) -> Any:
    """Returns start and stop of the content of a page's JSON-LD scripts, int64[scripts, 2]."""
    scripts = np.empty((MOST_LABELS, 2), np.int64)
    n_scripts = depth = position = 0
    while n_scripts < MOST_LABELS:
        name, stop, end, is_end_tag, depth, position = read_tag(page, position, depth)
        if end >= len(page):
            break
        is_script = name == _SCRIPT and not is_end_tag and depth == 0
        if is_script and _is_json_ld(page, stop, end):
            scripts[n_scripts, 0], scripts[n_scripts, 1] = end + 1, position
            n_scripts += 1
    return scripts[:n_scripts].copy()


@kernel("int64[:, ::1](Array(uint8, 1, 'C', readonly=True))")
def read_links(page: Any) -> Any:
    """Returns start and stop of the authority (user, host, port) of absolute links, int64[n, 2]."""
    links = np.empty((FIRST_LINKS, 2), np.int64)
    n_links = depth = position = 0
    while True:
        name, stop, end, is_end_tag, depth, position = read_tag(page, position, depth)
        if end >= len(page):
            break
        if name == _LINK and not is_end_tag and depth == 0:
            first, last = target_in_tag(page, stop, end)
            if last > first:
                links = add_pair(links, n_links, first, last)
                n_links += 1
    return links[:n_links].copy()
