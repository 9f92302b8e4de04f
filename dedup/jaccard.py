"""Exact Jaccard similarity of pairs of shingle sets: what decides, after bands have proposed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup import compiled
from massivetext.dedup.shingles import ShingleBatch


def intersection_sizes(
    sets: ShingleBatch, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Returns int64 (pairs,): |A and B| of the sorted sets numbered `left[i]` and `right[i]`."""
    sizes = np.empty(left.size, np.int64)
    kernels = compiled.kernels()
    if kernels is not None:
        kernels.intersection_sizes(sets.hashes, sets.offsets, left, right, sizes)
        return sizes
    for pair, (one, other) in enumerate(zip(left, right, strict=True)):
        shared = np.intersect1d(sets.of_document(one), sets.of_document(other), assume_unique=True)
        sizes[pair] = shared.size
    return sizes


def jaccard_of_pairs(
    sets: ShingleBatch, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Returns float64 (pairs,): |A and B| / |A or B|, by one division; 0 for two empty sets."""
    shared = intersection_sizes(sets, left, right)
    counts = np.diff(sets.offsets)
    united = counts[left] + counts[right] - shared
    return shared / np.maximum(united, 1)


def sizes_allow(
    one: NDArray[np.int64], other: NDArray[np.int64], threshold: float
) -> NDArray[np.bool_]:
    """Whether sets of such sizes can have a Jaccard above the threshold.

    The intersection has at most the smaller set's elements, the union at least the larger one's.
    """
    return np.minimum(one, other) / np.maximum(np.maximum(one, other), 1) > threshold
