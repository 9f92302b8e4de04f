"""The lines of a file, or of a byte range of it: a line belongs to the range where it starts."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO, Final, TypeVar

from massivetext.pipeline.readers.compression import DamagedMemberError, compression_of
from massivetext.pipeline.readers.contract import RANGE_BYTES, FileRange, OpenFile, ReadContext
from massivetext.pipeline.readers.cursor import ByteCursor, open_cursor
from massivetext.records import FailedRecord

RecordT = TypeVar("RecordT")

_LINE_END = re.compile(rb"\n")

_SMALLEST_PART: Final = 4
"""Our choice: the last range of a file is cut down to a fourth of RANGE_BYTES, a second of work."""


@dataclass(frozen=True)
class Line:
    """A line without its line end.

    Attributes:
        offset: where it starts, in bytes of the inflated file.
        content: its bytes.
    """

    offset: int
    content: bytes


def split_lines(path: str, size_bytes: int, open_file: OpenFile) -> list[FileRange]:
    """Returns the ranges of a plain file; a compressed one is read as a whole.

    They are equal, but the last is halved, and the rest of it again, so that there is less for
    others to wait for when all the larger ones are done (items are begun by their weight).
    """
    del open_file
    if compression_of(path) is not None:
        return [FileRange(0, size_bytes)]
    count = max(1, -(-size_bytes // RANGE_BYTES))
    cuts = [size_bytes * part // count for part in range(count)]
    while size_bytes - cuts[-1] > RANGE_BYTES // _SMALLEST_PART:
        cuts.append((cuts[-1] + size_bytes) // 2)
    return [FileRange(start, stop) for start, stop in pairwise([*cuts, size_bytes])]


def read_lines(
    stream: BinaryIO,
    context: ReadContext,
    record_of: Callable[[Line, ReadContext], RecordT],
    expected: str,
) -> Iterator[RecordT | FailedRecord]:
    """Yields the records of a file or range, one a line, and what could not be read.

    Lines are skipped if they are blank; a file without any other is a failure.

    Args:
        stream: the stored bytes.
        context: what the reader was told.
        record_of: returns what a line holds.
        expected: what a file holds, for the message about an empty one.
    """
    start, stop = _bounds(context)
    base = max(0, start - 1)  # the byte before the range tells whether a line starts with it
    stream.seek(base)
    cursor = open_cursor(stream, context.file)
    if start > 0:
        _skip_line(cursor)
    is_empty = start == 0
    while True:
        offset = base + cursor.consumed
        try:
            if not cursor.peek(1) or (stop is not None and offset >= stop):
                break
            line = _next_line(cursor, offset, context)
            if line is None:
                continue
            yield record_of(line, context) if isinstance(line, Line) else line
        except DamagedMemberError as damage:
            yield FailedRecord(context.file, damage.offset, str(damage), damage.is_last)
            cursor.discard()
        is_empty = False
    if is_empty and not stream.read(1):
        yield FailedRecord(context.file, 0, f"empty file: expected {expected}")


def _bounds(context: ReadContext) -> tuple[int, int | None]:
    if context.range is None or compression_of(context.file) is not None:
        return 0, None
    return context.range.start, context.range.stop


def _next_line(cursor: ByteCursor, offset: int, context: ReadContext) -> Line | FailedRecord | None:
    """Consumes a line; returns None if it is blank."""
    end = cursor.find(_LINE_END, context.record_bytes + 1, overlap=0)
    if end is None and len(cursor) > context.record_bytes:
        size_bytes = _skip_line(cursor)
        error = (
            f"line of {size_bytes} bytes is larger than limits.record_bytes = "
            f"{context.record_bytes}"
        )
        return FailedRecord(context.file, offset, error)
    content = cursor.take(len(cursor) if end is None else end).rstrip(b"\r\n")
    if offset == 0:
        content = content.removeprefix(codecs.BOM_UTF8)
    return Line(offset, content) if content.strip() else None


def _skip_line(cursor: ByteCursor) -> int:
    """Consumes the rest of a line and its end; returns the bytes before the end."""
    size_bytes = cursor.skip_to(_LINE_END, overlap=0)
    cursor.skip(1)
    return size_bytes
