"""Lines of lists of hosts, hashed by the million (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.ascii_bytes import (
    FULL_STOP,
    HYPHEN,
    NEWLINE,
    NUMBER_SIGN,
    QUESTION,
    SLASH,
    SPACE,
    UNDERSCORE,
    is_digit,
    is_letter,
)
from massivetext.byte_scan import find_byte
from massivetext.filters.host_kernel import (
    BYTES,
    MOST_HOST_BYTES,
    MOST_PLAIN_BYTES,
    TABLE,
    hash_of_host,
    hash_step,
    holds,
    mixed,
)
from massivetext.hash_table import FNV_OFFSET
from massivetext.kernels import inlined, kernel, lean

_TILDE: Final = ord("~")


@lean
def _without_blanks(text: Any, start: Any, stop: Any) -> Any:
    """Returns where a line begins and ends without the white space around it."""
    while start < stop and text[start] <= SPACE:
        start += 1
    while stop > start and text[stop - 1] <= SPACE:
        stop -= 1
    return start, stop


@lean
def _hash_between(text: Any, start: Any, host_stop: Any, stop: Any) -> Any:
    """Returns the hash of an entry, host or host/path."""
    value = hash_of_host(text, start, host_stop)
    for position in range(host_stop, stop):
        value = hash_step(value, text[position])
    return mixed(value)


@inlined
def _is_name_byte(byte: Any) -> Any:
    """Whether a byte stands in host names: letters, digits, dash, underscore."""
    return is_letter(byte) or is_digit(byte) or byte in (HYPHEN, UNDERSCORE)


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
        if byte == FULL_STOP:
            if is_empty:
                return start
            dots += 1
            is_empty = True
        elif _is_name_byte(byte):
            letters += is_letter(byte)
            is_empty = False
        else:
            break
        position += 1
    is_plain = dots > 0 and letters > 0 and not is_empty
    return position if is_plain and position - start <= MOST_HOST_BYTES else start


@lean
def _is_plain_path(text: Any, start: Any, stop: Any) -> Any:
    """Whether what follows a host is /part/part without empty parts, queries and fragments."""
    if stop - start < 2 or stop - start > MOST_PLAIN_BYTES or text[stop - 1] == SLASH:
        return False
    for position in range(start, stop):
        byte = text[position]
        if byte <= SPACE or byte > _TILDE or byte in (QUESTION, NUMBER_SIGN):
            return False
        if byte == SLASH and text[position - 1] == SLASH:
            return False
    return text[start] == SLASH


@lean
def _behind_zero_address(text: Any, start: Any, stop: Any) -> Any:
    """Returns where the name begins in a hosts-file line of 0.0.0.0 or 127.0.0.1."""
    position = start
    while position < stop and (text[position] == FULL_STOP or is_digit(text[position])):
        position += 1
    size = position - start
    if (size != 7 and size != 9) or position >= stop or text[position] > SPACE:
        return start
    while position < stop and text[position] <= SPACE:
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
        if text[position] == FULL_STOP:
            parent = value
        value = hash_step(value, text[position])
    value, parent = mixed(value), mixed(parent)
    for exception in more:
        if value == exception:
            return False
    if holds(names, names_starts, value):
        return True
    is_below_wildcard = False
    for wildcard in parents:
        is_below_wildcard |= parent == wildcard
    return is_below_wildcard


@kernel(f"uint64({BYTES}, int64)")
def hash_of_entry(text: Any, host_stop: Any) -> Any:
    """Returns the hash of an entry of a list: host or host/path, as `covers` looks for it."""
    return _hash_between(text, 0, host_stop, len(text))


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
        lines += text[position] == NEWLINE
    hashes = np.empty(lines, np.uint64)
    others = np.empty((lines, 2), np.int64)
    n_hashes = n_others = 0
    following = 0
    while following < len(text):
        line_stop = find_byte(text, following, NEWLINE)
        start, stop = _without_blanks(text, following, line_stop)
        following = line_stop + 1
        first = _behind_zero_address(text, start, stop)
        host_stop = _plain_host_stop(text, first, stop)
        is_entry = host_stop > first and host_stop == stop
        if is_entry:
            is_entry = not _is_public_suffix(
                text, first, stop, names, names_starts, wildcards, exceptions
            )
        elif host_stop > first:
            is_entry = _is_plain_path(text, host_stop, stop)
        if is_entry:
            hashes[n_hashes] = _hash_between(text, first, host_stop, stop)
            n_hashes += 1
        elif stop > start:
            others[n_others, 0], others[n_others, 1] = start, stop
            n_others += 1
    return hashes[:n_hashes].copy(), others[:n_others].copy()
