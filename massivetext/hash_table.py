"""Hash tables with open addressing: the search, as parts of kernels that own the arrays.

A table has a power of two of slots, of which at least half stay free. A key stands in the slot
where its search starts or behind it, with no free slot between (linear probing). Where the search
starts, callers choose: by the key itself if its bits are mixed, by `spread` if they are not.

There are two layouts. In the first, slots hold keys, and a value that no key has marks a free one
(`find_slot`). In the second, slots hold the numbers of items whose keys stand in an array of their
own (`find_item`): four bytes a slot keep a large table in the processor's caches.

Several things may share a key, as words share a hash. The caller then compares them, and goes on
from the slot behind:

    slot = start
    while True:
        slot = find_slot(keys, mask, slot, key, free)
        if keys[slot] == free or <it is the one>:
            break
        slot += NEXT_SLOT
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.kernels import helper, inlined

GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
"""2**64 divided by the golden ratio, odd: Knuth, The Art of Computer Programming, volume 3,
section 6.4 (multiplicative hashing)."""

FNV_OFFSET: Final = np.uint64(0xCBF29CE484222325)
FNV_PRIME: Final = np.uint64(0x100000001B3)
"""FNV-1a for 64 bits (Fowler, Noll and Vo): hashes names and words byte by byte."""

NEXT_SLOT: Final = np.uint64(1)
"""To go on from a slot: uint64 plus a plain 1 would be a float."""

_LEAST_SLOTS: Final = 16
"""Our choice: a smaller table saves nothing."""

_UPPER_HALF: Final = np.uint64(32)


@helper
def slots_for(items: Any) -> Any:
    """Returns how many slots a table for so many items has: at least twice as many."""
    slots = _LEAST_SLOTS
    while slots < 2 * items:
        slots *= 2
    return slots


@inlined
def spread(key: Any) -> Any:
    """Returns where the search for a key that is not mixed starts: 32 bits (uint64) of it all."""
    return (np.uint64(key) * GOLDEN) >> _UPPER_HALF


def find_slot_in_python(
    keys: NDArray[Any], mask: int, start: Any, key: Any, free: Any
) -> np.uint64:
    """Returns the slot of a key, or the free slot where it would stand.

    Args:
        keys: the key of each slot, or `free`.
        mask: the number of slots minus one; `keys` may be longer.
        start: where the search starts; its lower bits count.
        key: of the type of `keys`, and not `free`.
        free: what marks a free slot.
    """
    # Unsigned: numba reads a signed index twice, in case it counts from the end.
    last = np.uint64(mask)
    slot = np.uint64(start) & last
    while keys[slot] != free and keys[slot] != key:
        slot = (slot + NEXT_SLOT) & last
    return slot


find_slot: Final = inlined(find_slot_in_python)
"""The same in kernels."""


@inlined
def find_item(table: Any, mask: Any, start: Any, items: Any, key: Any) -> Any:
    """Returns the slot (uint64) of the item with a key, or the free slot where it would stand.

    Args:
        table: int32, the number plus one of the item in each slot; 0 where a slot is free.
        mask: the number of slots minus one; `table` may be longer.
        start: where the search starts; its lower bits count.
        items: int64[items, columns]; the first column holds the key.
        key: int64.
    """
    last = np.uint64(mask)
    slot = np.uint64(start) & last
    while table[slot] != 0 and items[table[slot] - 1, 0] != key:
        slot = (slot + NEXT_SLOT) & last
    return slot
