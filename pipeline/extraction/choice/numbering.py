"""Small integers: equal things get equal numbers, large things get logarithms (compiled)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import inlined, part

_MIX: Final = 0x9E3779B97F4A7C1 & (2**59 - 1)
_KEY_MASK: Final = 2**62 - 1


@part
def mix(value: Any, other: Any) -> Any:
    """One key of two, at least 0."""
    mixed = (value * _MIX ^ other) * _MIX
    return (mixed ^ (mixed >> 31)) & _KEY_MASK


@part
def number_of(key: Any, keys: Any, numbers: Any, count: Any) -> Any:
    """Number of a key; a new one gets the number `count`.

    `keys` has a power of two of slots, of which at least half are free: -1.
    """
    mask = len(keys) - 1
    slot = (key ^ (key >> 29)) & mask
    while keys[slot] != -1:
        if keys[slot] == key:
            return int(numbers[slot])
        slot = (slot + 1) & mask
    keys[slot] = key
    numbers[slot] = count
    return count


@inlined
def log8(value: Any) -> Any:
    """8 log2(1 + value), piecewise linear, for value from 0 to 2**52.

    A double's exponent and the first three bits of its fraction are just that.
    """
    return (np.float64(value + 1).view(np.int64) >> 49) - 1023 * 8
