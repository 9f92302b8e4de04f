"""Readers: from the stored bytes of a file to records. One module a format.

A new format is a module with `read` (and `split`, if its files can be cut) and a line in READERS;
its name joins `Format` in massivetext/config.py. Compression is not its business: it reads through
`compression.open_source`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Final

from massivetext.config import Format
from massivetext.pipeline.readers.arc import read as read_arc
from massivetext.pipeline.readers.contract import (
    FileRange,
    OpenFile,
    ReadContext,
    Reader,
    whole_file,
)
from massivetext.pipeline.readers.html import read as read_html
from massivetext.pipeline.readers.jsonl import read as read_jsonl
from massivetext.pipeline.readers.lines import split_lines
from massivetext.pipeline.readers.parquet import read as read_parquet
from massivetext.pipeline.readers.parquet import split as split_parquet
from massivetext.pipeline.readers.text import read as read_text
from massivetext.pipeline.readers.warc import read as read_warc
from massivetext.pipeline.readers.wet import read as read_wet
from massivetext.records import Record

__all__ = [
    "READERS",
    "FileRange",
    "OpenFile",
    "ReadContext",
    "Reader",
    "read_file",
    "split_file",
    "whole_file",
]

READERS: Final[Mapping[Format, Reader]] = {
    "warc": Reader(read_warc),
    "wet": Reader(read_wet),
    "arc": Reader(read_arc),
    "html": Reader(read_html),
    "jsonl": Reader(read_jsonl, split_lines),
    "parquet": Reader(read_parquet, split_parquet),
    "text": Reader(read_text),
}
"""The reader of each format of `[[source]] format`."""


def read_file(source_format: Format, stream: BinaryIO, context: ReadContext) -> Iterator[Record]:
    """Yields the records of a file's range, in the order of the file; raises for none of them."""
    return READERS[source_format].read(stream, context)


def split_file(
    source_format: Format, path: str, size_bytes: int, open_file: OpenFile
) -> Sequence[FileRange]:
    """Returns the ranges of a file, in order; they depend on nothing but the file.

    Raises:
        OSError: if the file must be looked into and cannot be opened.
    """
    return READERS[source_format].split(path, size_bytes, open_file)
