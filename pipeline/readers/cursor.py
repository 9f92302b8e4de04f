"""A place in the inflated bytes of a file: look ahead, search, take, and know where one stands."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace

from massivetext.pipeline.readers.compression import ByteSource, DamagedMemberError, Position

_COMPACT_BYTES = 1 << 22  # our choice: consumed bytes are dropped from the buffer at this size


class ByteCursor:
    """Reads a `ByteSource` with look-ahead. Whatever pulls bytes may raise DamagedMemberError.

    Attributes:
        consumed: inflated bytes taken or skipped so far.
    """

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._buffer = bytearray()
        self._start = 0  # of the bytes not yet consumed, in the buffer
        self._marks: deque[tuple[int, Position]] = deque()  # by count of consumed bytes
        self._damage: DamagedMemberError | None = None  # met by `look`, not yet raised
        self.consumed = 0

    def __len__(self) -> int:
        """Bytes that can be taken without pulling more."""
        return len(self._buffer) - self._start

    def pull(self) -> bool:
        """Makes more bytes available; False at the end of the file."""
        if self._damage is not None:
            damage, self._damage = self._damage, None
            raise damage
        chunk = self._source.next_chunk()
        if chunk is None:
            return False
        self._marks.append((self.consumed + len(self), chunk.position))
        self._buffer += chunk.content
        return True

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
        """Goes back to a place that `tell` returned."""
        self.discard()
        self._damage = None
        self._source.seek(position)

    def discard(self) -> None:
        """Drops what has been pulled and not consumed: what stood before a damaged member's end."""
        self._consume(len(self))
        self._marks.clear()

    def _consume(self, size_bytes: int) -> None:
        self._start += size_bytes
        self.consumed += size_bytes
        if self._start >= _COMPACT_BYTES or self._start == len(self._buffer):
            del self._buffer[: self._start]
            self._start = 0
