"""The compiled loops of this room; tests/reference/hashes.py has the same in plain Python.

Callers import this module where they first need it: numba takes most of a second.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.hashing import (
    MIX_1,
    MIX_1_32,
    MIX_2,
    MIX_2_32,
    NGRAM_BASE,
    NO_MINIMUM,
    WORD_MULTIPLIER,
    WORD_SEED,
)
from massivetext.hash_table import find_slot, slots_for
from massivetext.kernels import helper, kernel, lean

LANES: Final = 40
"""Permutations that one pass over the shingles keeps in registers (measured: 3.4 us for 300
shingles and 120 permutations, against 26-34 us with 8 to 24 lanes)."""

_BLANK: Final = ord(" ")

_FREE: Final = np.uint64(0)
"""Marks a free slot of the hash table."""

_U8 = "Array(uint8, 1, 'C', True)"
_U32 = "Array(uint32, 1, 'C', True)"
_U64 = "Array(uint64, 1, 'C', True)"
_I64 = "Array(int64, 1, 'C', True)"
_U32_OUT, _U64_OUT, _I64_OUT = "uint32[::1]", "uint64[::1]", "int64[::1]"


@helper
def _mix(value: np.uint64) -> np.uint64:
    """murmur3's fmix64."""
    value ^= value >> np.uint64(33)
    value *= MIX_1
    value ^= value >> np.uint64(33)
    value *= MIX_2
    return value ^ (value >> np.uint64(33))


@kernel(f"void({_U32}, {_I64}, {_U8}, {_U64_OUT}, {_I64_OUT}, {_U32_OUT}, {_I64_OUT})")
def hash_words(
    code_points: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    is_alphanumeric: NDArray[np.uint8],
    hashes: NDArray[np.uint64],
    word_offsets: NDArray[np.int64],
    normalised: NDArray[np.uint32],
    normalised_offsets: NDArray[np.int64],
) -> None:
    """Hashes every word of every document and writes the words joined by spaces.

    Unsigned positions and one tight loop a word: 2.6 times as fast as a loop over characters that
    asks whether it is inside a word.
    """
    one = np.uint64(1)
    words, written = 0, np.uint64(0)
    word_offsets[0] = normalised_offsets[0] = 0
    for document in range(offsets.size - 1):
        position, end, first = np.uint64(offsets[document]), np.uint64(offsets[document + 1]), words
        while position < end:
            if not is_alphanumeric[code_points[position]]:
                position += one
                continue
            state, begin = WORD_SEED, position
            while position < end and is_alphanumeric[code_points[position]]:
                state = (state ^ np.uint64(code_points[position])) * WORD_MULTIPLIER
                state ^= state >> np.uint64(29)
                position += one
            if words > first:
                normalised[written] = _BLANK
                written += one
            for source in range(begin, position):
                normalised[written] = code_points[source]
                written += one
            hashes[words] = _mix(state)
            words += 1
        word_offsets[document + 1] = words
        normalised_offsets[document + 1] = np.int64(written)


@kernel(f"void({_U64}, {_I64}, int64, {_U64_OUT}, {_I64})")
def hash_ngrams(
    word_hashes: NDArray[np.uint64],
    word_offsets: NDArray[np.int64],
    ngram: int,
    hashes: NDArray[np.uint64],
    offsets: NDArray[np.int64],
) -> None:
    """A rolling polynomial over words, mixed; the whole document where it is shorter than n."""
    # What a word has been multiplied by when it leaves the window, n words later.
    leaving = np.uint64(1)
    for _ in range(ngram):
        leaving *= NGRAM_BASE
    for document in range(offsets.size - 1):
        first, last = word_offsets[document], word_offsets[document + 1]
        polynomial = np.uint64(0)
        for position in range(first, last):
            polynomial = polynomial * NGRAM_BASE + word_hashes[position]
            if position >= first + ngram:
                polynomial -= leaving * word_hashes[position - ngram]
            if position >= first + ngram - 1:
                hashes[offsets[document] + position - first - ngram + 1] = _mix(polynomial)
        if first < last < first + ngram:  # with its length, lest it looks like an n-gram
            hashes[offsets[document]] = _mix(polynomial ^ np.uint64(last - first))


@lean
def _enter(
    hashes: NDArray[np.uint64], first: int, last: int, table: NDArray[np.uint64], mask: int
) -> int:
    """Enters some values in an empty table; returns how many different ones there are.

    Values are mixed already, so the search for one starts by its own lowest bits.
    """
    distinct, has_free = 0, 0
    for position in range(np.uint64(first), np.uint64(last)):  # unsigned: 8 % faster
        value = hashes[position]
        if value == _FREE:  # counted, but not entered: it would look like no value
            has_free = 1
            continue
        slot = find_slot(table, mask, value, value, _FREE)
        if table[slot] == _FREE:
            table[slot] = value
            distinct += 1
    return distinct + has_free


@kernel(f"void({_U64}, {_I64}, {_I64_OUT})")
def fill_distinct_counts(
    hashes: NDArray[np.uint64], offsets: NDArray[np.int64], counts: NDArray[np.int64]
) -> None:
    """Counts different values a document, by a hash table that grows with the longest so far."""
    table = np.empty(0, np.uint64)
    for document in range(offsets.size - 1):
        first, last = offsets[document], offsets[document + 1]
        size = slots_for(last - first)
        if table.size < size:
            table = np.empty(size, np.uint64)
        table[:size] = _FREE
        counts[document] = _enter(hashes, first, last, table, size - 1)


@kernel(f"void({_U64}, {_I64}, {_U32}, {_U32}, uint32[:, ::1])")
def minima(
    hashes: NDArray[np.uint64],
    offsets: NDArray[np.int64],
    multipliers: NDArray[np.uint32],
    summands: NDArray[np.uint32],
    signatures_DxK: NDArray[np.uint32],
) -> None:
    """Minimum of a*h + b over each document's hashes, LANES permutations at a time."""
    a, b = np.empty(LANES, np.uint32), np.empty(LANES, np.uint32)
    minimum = np.empty(LANES, np.uint32)
    for document in range(offsets.size - 1):
        for first in range(0, multipliers.size, LANES):
            for lane in range(LANES):
                a[lane], b[lane] = multipliers[first + lane], summands[first + lane]
                minimum[lane] = NO_MINIMUM
            for position in range(offsets[document], offsets[document + 1]):
                value = np.uint32(hashes[position] >> np.uint64(32))
                value = np.uint32((value ^ (value >> 16)) * MIX_1_32)
                value = np.uint32((value ^ (value >> 13)) * MIX_2_32)
                value = np.uint32(value ^ (value >> 16))
                # A fixed number of lanes: the compiler makes vector instructions of this loop.
                for lane in range(LANES):
                    minimum[lane] = min(minimum[lane], np.uint32(a[lane] * value + b[lane]))
            for lane in range(LANES):
                signatures_DxK[document, first + lane] = minimum[lane]


@kernel(f"void({_U64}, {_I64}, {_I64}, {_U64}, {_I64}, {_I64}, {_I64_OUT})")
def fill_intersection_sizes(
    left_hashes: NDArray[np.uint64],
    left_offsets: NDArray[np.int64],
    left: NDArray[np.int64],
    right_hashes: NDArray[np.uint64],
    right_offsets: NDArray[np.int64],
    right: NDArray[np.int64],
    sizes: NDArray[np.int64],
) -> None:
    """Merges the sorted sets `left[i]` and `right[i]` and counts what they share."""
    for pair in range(left.size):
        i, i_end = left_offsets[left[pair]], left_offsets[left[pair] + 1]
        j, j_end = right_offsets[right[pair]], right_offsets[right[pair] + 1]
        shared = 0
        while i < i_end and j < j_end:
            one, other = left_hashes[i], right_hashes[j]
            # No branches: which side is the lesser cannot be predicted.
            shared += one == other
            i += one <= other
            j += other <= one
        sizes[pair] = shared
