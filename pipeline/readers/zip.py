"""Zip archives: which files their directory names, and where their bytes lie (APPNOTE 6.3.10).

Own code where the standard library would read: zipfile takes the whole directory into memory,
however long it says it is. Files here are places in a stream; nothing is written under their names.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

STORED: Final = 0
DEFLATED: Final = 8
"""Compression methods (4.4.5)."""

_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_ENTRY: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END: Final = struct.Struct("<4sHHHHIIH")
_LOCATOR: Final = struct.Struct("<4sIQI")
_END_64: Final = struct.Struct("<4sQHHIIQQQQ")
"""The headers of 4.3.7, 4.3.12, 4.3.16, 4.3.15 and 4.3.14."""

_COMMENT_BYTES: Final = 0xFFFF
_ALL_ONES: Final = 0xFFFFFFFF
"""A size or offset that stands in the zip64 field (4.5.3)."""

_ENCRYPTED: Final = 0x2041
"""Bits 0, 6 and 13 of the flags (4.4.4)."""
_UTF_8: Final = 0x800

FILES: Final = 100_000
"""Our choice: most files of an archive; more take more memory than a worker should."""


class ZipError(ValueError):
    """An archive whose directory cannot be read."""


@dataclass(frozen=True)
class ZipEntry:
    """A file of an archive, as the directory states it.

    Attributes:
        name: never a place to write to.
        method: of compression.
        is_encrypted: whether it takes a password.
        stored_bytes: of its content, as it lies in the archive.
        size_bytes: of its content, inflated.
        header: where its local header begins in the archive.
    """

    name: str
    method: int
    is_encrypted: bool
    stored_bytes: int
    size_bytes: int
    header: int


def zip_entries(stream: BinaryIO, size_bytes: int) -> list[ZipEntry]:
    """Returns the files of an archive in the order of their places; folders are left out.

    Raises:
        ZipError: if its directory is missing, damaged or too long.
    """
    count, begin, length = _directory(stream, size_bytes)
    if count > FILES:
        raise ZipError(f"the zip archive states {count} files, more than {FILES}")
    stream.seek(begin)
    entries = [_read_entry(stream) for _ in range(count)]
    if stream.tell() > begin + length:
        raise ZipError("the directory of the zip archive is longer than it says")
    if any(entry.header + entry.stored_bytes > begin for entry in entries):
        raise ZipError("the directory of the zip archive names places outside of it")
    files = (entry for entry in entries if not entry.name.endswith("/"))
    return sorted(files, key=lambda entry: entry.header)


def _directory(stream: BinaryIO, size_bytes: int) -> tuple[int, int, int]:
    """Returns entries, place and bytes of an archive's directory."""
    tail_bytes = min(size_bytes, _COMMENT_BYTES + _END.size + _LOCATOR.size)
    stream.seek(size_bytes - tail_bytes)
    tail = stream.read(tail_bytes)
    at = tail.rfind(b"PK\5\6", 0, len(tail) - _END.size + 4)
    if at < 0:
        raise ZipError("no directory at the end of the zip archive: it is cut off, or no zip file")
    _, _, _, _, count, length, begin, _ = _END.unpack_from(tail, at)
    if at >= _LOCATOR.size and tail.startswith(b"PK\6\7", at - _LOCATOR.size):
        place = _LOCATOR.unpack_from(tail, at - _LOCATOR.size)[2]
        stream.seek(min(place, size_bytes))
        record = stream.read(_END_64.size)
        if not record.startswith(b"PK\6\6") or len(record) < _END_64.size:
            raise ZipError("the zip64 directory of the archive is damaged")
        *_, count, length, begin = _END_64.unpack(record)
    if begin + length > size_bytes or count * _ENTRY.size > length:
        raise ZipError("the directory of the zip archive does not fit into it")
    return count, begin, length


def _read_entry(stream: BinaryIO) -> ZipEntry:
    head = stream.read(_ENTRY.size)
    if len(head) < _ENTRY.size or not head.startswith(b"PK\1\2"):
        raise ZipError("the directory of the zip archive is damaged")
    _, _, _, flags, method, _, _, _, stored, size, *lengths, _, _, _, header = _ENTRY.unpack(head)
    name_bytes, extra_bytes, comment_bytes = lengths
    name = stream.read(name_bytes)
    extra = stream.read(extra_bytes)
    stream.read(comment_bytes)
    wide = iter(_wide_values(extra))
    size, stored, header = (
        next(wide, value) if value == _ALL_ONES else value for value in (size, stored, header)
    )
    text = name.decode("utf-8" if flags & _UTF_8 else "cp437", "backslashreplace")
    return ZipEntry(text, method, bool(flags & _ENCRYPTED), stored, size, header)


def _wide_values(extra: bytes) -> Iterator[int]:
    """Yields the 8-byte values of the zip64 field, if there is one (4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        at += 4
        if kind == 1:
            values = extra[at : at + length - length % 8]
            yield from (
                value for (value,) in struct.iter_unpack("<Q", values[: len(values) // 8 * 8])
            )
        at += length


def content_place(stream: BinaryIO, entry: ZipEntry) -> int | None:
    """Returns where the content of a file begins, or None if no header of a file lies there."""
    stream.seek(entry.header)
    head = stream.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\3\4"):
        return None
    name_bytes, extra_bytes = _LOCAL.unpack(head)[-2:]
    return entry.header + _LOCAL.size + int(name_bytes) + int(extra_bytes)


def local_entries(stream: BinaryIO, size_bytes: int) -> Iterator[ZipEntry]:
    """Yields the files of an archive without a directory, as far as their headers lead.

    The last one may be cut off. A header that leaves the sizes to what follows the content (4.4.4,
    bit 3) leads no further, and its file reaches to the end of the archive.
    """
    offset = 0
    while offset < size_bytes:
        stream.seek(offset)
        head = stream.read(_LOCAL.size)
        if len(head) < _LOCAL.size or not head.startswith(b"PK\3\4"):
            return
        _, _, flags, method, _, _, _, stored, size, name_bytes, extra_bytes = _LOCAL.unpack(head)
        name = stream.read(name_bytes).decode("utf-8", "backslashreplace")
        wide = iter(_wide_values(stream.read(extra_bytes)))
        size, stored = (next(wide, v) if v == _ALL_ONES else v for v in (size, stored))
        begin = offset + _LOCAL.size + name_bytes + extra_bytes
        if flags & 8 and not stored:
            stored = size_bytes - begin
        if not name.endswith("/"):
            yield ZipEntry(name, method, bool(flags & _ENCRYPTED), stored, size, offset)
        offset = begin + stored
