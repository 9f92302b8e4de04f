"""ARC archives, the form before WARC (Internet Archive, 1996 to about 2009), versions 1 and 2.

Each record is a line `URL IP date type length` (version 2 adds five fields before the length) and
that many bytes: an HTTP message, or another protocol's answer. Read here because fastwarc reads
none of it. ARC has no record ids: a document's id comes from its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from massivetext.pipeline.readers.contract import ReadContext, Reader
from massivetext.pipeline.readers.cursor import ByteCursor
from massivetext.pipeline.readers.frames import (
    LOOK_AHEAD_BYTES,
    Frame,
    FrameError,
    Framing,
    Head,
    read_archive,
)
from massivetext.pipeline.readers.web_record import HTTP_RESPONSE, WebRecord, clean_url, page_of
from massivetext.records import Record, SkippedRecord

_IP: Final = re.compile(r"[0-9A-Fa-f.:]+|-")
_DATE: Final = re.compile(r"[0-9]{8,18}")
_SCHEME: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:")
_FIND: Final = re.compile(
    rb"(?:https?|ftp|dns|filedesc):(?>[^\r\n \0]*)"  # where no line follows, this is passed over
    rb"([ ](?:[0-9A-Fa-f.:]+|-)[ ]\d{8,18}[ ][^ \r\n\0]*[ ](?>[^\r\n\0]{0,4096})(?<=\d)\r?\n)?"
)


@dataclass(frozen=True)
class _Line:
    """The line that a record begins with.

    Attributes:
        size_bytes: its length, line end included.
        url: of the resource; older crawlers left spaces in it.
        date: digits, YYYYMMDDhhmmss.
        content_type: media type that the server stated.
        length: of the block, as stated.
    """

    size_bytes: int
    url: str
    date: str
    content_type: str
    length: str


def _line_of(ahead: bytes) -> _Line | None:
    """Returns the line that begins here, if it is one of a record: URL IP date type [...] length.

    A line with zero bytes is none: they are what a lost block leaves, and two records melt there.
    """
    raw, end, _ = ahead.partition(b"\n")
    if not end or b"\0" in raw or not _SCHEME.match(raw):
        return None
    words = raw.decode("utf-8", "replace").removesuffix("\r").split(" ")
    if not words[-1]:
        return None
    for place in range(1, len(words) - 3):
        date = words[place + 1]
        if _DATE.fullmatch(date) and _IP.fullmatch(words[place]):
            url = " ".join(words[:place])
            return _Line(len(raw) + 1, url, date, words[place + 2], words[-1])
    return None


def _begin(ahead: bytes) -> int:
    line = _line_of(ahead)
    return line.size_bytes if line else 0


def _read_head(cursor: ByteCursor) -> Head:
    line = _line_of(cursor.look(LOOK_AHEAD_BYTES))
    if not line or not (line.length.isascii() and line.length.isdigit()):
        length = line.length if line else ""
        raise FrameError(f"ARC record states length {length!r}, expected a number of bytes")
    fields = {"url": line.url, "date": line.date, "type": line.content_type}
    return Head(line.size_bytes, int(line.length), fields)


ARC_FRAMING: Final = Framing(
    name="ARC",
    begin=_begin,
    end=re.compile(rb"\n[^\n]*\Z"),  # the file ends within the next record's line
    find=_FIND,
    read_head=_read_head,
)


def read(stream: BinaryIO, context: ReadContext) -> Iterator[Record]:
    """Returns the pages of an archive, what was skipped, and what could not be read."""
    return read_archive(stream, context, ARC_FRAMING, _page_of)


def _page_of(frame: Frame, context: ReadContext) -> Record:
    url = frame.fields["url"]
    if url.startswith("filedesc:"):
        return SkippedRecord("filedesc", len(frame.block), offset=frame.offset, url=clean_url(url))
    is_http = url[:4].lower() == "http"
    record = WebRecord(
        offset=frame.offset,
        kind="response",
        url=clean_url(url),
        content_type=HTTP_RESPONSE if is_http else frame.fields["type"].lower(),
        metadata={"timestamp": _iso_date(frame.fields["date"])},
        block=frame.block,
    )
    return page_of(record, context)


def _iso_date(digits: str) -> str:
    """Returns YYYYMMDDhhmmss as WARC writes it; other lengths as they are."""
    if len(digits) != 14:
        return digits
    d = digits
    return f"{d[:4]}-{d[4:6]}-{d[6:8]}T{d[8:10]}:{d[10:12]}:{d[12:]}Z"


READER: Final = Reader(read)
