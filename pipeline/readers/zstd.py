"""Zstandard: inflates frames in bounded steps, with a file's dictionary; finds the table of frames.

The formats: RFC 8878 (frames and blocks), the IIPC's "Zstandard Compression for WARC Files 1.0"
(the dictionary), and zstd's "Seekable Format" (the table of frames).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO, Final

import zstandard

WINDOW_BYTES: Final = 1 << 27
"""Largest window of a frame: what zstd itself takes unless it is told otherwise (`--long=27`)."""

DICTIONARY_BYTES: Final = 1 << 23
"""Our choice: the largest dictionary. ArchiveTeam's have 1 MB at most; zstd trains 110 KB."""

_BLOCKS_AT_ONCE: Final = 8
"""Our choice: a block gives 128 KiB at most (RFC 8878, 3.1.1.2.3), so that a step gives 1 MiB."""

_RLE: Final = 1  # type of a block that is one byte, many times
_FRAME_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_DICTIONARY_MAGIC: Final = b"\x5d\x2a\x4d\x18"
_TABLE_MAGIC: Final = b"\x5e\x2a\x4d\x18"
_TABLE_END: Final = b"\xb1\xea\x92\x8f"
_FOOTER_BYTES: Final = 9  # number of frames, flags, _TABLE_END
_TABLE_FRAMES: Final = 1 << 20
"""Our choice: of a file with more frames than a million, the table is not looked at."""


class ZstdInflater:
    """Inflates one frame. The library's own object does not bound its output.

    So the frame is handed to it a few blocks at a time.
    """

    def __init__(self, dictionary: bytes = b"") -> None:
        self._zstd = zstandard.ZstdDecompressor(
            dict_data=zstandard.ZstdCompressionDict(dictionary) if dictionary else None,
            max_window_size=WINDOW_BYTES,
        ).decompressobj()
        self._stored = b""
        self._at = 0  # bytes of `_stored` before it have been handed over
        self._known = 0  # no block header begins in `_stored` before it
        self._is_in_header = True
        self._is_in_tail = False  # behind the header of the last block: at most one block is left

    @property
    def eof(self) -> bool:
        """Whether the frame has ended."""
        return self._zstd.eof

    @property
    def unused_data(self) -> bytes:
        """Stored bytes behind the frame's end."""
        return self._zstd.unused_data + self._stored[self._at :]

    def inflate(self, stored: bytes) -> bytes:
        """Returns some inflated bytes; b"" asks for more stored bytes (or the frame ended)."""
        if stored:
            self._stored = self._stored[self._at :] + stored
            self._known -= self._at
            self._at = 0
        while not self.eof and (stop := self._next_stop()) > self._at:
            step = self._stored[self._at : stop]
            self._at = stop
            piece = self._zstd.decompress(step)
            if piece:
                return piece
        return b""

    def _next_stop(self) -> int:
        """Returns up to where to hand over: few blocks begin before it."""
        stored, there = self._stored, len(self._stored)
        if self._is_in_header:
            if there < 5:
                return 0
            self._is_in_header = False
            self._is_in_tail = stored[:4] != _FRAME_MAGIC  # a skippable frame gives nothing
            self._known = _frame_header_bytes(stored[4])
        begun = 0
        while not self._is_in_tail and begun < _BLOCKS_AT_ONCE and self._known + 3 <= there:
            header = int.from_bytes(stored[self._known : self._known + 3], "little")
            self._is_in_tail = bool(header & 1)
            self._known += 3 + (1 if header >> 1 & 3 == _RLE else header >> 3)
            begun += 1
        return there if self._is_in_tail else min(there, self._known)


def _frame_header_bytes(descriptor: int) -> int:
    """Returns the length of a frame's magic number and header (RFC 8878, 3.1.1.1)."""
    is_single = descriptor >> 5 & 1
    content_size = (is_single, 2, 4, 8)[descriptor >> 6]
    return 5 + (1 - is_single) + (0, 1, 2, 4)[descriptor & 3] + content_size


def dictionary_of(stream: BinaryIO) -> bytes:
    """Returns the dictionary that a file begins with, or b""; moves the stream.

    It lies in a skippable frame, and may be compressed itself. ArchiveTeam writes its crawls so.
    A dictionary that is damaged or over DICTIONARY_BYTES is returned as it is stored, for the first
    frame that needs it to fail.
    """
    stream.seek(0)
    head = stream.read(8)
    if head[:4] != _DICTIONARY_MAGIC or len(head) < 8:
        return b""
    stored = stream.read(min(int.from_bytes(head[4:], "little"), DICTIONARY_BYTES))
    inflater, plain = ZstdInflater(), bytearray()
    try:
        piece = inflater.inflate(stored)
        while piece and len(plain) <= DICTIONARY_BYTES:
            plain += piece
            piece = inflater.inflate(b"")
    except zstandard.ZstdError:
        return stored
    return bytes(plain) if inflater.eof else stored


@dataclass(frozen=True)
class FrameStart:
    """Where a frame of a seekable file starts.

    Attributes:
        stored: offset in the file, in bytes.
        inflated: offset in what the file inflates to, in bytes, as the table states it.
    """

    stored: int
    inflated: int


def frame_starts(stream: BinaryIO, size_bytes: int) -> list[FrameStart]:
    """Returns where the frames of a seekable file start; [] if it has no table, or a wrong one.

    Args:
        stream: the stored bytes; it is moved.
        size_bytes: how many they are.
    """
    stream.seek(max(0, size_bytes - _FOOTER_BYTES))
    footer = stream.read(_FOOTER_BYTES)
    if len(footer) < _FOOTER_BYTES or footer[5:] != _TABLE_END:
        return []
    count = int.from_bytes(footer[:4], "little")
    entry_bytes = 12 if footer[4] & 0x80 else 8  # with a check sum of the content, or without
    table_bytes = count * entry_bytes + _FOOTER_BYTES
    begin = size_bytes - table_bytes - 8
    if count > _TABLE_FRAMES or begin < 0:
        return []
    stream.seek(begin)
    if stream.read(8) != _TABLE_MAGIC + table_bytes.to_bytes(4, "little"):
        return []
    entries = stream.read(count * entry_bytes)
    sizes = [struct.unpack_from("<II", entries, at) for at in range(0, len(entries), entry_bytes)]
    stored = list(accumulate((size for size, _ in sizes), initial=0))
    inflated = accumulate((size for _, size in sizes), initial=0)
    if len(sizes) != count or stored[-1] != begin:
        return []
    return [FrameStart(*start) for start in zip(stored[:-1], inflated, strict=False)]
