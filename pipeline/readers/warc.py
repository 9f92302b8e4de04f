"""WARC archives, ISO 28500, versions 0.17 to 1.1: how their records begin, and what heads state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from massivetext.pipeline.readers.contract import ReadContext, Reader
from massivetext.pipeline.readers.cursor import ByteCursor
from massivetext.pipeline.readers.frames import (
    HEADER_BYTES,
    Frame,
    FrameError,
    Framing,
    Head,
    ShortWay,
    read_archive,
)
from massivetext.pipeline.readers.header_fields import first_fields, header_end
from massivetext.pipeline.readers.web_record import WebRecord, clean_url, page_of
from massivetext.records import Record

_HEAD_END = re.compile(rb"\n\r?\n")
_BEGIN = re.compile(rb"WARC/\d+\.\d+[ \t]*\r?\n")
_RECORD_END: Final = b"\r\n\r\n"
"""ISO 28500:2017, section 4: what each record ends with."""


def _begin(ahead: bytes) -> int:
    found = _BEGIN.match(ahead)
    return found.end() if found else 0


def _head_at_hand(content: bytes | bytearray, start: int) -> Head | None:
    end = header_end(content, start, start + HEADER_BYTES)
    if end is None or not _BEGIN.match(content, start):
        return None
    return _parse_head(bytes(content[start : end[1]]))


def _read_head(cursor: ByteCursor) -> Head:
    end = cursor.find(_HEAD_END, HEADER_BYTES, overlap=2)
    if end is None:
        raise FrameError(f"WARC header does not end within {HEADER_BYTES} bytes")
    return _parse_head(cursor.peek(end))


def _parse_head(head: bytes) -> Head:
    if b"\0" in head:  # what a lost block of a disk leaves: two records melt there
        raise FrameError("expected a WARC header, but there are zero bytes in it")
    fields = first_fields(head.decode("utf-8", "replace"))
    length = fields.get("content-length")
    if length is None:
        raise FrameError("WARC header has no Content-Length")
    if not (length.isascii() and length.isdigit()):
        raise FrameError(f"Content-Length is {length!r}, expected a number of bytes")
    return Head(len(head), int(length), fields)


WARC_FRAMING: Final = Framing(
    name="WARC",
    begin=_begin,
    end=re.compile(_RECORD_END),
    short_way=ShortWay(_head_at_hand, _RECORD_END),
    find=re.compile(rb"WARC/\d+\.\d+[ \t]*\r?\n[A-Za-z-]+[ \t]*:"),
    read_head=_read_head,
)


def read(stream: BinaryIO, context: ReadContext) -> Iterator[Record]:
    """Returns the pages of an archive, what was skipped, and what could not be read."""
    return read_archive(stream, context, WARC_FRAMING, _page_of)


def _page_of(frame: Frame, context: ReadContext) -> Record:
    return page_of(web_record(frame), context)


def web_record(frame: Frame) -> WebRecord:
    """Returns the record that a frame holds."""
    head = frame.fields
    metadata = {}
    if date := head.get("warc-date"):
        metadata["timestamp"] = date
    if truncated := head.get("warc-truncated"):
        metadata["truncated"] = truncated
    return WebRecord(  # by place: names take as long as all else here
        frame.offset,
        head.get("warc-type", "").lower() or "no type",
        clean_url(head.get("warc-target-uri", "")),
        head.get("content-type", "").lower(),
        metadata,
        frame.block,
        head.get("warc-record-id", "").strip("<>"),
        head.get("warc-block-digest", ""),
        head.get("warc-payload-digest", ""),
    )


READER: Final = Reader(read)
