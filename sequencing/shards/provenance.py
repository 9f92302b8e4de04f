"""Where the tokens of a shard come from: its provenance table, looked up by sequence."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from massivetext.sequencing.shards.labels import Labels


@dataclass(frozen=True)
class CropPiece:
    """A piece of a sequence, and where it comes from.

    Tokens [token_start, token_end) of the sequence are tokens [crop_token_start, crop_token_end) of
    the crop, whose token 0 is its BOS; the crop is bytes [byte_start, byte_end) of the document.
    """

    document_id: str
    subset: str
    visit: int
    byte_start: int
    byte_end: int
    crop_token_start: int
    crop_token_end: int
    token_start: int
    token_end: int


class ShardProvenance:
    """The pieces of all sequences of a shard, held in memory: about 60 bytes each."""

    def __init__(self, path: str, sequences: int) -> None:
        """Reads the table of a shard with so many sequences; its rows are ordered by them."""
        import pyarrow.parquet as pq  # readers of tokens alone do without it

        names = [field.name for field in fields(CropPiece)]
        self._table = pq.read_table(path, columns=["sequence", *names])
        places = self._table["sequence"].to_numpy()
        self._start_of: NDArray[np.intp] = np.searchsorted(places, np.arange(sequences + 1))
        self._names = names

    def pieces(self, sequence: int) -> list[CropPiece]:
        """Returns what a sequence of the shard is made of, in order."""
        start, stop = self._start_of[sequence], self._start_of[sequence + 1]
        rows = self._table.slice(start, stop - start)
        columns = [rows[name].to_pylist() for name in self._names]
        return [CropPiece(*values) for values in zip(*columns, strict=True)]

    def labels(self, length: int) -> Labels:
        """Returns the segments and subsets of sequences of `length` tokens."""
        sequence_G, token_start_G, subset_G = (
            self._table[name].to_numpy() for name in ("sequence", "token_start", "subset")
        )
        return Labels.of_pieces(sequence_G, token_start_G, subset_G, length)
