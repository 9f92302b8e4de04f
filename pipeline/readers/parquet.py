"""Parquet: rows are documents, ranges are row groups. Only the columns that count are read.

A file with a schema and no rows is legal and gives nothing; a file without bytes is a failure.
Failures name the row of the file, counted from 0.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.pipeline.readers.contract import (
    RANGE_BYTES,
    FileRange,
    OpenFile,
    ReadContext,
    Reader,
)
from massivetext.pipeline.readers.fields import (
    RowError,
    content_field,
    place_of,
    record_or_failure,
    require_content,
)
from massivetext.records import FailedRecord, RawRecord

_BATCH_ROWS: Final = 256
"""Rows in memory at once. Our choice: books of some MB must not add up to gigabytes."""


def read(stream: BinaryIO, context: ReadContext) -> Iterator[RawRecord | FailedRecord]:
    """Yields the documents of a file, or of a range of its row groups."""
    try:
        file = _open(stream)
        schema = file.schema_arrow
    except Exception as error:  # Arrow's own exceptions, OSError, ValueError
        yield FailedRecord(context.file, 0, f"not a readable Parquet file: {error}", ends_file=True)
        return
    problem = _row_count_problem(file.metadata)
    if problem:
        yield FailedRecord(context.file, 0, f"damaged Parquet footer: {problem}", ends_file=True)
        return
    rows = _Rows(_columns(schema, context.fields), _without_content(schema, context.fields))
    first_row = 0
    wanted = context.range or FileRange(0, file.num_row_groups)
    for group in range(min(wanted.stop, file.num_row_groups)):
        if group >= wanted.start:
            yield from _read_group(file, group, rows, first_row, context)
        first_row += file.metadata.row_group(group).num_rows


def split(path: str, size_bytes: int, open_file: OpenFile) -> list[FileRange]:
    """Returns ranges of consecutive row groups, each of at least RANGE_BYTES but the last.

    A file that cannot be read is one empty range: `read` then says what is wrong with it.
    """
    del size_bytes
    with open_file(path) as stream:
        try:
            metadata = _open(stream).metadata
        except Exception:  # told by `read`
            return [FileRange(0, 0)]
        sizes = [metadata.row_group(g).total_byte_size for g in range(metadata.num_row_groups)]
    ranges = []
    start = total = 0
    for group, group_bytes in enumerate(sizes):
        total += group_bytes
        if total >= RANGE_BYTES or group == len(sizes) - 1:
            ranges.append(FileRange(start, group + 1))
            start, total = group + 1, 0
    return ranges or [FileRange(0, 0)]


def _open(stream: BinaryIO) -> pq.ParquetFile:
    if not stream.seek(0, 2):
        raise ValueError("empty file")
    stream.seek(0)
    return pq.ParquetFile(stream)


def schema_row(stream: BinaryIO, context: ReadContext) -> Iterator[Mapping[str, object]]:
    """Yields the columns of a file, once, as a row: the fields of a struct are a mapping's."""
    del context
    with contextlib.suppress(Exception):  # told by `read`
        yield _shape(_open(stream).schema_arrow)


def _row_count_problem(metadata: pq.FileMetaData) -> str:
    """Returns what is wrong with the counts of rows, or nothing."""
    counts = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    if min(counts, default=0) < 0:
        return f"a row group has {min(counts)} rows"
    if sum(counts) != metadata.num_rows:
        return f"the file has {metadata.num_rows} rows, its row groups have {sum(counts)}"
    return ""


def _shape(fields: Iterable[pa.Field]) -> dict[str, object]:
    return {
        field.name: _shape(field.type) if pa.types.is_struct(field.type) else None
        for field in fields
    }


def _without_content(schema: pa.Schema, fields: Mapping[str, str]) -> str:
    """Returns what is wrong with every row of a file that lacks the column of the content."""
    kind = content_field(fields)
    try:
        require_content(_shape(schema), fields.get(kind, kind), kind)
    except RowError as error:
        return str(error)
    return ""


def _columns(schema: pa.Schema, fields: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Returns the columns to read and their places: the mapped ones, and scalars for metadata."""
    mapped = {*fields.values(), content_field(fields), "id", "url", "title", "license"}
    shape = _shape(schema)
    places = {name: place for name in sorted(mapped) if (place := place_of(shape, name))}
    scalars = {
        column.name: (column.name,)
        for column in schema
        if not (pa.types.is_nested(column.type) or _is_binary(column.type))
    }
    return scalars | places


def _is_binary(column_type: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(column_type)
        or pa.types.is_large_binary(column_type)
        or pa.types.is_fixed_size_binary(column_type)
    )


@dataclass(frozen=True)
class _Rows:
    """How the rows of a file are read.

    Attributes:
        columns: name and place of each column that counts.
        problem: what is wrong with every row, if something is; they are only counted then.
    """

    columns: Mapping[str, tuple[str, ...]]
    problem: str

    def names(self, file: pq.ParquetFile) -> list[str]:
        """Returns the columns as Parquet names them; rows are counted by the first of all."""
        if self.problem:
            return file.schema_arrow.names[:1]
        return [".".join(place) for place in self.columns.values()]


def _read_group(
    file: pq.ParquetFile, group: int, rows: _Rows, first_row: int, context: ReadContext
) -> Iterator[RawRecord | FailedRecord]:
    row = first_row
    end = first_row + file.metadata.row_group(group).num_rows
    try:
        batches = file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=rows.names(file))
        for batch in batches:
            if rows.problem:
                for _ in range(batch.num_rows):
                    yield FailedRecord(context.file, row, rows.problem)
                    row += 1
                continue
            for values in _rows(batch, rows.columns):
                yield record_or_failure(values, row, context)
                row += 1
        if row < end:
            raise ValueError(f"it ends after {row - first_row} rows")
    except (pa.ArrowException, OSError, ValueError) as error:
        problem = f"rows {row} to {end - 1} (row group {group}) cannot be read: {error}"
        yield FailedRecord(context.file, row, problem)


def _rows(batch: pa.RecordBatch, columns: Mapping[str, tuple[str, ...]]) -> list[dict[str, object]]:
    """Returns a batch as mappings; bytes that are not UTF-8 become lone surrogates."""
    values = [_values(_at(batch, place)) for place in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]


def _at(batch: pa.RecordBatch, place: tuple[str, ...]) -> pa.Array:
    column = batch.column(place[0])
    for name in place[1:]:  # `flatten` gives null where the struct is null
        column = column.flatten()[column.type.get_field_index(name)]
    return column


def _values(column: pa.Array) -> list[object]:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_temporal(column.type):
        return _dates(column)
    try:
        return cast(list[object], column.to_pylist())
    except UnicodeDecodeError:
        encoded = column.cast(pa.large_binary()).to_pylist()
        return [None if v is None else v.decode(errors="surrogateescape") for v in encoded]


def _dates(column: pa.Array) -> list[object]:
    """Returns dates and times as strings, in UTC; Python's types hold fewer years and digits."""
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        column = column.cast(pa.int64()).cast(pa.timestamp(column.type.unit))
    return cast(list[object], column.cast(pa.string()).to_pylist())


READER: Final = Reader(read, split, is_sequential=False, examples=schema_row)
