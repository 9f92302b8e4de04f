"""Links of a page, by their authority: user, host and port of an absolute URL (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.ascii_bytes import COLON, EQUALS, SLASH, SPACE, is_letter
from massivetext.filters.tag_kernel import QUOTES, hash_of, name_hash, name_hashes, next_attribute
from massivetext.kernels import inlined, lean

HREF_NAME: Final = name_hash("href")
_HREF_BYTES: Final = len("href")

FIRST_LINKS: Final = 64
"""Our choice: links for which there is room before the array of links grows."""

_MOST_AUTHORITY_BYTES: Final = 512
"""Our choice: a host name has at most 253 bytes (RFC 1035), user and port are short."""

_BACKSLASH: Final = ord("\\")
_ENDS_OF_AUTHORITY: Final = tuple(b"/\\?#\"'<>")
_HTTP: Final = name_hashes("http", "https")


@lean
def _authority(page: Any, start: Any, stop: Any) -> Any:
    """Returns where the authority of an absolute http(s) URL begins and ends; (0, 0) without."""
    while start < stop and page[start] <= SPACE:
        start += 1
    position = start
    while position < stop and position - start <= 5 and is_letter(page[position]):
        position += 1
    if position > start:
        if position >= stop or page[position] != COLON:
            return 0, 0
        if hash_of(page, start, position) not in _HTTP:
            return 0, 0
        position += 1
    for _ in range(2):
        if position >= stop or (page[position] != SLASH and page[position] != _BACKSLASH):
            return 0, 0
        position += 1
    start = position
    stop = min(stop, start + _MOST_AUTHORITY_BYTES)
    while position < stop:
        byte = page[position]
        if byte <= SPACE or byte in _ENDS_OF_AUTHORITY:
            break
        position += 1
    return start, position


@lean
def target_behind(page: Any, position: Any) -> Any:
    """Returns where the authority of an `href` begins and ends that may stand at a position."""
    if position + _HREF_BYTES >= len(page):
        return 0, 0
    if hash_of(page, position, position + _HREF_BYTES) != HREF_NAME:
        return 0, 0
    position += _HREF_BYTES
    while position < len(page) and page[position] <= SPACE:
        position += 1
    if position >= len(page) or page[position] != EQUALS:
        return 0, 0
    position += 1
    while position < len(page) and page[position] <= SPACE:
        position += 1
    if position < len(page) and page[position] in QUOTES:
        position += 1
    return _authority(page, position, len(page))


@lean
def target_in_tag(page: Any, position: Any, stop: Any) -> Any:
    """Returns where the authority of the `href` in a tag begins and ends; (0, 0) without."""
    while True:
        first, last, value, value_stop, position = next_attribute(page, position, stop)
        if last == first:
            return 0, 0
        if last - first == 4 and hash_of(page, first, last) == HREF_NAME:
            return _authority(page, value, value_stop)


@inlined
def add_pair(pairs: Any, count: Any, first: Any, last: Any) -> Any:
    """Returns an array with one more pair in row `count`: the same, or a longer copy."""
    if count == len(pairs):
        longer = np.empty((2 * count, 2), np.int64)
        longer[:count] = pairs
        pairs = longer
    pairs[count, 0], pairs[count, 1] = first, last
    return pairs
