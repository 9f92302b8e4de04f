"""Which `meta` elements are labels or opt out, told from their bytes (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.ascii_bytes import (
    AMPERSAND,
    CASE,
    HYPHEN,
    SPACE,
    UNDERSCORE,
    is_letter,
    lowered,
)
from massivetext.byte_patterns import WORD_BYTES, word_at, word_of
from massivetext.byte_scan import find_byte_before
from massivetext.filters.label_names import LABEL_NAMES, ROBOT_NAMES, ROBOTS_DIRECTIVES
from massivetext.filters.tag_kernel import (
    hash_of,
    name_hash,
    name_hashes,
    next_attribute,
)
from massivetext.hash_table import FNV_OFFSET, FNV_PRIME
from massivetext.kernels import inlined, lean

META_NAME: Final = name_hash("meta")

MOST_NAME_BYTES: Final = 64
"""Our choice: what a label is called is no longer, with its references."""

_LONGEST_NAME: Final = 16
_RTA: Final = name_hash("rta")
_RTA_BYTES: Final = len("rta")

_LABELS: Final = name_hashes(*LABEL_NAMES)
_CONTENTS: Final = name_hashes("content", "value")
_OPT_OUTS: Final = name_hashes(*ROBOTS_DIRECTIVES)
_ROBOTS: Final = name_hashes(*ROBOT_NAMES)
_NAMING: Final = name_hashes("name", "http-equiv", "property", "itemprop")
"""Attributes of `meta` that say what it is about."""

_BEGINNING_BYTES: Final = 4


def _beginnings(size: int) -> tuple[np.uint64, ...]:
    """Returns how the names begin whose first word has so many bytes, or more of the longest."""
    firsts = (name.partition("-")[0][:_BEGINNING_BYTES] for name in (*LABEL_NAMES, *ROBOT_NAMES))
    return tuple(sorted({word_of(first.encode()) for first in firsts if len(first) == size}))


_BEGINNINGS: Final = _beginnings(_BEGINNING_BYTES)
_SHORT_BEGINNINGS: Final = _beginnings(_BEGINNING_BYTES - 1)
_CASE_BITS: Final = word_of(bytes([CASE] * _BEGINNING_BYTES))
_MASK: Final = word_of(b"\xff" * _BEGINNING_BYTES)
_SHORT_MASK: Final = word_of(b"\xff" * (_BEGINNING_BYTES - 1))


@lean
def _hash_of_words(page: Any, start: Any, stop: Any) -> Any:
    """Returns FNV-1a of a value's words, with one dash where it has white space, dashes or _."""
    value = FNV_OFFSET
    is_between = is_begun = False
    for position in range(start, stop):
        byte = page[np.uint64(position)]
        if byte <= SPACE or byte in (HYPHEN, UNDERSCORE):
            is_between = is_begun
        else:
            if is_between:
                value = (value ^ np.uint64(HYPHEN)) * FNV_PRIME
            value = (value ^ np.uint64(lowered(byte))) * FNV_PRIME
            is_between, is_begun = False, True
    return value


@lean
def _may_be_named(page: Any, start: Any, stop: Any) -> Any:
    """Whether a value's first word begins like one of the names: few do, and hashes take longer."""
    while start < stop and (page[start] <= SPACE or page[start] in (HYPHEN, UNDERSCORE)):
        start += 1
    if start + WORD_BYTES > len(page):
        return True
    word = word_at(page, start) | _CASE_BITS
    return (word & _MASK) in _BEGINNINGS or (word & _SHORT_MASK) in _SHORT_BEGINNINGS


@inlined
def _begins_like_rta(page: Any, start: Any, stop: Any) -> Any:
    """Whether a value's first letters are RTA."""
    while start < stop and page[start] <= SPACE:
        start += 1
    return start + _RTA_BYTES <= stop and hash_of(page, start, start + _RTA_BYTES) == _RTA


@lean
def _has_reference(page: Any, start: Any, stop: Any) -> Any:
    """Whether a value holds what may be a character reference."""
    return find_byte_before(page, start, stop, AMPERSAND) < stop


@lean
def _opts_out(page: Any, start: Any, stop: Any) -> Any:
    """Whether one of the words of a value, divided by commas and the like, opts out of training."""
    word = start
    for position in range(start, stop + 1):
        if position == stop or not is_letter(page[position]):
            if 4 <= position - word <= 9 and hash_of(page, word, position) in _OPT_OUTS:
                return True
            word = position + 1
    return False


@lean
def is_label(page: Any, start: Any, stop: Any) -> Any:
    """Whether a `meta` is about one of LABEL_NAMES, or may be: references are not resolved here.

    Given the place behind its name, and where it ends.

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
            if _has_reference(page, value, value_stop):
                return True
            if _may_be_named(page, value, value_stop):
                words = _hash_of_words(page, value, value_stop)
                if words in _LABELS:
                    return True
                is_for_robots |= words in _ROBOTS
        elif name in _CONTENTS:
            if _begins_like_rta(page, value, value_stop):
                return True
            content, content_stop = value, value_stop
