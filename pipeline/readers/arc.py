"""ARC archives, the form before WARC (Internet Archive, 1996 to about 2009), versions 1 and 2.

Each record is a line `URL IP date type length` (version 2 adds five fields before the length) and
that many bytes: an HTTP message, or another protocol's answer. Read here because fastwarc reads
none of it. A record becomes a WARC record in memory and goes the way of those. ARC has no record
ids: a document's id comes from its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from massivetext.pipeline.readers.contract import ReadContext, Reader
from massivetext.pipeline.readers.cursor import ByteCursor
from massivetext.pipeline.readers.frames import Frame, FrameError, Framing, Head, read_archive
from massivetext.pipeline.readers.warc import page_of
from massivetext.records import Record, SkippedRecord

_LINE_BYTES: Final = 1 << 12
"""Longest line that begins a record. Our choice: the look-ahead of `frames`."""

_BEGIN: Final = re.compile(
    rb"(?P<url>[A-Za-z][A-Za-z0-9+.-]*:[^\r\n]*?)[ ](?P<ip>[0-9A-Fa-f.:]+|-)[ ]"
    rb"(?P<date>\d{8,18})[ ](?P<type>[^ \r\n]*)(?:[ ][^\r\n]*?)??[ ](?P<length>[^ \r\n]+)\r?\n"
)
_FIND: Final = re.compile(
    rb"(?:https?|ftp|dns|filedesc):[^\r\n ]*[ ](?:[0-9.:]+|-)[ ]\d{8,18}[ ]"
    rb"[^ \r\n]*[ ][^\r\n]*?-?\d+\r?\n"
)


def _read_head(cursor: ByteCursor) -> Head:
    found = _BEGIN.match(cursor.look(_LINE_BYTES))
    if not found or not found["length"].isdigit():
        length = found["length"] if found else b""
        raise FrameError(f"ARC record states length {length!r}, expected a number of bytes")
    return Head(found.end(), int(found["length"]))


ARC_FRAMING: Final = Framing(
    name="ARC",
    begin=_BEGIN,
    end=re.compile(rb"\n[^\n]*\Z"),  # the file ends within the next record's line
    find=_FIND,
    read_head=_read_head,
)


def read(stream: BinaryIO, context: ReadContext) -> Iterator[Record]:
    """Returns the pages of an archive, what was skipped, and what could not be read."""
    return read_archive(stream, context, ARC_FRAMING, _page_of)


def _page_of(frame: Frame, context: ReadContext) -> Record:
    found = _BEGIN.match(frame.head)
    assert found is not None  # `_read_head` has matched it
    if found["url"].startswith(b"filedesc:"):
        return SkippedRecord("filedesc")
    is_http = found["url"][:4].lower() == b"http"
    content_type = b"application/http; msgtype=response" if is_http else found["type"]
    head = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: %s\r\n" % found["url"]
    head += b"WARC-Date: %s\r\n" % _iso_date(found["date"])
    head += b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n" % (content_type, len(frame.block))
    return page_of(Frame(frame.offset, head, frame.block), context)


def _iso_date(digits: bytes) -> bytes:
    """Returns YYYYMMDDhhmmss as WARC writes it; other lengths as they are."""
    if len(digits) != 14:
        return digits
    d = digits
    return b"%s-%s-%sT%s:%s:%sZ" % (d[:4], d[4:6], d[6:8], d[8:10], d[10:12], d[12:])


READER: Final = Reader(read)
