"""A place in the inflated bytes of a file: look ahead, search, take, and know where one stands.

`open_cursor` finds out how a file is stored. A cursor of a compressed one (`members.py`) goes on
behind a damaged member.
"""

from __future__ import annotations

import re
import sys
from abc import ABC, abstractmethod
from collections import deque
from typing import BinaryIO, Final, NamedTuple

from massivetext.pipeline.readers.compression import DamagedMemberError

STORED_CHUNK_BYTES: Final = 1 << 16
"""Stored bytes read at once. Our choice: one disk read; `unused_data` copies at most this much."""

_COMPACT_BYTES: Final = 1 << 22
"""Our choice: consumed bytes are dropped from the buffer at this size."""

_SMALL_BYTES: Final = 1 << 14
"""Our choice: up to about this size copying twice is faster than making a view."""

_BLANK_BYTES: Final = 1 << 12
"""Our choice: bytes looked at together for others than those to skip."""


class Position(NamedTuple):
    """A place in the inflated bytes that can be found again.

    Attributes:
        member: stored offset of the member it lies in; 0 in a file that is not compressed.
        into: inflated bytes of the member before it.
    """

    member: int
    into: int


class ByteCursor(ABC):
    """Reads inflated bytes with look-ahead. Whatever pulls bytes may raise DamagedMemberError.

    Attributes:
        consumed: inflated bytes taken or skipped so far.
    """

    def __init__(self) -> None:
        # One piece as it came, or several joined: most records lie within one, and need no copy.
        self._buffer: bytes | bytearray = b""
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
        while len(self._buffer) - self._start < size_bytes and self.pull():
            pass
        start = self._start
        if size_bytes <= _SMALL_BYTES:
            return bytes(self._buffer[start : start + size_bytes])
        with memoryview(self._buffer) as view:  # a slice of the buffer itself is copied once more
            return bytes(view[start : start + size_bytes])

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

    def skip_all(self) -> int:
        """Consumes the bytes to the end of the file; returns how many."""
        return self.skip(sys.maxsize)

    def skip_any(self, blanks: bytes) -> bool:
        """Consumes the bytes up to the first that is none of these; False if there is none."""
        while self._start < len(self._buffer) or self.pull():
            if self._buffer[self._start] not in blanks:
                return True
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
        """Consumes the bytes before the first match, or all; returns how many.

        Where the pattern has groups, a match without the last one is passed over: so it can say
        what need not be searched again.
        """
        before = self.consumed
        while True:
            begin = self._search(pattern)
            if begin is not None:
                self._consume(begin - self._start)
                return self.consumed - before
            self._consume(max(0, len(self) - overlap))
            if not self.pull():
                self._consume(len(self))
                return self.consumed - before

    def _search(self, pattern: re.Pattern[bytes]) -> int | None:
        """Returns where in the buffer the first match begins that `skip_to` wants."""
        for match in pattern.finditer(self._buffer, self._start):
            if match.lastindex == pattern.groups or not pattern.groups:
                return match.start()
        return None

    def take_member(self) -> tuple[int, bytes] | None:
        """Consumes a member, if one begins here and can be inflated at once; else nothing.

        Returns:
            Its stored offset and all that it holds, or None.

        Raises:
            DamagedMemberError: like `pull`.
        """
        return None

    def put_back(self, member: int, content: bytes) -> None:
        """Undoes `take_member`, which returned these."""
        self.consumed -= len(content)
        if content:
            self._add(content, Position(member, 0))

    @property
    def at_hand(self) -> tuple[bytes | bytearray, int]:
        """What has been pulled and where in it the next byte lies: to look at, not to keep."""
        return self._buffer, self._start

    def tell(self) -> Position:
        """Returns where the next byte lies, or where the last one ended at the end of the file."""
        if self._start == len(self._buffer):
            self.look(1)
        marks, consumed = self._marks, self.consumed
        if not marks:
            return Position(0, consumed)
        while len(marks) > 1 and marks[1][0] <= consumed:
            marks.popleft()
        begin, (member, into) = marks[0]
        return Position(member, into + consumed - begin)

    def member_of_last(self) -> int:
        """Returns the stored offset of the member that the last consumed byte lies in.

        0 if there is none, and behind a damaged member.
        """
        while len(self._marks) > 1 and self._marks[1][0] < self.consumed:
            self._marks.popleft()
        is_known = self._marks and self._marks[0][0] < self.consumed
        return self._marks[0][1].member if is_known else 0

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
        self._marks.append((self.consumed + len(self._buffer) - self._start, position))
        if self._start == len(self._buffer):
            self._buffer, self._start = content, 0
            return
        if isinstance(self._buffer, bytes):
            self._buffer, self._start = bytearray(memoryview(self._buffer)[self._start :]), 0
        self._buffer += content

    def _consume(self, size_bytes: int) -> None:
        self._start += size_bytes
        self.consumed += size_bytes
        if self._start == len(self._buffer):
            self._buffer, self._start = b"", 0
        elif self._start >= _COMPACT_BYTES and isinstance(self._buffer, bytearray):
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
