"""Readers: from the stored bytes of a file to records. One module a format.

A new format is a module named after it, with `READER`, and a row of `massivetext/formats.py`.
Compression is not its business: it reads through `cursor.open_cursor`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import BinaryIO, Final

from massivetext.formats import SOURCE_FORMATS
from massivetext.pipeline.readers.contract import (
    RANGE_BYTES,
    FileRange,
    OpenFile,
    ReadContext,
    Reader,
    whole_file,
)
from massivetext.records import Record

__all__ = [
    "RANGE_BYTES",
    "READERS",
    "FileRange",
    "OpenFile",
    "ReadContext",
    "Reader",
    "read_file",
    "split_file",
    "whole_file",
]


def _reader_of(source_format: str) -> Reader:
    reader: Reader = importlib.import_module(f"{__name__}.{source_format}").READER
    return reader


READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {source_format: _reader_of(source_format) for source_format in SOURCE_FORMATS}
)
"""The reader of each format of `[[source]] format`."""


def read_file(source_format: str, stream: BinaryIO, context: ReadContext) -> Iterator[Record]:
    """Yields the records of a file's range, in the order of the file; raises for none of them."""
    return READERS[source_format].read(stream, context)


def split_file(
    source_format: str, path: str, size_bytes: int, open_file: OpenFile
) -> Sequence[FileRange]:
    """Returns the ranges of a file, in order; they depend on nothing but the file.

    Raises:
        OSError: if the file must be looked into and cannot be opened.
    """
    return READERS[source_format].split(path, size_bytes, open_file)
