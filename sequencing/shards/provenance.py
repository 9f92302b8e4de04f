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
    """The pieces of all sequences of a shard, held in memory: about 80 bytes each."""

    def __init__(self, path: str, sequences: int) -> None:
        """Reads the table of a shard with so many sequences; its rows are ordered by them."""
        import pyarrow.parquet as pq  # readers of tokens alone do without it

        names = [field.name for field in fields(CropPiece)]
        table = pq.read_table(path, columns=["sequence", *names]).combine_chunks()
        subsets = table["subset"].combine_chunks().dictionary_encode()
        self._sequence_G = table["sequence"].to_numpy()
        self._start_of = np.searchsorted(self._sequence_G, np.arange(sequences + 1))
        self._document_ids = table["document_id"].combine_chunks()
        self._subset_names: list[str] = subsets.dictionary.to_pylist()
        self._subset_G: NDArray[np.int32] = subsets.indices.to_numpy()
        self._numbers = {name: table[name].to_numpy() for name in names[2:]}

    def pieces(self, sequence: int) -> list[CropPiece]:
        """Returns what a sequence of the shard is made of, in order."""
        rows = slice(self._start_of[sequence], self._start_of[sequence + 1])
        columns = [
            self._document_ids[rows].to_pylist(),
            [self._subset_names[code] for code in self._subset_G[rows].tolist()],
            *(column[rows].tolist() for column in self._numbers.values()),
        ]
        return [CropPiece(*values) for values in zip(*columns, strict=True)]

    def labels(self, length: int) -> Labels:
        """Returns the segments and subsets of sequences of `length` tokens."""
        names_G = np.array(self._subset_names, object)[self._subset_G]
        return Labels.of_pieces(self._sequence_G, self._numbers["token_start"], names_G, length)
