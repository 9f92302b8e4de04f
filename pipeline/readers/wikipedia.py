"""Dumps of MediaWiki (`pages-articles`): XML, plain or compressed, an article a record.

A multistream dump is many bzip2 streams, of 100 pages each: it is cut where streams begin, which
their first ten bytes tell, so that its index is not needed. A page belongs to the range that holds
the stream (or, in a plain file, the byte) that it begins in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import SEEK_END
from itertools import pairwise
from typing import BinaryIO, Final

from massivetext.pipeline.readers.compression import (
    COMPRESSIONS,
    Compression,
    DamagedMemberError,
    compression_of,
)
from massivetext.pipeline.readers.contract import (
    FileRange,
    OpenFile,
    ReadContext,
    Reader,
)
from massivetext.pipeline.readers.cursor import ByteCursor, PlainCursor
from massivetext.pipeline.readers.lines import equal_cuts
from massivetext.pipeline.readers.members import MemberCursor, open_cursor
from massivetext.pipeline.readers.site_info import HEAD_BYTES, parse_site_info
from massivetext.pipeline.readers.utf16 import Utf16Cursor, utf16_codec
from massivetext.pipeline.readers.wiki_page import record_of_page
from massivetext.records import FailedRecord, Record, SkippedRecord

_STREAM_BYTES: Final = 16 * 2**20
"""Our choice: a file whose next stream does not begin within so many bytes is not cut there. The
streams of Wikipedia's dumps have less than one megabyte."""

_MAGIC_BYTES: Final = 10
_SCANNED_BYTES: Final = 1 << 16

_NEXT: Final = re.compile(rb"<page>|</mediawiki>")
_EDGE: Final = re.compile(rb"</?page>")
_HEAD_END: Final = re.compile(rb"</siteinfo>")
_LONGEST: Final = len(b"</mediawiki>") - 1

_BETWEEN_BYTES: Final = 1 << 12
"""Our choice: what is looked at of bytes between pages, to say what was found there."""

_HEAD: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml|<!DOCTYPE|<mediawiki)")
_INDEX: Final = re.compile(rb"\d{1,20}:\d{1,20}:[^\n]")

_BZIP2: Final = COMPRESSIONS[".bz2"]


def split_dump(path: str, size_bytes: int, open_file: OpenFile) -> list[FileRange]:
    """Returns the ranges of a file: bytes of a plain one, streams of a multistream bzip2 one.

    Raises:
        OSError: if the file cannot be opened.
    """
    cuts = equal_cuts(size_bytes)
    if len(cuts) > 1:
        with open_file(path) as stream:
            compression = compression_of(stream, path)
            if compression is None:
                stream.seek(0)
                cuts = [0] if utf16_codec(stream.read(2)) else cuts
            else:
                cuts = _stream_cuts(stream, cuts) if compression is _BZIP2 else [0]
    return [FileRange(start, stop) for start, stop in pairwise([*cuts, size_bytes])]


def _stream_cuts(stream: BinaryIO, cuts: list[int]) -> list[int]:
    """Returns where streams begin behind each of the cuts; [0] if the file is a single stream."""
    if _next_stream(stream, _BZIP2, 1) is None:
        return [0]
    begins = (_next_stream(stream, _BZIP2, cut) for cut in cuts[1:])
    return [0, *dict.fromkeys(begin for begin in begins if begin is not None)]


def _next_stream(stream: BinaryIO, compression: Compression, start: int) -> int | None:
    """Returns where the first stream behind `start` begins, None if none does soon."""
    stop = start + _STREAM_BYTES
    while start < stop:
        stream.seek(start)
        stored = stream.read(_SCANNED_BYTES + _MAGIC_BYTES - 1)
        match = compression.magic.search(stored)
        if match:
            return start + match.start()
        if len(stored) < _SCANNED_BYTES:
            return None
        start += _SCANNED_BYTES
    return None


def read(stream: BinaryIO, context: ReadContext) -> Iterator[Record]:
    """Returns the articles of a dump or of a range of it, what is none, and what is damaged."""
    pages = _Pages(stream, context)
    if not _INDEX.match(pages.head):
        return pages.records()
    size_bytes = stream.seek(0, SEEK_END)
    return iter([SkippedRecord("index of a multistream dump", size_bytes)])


class _Pages:
    """The pages of a range."""

    def __init__(self, stream: BinaryIO, context: ReadContext) -> None:
        self._context = context
        asked = context.range
        start = 0 if asked is None else asked.start
        self._stop = None if asked is None else asked.stop
        self.head, codec = _read_head(stream, context.file)
        self._site = parse_site_info(self.head)
        compression = compression_of(stream, context.file)
        self._is_plain = compression is None
        stream.seek(start)
        cursor = (
            PlainCursor(stream) if compression is None else MemberCursor(stream, compression, start)
        )
        self._cursor: ByteCursor = Utf16Cursor(cursor, codec) if codec else cursor
        self._is_within = start > 0  # whether the rest of a page that is not ours comes first
        self._is_complete = False  # whether nothing is missing, if the file ends here

    def records(self) -> Iterator[Record]:
        """Yields what the range holds, and what is wrong with it."""
        is_empty = not self._is_within
        while not self._is_past():
            try:
                record = self._next()
            except DamagedMemberError as damage:
                record = self._damaged(damage)
                if record is None:
                    return
            if record is not None:
                is_empty = False
                yield record
        if is_empty:
            error = "no <page>: expected a dump of MediaWiki, in XML"
            yield FailedRecord(self._context.file, 0, error)
        elif self._cursor.is_at_end and not self._is_complete:
            error = "cut off: no </mediawiki> at the end; get the file again"
            yield FailedRecord(self._context.file, self._offset(), error, ends_file=True)

    def _offset(self) -> int:
        """Of the next byte's member; in a plain file, and in the first member, of the byte."""
        position = self._cursor.tell()
        return position.member or position.into

    def _is_past(self) -> bool:
        """Whether nothing of the range is left."""
        self._cursor.look(1)
        if self._cursor.is_at_end:
            return True
        position = self._cursor.tell()
        place = position.into if self._is_plain else position.member
        return self._stop is not None and place >= self._stop

    def _damaged(self, damage: DamagedMemberError) -> FailedRecord | None:
        """Drops what is left of a damaged member; None if it is another range's."""
        if self._stop is not None and damage.offset >= self._stop:
            return None
        self._cursor.discard()
        self._is_within, self._is_complete = True, damage.is_last
        return FailedRecord(self._context.file, damage.offset, str(damage), damage.is_last)

    def _next(self) -> Record | None:
        """Consumes what comes next: a page, or what stands between pages."""
        cursor = self._cursor
        if not cursor.skip_any(b" \t\r\n") or self._is_past():
            return None
        found = cursor.look(_BETWEEN_BYTES)
        if found.startswith(b"<page>"):
            self._is_within = self._is_complete = False
            return self._page()
        if found.startswith(b"</mediawiki>"):
            self._is_within, self._is_complete = False, True
            cursor.skip(len(b"</mediawiki>"))
            return None
        return self._between(found)

    def _between(self, found: bytes) -> FailedRecord | None:
        """Goes to the next page or the end of the dump; says what should not stand before it."""
        offset = self._offset()
        is_expected = self._is_within or _HEAD.match(found)
        self._is_complete = False
        skipped = self._cursor.skip_to(_NEXT, _LONGEST)
        if is_expected:
            return None
        error = f"expected <page>, found {found[:40]!r}; {skipped} bytes skipped"
        return FailedRecord(self._context.file, offset, error)

    def _page(self) -> Record:
        """Consumes the page that begins here, to its end or to where another one begins."""
        cursor, context = self._cursor, self._context
        offset = self._offset()
        cursor.skip(len(b"<page>"))
        end = cursor.find(_EDGE, context.record_bytes, _LONGEST)
        if end is None:
            return self._unended(offset, is_large=len(cursor) > context.record_bytes)
        xml = cursor.peek(end)
        if not xml.endswith(b"</page>"):
            cursor.skip(end - len(b"<page>"))
            return FailedRecord(context.file, offset, "a page without </page>: another one begins")
        cursor.skip(end)
        return record_of_page(b"<page>" + xml, offset, self._site, context)

    def _unended(self, offset: int, is_large: bool) -> FailedRecord:
        """Consumes a page that is larger than the limit, or that the end of the file cuts off."""
        size_bytes = self._cursor.skip_to(_EDGE, _LONGEST)
        if is_large:
            if self._cursor.look(2) == b"</":
                size_bytes += self._cursor.skip(len(b"</page>"))
            error = (
                f"a page of {size_bytes} bytes is larger than limits.record_bytes = "
                f"{self._context.record_bytes}"
            )
            return FailedRecord(self._context.file, offset, error)
        self._is_complete = True  # this failure says that it is not
        error = "a page without </page>: the file ends in it"
        return FailedRecord(self._context.file, offset, error, ends_file=True)


def _read_head(stream: BinaryIO, file: str) -> tuple[bytes, str]:
    """Returns a file's first bytes in UTF-8, and their codec if they are stored in UTF-16."""
    stream.seek(0)
    cursor = open_cursor(stream, file)
    codec = utf16_codec(cursor.look(2))
    if codec:
        cursor = Utf16Cursor(cursor, codec)
    try:
        end = cursor.find(_HEAD_END, HEAD_BYTES, _LONGEST)
    except DamagedMemberError:
        end = None
    return cursor.look(_BETWEEN_BYTES if end is None else end), codec


READER: Final = Reader(read, split_dump)
