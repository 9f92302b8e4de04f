"""What the tokens of a shard belong to: a segment within their sequence, and a subset.

A segment is what a sequence holds of one crop. Trainers keep attention within it, or count
positions anew from its first token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Labels:
    """The segments and the subsets of the sequences of a shard.

    Attributes:
        start_G: the first token of each segment, counted from the start of the shard, ascending; a
            segment begins with every sequence.
        subset_N: of each sequence.
        length: tokens a sequence.
    """

    start_G: NDArray[np.int64]
    subset_N: Sequence[str]
    length: int

    @classmethod
    def of_pieces(
        cls,
        sequence_G: NDArray[np.integer],
        token_start_G: NDArray[np.integer],
        subset_G: NDArray[np.object_],
        length: int,
    ) -> Labels:
        """Returns the labels that the rows of a provenance table give; it is ordered by sequence.

        Args:
            sequence_G: number of the sequence that a piece of a crop lies in.
            token_start_G: its first token there.
            subset_G: of its document; all pieces of a sequence have one.
            length: tokens a sequence.
        """
        start_G = sequence_G.astype(np.int64) * length + token_start_G
        return cls(start_G, subset_G[token_start_G == 0].tolist(), length)

    def segment_ids(self, first: int, stop: int) -> NDArray[np.int32]:
        """Returns the segment of each token, counted from 1, of the sequences [first, stop).

        0 stands for padding in most trainers, of which there is none.
        """
        bounds = np.searchsorted(self.start_G, [first * self.length, stop * self.length])
        start_S = self.start_G[slice(*bounds)] - first * self.length
        size_S = np.diff(start_S, append=(stop - first) * self.length)
        # The number of a segment, less that of the first one of its sequence.
        before_S = np.searchsorted(start_S, start_S - start_S % self.length)
        id_S = (np.arange(len(start_S)) - before_S + 1).astype(np.int32)
        return np.repeat(id_S, size_S).reshape(-1, self.length)
