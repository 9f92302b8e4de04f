"""Exact Jaccard similarity of pairs of shingle sets: what decides, after bands have proposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.shingles import ShingleBatch, join_sets


@dataclass(frozen=True)
class DocumentSets:
    """The sorted shingle sets of some documents.

    Attributes:
        addresses: uint64 (documents,), ascending.
        sets: their sets, in that order.
    """

    addresses: NDArray[np.uint64]
    sets: ShingleBatch

    def indices(self, addresses: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Returns int64: where the sets of these documents stand; all must be there."""
        return np.searchsorted(self.addresses, addresses)


def join_documents(parts: Sequence[DocumentSets]) -> DocumentSets:
    """Returns the sets of all parts, by address."""
    addresses = np.concatenate([np.empty(0, np.uint64), *(part.addresses for part in parts)])
    sets = join_sets([part.sets.of_document(d) for part in parts for d in range(len(part.sets))])
    order = np.argsort(addresses)
    if np.array_equal(order, np.arange(order.size)):
        return DocumentSets(addresses, sets)
    return DocumentSets(addresses[order], sets.select(order))


def intersection_sizes(
    left_sets: ShingleBatch,
    left: NDArray[np.int64],
    right_sets: ShingleBatch,
    right: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Returns int64 (pairs,): |A and B| of the sorted sets numbered `left[i]` and `right[i]`."""
    from massivetext.dedup import kernels  # here: numba takes most of a second to import

    sizes = np.empty(left.size, np.int64)
    kernels.fill_intersection_sizes(
        left_sets.hashes,
        left_sets.offsets,
        left,
        right_sets.hashes,
        right_sets.offsets,
        right,
        sizes,
    )
    return sizes


def jaccard_of_pairs(
    left_sets: ShingleBatch,
    left: NDArray[np.int64],
    right_sets: ShingleBatch,
    right: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Returns float64 (pairs,): |A and B| / |A or B|, by one division; 0 for two empty sets."""
    shared = intersection_sizes(left_sets, left, right_sets, right)
    united = left_sets.sizes[left] + right_sets.sizes[right] - shared
    return shared / np.maximum(united, 1)


def sizes_allow(
    one: NDArray[np.int64], other: NDArray[np.int64], threshold: float
) -> NDArray[np.bool_]:
    """Whether sets of such sizes can have a Jaccard above the threshold.

    The intersection has at most the smaller set's elements, the union at least the larger one's.
    """
    return np.minimum(one, other) / np.maximum(np.maximum(one, other), 1) > threshold
