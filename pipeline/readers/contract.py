"""What a reader is: the part of a file it reads, what it is told, and what it gives.

A reader is a pure generator over the stored bytes of one file. It knows no Beam and no subset; it
never raises for what it finds in the file, but yields a `FailedRecord` and reads on where it can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from massivetext.records import Record

OpenFile = Callable[[str], BinaryIO]
"""Opens the stored bytes of a file by its path."""

RANGE_BYTES: Final = 64 * 2**20
"""Size of a range of a splittable file. Our choice: much more work than an item costs by itself,
and little lost by a crash."""


@dataclass(frozen=True)
class FileRange:
    """Which part of a file a work item reads.

    Attributes:
        start: the first byte (JSON lines) or row group (Parquet); 0 for formats read as a whole.
        stop: the first one that no longer belongs to it; formats read as a whole ignore it.
    """

    start: int
    stop: int


@dataclass(frozen=True)
class ReadContext:
    """What a reader is told.

    Attributes:
        file: path, for messages; its suffix tells the compression.
        range: the part to read; None is the whole file.
        fields: column of each of text, html, id, url, title, license, safesearch (`[[source]]
            fields`).
        record_bytes: a larger record becomes a `FailedRecord` (`limits.record_bytes`).
        skip_disambiguation: whether pages of a wiki that only list what a title may mean are
            skipped.
    """

    file: str
    range: FileRange | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    record_bytes: int = 20_000_000
    skip_disambiguation: bool = False


ReadRecords = Callable[[BinaryIO, ReadContext], Iterator[Record]]
Examples = Callable[[BinaryIO, ReadContext], Iterator[Mapping[str, object]]]
Split = Callable[[str, int, OpenFile], Sequence[FileRange]]


def whole_file(path: str, size_bytes: int, open_file: OpenFile) -> Sequence[FileRange]:
    """Returns one range: for formats whose records cannot be found from the middle of a file."""
    del path, open_file
    return [FileRange(0, size_bytes)]


@dataclass(frozen=True)
class Reader:
    """A format: how its files are read, and how they are cut into ranges.

    Attributes:
        read: yields every record of a file, in the order of the file.
        split: returns the ranges of a file; depends on nothing but the file.
        is_sequential: whether it reads the stored bytes of a range from its first to its last, so
            that the stream's position tells which share of them has been read.
        examples: yields some rows of a file, or its schema as a row, by which the columns that a
            configuration names are found; None where documents have no columns.
    """

    read: ReadRecords
    split: Split = whole_file
    is_sequential: bool = True
    examples: Examples | None = None
