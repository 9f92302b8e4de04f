"""Host names by hash: lists of millions, the suffixes of a host, the hosts of a page (compiled).

The hash of a host runs from its last byte to its first, so that one run gives the hashes of the
host and of all domains above it. The hash of a URL goes on from its host's over the path.

A table of hashes is two arrays: the hashes, sorted (uint64[entries]), and for each value of their
first bits where its hashes begin (uint32[2**bits + 1]). Looking one up reads one line of memory of
each.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.filters.tag_kernel import (
    BLANK,
    COLON_SIGN,
    DASH,
    FNV_OFFSET,
    FNV_PRIME,
    SOLIDUS,
    is_ascii_letter,
    lower,
)
from massivetext.kernels import inlined, kernel, lean

MOST_HOST_BYTES: Final = 253
"""RFC 1035, section 2.3.4: 255 octets, two of which are lengths."""

MOST_SHOWN: Final = 64
"""Our choice: how many hosts of a page are given back by name."""

MOST_PLAIN_BYTES: Final = 2048
"""Our choice: a longer entry of a list, or of a URL's path what lies behind, does not count."""

TABLE: Final = "Array(uint64, 1, 'C', readonly=True), Array(uint32, 1, 'C', readonly=True)"
BYTES: Final = "Array(uint8, 1, 'C', readonly=True)"

_DOT: Final = ord(".")
_AT: Final = ord("@")
_OPEN_BRACKET: Final = ord("[")
_CLOSE_BRACKET: Final = ord("]")
_UNDERSCORE: Final = ord("_")
_QUESTION: Final = ord("?")
_HASH: Final = ord("#")
_PERCENT: Final = ord("%")
_AMPERSAND: Final = ord("&")
_ZERO: Final = ord("0")
_NINE: Final = ord("9")
_NEWLINE: Final = ord("\n")
_TILDE: Final = ord("~")
_FIRST_BEYOND_ASCII: Final = 128

_MIX_1: Final = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2: Final = np.uint64(0xC4CEB9FE1A85EC53)
_MIX_SHIFT: Final = np.uint64(33)
"""MurmurHash3's finalizer for 64 bits (Appleby): the first bits of FNV-1a alone are not even."""


@inlined
def _step(value: Any, byte: Any) -> Any:
    """Returns a running hash after one more byte, in lower case."""
    return (value ^ np.uint64(lower(byte))) * FNV_PRIME


@inlined
def _mixed(value: Any) -> Any:
    """Returns the hash of what a running hash has seen."""
    value = (value ^ (value >> _MIX_SHIFT)) * _MIX_1
    value = (value ^ (value >> _MIX_SHIFT)) * _MIX_2
    return value ^ (value >> _MIX_SHIFT)


@lean
def _holds(hashes: Any, starts: Any, value: Any) -> Any:
    """Whether a table holds a hash."""
    if len(hashes) == 0:
        return False
    bits = np.uint64(0)
    while (np.uint64(1) << bits) < np.uint64(len(starts) - 1):
        bits += np.uint64(1)
    bucket = value >> (np.uint64(64) - bits) if bits else np.uint64(0)
    index = np.uint64(starts[bucket])
    stop = np.uint64(starts[bucket + np.uint64(1)])
    while index < stop and hashes[index] < value:
        index += np.uint64(1)
    return index < stop and hashes[index] == value


@lean
def _covers_host(text: Any, start: Any, stop: Any, hashes: Any, starts: Any) -> Any:
    """Whether a table holds a host or a domain above it; top-level names and numbers do not count.

    A host without a dot is an IPv6 address, or nothing that a list holds.
    """
    value = FNV_OFFSET
    has_dot = has_colon = False
    position = stop
    while position > start:
        position -= 1
        byte = text[position]
        if byte == _DOT:
            if has_dot and _holds(hashes, starts, _mixed(value)):
                return True
            has_dot = True
        has_colon |= byte == COLON_SIGN
        value = _step(value, byte)
    return (has_dot or has_colon) and _holds(hashes, starts, _mixed(value))


@lean
def _covers_path(text: Any, path: Any, value: Any, hashes: Any, starts: Any) -> Any:
    """Whether a table holds a host with a first part of the path, given the host's running hash."""
    value = _step(value, np.uint8(SOLIDUS))
    is_query = False
    for position in range(path, min(len(text), path + MOST_PLAIN_BYTES)):
        byte = text[position]
        is_end = not is_query and (byte in (SOLIDUS, _QUESTION))
        if is_end and position > path and _holds(hashes, starts, _mixed(value)):
            return True
        is_query |= byte == _QUESTION
        value = _step(value, byte)
    return len(text) > path and _holds(hashes, starts, _mixed(value))


@kernel(f"boolean({BYTES}, int64, {TABLE})")
def covers(text: Any, host_stop: Any, hashes: Any, starts: Any) -> Any:
    """Whether a table holds a URL's host, a domain above it, or one of these with a first part.

    Args:
        text: uint8[bytes], host/path: the path's parts with single slashes between them, and ?query
            if there is one.
        host_stop: where the host ends.
        hashes: of the table.
        starts: of the table.
    """
    host_stop = min(host_stop, len(text))
    if host_stop > MOST_HOST_BYTES or host_stop == 0 or len(hashes) == 0:
        return False
    if _covers_host(text, 0, host_stop, hashes, starts):
        return True
    if host_stop + 1 >= len(text):
        return False
    value = FNV_OFFSET
    position = host_stop
    has_dot = False
    while position > 0:
        position -= 1
        if text[position] == _DOT:
            if has_dot and _covers_path(text, host_stop + 1, value, hashes, starts):
                return True
            has_dot = True
        value = _step(value, text[position])
    return _covers_path(text, host_stop + 1, value, hashes, starts)


@lean
def _host_in(page: Any, start: Any, stop: Any) -> Any:
    """Returns where the host of an authority begins and ends: without user, port, and last dots."""
    for position in range(start, stop):
        if page[position] == _AT:
            start = position + 1
    if start < stop and page[start] == _OPEN_BRACKET:
        start += 1
        position = start
        while position < stop and page[position] != _CLOSE_BRACKET:
            position += 1
        return start, position
    position = start
    while position < stop and page[position] != COLON_SIGN:
        position += 1
    while position > start and page[position - 1] == _DOT:
        position -= 1
    return start, position


@lean
def _is_of_site(page: Any, start: Any, stop: Any, site: Any, is_alone: Any) -> Any:
    """Whether a host is a site, or lies below it unless the site stands alone."""
    size = stop - start
    if size < len(site) or len(site) == 0:
        return False
    if size > len(site) and (is_alone or page[stop - len(site) - 1] != _DOT):
        return False
    for offset in range(len(site)):
        if lower(page[stop - len(site) + offset]) != site[offset]:
            return False
    return True


@lean
def _is_plain_host(page: Any, start: Any, stop: Any) -> Any:
    """Whether a host needs no decoding: no reference, no %, no letter beyond ASCII."""
    for position in range(start, stop):
        byte = page[position]
        if byte >= _FIRST_BEYOND_ASCII or byte in (_PERCENT, _AMPERSAND):
            return False
    return True


@kernel(
    f"Tuple((int64, int64, int64[:, ::1]))({BYTES}, int64[:, ::1], {BYTES}, boolean, "
    f"{TABLE}, {TABLE})"
)
def count_listed(
    page: Any,
    links: Any,
    site: Any,
    is_alone: Any,
    hashes: Any,
    starts: Any,
    exception_hashes: Any,
    exception_starts: Any,
) -> Any:
    """Returns how many links lead to other sites, how many of them to listed hosts, and which.

    Args:
        page: uint8[bytes].
        links: int64[links, 2], start and stop of the authority of each.
        site: uint8[bytes], the page's own registered domain in lower case, or nothing.
        is_alone: whether hosts below `site` belong to others (it is a public suffix itself).
        hashes: of the list, with `starts`.
        starts: see there.
        exception_hashes: of hosts that are never counted as listed, with `exception_starts`.
        exception_starts: see there.

    Returns:
        int64 links to other sites; int64 links to listed hosts; int64[hosts, 3] start and stop of
        the hosts of at most MOST_SHOWN links that are listed (1 in the last column), or that only
        Python can decode (0); those count as links to other sites and not as listed.
    """
    shown = np.empty((MOST_SHOWN, 3), np.int64)
    outside = listed = n_shown = 0
    for row in range(len(links)):
        start, stop = _host_in(page, links[row, 0], links[row, 1])
        if stop <= start or stop - start > MOST_HOST_BYTES:
            continue
        if _is_of_site(page, start, stop, site, is_alone):
            continue
        outside += 1
        is_plain = _is_plain_host(page, start, stop)
        if is_plain:
            if not _covers_host(page, start, stop, hashes, starts):
                continue
            if _covers_host(page, start, stop, exception_hashes, exception_starts):
                continue
            listed += 1
        if n_shown < MOST_SHOWN:
            shown[n_shown, 0], shown[n_shown, 1], shown[n_shown, 2] = start, stop, is_plain
            n_shown += 1
    return outside, listed, shown[:n_shown].copy()


@lean
def _hash_of_host(text: Any, start: Any, stop: Any) -> Any:
    """Returns the running hash of a host."""
    value = FNV_OFFSET
    position = stop
    while position > start:
        position -= 1
        value = _step(value, text[position])
    return value


@kernel(f"uint64({BYTES}, int64)")
def hash_of_entry(text: Any, host_stop: Any) -> Any:
    """Returns the hash of an entry of a list: host or host/path, as `covers` looks for it."""
    value = _hash_of_host(text, 0, host_stop)
    for position in range(host_stop, len(text)):
        value = _step(value, text[position])
    return _mixed(value)


@inlined
def _is_name_byte(byte: Any) -> Any:
    """Whether a byte stands in host names: letters, digits, dash, underscore."""
    return is_ascii_letter(byte) or _ZERO <= byte <= _NINE or byte in (DASH, _UNDERSCORE)


@lean
def _plain_host_stop(text: Any, start: Any, stop: Any) -> Any:
    """Returns where a plain host name ends that begins at `start`; `start` if it is none.

    At least two labels, none empty, and a letter or more: numbers may be addresses.
    """
    position = start
    dots = letters = 0
    is_empty = True
    while position < stop and position - start <= MOST_HOST_BYTES:
        byte = text[position]
        if byte == _DOT:
            if is_empty:
                return start
            dots += 1
            is_empty = True
        elif _is_name_byte(byte):
            letters += is_ascii_letter(byte)
            is_empty = False
        else:
            break
        position += 1
    is_plain = dots > 0 and letters > 0 and not is_empty
    return position if is_plain and position - start <= MOST_HOST_BYTES else start


@lean
def _is_plain_path(text: Any, start: Any, stop: Any) -> Any:
    """Whether what follows a host is /part/part without empty parts, queries and fragments."""
    if stop - start < 2 or stop - start > MOST_PLAIN_BYTES or text[stop - 1] == SOLIDUS:
        return False
    for position in range(start, stop):
        byte = text[position]
        if byte <= BLANK or byte > _TILDE or byte in (_QUESTION, _HASH):
            return False
        if byte == SOLIDUS and text[position - 1] == SOLIDUS:
            return False
    return text[start] == SOLIDUS


@lean
def _behind_zero_address(text: Any, start: Any, stop: Any) -> Any:
    """Returns where the name begins in a hosts-file line of 0.0.0.0 or 127.0.0.1."""
    position = start
    while position < stop and (text[position] == _DOT or _ZERO <= text[position] <= _NINE):
        position += 1
    size = position - start
    if (size != 7 and size != 9) or position >= stop or text[position] > BLANK:
        return start
    while position < stop and text[position] <= BLANK:
        position += 1
    return position


@lean
def _is_public_suffix(
    text: Any, start: Any, stop: Any, names: Any, names_starts: Any, parents: Any, more: Any
) -> Any:
    """Whether a host is a public suffix, given tables of suffixes and of what stands behind `*.`.

    The exceptions of the public suffix list are few; `names` has none of them, and `more` are they.
    """
    value = FNV_OFFSET
    position = stop
    parent = FNV_OFFSET
    while position > start:
        position -= 1
        if text[position] == _DOT:
            parent = value
        value = _step(value, text[position])
    value, parent = _mixed(value), _mixed(parent)
    for exception in more:
        if value == exception:
            return False
    if _holds(names, names_starts, value):
        return True
    is_below_wildcard = False
    for wildcard in parents:
        is_below_wildcard |= parent == wildcard
    return is_below_wildcard


@kernel(
    f"Tuple((uint64[::1], int64[:, ::1]))({BYTES}, {TABLE}, "
    "Array(uint64, 1, 'C', readonly=True), Array(uint64, 1, 'C', readonly=True))"
)
def hash_lines(text: Any, names: Any, names_starts: Any, wildcards: Any, exceptions: Any) -> Any:
    """Returns the hashes of a list's plain lines, and where the others stand.

    Plain is a host, a hosts-file line of 0.0.0.0 or 127.0.0.1 and a host, or host/path; in ASCII.

    Args:
        text: uint8[bytes], whole lines.
        names: table of public suffixes, with `names_starts`.
        names_starts: see there.
        wildcards: hashes of what stands behind `*.` in the public suffix list.
        exceptions: hashes of names that a wildcard does not cover.

    Returns:
        uint64[plain lines]; int64[others, 2], start and stop of lines that are not plain, or are a
        public suffix.
    """
    lines = 1
    for position in range(len(text)):
        lines += text[position] == _NEWLINE
    hashes = np.empty(lines, np.uint64)
    others = np.empty((lines, 2), np.int64)
    n_hashes = n_others = 0
    start = 0
    while start < len(text):
        line_stop = start
        while line_stop < len(text) and text[line_stop] != _NEWLINE:
            line_stop += 1
        following = line_stop + 1
        while start < line_stop and text[start] <= BLANK:
            start += 1
        while line_stop > start and text[line_stop - 1] <= BLANK:
            line_stop -= 1
        first = _behind_zero_address(text, start, line_stop)
        host_stop = _plain_host_stop(text, first, line_stop)
        is_host = host_stop > first and host_stop == line_stop
        if is_host:
            is_host = not _is_public_suffix(
                text, first, host_stop, names, names_starts, wildcards, exceptions
            )
        is_url = host_stop > first and host_stop < line_stop
        if is_host or (is_url and _is_plain_path(text, host_stop, line_stop)):
            value = _hash_of_host(text, first, host_stop)
            for position in range(host_stop, line_stop):
                value = _step(value, text[position])
            hashes[n_hashes] = _mixed(value)
            n_hashes += 1
        elif line_stop > start:
            others[n_others, 0], others[n_others, 1] = start, line_stop
            n_others += 1
        start = following
    return hashes[:n_hashes].copy(), others[:n_others].copy()
