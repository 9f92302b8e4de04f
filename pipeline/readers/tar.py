"""Tar archives (POSIX.1-2017, pax; GNU tar): their files one after the other, as they stream by.

Own code where the standard library would read: tarfile takes extended headers into memory at the
size that they state, and stops at the first damage. Nothing is written to a disk, so that names may
lead wherever they like.

Directories hold nothing and are passed over. Links, devices, and what macOS packs beside a file
(`._name`) are skipped and counted; so are files whose first bytes show that they are data.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from massivetext.pipeline.readers.compression import DamagedMemberError
from massivetext.pipeline.readers.contract import ReadContext
from massivetext.pipeline.readers.cursor import ByteCursor, Position
from massivetext.pipeline.readers.sniffing import SNIFFED_BYTES, file_type
from massivetext.records import FailedRecord, SkippedRecord

BLOCK_BYTES: Final = 512
"""Headers and contents are padded to it (POSIX, pax, ustar Interchange Format)."""

TAR_HEAD_BYTES: Final = 2 * BLOCK_BYTES
"""What tells an archive: a header, or the two zero blocks of an empty one."""

_CHECKSUM: Final = slice(148, 156)
_SIZE: Final = slice(124, 136)
_TYPE: Final = 156
_NAME: Final = slice(0, 100)
_MAGIC: Final = slice(257, 263)
_PREFIX: Final = slice(345, 500)
"""Places of a header's fields (the same, Figure 4-1)."""

_EXTENDED_BYTES: Final = 1 << 20
"""Our choice: longest extended header or GNU long name; paths of 4,096 bytes are what systems
take."""

_SIZE_DIGITS: Final = 18
"""Of a size in an extended header: more would not be one of a file."""

_WITHOUT_CONTENT: Final = b"123456"
"""Links, devices, directories and pipes: whatever their size says, no content follows."""

_NOT_FILES: Final = b"12346"
_DIRECTORY: Final = b"5"
_EXTENDED: Final = b"xgLK"
_LABELS: Final = b"VDNM"
"""GNU's own: a volume's label, a folder's listing, long names of old, a part of another volume."""

_FIND: Final = re.compile(rb"[^\0].{256}ustar(?:\x0000|  \0)", re.DOTALL)
"""A header in damaged surroundings; its check sum decides."""
_FIND_OVERLAP: Final = 265


@dataclass(frozen=True)
class _Header:
    """What a header block states: type flag, name, size of the content in bytes."""

    kind: bytes
    name: str
    size_bytes: int

    @property
    def content_bytes(self) -> int:
        return 0 if self.kind in _WITHOUT_CONTENT else self.size_bytes


def _parse_header(block: bytes) -> _Header | None:
    """Returns what a block states if its check sum fits, else None."""
    if len(block) < BLOCK_BYTES or not block[0]:
        return None
    stated = _number(block[_CHECKSUM])
    plain = sum(block) - sum(block[_CHECKSUM]) + 8 * ord(" ")
    size_bytes = _number(block[_SIZE])
    if stated is None or size_bytes is None:
        return None
    if plain != stated and plain - 256 * sum(byte > 127 for byte in block) != stated:
        return None  # some old programs summed signed bytes
    name = _text(block[_NAME])
    if block[_MAGIC] == b"ustar\0" and (prefix := _text(block[_PREFIX])):
        name = f"{prefix}/{name}"
    kind = block[_TYPE : _TYPE + 1]
    if kind in b"\x007" or (kind == b"0" and name.endswith("/")):
        kind = _DIRECTORY if name.endswith("/") else b"0"
    return _Header(kind, name, size_bytes)


def _number(field: bytes) -> int | None:
    """Returns an octal number, or a binary one as GNU writes large sizes; None if it is neither."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.strip(b"\0 ")
    if not digits:
        return 0
    return int(digits, 8) if re.fullmatch(rb"[0-7]+", digits) else None


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def is_tar(head: bytes) -> bool:
    """Whether a file that begins with these TAR_HEAD_BYTES is a tar archive, empty ones too."""
    begins_empty = len(head) >= TAR_HEAD_BYTES and not any(head[:TAR_HEAD_BYTES])
    return begins_empty or _parse_header(head[:BLOCK_BYTES]) is not None


def member_starts(stream: BinaryIO, size_bytes: int) -> list[int]:
    """Returns where the files of a plain archive begin, with their extended headers.

    Args:
        stream: the stored bytes; only headers are read of them.
        size_bytes: how many they are.
    """
    starts, offset, is_extended = [], 0, False
    while offset < size_bytes:
        stream.seek(offset)
        header = _parse_header(stream.read(BLOCK_BYTES))
        if header is None:
            break
        if not is_extended:
            starts.append(offset)
        is_extended = header.kind in _EXTENDED
        offset += BLOCK_BYTES + _padded(header.content_bytes)
    return starts


def _padded(size_bytes: int) -> int:
    return -(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES


class TarFile(ByteCursor):
    """A file of an archive: its bytes, to be read before the next one is asked for.

    Attributes:
        name: as the archive states it; never a place to write to.
        size_bytes: as the archive states it.
        offset: where its content begins in the inflated archive, in bytes.
        is_damaged: whether a compressed member was damaged in it; the rest of it is lost.
    """

    def __init__(self, archive: ByteCursor, name: str, size_bytes: int, offset: int) -> None:
        super().__init__()
        self.name, self.size_bytes, self.offset = name, size_bytes, offset
        self.is_damaged = False
        self._archive = archive
        self._left = size_bytes

    def pull(self) -> bool:
        """See `ByteCursor`; after a damaged member, nothing follows."""
        if self._damage is not None:
            damage, self._damage = self._damage, None
            raise damage
        if self.is_damaged or not self._left:
            return False
        try:
            if not len(self._archive) and not self._archive.pull():
                return False
        except DamagedMemberError:
            self.is_damaged = True
            raise
        piece = self._archive.take(min(self._left, len(self._archive)))
        begin = self.offset + self.size_bytes - self._left
        self._left -= len(piece)
        self._add(piece, Position(0, begin))
        return True

    def _seek_stored(self, position: Position) -> None:
        raise io.UnsupportedOperation("files of an archive are read once, forwards")

    def leave(self) -> bool:
        """Goes behind this file and its padding; False if the archive ends before."""
        left = self._left + _padded(self.size_bytes) - self.size_bytes
        self._left = 0
        return self._archive.skip(left) == left


def tar_files(
    cursor: ByteCursor, context: ReadContext, base: int = 0, stop: int | None = None
) -> Iterator[TarFile | FailedRecord | SkippedRecord]:
    """Yields the files of an archive, what was skipped, and what could not be read.

    Args:
        cursor: at a header, or at the end.
        context: what the reader was told.
        base: inflated bytes of the archive before the cursor.
        stop: files that begin here or behind belong to the next range.
    """
    walk = _Walk(cursor, context, base)
    while not walk.is_over(stop):
        try:
            yield from walk.next_file()
        except DamagedMemberError as damage:
            yield FailedRecord(context.file, damage.offset, str(damage), damage.is_last)
            walk.lose()


class _Walk:
    """The way through an archive.

    Attributes:
        offset: of the next byte, in the inflated archive.
    """

    def __init__(self, cursor: ByteCursor, context: ReadContext, base: int) -> None:
        self._cursor, self._context, self._base = cursor, context, base
        self._extended: dict[str, str] = {}  # what extended headers state of the next file
        self._is_at_end = False
        self._is_lost = False  # behind damage, where no header need begin
        self._is_empty = base == 0

    @property
    def offset(self) -> int:
        return self._base + self._cursor.consumed

    def is_over(self, stop: int | None) -> bool:
        """Whether no file of the range follows."""
        is_past = stop is not None and self.offset >= stop and not self._extended
        return self._is_at_end or is_past

    def next_file(self) -> Iterator[TarFile | FailedRecord | SkippedRecord]:
        """Yields what begins here, and leaves the cursor behind it."""
        if self._is_lost and not self._find_header():
            return
        offset, block = self.offset, self._cursor.peek(BLOCK_BYTES)
        if len(block) == BLOCK_BYTES and not any(block):
            yield from self._end()
            return
        header = _parse_header(block)
        if header is None:
            yield self._no_header(offset, block)
            return
        self._cursor.skip(BLOCK_BYTES)
        self._is_empty = False
        if header.kind in _EXTENDED:
            yield from self._read_extended(header, offset)
            return
        extended, self._extended = self._extended, {}
        name = extended.get("path", header.name)
        size_bytes = header.content_bytes
        if (stated := extended.get("size", "")).isdecimal() and size_bytes:
            size_bytes = int(stated[:_SIZE_DIGITS])
        file = TarFile(self._cursor, name, size_bytes, self.offset)
        is_sparse = header.kind == b"S" or any(key.startswith("GNU.sparse.") for key in extended)
        yield from self._asked(header.kind, file, offset, is_sparse)
        if file.is_damaged:
            self.lose()
        elif not file.leave():
            said = f"the archive ends within its file {name!r} of {size_bytes} bytes"
            self._is_at_end = True
            yield self._failure(offset, said, ends_file=True)

    def _asked(
        self, kind: bytes, file: TarFile, offset: int, is_sparse: bool
    ) -> Iterator[TarFile | FailedRecord | SkippedRecord]:
        """Yields the file, unless it holds no text, or nothing that is known here."""
        skipped = ""
        if kind in _DIRECTORY + _LABELS:
            return
        if is_sparse:
            yield self._failure(offset, f"{file.name!r} is a sparse file; pack it without -S")
        elif kind in _NOT_FILES:
            skipped = "tar: no file"
        elif file.name.rpartition("/")[2].startswith("._"):
            skipped = "tar: file of macOS"
        else:
            skipped = file_type(file.peek(SNIFFED_BYTES))
            if not skipped:
                yield file
        if skipped:
            yield SkippedRecord(skipped, file.skip_all(), offset=offset, source_id=file.name)

    def _read_extended(self, header: _Header, offset: int) -> Iterator[FailedRecord]:
        """Takes an extended header, which tells of the file behind it."""
        padded = _padded(header.content_bytes)
        if header.content_bytes > _EXTENDED_BYTES:
            self._is_at_end = self._cursor.skip(padded) < padded
            said = f"extended header of {header.content_bytes} bytes, more than {_EXTENDED_BYTES}"
            yield self._failure(offset, said, ends_file=self._is_at_end)
            return
        content = self._cursor.take(padded)
        if len(content) < padded:
            self._is_at_end = True
            yield self._failure(offset, "the archive ends within a header", ends_file=True)
        elif header.kind == b"L":
            self._extended["path"] = _text(content[: header.content_bytes])
        elif header.kind == b"x":
            self._extended |= _pax_records(content[: header.content_bytes])

    def _end(self) -> Iterator[FailedRecord]:
        """Goes behind the zero blocks of an end: archives may be joined."""
        offset = self.offset
        self._is_at_end = not self._cursor.skip_any(b"\0")
        if self._is_at_end and self._is_empty:
            yield self._failure(offset, "empty archive: expected files in it")

    def _no_header(self, offset: int, block: bytes) -> FailedRecord:
        """Returns what stands where a header should, and goes to the next one."""
        if not block:
            self._is_at_end = True
            said = "the archive lacks the two zero blocks of its end: it may be cut off"
            return self._failure(offset, said, ends_file=True)
        self._cursor.skip(1)
        self._find_header()
        said = f"expected a tar header, found {block[:40]!r}"
        return self._failure(offset, said, ends_file=self._is_at_end)

    def lose(self) -> None:
        """Drops what stands before a damaged member's end; a header must be searched for."""
        self._cursor.discard()
        self._is_lost = True

    def _find_header(self) -> bool:
        """Goes to the next header; False at the end."""
        self._extended = {}
        while True:
            self._cursor.skip_to(_FIND, _FIND_OVERLAP)
            block = self._cursor.peek(BLOCK_BYTES)
            if not block or _parse_header(block):
                break
            self._cursor.skip(1)
        self._is_at_end, self._is_lost = not block, False
        return bool(block)

    def _failure(self, offset: int, said: str, ends_file: bool = False) -> FailedRecord:
        return FailedRecord(self._context.file, offset, said, ends_file)


def _pax_records(content: bytes) -> dict[str, str]:
    """Returns the records of an extended header: `length key=value` and a line end, each."""
    records, at = {}, 0
    while found := re.compile(rb"(\d{1,7}) ").match(content, at):
        end = at + int(found[1])
        key, equals, value = content[found.end() : end - 1].partition(b"=")
        if end <= found.end() or not equals:
            break
        records[_text(key)] = value.decode("utf-8", "backslashreplace")
        at = end
    return records
