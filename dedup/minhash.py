"""Shingles to MinHash signatures to band keys.

Two documents of Jaccard J share a band of r rows with probability J^r, and become a candidate pair
if they share any of b bands: 1 - (1 - J^r)^b. The default 20 x 6 gives 0.998 at J = 0.8;
datasketch's own choice for a threshold of 0.8, 9 x 13, gives 0.40. The paper names no numbers;
every candidate is verified exactly, so bands cost time, never a wrong removal.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.hashing import MIX_1, NGRAM_BASE, mix_64
from massivetext.dedup.shingles import ShingleBatch
from massivetext.records import stable_hash

PERMUTATION_SEED: Final = 0
"""Our choice: fixed, not the run's seed, so that the keys of two runs can be compared."""

BAND_KEY_BITS: Final = 48
"""Our choice: a billion documents of 20 bands have 0.7 million pairs of equal keys by chance, none
a document, and six bytes a key are what moves most in deduplication."""


@functools.cache
def permutations(count: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Returns multipliers a (odd) and summands b of h -> a*h + b mod 2^32, uint32 (count,) each.

    The form is datasketch's scheme "affine32".
    """
    draws = [stable_hash(PERMUTATION_SEED, str(k), "minhash permutation") for k in range(count)]
    multipliers = np.array([draw & 0xFFFFFFFF | 1 for draw in draws], np.uint32)
    summands = np.array([draw >> 32 for draw in draws], np.uint32)
    return multipliers, summands


def signatures(shingles: ShingleBatch, count: int) -> NDArray[np.uint32]:
    """Returns uint32 (documents, count): each permutation's minimum over each document's shingles.

    A shingle enters with the high half of its hash, mixed by murmur3's 32-bit finaliser, as in
    datasketch's "affine32".
    """
    from massivetext.dedup import kernels  # here: numba takes most of a second to import

    multipliers, summands = permutations(count)
    padding = -count % kernels.LANES
    result = np.empty((len(shingles), count + padding), np.uint32)
    kernels.minima(
        shingles.hashes,
        shingles.offsets,
        np.pad(multipliers, (0, padding)),
        np.pad(summands, (0, padding)),
        result,
    )
    return result[:, :count]


def band_keys(signatures_DxK: NDArray[np.uint32], bands: int, rows: int) -> NDArray[np.uint64]:
    """Returns uint64 (documents, bands): a hash of each band's rows and of the band's number.

    Of `BAND_KEY_BITS` bits: documents that share one by chance are told apart when they are
    verified.
    """
    keys = np.empty((signatures_DxK.shape[0], bands), np.uint64)
    for band in range(bands):
        state = np.full(signatures_DxK.shape[0], band + 1, np.uint64) * NGRAM_BASE
        for row in range(band * rows, (band + 1) * rows):
            state = (state ^ signatures_DxK[:, row]) * MIX_1
            state ^= state >> np.uint64(32)
        keys[:, band] = mix_64(state) >> np.uint64(64 - BAND_KEY_BITS)
    return keys
