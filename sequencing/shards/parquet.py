"""Parquet: a row a sequence, with its tokens, their segments and its subset.

`input_ids` are the tokens and `segment_ids` (from 1) what they belong to, by the names that
trainers of the Hugging Face kind expect: lists of one length. Both are int32, which holds all ids:
Parquet stores uint16 in as many bits, and frameworks that pad with -1 refuse unsigned integers.
Compressed (zstd), or the files would be twice as large as raw shards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.sequencing.shards.card import shards_card
from massivetext.sequencing.shards.labels import Labels
from massivetext.sequencing.token_type import SMALL, Tokens, TokenType

TOKENS_COLUMN: Final = "input_ids"
SEGMENTS_COLUMN: Final = "segment_ids"
SUBSET_COLUMN: Final = "subset"

_FORMER_TOKENS_COLUMN: Final = "tokens"
"""In shards that hold nothing else, as they were written before 0.1.0."""

_WRITER_OPTIONS: Final[dict[str, Any]] = {
    "compression": "zstd",
    # Segment ids and subsets repeat: a dictionary makes them small before zstd sees them.
    "use_dictionary": [f"{SEGMENTS_COLUMN}.list.element", SUBSET_COLUMN],
    "write_page_checksum": True,  # for readers that ask for it (`page_checksum_verification`)
}

_ROW_GROUP_TOKENS = 2**21  # our choice: 4 MB of uint16, 1,024 sequences of 2,048

LabelledRows = tuple[Tokens, np.ndarray, list[str]]
"""Some sequences, their segment ids, their subsets."""


class ParquetFormat:
    """Row groups of sequences."""

    suffix = ".parquet"
    checks_records = False

    def write(self, stream: BinaryIO, sequences_NxL: Tokens) -> None:
        """Writes a shard of tokens alone."""
        length = sequences_NxL.shape[1]
        schema = pa.schema([(TOKENS_COLUMN, pa.list_(pa.int32(), length))])
        batches = (
            [sequences_NxL[rows.start : rows.stop]]
            for rows in rows_of_groups(len(sequences_NxL), length)
        )
        _write(stream, schema, batches)

    def write_labelled(self, stream: BinaryIO, sequences_NxL: Tokens, labels: Labels) -> None:
        """Writes a shard with the segments and subsets of its sequences."""
        length = sequences_NxL.shape[1]
        write_rows(
            stream,
            (
                (
                    sequences_NxL[rows.start : rows.stop],
                    labels.segment_ids(rows.start, rows.stop),
                    list(labels.subset_N[rows.start : rows.stop]),
                )
                for rows in rows_of_groups(len(sequences_NxL), length)
            ),
            length,
        )

    def open(self, path: str, length: int, token_type: TokenType = SMALL) -> ParquetShard:
        """Opens a shard."""
        return ParquetShard(path, length, token_type)

    def card(self, checksums: Iterable[str], is_held_out: bool, has_held_out: bool) -> str:
        """Returns the card by which `datasets.load_dataset` finds shards, and not provenance."""
        return shards_card(checksums, is_held_out, has_held_out)


def rows_of_groups(sequences: int, length: int) -> Iterator[range]:
    """Yields the rows of each row group of a shard."""
    step = max(1, _ROW_GROUP_TOKENS // length)
    for first in range(0, sequences, step):
        yield range(first, min(first + step, sequences))


def write_rows(stream: BinaryIO, batches: Iterable[LabelledRows], length: int) -> None:
    """Writes a shard of all columns, a row group a batch."""
    numbers = pa.list_(pa.int32(), length)
    columns = [(TOKENS_COLUMN, numbers), (SEGMENTS_COLUMN, numbers), (SUBSET_COLUMN, pa.string())]
    _write(stream, pa.schema(columns), batches)


def _write(stream: BinaryIO, schema: pa.Schema, batches: Iterable[Iterable[object]]) -> None:
    with pq.ParquetWriter(stream, schema, **_WRITER_OPTIONS) as writer:
        for batch in batches:
            columns = [
                _array(column, kind) for column, kind in zip(batch, schema.types, strict=True)
            ]
            table = pa.Table.from_arrays(columns, schema=schema)
            writer.write_table(table, row_group_size=max(1, len(table)))


def _array(column: object, kind: pa.DataType) -> pa.Array:
    if not isinstance(column, np.ndarray):
        return pa.array(column, kind)
    numbers = pa.array(column.reshape(-1).astype(np.int32, copy=False))
    return pa.FixedSizeListArray.from_arrays(numbers, column.shape[1])


class ParquetShard:
    """An open Parquet shard; the row group that was read last stays in memory."""

    def __init__(self, path: str, length: int, token_type: TokenType) -> None:
        self._file = pq.ParquetFile(path)
        self._length = length
        is_former = TOKENS_COLUMN not in self._file.schema_arrow.names
        self._column = _FORMER_TOKENS_COLUMN if is_former else TOKENS_COLUMN
        metadata = self._file.metadata
        rows = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        self._first_rows = np.cumsum([0, *rows])
        # The group and its sequences change together, so that threads never mix them up.
        self._read = (-1, np.empty((0, length), token_type))

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def __getitem__(self, index: int) -> Tokens:
        group = int(np.searchsorted(self._first_rows, index, side="right")) - 1
        read, sequences_NxL = self._read
        if read != group:
            column = self._file.read_row_group(group, [self._column])[self._column]
            tokens = column.combine_chunks().flatten().to_numpy()
            sequences_NxL = tokens.astype(sequences_NxL.dtype).reshape(-1, self._length)
            self._read = (group, sequences_NxL)
        return np.array(sequences_NxL[index - self._first_rows[group]])


FORMAT: Final = ParquetFormat()
