"""The lines of a file, or of a range of it; of a tar archive those of its files.

A range of a plain file is one of bytes: a line belongs to the range where it starts. One of a
seekable zstd file is one of frames, by their stored bytes: a line belongs to the range that holds
the byte before it. One of a plain tar archive is one of whole files.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import SEEK_END
from itertools import pairwise
from typing import BinaryIO, Final, Protocol, TypeVar

from massivetext.pipeline.readers.compression import ZSTD, DamagedMemberError, compression_of
from massivetext.pipeline.readers.contract import RANGE_BYTES, FileRange, OpenFile, ReadContext
from massivetext.pipeline.readers.cursor import ByteCursor, PlainCursor
from massivetext.pipeline.readers.members import MemberCursor
from massivetext.pipeline.readers.tar import (
    TAR_HEAD_BYTES,
    TarFile,
    is_tar,
    member_starts,
    tar_files,
)
from massivetext.pipeline.readers.zstd import frame_starts
from massivetext.records import FailedRecord, SkippedRecord

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
    """Returns the ranges of a file: any of a plain one, frames of seekable zstd, files of tar.

    Other compressed files are read as a whole. Ranges are about equal, but the last is halved, and
    the rest of it again, so that there is less for others to wait for when all the larger ones are
    done (items are begun by their weight).

    Raises:
        OSError: if the file cannot be opened.
    """
    cuts = equal_cuts(size_bytes)
    if len(cuts) > 1:
        with open_file(path) as stream:
            compression = compression_of(stream, path)
            if compression is not None:
                is_zstd = compression is ZSTD
                frames = [f.stored for f in frame_starts(stream, size_bytes)] if is_zstd else []
                cuts = [0, *_next_of(frames, cuts[1:])]
            elif is_tar(stream.read(TAR_HEAD_BYTES)):
                cuts = [0, *_next_of(member_starts(stream, size_bytes), cuts[1:])]
    return [FileRange(start, stop) for start, stop in pairwise([*cuts, size_bytes])]


def equal_cuts(size_bytes: int) -> list[int]:
    """Returns where to cut a file of so many bytes, its begin included (see `split_lines`)."""
    count = max(1, -(-size_bytes // RANGE_BYTES))
    cuts = [size_bytes * part // count for part in range(count)]
    while size_bytes - cuts[-1] > RANGE_BYTES // _SMALLEST_PART:
        cuts.append((cuts[-1] + size_bytes) // 2)
    return cuts


def _next_of(frames: list[int], cuts: list[int]) -> list[int]:
    """Returns the frame that begins at or behind each cut, once."""
    places = (bisect_left(frames, cut) for cut in cuts)
    return list(dict.fromkeys(frames[place] for place in places if place < len(frames)))


class _Part(Protocol):
    """Bytes whose lines are wanted: see `_Range`, and `_File` for those of an archive."""

    begins_within: bool

    @property
    def cursor(self) -> ByteCursor: ...

    @property
    def offset(self) -> int: ...

    @property
    def is_past(self) -> bool: ...

    def holds(self, damage: DamagedMemberError) -> bool: ...


class _File:
    """A file of an archive, all of whose lines are wanted."""

    begins_within = False
    is_past = False

    def __init__(self, file: TarFile) -> None:
        self.cursor = file

    @property
    def offset(self) -> int:
        return self.cursor.offset + self.cursor.consumed

    def holds(self, damage: DamagedMemberError) -> bool:
        del damage
        return True


class _Range:
    """The part of a file whose lines are wanted.

    Attributes:
        cursor: at the first byte that has to be looked at.
        base: inflated bytes of the file before it.
        is_archive: whether the file is a tar archive.
        begins_within: whether the rest of a line that is not wanted comes first.
    """

    def __init__(self, stream: BinaryIO, context: ReadContext) -> None:
        asked = context.range
        start = 0 if asked is None else asked.start
        self._stop = None if asked is None else asked.stop
        self.begins_within = start > 0
        self.cursor: ByteCursor
        compression = compression_of(stream, context.file)
        if compression is None:
            self.is_archive = is_tar(stream.read(TAR_HEAD_BYTES))
            # Else the byte before tells whether a line starts there.
            self.base = start if self.is_archive else max(0, start - 1)
            stream.seek(self.base)
            self.cursor = PlainCursor(stream)
        else:
            self.base = _inflated_before(stream, start)
            self.cursor = MemberCursor(stream, compression, start)
            self.is_archive = start == 0 and is_tar(self.cursor.look(TAR_HEAD_BYTES))

    @property
    def offset(self) -> int:
        """Of the next byte, in the inflated file."""
        return self.base + self.cursor.consumed

    @property
    def is_past(self) -> bool:
        """Whether a line that starts here belongs to the next range."""
        if self._stop is None:
            return False
        is_plain = isinstance(self.cursor, PlainCursor)
        return (self.offset if is_plain else self.cursor.member_of_last()) >= self._stop

    def holds(self, damage: DamagedMemberError) -> bool:
        """Whether it is for this range to tell of a damaged member."""
        return self._stop is None or damage.offset < self._stop


def _inflated_before(stream: BinaryIO, start: int) -> int:
    """Returns the inflated bytes before a stored offset, as a seekable file's table states them."""
    if start == 0:
        return 0
    starts = frame_starts(stream, stream.seek(0, SEEK_END))
    return next((frame.inflated for frame in starts if frame.stored == start), 0)


def read_lines(
    stream: BinaryIO,
    context: ReadContext,
    record_of: Callable[[Line, ReadContext], RecordT],
    expected: str,
) -> Iterator[RecordT | FailedRecord | SkippedRecord]:
    """Yields the records of a file or range, one a line, and what could not be read.

    Lines are skipped if they are blank; a file without any other is a failure. Of a tar archive,
    what is not a file of lines is skipped.

    Args:
        stream: the stored bytes.
        context: what the reader was told.
        record_of: returns what a line holds.
        expected: what a file holds, for the message about an empty one.
    """
    part = _Range(stream, context)
    if part.is_archive:
        is_plain = isinstance(part.cursor, PlainCursor)
        stop = context.range.stop if context.range and is_plain else None
        for file in tar_files(part.cursor, context, part.base, stop):
            if isinstance(file, TarFile):
                yield from _read_part(_File(file), context, record_of, expected)
            else:
                yield file
    else:
        yield from _read_part(part, context, record_of, expected)


def _read_part(
    part: _Part,
    context: ReadContext,
    record_of: Callable[[Line, ReadContext], RecordT],
    expected: str,
) -> Iterator[RecordT | FailedRecord]:
    cursor = part.cursor
    begins_within = part.begins_within
    is_empty = not begins_within
    begin = part.offset
    while True:
        try:
            if begins_within:
                _skip_line(cursor)
                begins_within = False
            if not cursor.skip_any(b"\n") or part.is_past:
                break
            line = _next_line(cursor, part.offset, context)
            if line is None:
                continue
            yield record_of(line, context) if isinstance(line, Line) else line
        except DamagedMemberError as damage:
            if not part.holds(damage):
                return
            begins_within = False
            yield FailedRecord(context.file, damage.offset, str(damage), damage.is_last)
            cursor.discard()
        is_empty = False
    if is_empty and cursor.is_at_end:
        yield FailedRecord(context.file, begin, f"empty file: expected {expected}")


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
