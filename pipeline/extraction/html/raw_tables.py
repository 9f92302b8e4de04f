"""Look-up tables of the raw-bytes engine: tag names and character references."""

from __future__ import annotations

import html.entities
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.extraction.html import elements

HASH_MULTIPLIER: Final = 1_000_003
HASH_MASK: Final = (1 << 46) - 1
"""A name's hash: for every byte, `(hash * multiplier ^ byte) & mask`, from 0. Our choice: 46 bits
leave the product's low bits right in wrapping 64-bit arithmetic, and no two names collide."""

TAG_SLOTS: Final = 1 << 10
REFERENCE_SLOTS: Final = 1 << 13


def name_hash(name: bytes) -> int:
    """Hash of a name; compiled code computes the same."""
    value = 0
    for byte in name:
        value = (value * HASH_MULTIPLIER ^ byte) & HASH_MASK
    return value


def _hash_table(
    entries: dict[bytes, int], slots: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Open addressing: `(hash of each slot or -1, value of each slot)`."""
    keys = np.full(slots, -1, np.int64)
    values = np.full(slots, -1, np.int32)
    for name, value in entries.items():
        key = name_hash(name)
        slot = key & (slots - 1)
        while keys[slot] >= 0:
            assert keys[slot] != key, f"hash collision at {name!r}"
            slot = (slot + 1) & (slots - 1)
        keys[slot], values[slot] = key, value
    return keys, values


TAG_KEYS, TAG_VALUES = _hash_table(
    {name.encode(): number for name, number in elements.TAG_NUMBER.items()}, TAG_SLOTS
)

_WITH_SEMICOLON: Final = [name for name in html.entities.html5 if name.endswith(";")]
_WITHOUT_SEMICOLON: Final = frozenset(n for n in html.entities.html5 if not n.endswith(";"))

REFERENCE_KEYS, REFERENCE_VALUES = _hash_table(
    {name[:-1].encode(): number for number, name in enumerate(_WITH_SEMICOLON)}, REFERENCE_SLOTS
)

REFERENCE_CODES: Final[NDArray[np.int32]] = np.array(
    [[*map(ord, html.entities.html5[name]), 0][:2] for name in _WITH_SEMICOLON], np.int32
)
"""The one or two characters of each named reference; 0 for no second one."""

REFERENCE_IS_LEGACY: Final[NDArray[np.bool_]] = np.array(
    [name[:-1] in _WITHOUT_SEMICOLON for name in _WITH_SEMICOLON], np.bool_
)
"""Whether the reference also counts without its semicolon."""

MAX_REFERENCE_NAME: Final = max(map(len, _WITH_SEMICOLON))


def _latin_controls() -> NDArray[np.int32]:
    """What the numeric references 0x80 to 0x9F mean (HTML standard: as in windows-1252)."""
    return np.array(
        [ord(bytes([b]).decode("windows-1252", "ignore") or " ") for b in range(0x80, 0xA0)],
        np.int32,
    )


LATIN_CONTROLS: Final = _latin_controls()
