"""Inflates files by suffix, member by member, and goes on behind a damaged member.

A member is what one call of a compressor wrote: a gzip member, a zstd or lz4 frame, a bz2 or xz
stream. Archives hold one member a record, so a damaged one costs one record and not the file.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, Final, Protocol, cast

import zstandard

STORED_CHUNK_BYTES: Final = 1 << 16
"""Stored bytes read at once. Our choice: one disk read; `unused_data` copies at most this much."""

INFLATED_CHUNK_BYTES: Final = 1 << 20
"""Most inflated bytes given at once, where the library can bound it. Our choice."""

_ZSTD_DICTIONARY_MAGIC: Final = b"\x5d\x2a\x4d\x18"

_MAGIC_BYTES: Final = 16
"""No magic below is longer."""


class DamagedMemberError(ValueError):
    """A compressed member that cannot be inflated to its end.

    Attributes:
        offset: where the member starts in the stored file, in bytes.
    """

    def __init__(self, offset: int, problem: str) -> None:
        super().__init__(problem)
        self.offset = offset


@dataclass(frozen=True)
class Position:
    """A place in the inflated bytes that can be found again.

    Attributes:
        member: stored offset of the member it lies in; 0 in a file that is not compressed.
        into: inflated bytes of the member before it.
    """

    member: int
    into: int


class _Inflater(Protocol):
    """Inflates one member."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def inflate(self, stored: bytes) -> bytes:
        """Returns some inflated bytes; b"" asks for more stored bytes (or the member ended)."""
        ...


class _Gzip:
    """zlib's object keeps what it did not consume in `unconsumed_tail`."""

    def __init__(self, window_bits: int = 31) -> None:
        self._zlib = zlib.decompressobj(window_bits)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def inflate(self, stored: bytes) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + stored, INFLATED_CHUNK_BYTES)


class _Decompressor(Protocol):
    """What bz2, lzma and lz4 have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes | None: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Bounded:
    """bz2, lzma and lz4 objects: alike in `decompress(stored, max_length)`."""

    def __init__(self, decompressor: _Decompressor) -> None:
        self._decompressor = decompressor

    @property
    def eof(self) -> bool:
        return self._decompressor.eof

    @property
    def unused_data(self) -> bytes:
        return self._decompressor.unused_data or b""

    def inflate(self, stored: bytes) -> bytes:
        return self._decompressor.decompress(stored, INFLATED_CHUNK_BYTES)


class _Zstd:
    """zstandard's object has no bound on its output."""

    def __init__(self, dictionary: bytes = b"") -> None:
        self._zstd = zstandard.ZstdDecompressor(
            dict_data=zstandard.ZstdCompressionDict(dictionary) if dictionary else None,
            max_window_size=2**31,
        ).decompressobj()

    @property
    def eof(self) -> bool:
        return self._zstd.eof

    @property
    def unused_data(self) -> bytes:
        return self._zstd.unused_data

    def inflate(self, stored: bytes) -> bytes:
        return self._zstd.decompress(stored) if stored else b""


def _zstd_of_file(stream: BinaryIO) -> Callable[[], _Inflater]:
    """Returns what inflates the frames of a file, with the dictionary that it may begin with.

    The IIPC's "Zstandard Compression for WARC Files 1.0": a skippable frame with the dictionary,
    which may be compressed itself, comes first. ArchiveTeam writes its crawls so.
    """
    stream.seek(0)
    head = stream.read(8)
    if head[:4] != _ZSTD_DICTIONARY_MAGIC or len(head) < 8:
        return _Zstd
    dictionary = stream.read(int.from_bytes(head[4:], "little"))
    try:
        plain = _Zstd().inflate(dictionary)
    except zstandard.ZstdError:
        plain = dictionary
    return lambda: _Zstd(plain)


def _bz2() -> _Inflater:
    return _Bounded(bz2.BZ2Decompressor())


def _xz() -> _Inflater:
    return _Bounded(lzma.LZMADecompressor(lzma.FORMAT_XZ))


def _lz4() -> _Inflater:
    import lz4.frame

    # Its attributes begin as None, which no caller sees: they are read after `decompress`.
    return _Bounded(cast(_Decompressor, lz4.frame.LZ4FrameDecompressor()))


@dataclass(frozen=True)
class Compression:
    """A compression format.

    Attributes:
        name: as messages call it.
        magic: what each member begins with; long enough to be rare inside other members.
        inflater: makes the object that inflates one member.
        inflater_of_file: returns the maker for a file, where members are not independent.
    """

    name: str
    magic: re.Pattern[bytes]
    inflater: Callable[[], _Inflater]
    inflater_of_file: Callable[[BinaryIO], Callable[[], _Inflater]] | None = None


_SKIPPABLE = rb"|[\x50-\x5f]\x2a\x4d\x18"  # zstd and lz4: frames with the user's own data

COMPRESSIONS: Final[Mapping[str, Compression]] = {
    ".gz": Compression("gzip", re.compile(rb"\x1f\x8b\x08[\x00-\x1f]", re.S), _Gzip),
    ".zst": Compression(
        "zstd", re.compile(rb"\x28\xb5\x2f\xfd" + _SKIPPABLE, re.S), _Zstd, _zstd_of_file
    ),
    ".bz2": Compression("bzip2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), _bz2),
    ".xz": Compression("xz", re.compile(rb"\xfd7zXZ\x00"), _xz),
    ".lz4": Compression("lz4", re.compile(rb"\x04\x22\x4d\x18" + _SKIPPABLE, re.S), _lz4),
}
"""Compressions by the suffix of the file's name."""


def compression_of(file: str) -> Compression | None:
    """Returns the compression that a file's suffix names, or None."""
    return COMPRESSIONS.get(PurePosixPath(file.replace("\\", "/")).suffix.lower())


@dataclass(frozen=True)
class Chunk:
    """Some inflated bytes of one member, and where they begin."""

    content: bytes
    position: Position


class ByteSource(Protocol):
    """The inflated bytes of a file, in order."""

    def next_chunk(self) -> Chunk | None:
        """Returns the next bytes, or None at the end.

        Raises:
            DamagedMemberError: once a damaged member; the next call goes on at the next member
                that can be inflated.
        """
        ...

    def seek(self, position: Position) -> None:
        """Goes to a place that lies before a byte given earlier."""
        ...


def open_source(stream: BinaryIO, file: str) -> ByteSource:
    """Returns the inflated bytes of a stored, seekable stream; the suffix tells how to inflate."""
    compression = compression_of(file)
    return PlainSource(stream) if compression is None else MemberSource(stream, compression)


class PlainSource:
    """A file that is not compressed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._offset = stream.tell()

    def next_chunk(self) -> Chunk | None:
        """See `ByteSource`."""
        content = self._stream.read(STORED_CHUNK_BYTES)
        position = Position(0, self._offset)
        self._offset += len(content)
        return Chunk(content, position) if content else None

    def seek(self, position: Position) -> None:
        """See `ByteSource`."""
        self._stream.seek(position.into)
        self._offset = position.into


class MemberSource:
    """A compressed file: members one after the other, zero bytes between them allowed."""

    def __init__(self, stream: BinaryIO, compression: Compression) -> None:
        self._stream = stream
        self._compression = compression
        of_file = compression.inflater_of_file
        self._new_inflater = compression.inflater if of_file is None else of_file(stream)
        self._start_at(0)

    def _start_at(self, offset: int, skip: int = 0) -> None:
        self._stream.seek(offset)
        self._read_to = offset  # stored bytes before it have been read
        self._stored = b""  # read, but not yet given to the inflater
        self._inflater: _Inflater | None = None
        self._position = Position(offset, 0)
        self._skip = skip

    def seek(self, position: Position) -> None:
        """See `ByteSource`."""
        self._start_at(position.member, position.into)

    def next_chunk(self) -> Chunk | None:
        """See `ByteSource`."""
        while self._inflater is not None or self._begin_member():
            position = self._position
            content = self._inflate()
            self._position = Position(position.member, position.into + len(content))
            skipped = min(self._skip, len(content))
            self._skip -= skipped
            if skipped < len(content):
                return Chunk(content[skipped:], Position(position.member, position.into + skipped))
        return None

    def _begin_member(self) -> bool:
        """Finds the next member's first byte; False at the end of the file."""
        self._stored = self._stored.lstrip(b"\0")
        while len(self._stored) < _MAGIC_BYTES and self._read():
            self._stored = self._stored.lstrip(b"\0")
        offset = self._read_to - len(self._stored)
        if not self._stored:
            return False
        if not self._compression.magic.match(self._stored):
            found = self._stored[:8]
            self._recover(offset)
            raise DamagedMemberError(
                offset,
                f"expected {self._compression.name} data as the suffix says, found {found!r}",
            )
        self._inflater = self._new_inflater()
        self._position = Position(offset, 0)
        return True

    def _inflate(self) -> bytes:
        """Returns some bytes of the current member, b"" at its end."""
        assert self._inflater is not None
        member = self._position.member
        while True:
            try:
                content = self._inflater.inflate(self._stored)
            except Exception as error:  # every library has exceptions of its own
                self._recover(member)
                problem = f"damaged {self._compression.name} member: {error}"
                raise DamagedMemberError(member, problem) from None
            self._stored = b""
            if self._inflater.eof:
                self._stored = self._inflater.unused_data
                self._inflater = None
                return content
            if content:
                return content
            if not self._read():
                self._recover(member)
                problem = f"the file ends within a {self._compression.name} member"
                raise DamagedMemberError(member, problem)

    def _read(self) -> bool:
        more = self._stream.read(STORED_CHUNK_BYTES)
        self._read_to += len(more)
        self._stored += more
        return bool(more)

    def _recover(self, damaged: int) -> None:
        """Goes to the first member behind `damaged` that can be inflated, or to the end."""
        offset = damaged + 1
        while True:
            self._start_at(offset)
            while self._read():
                match = self._compression.magic.search(self._stored)
                if match:
                    break
                self._stored = self._stored[-_MAGIC_BYTES:]
            else:
                self._stored = b""
                return
            offset = self._read_to - len(self._stored) + match.start()
            self._start_at(offset)
            if self._can_begin():
                self._start_at(offset)
                return
            offset += 1

    def _can_begin(self) -> bool:
        """Whether what begins here inflates: a magic number may also stand inside a member."""
        self._read()
        try:
            inflater = self._new_inflater()
            return bool(inflater.inflate(self._stored)) or inflater.eof
        except Exception:  # every library has exceptions of its own
            return False
