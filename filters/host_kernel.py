"""Host names by hash: lists of millions, and the suffixes of a host (compiled).

The hash of a host runs from its last byte to its first, so that one run gives the hashes of the
host and of all domains above it. The hash of a URL goes on from its host's over the path.

A table of hashes is two arrays: the hashes, sorted (uint64[entries]), and for each value of their
first bits where its hashes begin (uint32[2**bits + 1]). Looking one up reads one line of memory of
each.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.ascii_bytes import COLON, FULL_STOP, QUESTION, SLASH, lowered
from massivetext.byte_patterns import first_place
from massivetext.hash_table import FNV_OFFSET, FNV_PRIME
from massivetext.kernels import inlined, kernel, lean

MOST_HOST_BYTES: Final = 253
"""RFC 1035, section 2.3.4: 255 octets, two of which are lengths."""

MOST_PLAIN_BYTES: Final = 2048
"""Our choice: a longer entry of a list, or of a URL's path what lies behind, does not count."""

TABLE: Final = "Array(uint64, 1, 'C', readonly=True), Array(uint32, 1, 'C', readonly=True)"
BYTES: Final = "Array(uint8, 1, 'C', readonly=True)"
PAGE: Final = "Bytes(uint8, 1, 'C', readonly=True)"
"""Python's `bytes`: a call with an array takes a microsecond more, and each page needs one."""


_MIX_1: Final = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2: Final = np.uint64(0xC4CEB9FE1A85EC53)
_MIX_SHIFT: Final = np.uint64(33)
"""MurmurHash3's finalizer for 64 bits (Appleby): the first bits of FNV-1a alone are not even."""


@inlined
def hash_step(value: Any, byte: Any) -> Any:
    """Returns a running hash after one more byte, in lower case."""
    return (value ^ np.uint64(lowered(byte))) * FNV_PRIME


@inlined
def mixed(value: Any) -> Any:
    """Returns the hash of what a running hash has seen."""
    value = (value ^ (value >> _MIX_SHIFT)) * _MIX_1
    value = (value ^ (value >> _MIX_SHIFT)) * _MIX_2
    return value ^ (value >> _MIX_SHIFT)


@lean
def holds(hashes: Any, starts: Any, value: Any) -> Any:
    """Whether a table holds a hash."""
    if len(hashes) == 0:
        return False
    bits = np.uint64(first_place(np.uint64(len(starts) - 1)))
    bucket = value >> (np.uint64(64) - bits) if bits else np.uint64(0)
    index = np.uint64(starts[bucket])
    stop = np.uint64(starts[bucket + np.uint64(1)])
    while index < stop and hashes[index] < value:
        index += np.uint64(1)
    return index < stop and hashes[index] == value


@lean
def covers_host(text: Any, start: Any, stop: Any, hashes: Any, starts: Any) -> Any:
    """Whether a table holds a host or a domain above it; top-level names and numbers do not count.

    A host without a dot is an IPv6 address, or nothing that a list holds.
    """
    value = FNV_OFFSET
    has_dot = has_colon = False
    position = stop
    while position > start:
        position -= 1
        byte = text[position]
        if byte == FULL_STOP:
            if has_dot and holds(hashes, starts, mixed(value)):
                return True
            has_dot = True
        has_colon |= byte == COLON
        value = hash_step(value, byte)
    return (has_dot or has_colon) and holds(hashes, starts, mixed(value))


@lean
def hash_of_host(text: Any, start: Any, stop: Any) -> Any:
    """Returns the running hash of a host."""
    value = FNV_OFFSET
    position = stop
    while position > start:
        position -= 1
        value = hash_step(value, text[position])
    return value


@lean
def _covers_path(text: Any, path: Any, value: Any, hashes: Any, starts: Any) -> Any:
    """Whether a table holds a host with a first part of the path, given the host's running hash."""
    value = hash_step(value, np.uint8(SLASH))
    is_query = False
    for position in range(path, min(len(text), path + MOST_PLAIN_BYTES)):
        byte = text[position]
        is_end = not is_query and (byte in (SLASH, QUESTION))
        if is_end and position > path and holds(hashes, starts, mixed(value)):
            return True
        is_query |= byte == QUESTION
        value = hash_step(value, byte)
    return len(text) > path and holds(hashes, starts, mixed(value))


@kernel(f"boolean({PAGE}, int64, {TABLE})")
def covers(url: Any, host_stop: Any, hashes: Any, starts: Any) -> Any:
    """Whether a table holds a URL's host, a domain above it, or one of these with a first part.

    Args:
        url: bytes, host/path: the path's parts with single slashes between them, and ?query
            if there is one.
        host_stop: where the host ends.
        hashes: of the table.
        starts: of the table.
    """
    text = np.frombuffer(url, np.uint8)
    host_stop = min(host_stop, len(text))
    if host_stop > MOST_HOST_BYTES or host_stop == 0 or len(hashes) == 0:
        return False
    if covers_host(text, 0, host_stop, hashes, starts):
        return True
    if host_stop + 1 >= len(text):
        return False
    value = FNV_OFFSET
    position = host_stop
    has_dot = False
    while position > 0:
        position -= 1
        if text[position] == FULL_STOP:
            if has_dot and _covers_path(text, host_stop + 1, value, hashes, starts):
                return True
            has_dot = True
        value = hash_step(value, text[position])
    return _covers_path(text, host_stop + 1, value, hashes, starts)
