"""Hashes of names and numbers, and tables that number them (`massivetext.hash_table`).

Keys are at least 0; `FREE` marks a slot without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.hash_table import GOLDEN, find_slot, find_slot_in_python
from massivetext.kernels import helper, inlined

FREE: Final = -1

_NAME_MULTIPLIER: Final = 1_000_003
_NAME_MASK: Final = (1 << 46) - 1
"""Our choice: 46 bits leave the product's low bits right in wrapping 64-bit arithmetic, and no two
names of the tables collide (which `hash_table` checks)."""

_GOLDEN: Final = int(GOLDEN) - 2**64  # the same bits as a signed word, as keys are

_KEY_MASK: Final = 2**62 - 1


def hash_with(value: int, byte: int) -> int:
    """Hash of a name that goes on with a byte, given the hash of what stands before it; 0 at first.

    The same in Python and in compiled code.
    """
    return (value * _NAME_MULTIPLIER ^ byte) & _NAME_MASK


name_hash_with: Final = inlined(hash_with)


def start_of(key: int) -> int:
    """Where the search for a key starts. The same in Python and in compiled code."""
    return key ^ (key >> 29)


_compiled_start_of: Final = inlined(start_of)


@inlined
def slot_of(keys: Any, key: Any) -> Any:
    """The slot of a key, or the free slot where it would stand."""
    return find_slot(keys, len(keys) - 1, _compiled_start_of(key), key, FREE)


def hash_table(
    entries: Mapping[bytes, int], slots: int, missing: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """`(keys, values)` of named values; the value of every free slot is `missing`."""
    keys = np.full(slots, FREE, np.int64)
    values = np.full(slots, missing, np.int32)
    for name, value in entries.items():
        key = 0
        for byte in name:
            key = hash_with(key, byte)
        slot = find_slot_in_python(keys, slots - 1, start_of(key), key, FREE)
        assert keys[slot] == FREE, f"hash collision at {name!r}"
        keys[slot], values[slot] = key, value
    return keys, values


@helper
def mix(value: Any, other: Any) -> Any:
    """One key of two numbers."""
    mixed = (value * _GOLDEN ^ other) * _GOLDEN
    return (mixed ^ (mixed >> 31)) & _KEY_MASK


@helper
def number_of(key: Any, keys: Any, numbers: Any, count: Any) -> Any:
    """Number of a key; a new one gets the number `count`."""
    slot = slot_of(keys, key)
    if keys[slot] == key:
        return int(numbers[slot])
    keys[slot] = key
    numbers[slot] = count
    return count
