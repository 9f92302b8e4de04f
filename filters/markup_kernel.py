"""The few tags of a page that SafeSearch and opt-outs look at: labels, JSON-LD, links (compiled).

Two passes. The first looks for the beginnings of such tags, with vector instructions and wherever
they stand, so that it finds more than counts; it costs a page little. Where it finds anything, the
second reads all tags as a browser does, so that nothing in a comment, a script or a quoted value is
taken for a tag. Both are linear: a byte belongs to one tag.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.filters.label_names import ROBOT_NAMES, ROBOTS_DIRECTIVES
from massivetext.filters.tag_kernel import (
    BLANK,
    CASE_BIT,
    COLON_SIGN,
    DASH,
    FNV_OFFSET,
    FNV_PRIME,
    HREF_NAME,
    RAW_TEXT_ELEMENTS,
    SOLIDUS,
    TAG_OPEN,
    hash_of,
    is_ascii_letter,
    lower,
    name_end,
    name_hash,
    name_hashes,
    next_attribute,
    next_tag,
    raw_text_end,
)
from massivetext.kernels import inlined, kernel, lean

MOST_LABELS: Final = 32
"""Our choice: how many labels and JSON-LD scripts of a page are looked at; few have a dozen."""

MOST_ATTRIBUTES: Final = 32
"""Our choice: further attributes of a tag are passed over."""

MOST_TAG_BYTES: Final = 1 << 13
"""Our choice: the first pass looks for attributes in so many bytes behind a tag's name."""

ATTRIBUTE_COLUMNS: Final = 5
"""An attribute: number of its tag, name start and stop, value start and stop (byte positions)."""

HAS_LABEL: Final = 1
HAS_FAMILY: Final = 2
"""What the first pass may have found, as bits: a label, isFamilyFriendly."""

MOST_NAME_BYTES: Final = 64
"""Our choice: what a label is called is no longer, with its references."""

_LONGEST_NAME: Final = 16
_BLOCK_BYTES: Final = 64
_BEHIND_BLOCK: Final = 8
_MOST_AUTHORITY_BYTES: Final = 512
"""Our choice: a host name has at most 253 bytes (RFC 1035), user and port are short."""

_FIRST_LINKS: Final = 64
"""Our choice: links for which there is room before the array of links grows."""

_M: Final = np.uint8(ord("m"))
_A: Final = np.uint8(ord("a"))
_E: Final = np.uint8(ord("e"))
_H: Final = np.uint8(ord("h"))
_F: Final = np.uint8(ord("f"))
_Y: Final = np.uint8(ord("y"))
_OPEN: Final = np.uint8(TAG_OPEN)
_NOTHING: Final = np.uint8(0)
_NO_MATCH: Final = np.uint8(255)
_R: Final = np.uint8(ord("r"))
_T: Final = ord("t")
_UNDERSCORE: Final = ord("_")
_AMPERSAND: Final = ord("&")
_BACKSLASH: Final = ord("\\")
_EQUALS: Final = ord("=")
_QUOTES: Final = (ord('"'), ord("'"))
_ENDS_OF_AUTHORITY: Final = tuple(b"/\\?#\"'<>")

_FAMILY_FRIENDLY: Final = name_hash("familyfriendly")
_FAMILY_BYTES: Final = len("familyfriendly")
_META: Final = name_hash("meta")
_LINK: Final = name_hash("a")
_SCRIPT: Final = name_hash("script")
_HEAD: Final = name_hash("head")
_TEMPLATE: Final = name_hash("template")
_TYPE: Final = name_hash("type")
_CONTENTS: Final = name_hashes("content", "value")
_JSON_LD: Final = name_hash("application/ld+json")
_OPT_OUTS: Final = name_hashes(*ROBOTS_DIRECTIVES)
_ROBOTS: Final = name_hashes(*ROBOT_NAMES)
_HTTP: Final = name_hashes("http", "https")
_BODIES: Final = name_hashes("body", "frameset")
_NAMING: Final = name_hashes("name", "http-equiv", "property", "itemprop")
"""Attributes of `meta` that say what it is about."""

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
def _hash_of_words(page: Any, start: Any, stop: Any) -> Any:
    """Returns FNV-1a of a value's words, with one dash where it has white space, dashes or _."""
    value = FNV_OFFSET
    is_between = is_begun = False
    for position in range(start, stop):
        byte = page[np.uint64(position)]
        if byte <= BLANK or byte in (DASH, _UNDERSCORE):
            is_between = is_begun
        else:
            if is_between:
                value = (value ^ np.uint64(DASH)) * FNV_PRIME
            value = (value ^ np.uint64(lower(byte))) * FNV_PRIME
            is_between, is_begun = False, True
    return value


@inlined
def _begins_like_rta(page: Any, start: Any, stop: Any) -> Any:
    """Whether a value's first letters are RTA."""
    while start < stop and page[start] <= BLANK:
        start += 1
    return (
        start + 3 <= stop
        and lower(page[start]) == _R
        and lower(page[start + 1]) == _T
        and lower(page[start + 2]) == _A
    )


@lean
def _is_label(page: Any, start: Any, stop: Any, names: Any) -> Any:
    """Whether a `meta` is about one of `names`, or may be: references are not resolved here.

    One for robots counts if it opts out of training; nearly every page has one.
    """
    position = start
    content = content_stop = 0
    is_for_robots = False
    while True:
        first, last, value, value_stop, position = next_attribute(page, position, stop)
        if last == first:
            return is_for_robots and _opts_out(page, content, content_stop)
        name = hash_of(page, first, min(last, first + _LONGEST_NAME))
        if name in _NAMING:
            if value_stop - value > MOST_NAME_BYTES:
                continue
            words = _hash_of_words(page, value, value_stop)
            for known in names:
                if words == known:
                    return True
            is_for_robots |= words in _ROBOTS
            for place in range(np.uint64(value), np.uint64(value_stop)):
                if page[place] == _AMPERSAND:
                    return True
        elif name in _CONTENTS:
            if _begins_like_rta(page, value, value_stop):
                return True
            content, content_stop = value, value_stop


@lean
def _opts_out(page: Any, start: Any, stop: Any) -> Any:
    """Whether one of the words of a value, divided by commas and the like, opts out of training."""
    word = start
    for position in range(start, stop + 1):
        if position == stop or not is_ascii_letter(page[position]):
            if 4 <= position - word <= 9 and hash_of(page, word, position) in _OPT_OUTS:
                return True
            word = position + 1
    return False


@lean
def _authority(page: Any, start: Any, stop: Any) -> Any:
    """Returns where the authority of an absolute http(s) URL begins and ends; (0, 0) without."""
    while start < stop and page[start] <= BLANK:
        start += 1
    position = start
    while position < stop and position - start <= 5 and is_ascii_letter(page[position]):
        position += 1
    if position > start:
        if position >= stop or page[position] != COLON_SIGN:
            return 0, 0
        if hash_of(page, start, position) not in _HTTP:
            return 0, 0
        position += 1
    for _ in range(2):
        if position >= stop or (page[position] != SOLIDUS and page[position] != _BACKSLASH):
            return 0, 0
        position += 1
    start = position
    stop = min(stop, start + _MOST_AUTHORITY_BYTES)
    while position < stop:
        byte = page[position]
        if byte <= BLANK or byte in _ENDS_OF_AUTHORITY:
            break
        position += 1
    return start, position


@lean
def _target_behind(page: Any, position: Any) -> Any:
    """Returns where the authority of an `href` begins and ends, given the place behind its name."""
    while position < len(page) and page[position] <= BLANK:
        position += 1
    if position >= len(page) or page[position] != _EQUALS:
        return 0, 0
    position += 1
    while position < len(page) and page[position] <= BLANK:
        position += 1
    if position < len(page) and page[position] in _QUOTES:
        position += 1
    return _authority(page, position, len(page))


@lean
def _link_target(page: Any, position: Any, stop: Any) -> Any:
    """Returns where the authority of the `href` in a tag begins and ends; (0, 0) without."""
    while True:
        first, last, value, value_stop, position = next_attribute(page, position, stop)
        if last == first:
            return 0, 0
        if last - first == 4 and hash_of(page, first, last) == HREF_NAME:
            return _authority(page, value, value_stop)


@inlined
def _add_pair(pairs: Any, count: Any, first: Any, last: Any) -> Any:
    """Returns an array with one more pair in row `count`: the same, or a longer copy."""
    if count == len(pairs):
        longer = np.empty((2 * count, 2), np.int64)
        longer[:count] = pairs
        pairs = longer
    pairs[count, 0], pairs[count, 1] = first, last
    return pairs


@inlined
def _difference(page: Any, place: Any, offset: Any, letter: Any) -> Any:
    """Returns 0 where a letter stands so far behind a place, in any case."""
    return np.uint8((page[place + np.uint64(offset)] | CASE_BIT) ^ letter)


@inlined
def _label_difference(page: Any, place: Any) -> Any:
    """Returns 0 where `<m`, or familyF may begin."""
    tag = np.uint8((page[place] ^ _OPEN) | _difference(page, place, 1, _M))
    family = np.uint8(
        _difference(page, place, 0, _F)
        | _difference(page, place, 5, _Y)
        | _difference(page, place, 6, _F)
    )
    return min(tag, family)


@inlined
def _link_difference(page: Any, place: Any) -> Any:
    """Returns 0 where `href` may begin."""
    return np.uint8(
        _difference(page, place, 0, _H)
        | _difference(page, place, 2, _E)
        | _difference(page, place, 3, _F)
    )


@inlined
def _least_difference(page: Any, start: Any, wants_links: Any) -> Any:
    """Returns 0 if something that counts may begin in a block.

    The least of differences: the compiler makes vector instructions of that.
    """
    least = _NO_MATCH
    if wants_links:
        for offset in range(_BLOCK_BYTES):
            place = np.uint64(start) + np.uint64(offset)
            difference = min(_label_difference(page, place), _link_difference(page, place))
            least = min(least, difference)
    else:
        for offset in range(_BLOCK_BYTES):
            least = min(least, _label_difference(page, np.uint64(start) + np.uint64(offset)))
    return least


@inlined
def _begins(page: Any, place: Any, wants_links: Any) -> Any:
    """Whether `<m`, familyF or `href` may begin at a place."""
    if _label_difference(page, place) == _NOTHING:
        return True
    return wants_links and _link_difference(page, place) == _NOTHING


@lean
def _next_place(page: Any, position: Any, wants_links: Any) -> Any:
    """Returns where something that counts may begin, at `position` or behind it, or len(page)."""
    while position + _BLOCK_BYTES + _BEHIND_BLOCK <= len(page):
        if _least_difference(page, position, wants_links) == _NOTHING:
            for offset in range(_BLOCK_BYTES):
                if _begins(page, np.uint64(position) + np.uint64(offset), wants_links):
                    return position + offset
        position += _BLOCK_BYTES
    while position + _BEHIND_BLOCK < len(page):
        if _begins(page, np.uint64(position), wants_links):
            return position
        position += 1
    return len(page)


@kernel(
    "Tuple((int64, int64[:, ::1]))"
    "(Array(uint8, 1, 'C', readonly=True), Array(uint64, 1, 'C', readonly=True), boolean)"
)
def find_candidates(page: Any, names: Any, wants_links: Any) -> Any:
    """Returns what a page may hold, wherever it stands: more than `read_tags` finds, never less.

    Args:
        page: uint8[bytes], in an encoding that holds ASCII as ASCII.
        names: uint64[names], `name_hash` of what a `meta` may be about, words joined by dashes.
        wants_links: whether links count.

    Returns:
        bits HAS_LABEL and HAS_FAMILY; int64[links, 2], start and stop of the authority (user, host,
        port) of absolute links.
    """
    found = n_links = 0
    links = np.empty((_FIRST_LINKS if wants_links else 0, 2), np.int64)
    place = _next_place(page, 0, wants_links)
    while place < len(page):
        following = _next_place(page, place + 1, wants_links)
        if page[place] == _OPEN:
            stop = name_end(page, place + 1)
            if stop - place == 5 and hash_of(page, place + 1, stop) == _META:
                end = following
                while end < min(len(page), stop + MOST_TAG_BYTES) and page[end] != _OPEN:
                    end = _next_place(page, end + 1, wants_links)
                if _is_label(page, stop, min(end, stop + MOST_TAG_BYTES), names):
                    found |= HAS_LABEL
        elif page[place] | CASE_BIT == _F:
            stop = min(place + _FAMILY_BYTES, len(page))
            if hash_of(page, place, stop) == _FAMILY_FRIENDLY:
                found |= HAS_FAMILY
        else:
            first, last = _target_behind(page, place + 4)
            if last > first:
                links = _add_pair(links, n_links, first, last)
                n_links += 1
        place = following
    return found, links[:n_links].copy()


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
            while value < value_stop and page[value] <= BLANK:
                value += 1
            return hash_of(page, value, min(value_stop, value + 19)) == _JSON_LD


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


@kernel(
    "Tuple((int64[:, ::1], int64[:, ::1], int64[:, ::1]))"
    "(Array(uint8, 1, 'C', readonly=True), Array(uint64, 1, 'C', readonly=True), boolean)"
)
def read_tags(page: Any, names: Any, wants_links: Any) -> Any:
    """Returns the labels in a page's head, its JSON-LD, and the hosts of its links.

    Args: as `find_candidates`.

    Returns:
        int64[attributes, ATTRIBUTE_COLUMNS] of `meta` elements that are about one of `names`;
        int64[scripts, 2], start and stop of the content of JSON-LD; int64[links, 2] as above.
    """
    attributes = np.empty((MOST_LABELS * MOST_ATTRIBUTES, ATTRIBUTE_COLUMNS), np.int64)
    scripts = np.empty((MOST_LABELS, 2), np.int64)
    links = np.empty((_FIRST_LINKS if wants_links else 0, 2), np.int64)
    n_attributes = n_labels = n_scripts = n_links = depth = position = 0
    place = _IN_HEAD
    while True:
        start, stop, end, is_end_tag = next_tag(page, position)
        if start >= len(page):
            break
        position = end + 1
        name = hash_of(page, start, stop)
        place = _place_after(place, name, is_end_tag)
        if name == _TEMPLATE:
            depth = max(0, depth - 1) if is_end_tag else depth + 1
        elif is_end_tag:
            continue
        elif name == _META:
            is_read = place != _IN_BODY and depth == 0 and n_labels < MOST_LABELS
            if is_read and _is_label(page, stop, end, names):
                n_attributes += _keep_attributes(
                    page, stop, end, n_labels, attributes, n_attributes
                )
                n_labels += 1
        elif name == _LINK:
            if wants_links and depth == 0:
                first, last = _link_target(page, stop, end)
                if last > first:
                    links = _add_pair(links, n_links, first, last)
                    n_links += 1
        elif name in RAW_TEXT_ELEMENTS:
            position = raw_text_end(page, end + 1, name, stop - start)
            is_read = name == _SCRIPT and depth == 0 and n_scripts < MOST_LABELS
            if is_read and _is_json_ld(page, stop, end):
                scripts[n_scripts, 0], scripts[n_scripts, 1] = end + 1, position
                n_scripts += 1
    return attributes[:n_attributes].copy(), scripts[:n_scripts].copy(), links[:n_links].copy()
