"""Sequences copied to their places in a shard, and their bytes of text counted, in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from massivetext.kernels import kernel


@kernel(
    "int64(uint16[:,::1], int64[::1], Array(int32, 1, 'C', readonly=True), uint16[:,::1])",
    "int64(uint32[:,::1], int64[::1], Array(int32, 1, 'C', readonly=True), uint32[:,::1])",
    lean=True,
)
def place_sequences(packed_PxL: Any, place_P: Any, token_bytes: Any, sequences_NxL: Any) -> Any:
    """Copies sequences; returns the UTF-8 bytes that the copied tokens stand for.

    Args:
        packed_PxL: tokens.
        place_P: place of each in the shard, or -1 if it is not taken.
        token_bytes: UTF-8 bytes of each token id.
        sequences_NxL: the shard, written to.
    """
    size_bytes = np.int64(0)
    for number in range(len(place_P)):
        place = place_P[number]
        if place < 0:
            continue
        for token in range(packed_PxL.shape[1]):
            found = packed_PxL[number, token]
            sequences_NxL[place, token] = found
            size_bytes += token_bytes[np.uint64(found)]
    return size_bytes
