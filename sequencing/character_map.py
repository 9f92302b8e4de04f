"""SentencePiece's normalisation, exactly, at many times its speed (compiled).

A model of rule `nfkc` or another one carries a map from sequences of characters to what they become
("precompiled charsmap"): a trie as darts-clone writes it, and the strings that its leaves name. At
each character of a text the longest sequence of the map is replaced; without one, the character is
copied. That is what SentencePiece's normalizer.cc does with it; spaces are another matter.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.byte_patterns import WORD_BYTES, word_at
from massivetext.kernels import kernel, lean
from massivetext.utf8 import ASCII_END, character_size

_SIZE_BYTES: Final = 4
"""Of the number, little-endian, that says how many bytes the trie has; the strings stand behind."""

# A unit of darts-clone (darts.h): which way leads to it, and where its children or its value stand.
_LABEL_MASK: Final = np.uint32((1 << 31) | 0xFF)
_VALUE_MASK: Final = np.uint32((1 << 31) - 1)
_LEAF_BIT: Final = np.uint32(1 << 8)
_OFFSET_SHIFT: Final = np.uint32(10)
_EXTENSION_BIT: Final = np.uint32(1 << 9)
_EXTENSION_SHIFT: Final = np.uint32(6)

_ROOM_BYTES: Final = 64
"""Our choice: texts seldom grow; one that does is done again with twice the room."""

_NO_ROOM: Final = -1

_HIGH_BITS: Final = np.uint64(0x8080808080808080)
"""Set in bytes beyond ASCII."""


class CharacterMap:
    """A rule of normalisation."""

    def __init__(self, charsmap: bytes) -> None:
        """Reads a map.

        Raises:
            ValueError: if it is not one.
        """
        size = int.from_bytes(charsmap[:_SIZE_BYTES], "little")
        strings = charsmap[_SIZE_BYTES + size :]
        if len(charsmap) < _SIZE_BYTES + size or size % 4 or size < 1024 or strings[-1:] != b"\0":
            raise ValueError("its map of characters is damaged")
        self._units: Final = np.frombuffer(charsmap, "<u4", size // 4, _SIZE_BYTES).astype(
            np.uint32
        )
        self._strings: Final = np.frombuffer(strings, np.uint8)
        self._begins_256x256: Final = _beginnings(self._units)
        self._keeps_ascii: Final = not self._begins_256x256[:ASCII_END, :ASCII_END].any()

    def normalize(self, text: bytes) -> bytes:
        """Returns valid UTF-8 text with its characters replaced."""
        if self._keeps_ascii and text.isascii():
            return text
        page = np.frombuffer(text + bytes(WORD_BYTES), np.uint8)
        tables = self._begins_256x256, self._units, self._strings
        room = len(text) + _ROOM_BYTES
        while True:
            out = np.empty(room, np.uint8)
            size = _normalize(page, len(text), self._keeps_ascii, *tables, out)
            if size != _NO_ROOM:
                return out[:size].tobytes()
            room *= 2


def _beginnings(units: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Returns which two bytes begin a sequence of the map, or which first of them is one."""
    begins_256x256 = np.zeros((256, 256), np.bool_)
    bytes_256 = np.arange(256, dtype=np.int64)
    firsts = _children(units, _offset(units[0]), bytes_256)
    for first in np.flatnonzero(firsts >= 0):
        unit = units[firsts[first]]
        seconds = _children(units, int(firsts[first]) ^ _offset(unit), bytes_256)
        begins_256x256[first] = (seconds >= 0) | bool(unit & _LEAF_BIT)
    return begins_256x256


def _children(units: NDArray[np.uint32], node: int, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns where the child for each label stands, or -1."""
    places = node ^ labels
    inside = places < len(units)
    found = units[np.where(inside, places, 0)] & _LABEL_MASK
    return np.where(inside & (found == labels), places, -1)


def _offset(unit: Any) -> int:
    return int(unit) >> 10 << (6 if int(unit) & int(_EXTENSION_BIT) else 0)


@lean
def _longest(text: Any, place: Any, size_bytes: Any, units: Any) -> Any:
    """Returns the value of the longest sequence that begins at a place, and its end; or -1."""
    size = np.int64(len(units))
    value, end, at = np.int64(-1), place, place
    unit = units[0]
    node = np.int64(0)
    while at < size_bytes:
        shift = _EXTENSION_SHIFT if unit & _EXTENSION_BIT else np.uint32(0)
        node ^= np.int64(unit >> _OFFSET_SHIFT << shift) ^ np.int64(text[at])
        if node >= size or units[node] & _LABEL_MASK != np.uint32(text[at]):
            break
        unit = units[node]
        at += 1
        if unit & _LEAF_BIT:
            shift = _EXTENSION_SHIFT if unit & _EXTENSION_BIT else np.uint32(0)
            leaf = node ^ np.int64(unit >> _OFFSET_SHIFT << shift)
            if leaf < size:
                value, end = np.int64(units[leaf] & _VALUE_MASK), at
    return value, end


@lean
def _ascii_stop(text: Any, place: Any, size_bytes: Any) -> Any:
    """Returns where ASCII ends that begins at a place."""
    while place < size_bytes and word_at(text, place) & _HIGH_BITS == np.uint64(0):
        place += WORD_BYTES
    while place < size_bytes and text[place] < ASCII_END:
        place += 1
    return min(place, size_bytes)


@kernel(
    "int64(Array(uint8, 1, 'C', readonly=True), int64, boolean, boolean[:,::1], uint32[::1],"
    " Array(uint8, 1, 'C', readonly=True), uint8[::1])",
    lean=True,
)
def _normalize(
    text: Any,
    size_bytes: Any,
    keeps_ascii: Any,
    begins_256x256: Any,
    units: Any,
    strings: Any,
    out: Any,
) -> Any:
    """Writes normalised text; returns its size, or _NO_ROOM.

    Args:
        text: valid UTF-8, with WORD_BYTES zero bytes behind it.
        size_bytes: of the text.
        keeps_ascii: whether ASCII before ASCII stays as it is.
        begins_256x256: which two bytes must be looked up in the trie.
        units: the trie.
        strings: what its values name, a zero byte behind each.
        out: room for the result.
    """
    place, written = np.int64(0), np.int64(0)
    while place < size_bytes:
        value, end = np.int64(-1), place
        if keeps_ascii and text[place] < ASCII_END and text[place + 1] < ASCII_END:
            end = max(_ascii_stop(text, place, size_bytes) - 1, place + 1)
        elif begins_256x256[text[place], text[place + 1]]:
            value, end = _longest(text, place, size_bytes, units)
        if value < 0:
            if end == place:
                end = min(place + character_size(text[place]), size_bytes)
            if written + end - place > len(out):
                return np.int64(_NO_ROOM)
            for byte in range(place, end):
                out[written] = text[byte]
                written += 1
        else:
            while value < len(strings) and strings[value] != 0:
                if written == len(out):
                    return np.int64(_NO_ROOM)
                out[written] = strings[value]
                written += 1
                value += 1
        place = end
    return written
