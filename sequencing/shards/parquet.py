"""Parquet: one column `tokens` of fixed-size lists of integers, for tools that know tables.

Compressed (zstd), because Parquet stores uint16 as 32-bit integers: twice the size otherwise.
"""

from __future__ import annotations

from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.sequencing.token_type import SMALL, Tokens, TokenType

_ROW_GROUP_SEQUENCES = 1024  # our choice: 4 MB of tokens at 2,048 a sequence


class ParquetFormat:
    """Row groups of sequences."""

    suffix = ".parquet"
    checks_records = False

    def write(self, stream: BinaryIO, sequences_NxL: Tokens) -> None:
        """Writes a shard."""
        tokens = pa.FixedSizeListArray.from_arrays(
            pa.array(sequences_NxL.reshape(-1)), sequences_NxL.shape[1]
        )
        table = pa.table({"tokens": tokens})
        with pq.ParquetWriter(
            stream, table.schema, compression="zstd", use_dictionary=False
        ) as writer:
            writer.write_table(table, row_group_size=_ROW_GROUP_SEQUENCES)

    def open(self, path: str, length: int, token_type: TokenType = SMALL) -> ParquetShard:
        """Opens a shard."""
        return ParquetShard(path, length, token_type)


class ParquetShard:
    """An open Parquet shard; the row group that was read last stays in memory."""

    def __init__(self, path: str, length: int, token_type: TokenType) -> None:
        self._file = pq.ParquetFile(path)
        self._length = length
        self._group = -1
        self._sequences_NxL = np.empty((0, length), token_type)

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def __getitem__(self, index: int) -> Tokens:
        group, row = divmod(index, _ROW_GROUP_SEQUENCES)
        if group != self._group:
            column = self._file.read_row_group(group, ["tokens"])["tokens"].combine_chunks()
            self._sequences_NxL = column.flatten().to_numpy().reshape(-1, self._length)
            self._group = group
        return np.array(self._sequences_NxL[row])


FORMAT: Final = ParquetFormat()
