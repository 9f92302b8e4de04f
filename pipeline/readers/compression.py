"""Compressions by suffix: how a member begins, and what inflates it.

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

INFLATED_CHUNK_BYTES: Final = 1 << 20
"""Most inflated bytes given at once, where the library can bound it. Our choice."""

_ZSTD_DICTIONARY_MAGIC: Final = b"\x5d\x2a\x4d\x18"

MAGIC_BYTES: Final = 16
"""No magic below is longer."""


class DamagedMemberError(ValueError):
    """A compressed member that cannot be inflated to its end.

    Attributes:
        offset: where the member starts in the stored file, in bytes.
        is_last: whether no member behind it can be inflated either.
    """

    def __init__(self, offset: int, problem: str, is_last: bool) -> None:
        super().__init__(problem)
        self.offset = offset
        self.is_last = is_last


class Inflater(Protocol):
    """Inflates one member."""

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""
        ...

    @property
    def unused_data(self) -> bytes:
        """Stored bytes behind the member's end."""
        ...

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


def _zstd_of_file(stream: BinaryIO) -> Callable[[], Inflater]:
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


def _bz2() -> Inflater:
    return _Bounded(bz2.BZ2Decompressor())


def _xz() -> Inflater:
    return _Bounded(lzma.LZMADecompressor(lzma.FORMAT_XZ))


def _lz4() -> Inflater:
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
        inflater_of_file: returns the maker for a file, where members are not independent; moves
            the stream.
    """

    name: str
    magic: re.Pattern[bytes]
    inflater: Callable[[], Inflater]
    inflater_of_file: Callable[[BinaryIO], Callable[[], Inflater]] | None = None


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
