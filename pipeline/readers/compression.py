"""Compressions: how a member begins, and what inflates it.

A member is what one call of a compressor wrote: a gzip member, a zstd or lz4 frame, a bz2, xz or
lzma stream. Archives hold one member a record, so a damaged one costs one record and not the file.

The content tells the compression, not the name: the suffix is only asked about a file whose first
bytes are damaged. No inflater gives more than about INFLATED_CHUNK_BYTES at once, and none takes a
larger window than WINDOW_BYTES, so that no file or body costs more memory than that.
"""

from __future__ import annotations

import bz2
import importlib
import lzma
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final, Protocol, cast

from massivetext.pipeline.readers.zstd import ZstdInflater, dictionary_of

INFLATED_CHUNK_BYTES: Final = 1 << 20
"""Most inflated bytes given at once. Our choice."""

_XZ_MEMORY_BYTES: Final = 1 << 27
"""Our choice: what xz and lzma may take; `xz -9` needs 65 MB, and 4 GB can be asked for."""

MAGIC_BYTES: Final = 16
"""No magic below is longer. A file that is shorter is compressed if its name says so."""

_BZIP2_BLOCK: Final = b"1AY&SY"
"""What each block of bzip2 begins with: pi, and these bytes happen to be letters."""

_TEXT_SAMPLE_BYTES: Final = 1 << 12
_TEXT_BYTES: Final = 1 << 6
"""Our choice: bytes that are looked at for control bytes, and how many without one are text in
whatever encoding. Of 64 compressed bytes, one in 5,000 such pieces holds none."""

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def _fastest_zlib() -> Any:
    """Returns ISA-L's zlib, which inflates 1.8 times as fast; zlib itself where it is missing."""
    try:
        return importlib.import_module("isal.isal_zlib")
    except ImportError:
        return importlib.import_module("zlib")


ZLIB: Final = _fastest_zlib()
"""What inflates gzip and deflate: both give the same bytes, and raise `ZLIB.error`."""


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

    __slots__ = ("_tail", "_zlib", "eof", "unused_data")

    def __init__(self) -> None:
        self._zlib = ZLIB.decompressobj(31)  # 15 bits of window, and gzip's header
        self._tail = b""
        self.eof = False
        self.unused_data = b""

    def inflate(self, stored: bytes) -> bytes:
        inflater = self._zlib
        if self._tail:
            stored = self._tail + stored
        try:
            piece: bytes = inflater.decompress(stored, INFLATED_CHUNK_BYTES)
        except ZLIB.error:  # in words that do not depend on which zlib it is
            raise ValueError("invalid deflate data, length or check sum") from None
        if inflater.eof:
            self.eof, self.unused_data = True, inflater.unused_data
        else:
            self._tail = inflater.unconsumed_tail
        return piece


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


def _zstd_of_file(stream: BinaryIO) -> Callable[[], Inflater]:
    """Returns what inflates the frames of a file, with the dictionary that it may begin with."""
    dictionary = dictionary_of(stream)
    return lambda: ZstdInflater(dictionary)


def _bz2() -> Inflater:
    return _Bounded(bz2.BZ2Decompressor())


def _xz() -> Inflater:
    return _Bounded(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES))


def _lzma() -> Inflater:
    return _Bounded(lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_XZ_MEMORY_BYTES))


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


SKIPPABLE_MAGIC_END: Final = b"\x2a\x4d\x18"
"""Of zstd and lz4, behind one byte from 0x50 to 0x5f: frames with the user's own data."""

_SKIPPABLE: Final = rb"|[\x50-\x5f]" + re.escape(SKIPPABLE_MAGIC_END)

GZIP: Final = Compression("gzip", re.compile(rb"\x1f\x8b\x08[\x00-\x1f]", re.S), _Gzip)
ZSTD: Final = Compression(
    "zstd", re.compile(rb"\x28\xb5\x2f\xfd" + _SKIPPABLE, re.S), ZstdInflater, _zstd_of_file
)
_BZIP2: Final = Compression(
    "bzip2", re.compile(rb"BZh[1-9](?:" + _BZIP2_BLOCK + rb"|\x17rE8P\x90)"), _bz2
)
_XZ: Final = Compression("xz", re.compile(rb"\xfd7zXZ\x00"), _xz)
_LZ4: Final = Compression("lz4", re.compile(rb"\x04\x22\x4d\x18" + _SKIPPABLE, re.S), _lz4)
_LZMA: Final = Compression(  # lc=3, lp=0, pb=2; a dictionary of 4 KiB to 64 MiB; the length
    "lzma",
    re.compile(rb"\x5d\x00[\x00\x10-\xf0][\x00-\xff][\x00-\x04](?:\xff{8}|.{5}\x00{3})", re.S),
    _lzma,
)

COMPRESSIONS: Final[Mapping[str, Compression]] = {
    ".gz": GZIP,
    ".gzip": GZIP,
    ".zst": ZSTD,
    ".zstd": ZSTD,
    ".bz2": _BZIP2,
    ".xz": _XZ,
    ".lzma": _LZMA,
    ".lz4": _LZ4,
}
"""Compressions by the usual suffixes of file names."""


def compression_of(stream: BinaryIO, file: str) -> Compression | None:
    """Returns how a file is compressed, or None; leaves the stream where it stands.

    Args:
        stream: its stored bytes; the first ones are looked at.
        file: its path. The suffix decides between compressions that the first bytes fit, and
            where they fit none though they are no text either: then the first member is damaged.
    """
    place = stream.tell()
    stream.seek(0)
    head = stream.read(_TEXT_SAMPLE_BYTES)
    stream.seek(place)
    named = COMPRESSIONS.get(PurePosixPath(file.replace("\\", "/")).suffix.lower())
    if named is not None and named.magic.match(head):
        return named
    for compression in COMPRESSIONS.values():
        if compression.magic.match(head):
            return compression
    return None if named is None or _is_text(head) else named


def _is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are text, in any encoding of single bytes or UTF-8."""
    if len(head) < MAGIC_BYTES or _CONTROL.search(head) or _BZIP2_BLOCK in head[:MAGIC_BYTES]:
        return False
    if len(head) < _TEXT_BYTES:
        try:
            head.decode()
        except UnicodeDecodeError:
            return False
    return True
