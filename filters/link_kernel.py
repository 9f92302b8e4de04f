"""Links of a page, by their authority: user, host and port of an absolute URL (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.ascii_bytes import (
    AMPERSAND,
    AT_SIGN,
    CASE,
    COLON,
    EQUALS,
    FULL_STOP,
    PERCENT,
    SLASH,
    SPACE,
    is_letter,
)
from massivetext.byte_patterns import WORD_BYTES, word_at, word_of
from massivetext.filters.tag_kernel import QUOTES, hash_of, name_hash, name_hashes, next_attribute
from massivetext.kernels import helper, inlined, lean
from massivetext.utf8 import ASCII_END

_HREF: Final = tuple(b"href")
_HREF_NAME: Final = name_hash("href")

FIRST_LINKS: Final = 64
"""Our choice: links for which there is room before the array of links grows."""

_MOST_AUTHORITY_BYTES: Final = 512
"""Our choice: a host name has at most 253 bytes (RFC 1035), user and port are short."""

_BACKSLASH: Final = ord("\\")
_IS_END: Final = 1
_IS_OTHER: Final = 2
_KINDS: Final = np.array(
    [
        _IS_END
        if byte <= SPACE or byte in b"/\\?#\"'<>"
        else _IS_OTHER * (byte in b"@:[%&" or byte >= ASCII_END)
        for byte in range(256)
    ],
    np.uint8,
)
"""Of each byte: whether it ends an authority, or says that this is more than a plain host."""

_OPEN_BRACKET: Final = ord("[")
_CLOSE_BRACKET: Final = ord("]")
_SCHEMES: Final = name_hashes("http", "https")

_HTTPS: Final = word_of(b"https://")
_CASE_OF_HTTPS: Final = word_of(bytes([CASE] * len("https")))
_HTTP: Final = word_of(b"http://")
_CASE_OF_HTTP: Final = word_of(bytes([CASE] * len("http")))
_HTTP_MASK: Final = word_of(b"\xff" * len("http://"))


@lean
def _behind_scheme(page: Any, start: Any, stop: Any) -> Any:
    """Returns the place behind `http:`, `https:` or no scheme at all; -1 behind another one."""
    position = start
    while position < stop and position - start <= 5 and is_letter(page[position]):
        position += 1
    if position == start:
        return position
    if (
        position >= stop
        or page[position] != COLON
        or hash_of(page, start, position) not in _SCHEMES
    ):
        return -1
    return position + 1


@lean
def _authority_start(page: Any, start: Any, stop: Any) -> Any:
    """Returns where the authority of an absolute http(s) URL begins; -1 without."""
    while start < stop and page[start] <= SPACE:
        start += 1
    if start + WORD_BYTES <= stop:  # nearly all that are absolute begin like this
        word = word_at(page, start)
        if word | _CASE_OF_HTTPS == _HTTPS:
            return start + len("https://")
        if (word | _CASE_OF_HTTP) & _HTTP_MASK == _HTTP:
            return start + len("http://")
    position = _behind_scheme(page, start, stop)
    for _ in range(2):
        if not 0 <= position < stop:
            return -1
        if page[position] != SLASH and page[position] != _BACKSLASH:
            return -1
        position += 1
    return position


@inlined
def ends_authority(byte: Any) -> Any:
    """Whether a byte stands in no authority."""
    return _KINDS[byte] == _IS_END


@lean
def authority_stop(page: Any, start: Any, stop: Any) -> Any:
    """Returns where an authority ends that begins at `start`, and whether it is its host as it is.

    Without user, port, dots at its end, and anything to decode: what `host_in` and `is_plain_host`
    say of any authority. It ends at `stop` at the latest.
    """
    stop = min(stop, start + _MOST_AUTHORITY_BYTES)
    kinds = 0
    while start < stop:
        kind = _KINDS[page[np.uint64(start)]]
        if kind == _IS_END:
            break
        kinds |= kind
        start += 1
    return start, kinds == 0 and page[start - 1] != FULL_STOP


@lean
def host_in(page: Any, start: Any, stop: Any) -> Any:
    """Returns where the host of an authority begins and ends: without user, port, and last dots."""
    for position in range(start, stop):
        if page[position] == AT_SIGN:
            start = position + 1
    if start < stop and page[start] == _OPEN_BRACKET:
        start += 1
        position = start
        while position < stop and page[position] != _CLOSE_BRACKET:
            position += 1
        return start, position
    position = start
    while position < stop and page[position] != COLON:
        position += 1
    while position > start and page[position - 1] == FULL_STOP:
        position -= 1
    return start, position


@lean
def is_plain_host(page: Any, start: Any, stop: Any) -> Any:
    """Whether a host needs no decoding: no reference, no %, no letter beyond ASCII."""
    for position in range(start, stop):
        byte = page[position]
        if byte >= ASCII_END or byte in (PERCENT, AMPERSAND):
            return False
    return True


@inlined
def _is_href(page: Any, place: Any) -> Any:
    """Whether `href` stands at a place, which has as many bytes behind it."""
    first = np.uint64(place)
    return (
        page[first] | CASE == _HREF[0]
        and page[first + np.uint64(1)] | CASE == _HREF[1]
        and page[first + np.uint64(2)] | CASE == _HREF[2]
        and page[first + np.uint64(3)] | CASE == _HREF[3]
    )


@lean
def authority_behind(page: Any, place: Any) -> Any:
    """Returns where the authority of an `href` begins that may stand at a place; -1 without."""
    position = place + len(_HREF)
    if position >= len(page) or not _is_href(page, place):
        return -1
    while position < len(page) and page[position] <= SPACE:
        position += 1
    if position >= len(page) or page[position] != EQUALS:
        return -1
    position += 1
    while position < len(page) and page[position] <= SPACE:
        position += 1
    if position < len(page) and page[position] in QUOTES:
        position += 1
    return _authority_start(page, position, len(page))


@lean
def target_in_tag(page: Any, position: Any, stop: Any) -> Any:
    """Returns where the authority of the `href` in a tag begins and ends; (0, 0) without."""
    while True:
        first, last, value, value_stop, position = next_attribute(page, position, stop)
        if last == first:
            return 0, 0
        if last - first == 4 and hash_of(page, first, last) == _HREF_NAME:
            start = _authority_start(page, value, value_stop)
            return (start, authority_stop(page, start, value_stop)[0]) if start >= 0 else (0, 0)


@helper
def add_pair(pairs: Any, count: Any, first: Any, last: Any) -> Any:
    """Returns an array with one more pair in row `count`: the same, or a longer copy."""
    if count == len(pairs):
        longer = np.empty((2 * count, 2), np.int64)
        longer[:count] = pairs
        pairs = longer
    pairs[count, 0], pairs[count, 1] = first, last
    return pairs
