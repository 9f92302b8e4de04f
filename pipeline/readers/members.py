"""A place in a compressed file: its members are inflated one after the other.

A damaged member costs itself: the next one that can be inflated is searched for.
"""

from __future__ import annotations

from collections.abc import Callable
from io import SEEK_END
from typing import BinaryIO, Final

from massivetext.pipeline.readers.compression import (
    INFLATED_CHUNK_BYTES,
    MAGIC_BYTES,
    SKIPPABLE_MAGIC_END,
    Compression,
    DamagedMemberError,
    Inflater,
    compression_of,
)
from massivetext.pipeline.readers.cursor import (
    STORED_CHUNK_BYTES,
    ByteCursor,
    PlainCursor,
    Position,
)

_PROBE_BYTES: Final = 1 << 12
"""Our choice: stored bytes that are tried when what looks like a member begins behind damage."""

_PADDING_BYTES: Final = 1 << 9
"""Zero bytes between members that nothing is said of: gzip's manual allows them as padding, tar
pads to 512. More of them are what is left of a lost block (disks have 512 bytes or 4,096)."""


def open_cursor(stream: BinaryIO, file: str) -> ByteCursor:
    """Returns a cursor at the first inflated byte of a stored, seekable stream.

    Args:
        stream: the stored bytes; a file that is not compressed begins where the stream stands.
        file: its path; see `compression_of`.
    """
    compression = compression_of(stream, file)
    return PlainCursor(stream) if compression is None else MemberCursor(stream, compression)


class MemberCursor(ByteCursor):
    """In a compressed file: members one after the other, some zero bytes between them allowed."""

    def __init__(self, stream: BinaryIO, compression: Compression, begin: int = 0) -> None:
        """Starts at the member that begins at this stored offset."""
        super().__init__()
        self._stream = stream
        self._compression = compression
        self._new_inflater = _inflater_of(stream, compression)
        self._start_at(begin)

    def _start_at(self, offset: int, skip: int = 0) -> None:
        self._stream.seek(offset)
        self._read_to = offset  # stored bytes before it have been read
        self._stored = b""  # read, but not yet given to the inflater
        self._padding = 0  # zero bytes between the last member and the next
        self._inflater: Inflater | None = None
        self._member = offset  # where the current one begins
        self._into = 0  # inflated bytes of it so far
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

    def take_member(self) -> tuple[int, bytes] | None:
        """See `ByteCursor`; what is not at hand to its end is left to `pull`."""
        if self._inflater is not None or self._buffer or self._damage is not None or self._skip:
            return None
        if not self._begin_member(is_end=False):
            return None
        member = self._member
        content = self._inflate_member()
        if self._inflater is not None:
            content = self._inflate_more(content)
            if self._inflater is not None or self._damage is not None:
                if content:
                    self._add(content, Position(member, 0))
                return None
        self.consumed += len(content)
        return member, content

    def _inflate_more(self, content: bytes) -> bytes:
        """Returns the current member's bytes to its end, or to where it gets large or is damaged.

        Args:
            content: the first of them.
        """
        while self._inflater is not None and len(content) < INFLATED_CHUNK_BYTES:
            self._stored = self._stream.read(STORED_CHUNK_BYTES)
            self._read_to += len(self._stored)
            if not self._stored:
                break
            try:
                content += self._inflate_member()
            except DamagedMemberError as damage:
                self._damage = damage
                return content
        self._into = len(content)
        return content

    def _inflate(self, is_end: bool) -> bool:
        """Makes some bytes available from the stored ones at hand; False if it takes more of them.

        Args:
            is_end: whether there are no more.
        """
        while self._inflater is not None or self._begin_member(is_end):
            content = self._inflate_member()
            if not content and self._inflater is not None:
                if is_end:
                    member = self._member
                    is_last = not self._recover(member)
                    problem = f"the file ends within a {self._compression.name} member"
                    raise DamagedMemberError(member, problem, is_last)
                return False
            if content and self._add_wanted(content):
                return True
        return False

    def _add_wanted(self, content: bytes) -> bool:
        """Makes bytes of the current member available; False if all of them are to be skipped."""
        begin = self._into
        self._into += len(content)
        if self._skip:
            skipped = min(self._skip, len(content))
            self._skip -= skipped
            content, begin = content[skipped:], begin + skipped
            if not content:
                return False
        self._add(content, Position(self._member, begin))
        return True

    def _begin_member(self, is_end: bool) -> bool:
        """Begins at the next member's first byte; False if it is not among the bytes at hand."""
        if self._stored.startswith(b"\0"):
            behind_padding = self._stored.lstrip(b"\0")
            self._padding += len(self._stored) - len(behind_padding)
            self._stored = behind_padding
        if self._padding and (is_end or len(self._stored) >= MAGIC_BYTES):
            self._check_padding()
        if not self._stored or (len(self._stored) < MAGIC_BYTES and not is_end):
            return False
        offset = self._read_to - len(self._stored)
        if not self._compression.magic.match(self._stored):
            found = self._stored[:8]
            is_last = not self._recover(offset)
            problem = f"expected a {self._compression.name} member, found {found!r}"
            raise DamagedMemberError(offset, problem, is_last)
        try:
            self._inflater = self._new_inflater()
        except Exception as error:  # a dictionary that its library does not take
            problem = f"the {self._compression.name} members cannot be read: {error}"
            self._stream.seek(0, SEEK_END)
            self._start_at(self._stream.tell())
            raise DamagedMemberError(offset, problem, is_last=True) from None
        self._member, self._into = offset, 0
        return True

    def _check_padding(self) -> None:
        """Raises DamagedMemberError if members have been lost where only padding stands."""
        zero_bytes, self._padding = self._padding, 0
        if zero_bytes > _PADDING_BYTES:
            offset = self._read_to - len(self._stored) - zero_bytes
            problem = f"expected a {self._compression.name} member, found {zero_bytes} zero bytes"
            raise DamagedMemberError(offset, problem, is_last=not self._stored)

    def _inflate_member(self) -> bytes:
        """Returns some bytes of the current member, and leaves it at its end."""
        inflater = self._inflater
        assert inflater is not None
        try:
            content = inflater.inflate(self._stored)
        except Exception as error:  # every library has exceptions of its own
            member = self._member
            is_last = not self._recover(member)
            problem = f"damaged {self._compression.name} member: {error}"
            raise DamagedMemberError(member, problem, is_last) from None
        self._stored = b""
        if inflater.eof:
            self._stored = inflater.unused_data
            self._inflater = None
        return content

    def _recover(self, damaged: int) -> bool:
        """Goes to the next member behind `damaged` that can be inflated; False if there is none."""
        offset = damaged + 1
        while True:
            self._stream.seek(offset)
            stored = self._stream.read(STORED_CHUNK_BYTES + _PROBE_BYTES)
            for match in self._compression.magic.finditer(stored):
                if match.start() >= STORED_CHUNK_BYTES:
                    break
                if self._can_begin(stored[match.start() : match.start() + _PROBE_BYTES]):
                    self._start_at(offset + match.start())
                    return True
            if len(stored) < STORED_CHUNK_BYTES + _PROBE_BYTES:
                self._start_at(offset + len(stored))
                return False
            offset += STORED_CHUNK_BYTES

    def _can_begin(self, stored: bytes) -> bool:
        """Whether what begins here inflates: a magic number may also stand inside a member.

        A frame with a user's own data holds nothing to go on with, and may be as long as it says.
        """
        if stored[1:4] == SKIPPABLE_MAGIC_END:
            return False
        try:
            inflater = self._new_inflater()
            inflater.inflate(stored)
        except Exception:  # every library has exceptions of its own
            return False
        return True


def _inflater_of(stream: BinaryIO, compression: Compression) -> Callable[[], Inflater]:
    """Returns what makes the inflater of a member; moves the stream."""
    of_file = compression.inflater_of_file
    return compression.inflater if of_file is None else of_file(stream)
