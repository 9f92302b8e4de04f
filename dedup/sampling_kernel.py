"""The compiled loop of `sampling`; tests/reference/sampling.py has the same in plain Python."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from massivetext.kernels import kernel


@kernel("void(Array(uint64, 1, 'C', True), Array(int64, 1, 'C', True), int64, int64, uint8[::1])")
def mark_samples(
    hashes: NDArray[np.uint64],
    offsets: NDArray[np.int64],
    window: int,
    least: int,
    is_sampled: NDArray[np.uint8],
) -> None:
    """Marks the least hash of every window of a document, and the document's least ones.

    Of equal hashes the last one of a window is marked. A document that is shorter than a window is
    one window.
    """
    lowest = np.empty(least, np.int64)
    for document in range(offsets.size - 1):
        first, last = offsets[document], offsets[document + 1]
        held = 0  # of `lowest`: places of different hashes, the least first
        chosen = first - 1  # place of the window's least hash; before the first window: none
        for place in range(first, last):
            value = hashes[place]
            if chosen < max(first, place - window + 1):  # it has left the window
                chosen = max(first, place - window + 1)
                for other in range(chosen + 1, place + 1):
                    if hashes[other] <= hashes[chosen]:
                        chosen = other
            elif value <= hashes[chosen]:
                chosen = place
            if place >= first + window - 1 or place == last - 1:
                is_sampled[chosen] = 1
            slot = held
            while slot > 0 and value < hashes[lowest[slot - 1]]:
                slot -= 1
            is_known = slot > 0 and hashes[lowest[slot - 1]] == value
            if slot < least and not is_known:
                held = min(held + 1, least)
                for other in range(held - 1, slot, -1):
                    lowest[other] = lowest[other - 1]
                lowest[slot] = place
        for slot in range(held):
            is_sampled[lowest[slot]] = 1
