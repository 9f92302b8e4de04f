"""Constants of the hashes, and the bit mixer for whole arrays."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

WORD_SEED: Final = np.uint64(0xCBF29CE484222325)
"""State before a word's first character: FNV-1a's offset basis."""

WORD_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio, odd: Knuth's multiplicative hashing."""

NGRAM_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
"""Base of the n-gram polynomial modulo 2^64, the same; odd, so that no word's bits are lost."""

MIX_1: Final = np.uint64(0xFF51AFD7ED558CCD)
MIX_2: Final = np.uint64(0xC4CEB9FE1A85EC53)
"""Multipliers of murmur3's 64-bit finaliser, fmix64."""

MIX_1_32: Final = np.uint32(0x85EBCA6B)
MIX_2_32: Final = np.uint32(0xC2B2AE35)
"""Multipliers of murmur3's 32-bit finaliser, fmix32."""

NO_MINIMUM: Final = np.uint32(0xFFFFFFFF)
"""Signature value of a document without shingles, as in datasketch."""


def mix_64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Returns fmix64 of every value: a bijection that spreads any difference over all bits."""
    values = values ^ (values >> np.uint64(33))
    values = values * MIX_1
    values = values ^ (values >> np.uint64(33))
    values = values * MIX_2
    return values ^ (values >> np.uint64(33))
