"""A place in the inflated bytes of a file: look ahead, search, take, and know where one stands.

`open_cursor` finds out how a file is stored. A cursor of a compressed one goes on behind a damaged
member.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from massivetext.pipeline.readers.compression import (
    MAGIC_BYTES,
    Compression,
    DamagedMemberError,
    Inflater,
    compression_of,
)

STORED_CHUNK_BYTES: Final = 1 << 16
"""Stored bytes read at once. Our choice: one disk read; `unused_data` copies at most this much."""

_COMPACT_BYTES: Final = 1 << 22
"""Our choice: consumed bytes are dropped from the buffer at this size."""

_BLANK_BYTES: Final = 1 << 12
"""Our choice: bytes looked at together for others than those to skip."""


@dataclass(frozen=True)
class Position:
    """A place in the inflated bytes that can be found again.

    Attributes:
        member: stored offset of the member it lies in; 0 in a file that is not compressed.
        into: inflated bytes of the member before it.
    """

    member: int
    into: int


def open_cursor(stream: BinaryIO, file: str) -> ByteCursor:
    """Returns a cursor at the first inflated byte of a stored, seekable stream.

    Args:
        stream: the stored bytes; a file that is not compressed begins where the stream stands.
        file: its path; the suffix tells how to inflate.
    """
    compression = compression_of(file)
    if compression is None:
        return PlainCursor(stream)
    of_file = compression.inflater_of_file
    new_inflater = compression.inflater if of_file is None else of_file(stream)
    return MemberCursor(stream, compression, new_inflater)


class ByteCursor(ABC):
    """Reads inflated bytes with look-ahead. Whatever pulls bytes may raise DamagedMemberError.

    Attributes:
        consumed: inflated bytes taken or skipped so far.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = 0  # of the bytes not yet consumed, in the buffer
        self._marks: deque[tuple[int, Position]] = deque()  # by count of consumed bytes
        self._damage: DamagedMemberError | None = None  # met by `look`; `pull` raises it first
        self.consumed = 0

    def __len__(self) -> int:
        """Bytes that can be taken without pulling more."""
        return len(self._buffer) - self._start

    @abstractmethod
    def pull(self) -> bool:
        """Makes more bytes available; False at the end of the file.

        Raises:
            DamagedMemberError: once a damaged member; the next call goes on at the next member
                that can be inflated.
        """

    def peek(self, size_bytes: int) -> bytes:
        """Returns the next bytes without consuming them; fewer at the end of the file."""
        while len(self) < size_bytes and self.pull():
            pass
        return bytes(self._buffer[self._start : self._start + size_bytes])

    def look(self, size_bytes: int) -> bytes:
        """Like `peek`, but what lies before a damaged member is returned without an error.

        For looking further than the record at hand: it must not fail for the damage of the next.
        """
        try:
            return self.peek(size_bytes)
        except DamagedMemberError as damage:
            self._damage = damage
            return bytes(self._buffer[self._start :])

    @property
    def is_at_end(self) -> bool:
        """Whether all bytes of the file have been consumed."""
        return not self.look(1) and self._damage is None

    def take(self, size_bytes: int) -> bytes:
        """Returns and consumes the next bytes; fewer at the end of the file."""
        taken = self.peek(size_bytes)
        self._consume(len(taken))
        return taken

    def skip(self, size_bytes: int) -> int:
        """Consumes bytes without keeping them; returns how many, fewer at the end of the file."""
        left = size_bytes
        while True:
            skipped = min(left, len(self))
            self._consume(skipped)
            left -= skipped
            if not left or not self.pull():
                return size_bytes - left

    def skip_any(self, blanks: bytes) -> bool:
        """Consumes the bytes up to the first that is none of these; False if there is none."""
        while len(self) or self.pull():
            ahead = self._buffer[self._start : self._start + _BLANK_BYTES]
            left = ahead.lstrip(blanks)
            self._consume(len(ahead) - len(left))
            if left:
                return True
        return False

    def find(self, pattern: re.Pattern[bytes], limit_bytes: int, overlap: int) -> int | None:
        """Returns where the first match ends, relative to here, within the next `limit_bytes`.

        Args:
            pattern: what to search.
            limit_bytes: no match may end behind it.
            overlap: length of the longest match, less one.
        """
        searched = 0
        while True:
            match = pattern.search(self._buffer, self._start + searched)
            if match:
                end = match.end() - self._start
                return end if end <= limit_bytes else None
            if len(self) > limit_bytes:
                return None
            searched = max(0, len(self) - overlap)
            if not self.pull():
                return None

    def skip_to(self, pattern: re.Pattern[bytes], overlap: int) -> int:
        """Consumes the bytes before the first match, or all; returns how many."""
        before = self.consumed
        while True:
            match = pattern.search(self._buffer, self._start)
            if match:
                self._consume(match.start() - self._start)
                return self.consumed - before
            self._consume(max(0, len(self) - overlap))
            if not self.pull():
                self._consume(len(self))
                return self.consumed - before

    def tell(self) -> Position:
        """Returns where the next byte lies, or where the last one ended at the end of the file."""
        self.look(1)
        if not self._marks:
            return Position(0, self.consumed)
        while len(self._marks) > 1 and self._marks[1][0] <= self.consumed:
            self._marks.popleft()
        begin, position = self._marks[0]
        return replace(position, into=position.into + self.consumed - begin)

    def seek(self, position: Position) -> None:
        """Goes back to a place that `tell` returned; `consumed` does not go back."""
        self.discard()
        self._damage = None
        self._seek_stored(position)

    @abstractmethod
    def _seek_stored(self, position: Position) -> None:
        """Makes the next `pull` begin at this place."""

    def discard(self) -> None:
        """Drops what has been pulled and not consumed: what stood before a damaged member's end."""
        self._consume(len(self))
        self._marks.clear()

    def _add(self, content: bytes, position: Position) -> None:
        """Makes bytes available that lie at this place."""
        self._marks.append((self.consumed + len(self), position))
        self._buffer += content

    def _consume(self, size_bytes: int) -> None:
        self._start += size_bytes
        self.consumed += size_bytes
        if self._start >= _COMPACT_BYTES or self._start == len(self._buffer):
            del self._buffer[: self._start]
            self._start = 0


class PlainCursor(ByteCursor):
    """In a file that is not compressed."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._offset = stream.tell()

    def pull(self) -> bool:
        """See `ByteCursor`."""
        content = self._stream.read(STORED_CHUNK_BYTES)
        if not content:
            return False
        self._add(content, Position(0, self._offset))
        self._offset += len(content)
        return True

    def _seek_stored(self, position: Position) -> None:
        self._stream.seek(position.into)
        self._offset = position.into


class MemberCursor(ByteCursor):
    """In a compressed file: members one after the other, zero bytes between them allowed."""

    def __init__(
        self, stream: BinaryIO, compression: Compression, new_inflater: Callable[[], Inflater]
    ) -> None:
        super().__init__()
        self._stream = stream
        self._compression = compression
        self._new_inflater = new_inflater
        self._start_at(0)

    def _start_at(self, offset: int, skip: int = 0) -> None:
        self._stream.seek(offset)
        self._read_to = offset  # stored bytes before it have been read
        self._stored = b""  # read, but not yet given to the inflater
        self._inflater: Inflater | None = None
        self._position = Position(offset, 0)
        self._skip = skip

    def _seek_stored(self, position: Position) -> None:
        self._start_at(position.member, position.into)

    def pull(self) -> bool:
        """See `ByteCursor`."""
        if self._damage is not None:
            damage, self._damage = self._damage, None
            raise damage
        is_end = False
        while not self._inflate(is_end):
            if is_end:
                return False
            more = self._stream.read(STORED_CHUNK_BYTES)
            self._read_to += len(more)
            self._stored += more
            is_end = not more
        return True

    def _inflate(self, is_end: bool) -> bool:
        """Makes some bytes available from the stored ones at hand; False if it takes more of them.

        Args:
            is_end: whether there are no more.
        """
        while self._inflater is not None or self._begin_member(is_end):
            position = self._position
            content = self._inflate_member()
            if not content and self._inflater is not None:
                if is_end:
                    is_last = not self._recover(position.member)
                    problem = f"the file ends within a {self._compression.name} member"
                    raise DamagedMemberError(position.member, problem, is_last)
                return False
            self._position = Position(position.member, position.into + len(content))
            skipped = min(self._skip, len(content))
            self._skip -= skipped
            if skipped < len(content):
                begin = Position(position.member, position.into + skipped)
                self._add(content[skipped:], begin)
                return True
        return False

    def _begin_member(self, is_end: bool) -> bool:
        """Begins at the next member's first byte; False if it is not among the bytes at hand."""
        self._stored = self._stored.lstrip(b"\0")
        if not self._stored or (len(self._stored) < MAGIC_BYTES and not is_end):
            return False
        offset = self._read_to - len(self._stored)
        if not self._compression.magic.match(self._stored):
            found = self._stored[:8]
            is_last = not self._recover(offset)
            problem = f"expected {self._compression.name} data as the suffix says, found {found!r}"
            raise DamagedMemberError(offset, problem, is_last)
        self._inflater = self._new_inflater()
        self._position = Position(offset, 0)
        return True

    def _inflate_member(self) -> bytes:
        """Returns some bytes of the current member, and leaves it at its end."""
        assert self._inflater is not None
        try:
            content = self._inflater.inflate(self._stored)
        except Exception as error:  # every library has exceptions of its own
            member = self._position.member
            is_last = not self._recover(member)
            problem = f"damaged {self._compression.name} member: {error}"
            raise DamagedMemberError(member, problem, is_last) from None
        self._stored = b""
        if self._inflater.eof:
            self._stored = self._inflater.unused_data
            self._inflater = None
        return content

    def _recover(self, damaged: int) -> bool:
        """Goes to the next member behind `damaged` that can be inflated; False if there is none."""
        offset = damaged + 1
        while True:
            self._start_at(offset)
            while more := self._stream.read(STORED_CHUNK_BYTES):
                self._read_to += len(more)
                self._stored += more
                match = self._compression.magic.search(self._stored)
                if match:
                    break
                self._stored = self._stored[-MAGIC_BYTES:]
            else:
                self._stored = b""
                return False
            offset = self._read_to - len(self._stored) + match.start()
            self._start_at(offset)
            if self._can_begin():
                self._start_at(offset)
                return True
            offset += 1

    def _can_begin(self) -> bool:
        """Whether what begins here inflates: a magic number may also stand inside a member."""
        stored = self._stream.read(STORED_CHUNK_BYTES)
        try:
            inflater = self._new_inflater()
            return bool(inflater.inflate(stored)) or inflater.eof
        except Exception:  # every library has exceptions of its own
            return False
