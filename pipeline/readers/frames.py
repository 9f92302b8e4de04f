"""Cuts archives into records by their Content-Length, and finds the next one after damage.

Own code where fastwarc would read: fastwarc gives a record whose Content-Length is wrong, or that
the end of the file cuts off, as if it were whole. A frame here is a record whose length has been
checked: what follows it must be the next record or the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple

from massivetext.pipeline.readers.compression import DamagedMemberError
from massivetext.pipeline.readers.contract import ReadContext
from massivetext.pipeline.readers.cursor import ByteCursor
from massivetext.pipeline.readers.members import open_cursor
from massivetext.records import FailedRecord, Record

HEADER_BYTES: Final = 1 << 15
"""Longest header of a record: fastwarc's own bound."""

LOOK_AHEAD_BYTES: Final = 1 << 12
"""Enough for the line that a record begins with, line ends before it included. Our choice."""

_NEAR_BYTES: Final = 1 << 6
"""Enough for nearly all such lines of WARC: looked at first. Our choice."""


class Head(NamedTuple):
    """The first part of a record.

    Attributes:
        size_bytes: its length, to the first byte of the block.
        block_bytes: length of the block, as it states.
        fields: what else it states, by names in lower case.
    """

    size_bytes: int
    block_bytes: int
    fields: Mapping[str, str]


class Frame(NamedTuple):
    """A record whose length has been checked.

    Attributes:
        offset: where its member (or, in a plain file, it) starts in the stored file.
        fields: what its header states, by names in lower case.
        block: what its Content-Length covers. A view of bytes that do not change: copies are what
            reading costs most, next to inflating.
    """

    offset: int
    fields: Mapping[str, str]
    block: memoryview


class FrameError(ValueError):
    """A record that cannot be cut out."""


class LargeFrameError(FrameError):
    """A record that is in order, and larger than the limit; the next one begins behind it."""


@dataclass(frozen=True)
class ShortWay:
    """How nearly all records are told to be sound from their own bytes.

    A record that is not, and what is wrong with it, is left to the long way (`_read_frame`), which
    gives the same for a sound one.

    Attributes:
        head: returns the head that begins at a place in some bytes, or None if it does not end in
            them; raises FrameError.
        end: what stands behind each block, and proves its length.
    """

    head: Callable[[bytes | bytearray, int], Head | None]
    end: bytes

    def sound_head(self, content: bytes | bytearray, start: int, record_bytes: int) -> Head | None:
        """Returns the head that begins here, or None if there is anything to say about it."""
        try:
            head = self.head(content, start)
        except FrameError:
            return None
        return None if head is None or head.block_bytes > record_bytes else head


@dataclass(frozen=True)
class Framing:
    """How records of an archive format begin.

    Attributes:
        name: the format, for messages.
        begin: returns the length of the line that a record begins with, 0 if none begins here.
        end: matches what stands behind a block of the right length though no record begins there.
        find: finds the beginning of a record in damaged surroundings (see `ByteCursor.skip_to`).
        read_head: returns the head that begins here; raises FrameError.
        short_way: to sound records; None where what follows a record must be looked at.
    """

    name: str
    begin: Callable[[bytes], int]
    end: re.Pattern[bytes]
    find: re.Pattern[bytes]
    read_head: Callable[[ByteCursor], Head]
    short_way: ShortWay | None = None


def read_archive(
    stream: BinaryIO,
    context: ReadContext,
    framing: Framing,
    record_of: Callable[[Frame, ReadContext], Record],
) -> Iterator[Record]:
    """Yields the records of an archive, and one failure for each place that holds none.

    Args:
        stream: the stored bytes.
        context: what the reader was told.
        framing: of the archive's format.
        record_of: returns what a frame holds.
    """
    cursor = open_cursor(stream, context.file)
    short = framing.short_way
    is_empty = True
    offset = 0
    while True:
        try:
            frame = _take_sole_frame(cursor, short, context.record_bytes) if short else None
            if frame is None:
                if not cursor.skip_any(b"\r\n"):
                    break
                position = cursor.tell()
                offset = position.member or position.into
                if short:
                    frame = _take_frame(cursor, short, offset, context.record_bytes)
            if frame is None:
                frame = _read_frame(cursor, framing, offset, context.record_bytes)
            yield record_of(frame, context)
        except DamagedMemberError as damage:
            yield FailedRecord(context.file, damage.offset, str(damage), damage.is_last)
            cursor.discard()
        except FrameError as error:
            ends_file = cursor.is_at_end and not isinstance(error, LargeFrameError)
            yield FailedRecord(context.file, offset, str(error), ends_file)
        is_empty = False
    if is_empty:
        yield FailedRecord(context.file, 0, f"empty file: expected {framing.name} records")


def _take_sole_frame(cursor: ByteCursor, short: ShortWay, record_bytes: int) -> Frame | None:
    """Consumes the next member, if it holds a sound record and nothing else."""
    taken = cursor.take_member()
    if taken is None:
        return None
    member, content = taken
    head = short.sound_head(content, 0, record_bytes)
    if head is not None:
        end = head.size_bytes + head.block_bytes
        if content[end:] == short.end:
            return Frame(member, head.fields, memoryview(content)[head.size_bytes : end])
    cursor.put_back(member, content)
    return None


def _take_frame(
    cursor: ByteCursor, short: ShortWay, offset: int, record_bytes: int
) -> Frame | None:
    """Consumes the record that begins here, if its head has been pulled and it is sound."""
    head = short.sound_head(*cursor.at_hand, record_bytes)
    if head is None:
        return None
    end_bytes = head.size_bytes + head.block_bytes
    while len(cursor) < end_bytes:
        if not cursor.pull():
            return None
    content, start = cursor.at_hand
    if not content.startswith(short.end, start + end_bytes):
        return None
    block = bytes(memoryview(content)[start + head.size_bytes : start + end_bytes])
    cursor.skip(end_bytes + len(short.end))
    return Frame(offset, head.fields, memoryview(block))


def _read_frame(cursor: ByteCursor, framing: Framing, offset: int, record_bytes: int) -> Frame:
    begin_bytes = framing.begin(cursor.look(_NEAR_BYTES)) or framing.begin(
        cursor.look(LOOK_AHEAD_BYTES)
    )
    if not begin_bytes:
        found = cursor.take(1) + cursor.look(39)
        skipped = 1 + cursor.skip_to(framing.find, LOOK_AHEAD_BYTES)
        raise FrameError(
            f"expected a record of {framing.name}, found {found!r}; {skipped} bytes skipped"
        )
    try:
        head = framing.read_head(cursor)
    except FrameError:
        cursor.skip(begin_bytes)
        cursor.skip_to(framing.find, LOOK_AHEAD_BYTES)
        raise
    cursor.skip(head.size_bytes)
    block = _read_block(cursor, framing, head.block_bytes, record_bytes)
    return Frame(offset, head.fields, memoryview(block))


def _read_block(cursor: ByteCursor, framing: Framing, block_bytes: int, record_bytes: int) -> bytes:
    """Returns the block; if its length is wrong, goes to the first record that begins in it."""
    position = cursor.tell()
    is_too_large = block_bytes > record_bytes
    block = b"" if is_too_large else cursor.take(block_bytes)
    found_bytes = cursor.skip(block_bytes) if is_too_large else len(block)
    problem = _length_problem(cursor, framing, block_bytes, found_bytes)
    if problem:
        cursor.seek(position)
        cursor.skip_to(framing.find, LOOK_AHEAD_BYTES)
        raise FrameError(problem)
    if is_too_large:
        raise LargeFrameError(
            f"record of {block_bytes} bytes is larger than limits.record_bytes = {record_bytes}"
        )
    return block


def _length_problem(
    cursor: ByteCursor, framing: Framing, block_bytes: int, found_bytes: int
) -> str:
    """Returns what is wrong with the length of a record whose block has just been read, or ""."""
    if found_bytes < block_bytes:
        return f"truncated record: its header states {block_bytes} bytes, {found_bytes} are there"
    if framing.begin(cursor.look(_NEAR_BYTES).lstrip(b"\r\n")):
        return ""
    behind = cursor.look(LOOK_AHEAD_BYTES)
    next_record = behind.lstrip(b"\r\n")
    if not next_record or framing.begin(next_record) or framing.end.match(behind):
        return ""
    return (
        f"wrong length: its header states {block_bytes} bytes, but no {framing.name} record "
        f"begins behind them; found {next_record[:40]!r}"
    )
