"""Names that kernels look up: tags, templates, namespaces, sections, each with a code.

A table is two arrays: hashes of the names, sorted, and their codes. Names are compared in lower
case as far as ASCII goes, with `_` as a space, without white space around them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.kernels import lean

_BASIS: Final = np.uint64(0xCBF29CE484222325)
_PRIME: Final = np.uint64(0x100000001B3)
"""Of the 64-bit hash FNV-1a (Fowler, Noll and Vo)."""

FILE, CATEGORY, LANGUAGE = 1, 2, 3
"""Codes of what stands before the colon of a link; higher ones are shown as they stand."""

THUMB, OPTION = 1, 2
"""Codes of the options of files."""

NAME_BYTES: Final = 120
"""Our choice: longest name of a template, section or namespace that is looked up."""


class NameTable(NamedTuple):
    """Codes by name."""

    hashes: NDArray[np.uint64]
    codes: NDArray[np.int32]


@lean
def hash_name(text: Any, start: Any, end: Any) -> Any:
    """The hash of the name in text[start:end]."""
    while start < end and (text[start] <= 32 or text[start] == 95):
        start += 1
    while end > start and (text[end - 1] <= 32 or text[end - 1] == 95):
        end -= 1
    value = _BASIS
    for place in range(start, end):
        byte = text[place]
        if 65 <= byte <= 90:
            byte = byte + 32
        elif byte == 95:
            byte = 32
        value = (value ^ np.uint64(byte)) * _PRIME
    return value


@lean
def code_of(text: Any, start: Any, end: Any, hashes: Any, codes: Any) -> Any:
    """The code of the name in text[start:end], 0 if the table has no such name."""
    value = hash_name(text, start, end)
    low, high = 0, len(hashes)
    while low < high:
        middle = (low + high) >> 1
        if hashes[middle] < value:
            low = middle + 1
        else:
            high = middle
    return codes[low] if low < len(hashes) and hashes[low] == value else 0


def name_table(codes: Mapping[str, int]) -> NameTable:
    """Returns the table of some names; codes are above 0."""
    rows: dict[int, int] = {}
    for name, code in codes.items():
        for form in (name, name.lower(), name[:1].upper() + name[1:]):
            rows[_hash(form.encode())] = code
    hashes = sorted(rows)
    found = [rows[value] for value in hashes]
    return NameTable(np.array(hashes, np.uint64), np.array(found, np.int32))


def _hash(name: bytes) -> int:
    value = int(_BASIS)
    for byte in name.replace(b"_", b" ").strip():
        byte += 32 * (65 <= byte <= 90)
        value = ((value ^ byte) * int(_PRIME)) & (2**64 - 1)
    return value
