"""WARC archives: HTTP responses and resources that hold HTML or plain text are documents.

Everything else is skipped and counted by its kind. A document's metadata: `content_type`,
`charset` (what the HTTP header says, absent if it says nothing), `timestamp` (WARC-Date) and
`truncated` (WARC-Truncated) where the crawler cut it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from fastwarc.warc import WarcRecord

from massivetext.pipeline.readers.contract import ReadContext, Reader
from massivetext.pipeline.readers.cursor import ByteCursor
from massivetext.pipeline.readers.frames import (
    HEADER_BYTES,
    Frame,
    FrameError,
    Framing,
    Head,
    read_archive,
)
from massivetext.pipeline.readers.http import BodyError, decode_body
from massivetext.pipeline.readers.media_types import (
    begins_like_html,
    charset_of,
    is_document,
    media_type,
    skipped_kind,
)
from massivetext.records import FailedRecord, Json, RawRecord, Record, SkippedRecord

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_CONTENT_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.M)
_PAGE_SCHEMES: Final = frozenset(("http", "https", "ftp", "file", ""))  # "": none is stated
_OTHER_SCHEMES: Final = frozenset(("dns", "whois", "metadata", "urn"))
_ROBOTS = re.compile(r"https?://[^/]+/robots\.txt(?:[?#]|$)", re.IGNORECASE)
_OK: Final = (200, 203)
"""HTTP statuses that come with the page itself: OK, and OK from a transforming proxy."""


def _read_head(cursor: ByteCursor) -> Head:
    end = cursor.find(_HEAD_END, HEADER_BYTES, overlap=3)
    if end is None:
        raise FrameError(f"WARC header does not end within {HEADER_BYTES} bytes")
    found = _CONTENT_LENGTH.search(cursor.peek(end))
    if not found:
        raise FrameError("WARC header has no Content-Length")
    if not found[1].strip().isdigit():
        raise FrameError(f"Content-Length is {found[1]!r}, expected a number of bytes")
    return Head(end, int(found[1]))


WARC_FRAMING: Final = Framing(
    name="WARC",
    begin=re.compile(rb"WARC/\d+\.\d+[ \t]*\r?\n"),
    end=re.compile(rb"\r\n\r\n"),  # the standard's own end of a record
    find=re.compile(rb"WARC/\d+\.\d+[ \t]*\r?\n[A-Za-z-]+[ \t]*:"),
    read_head=_read_head,
)


@dataclass(frozen=True)
class WebRecord:
    """A record of a web archive.

    Attributes:
        offset: where it starts in the stored file, or its member does.
        kind: its WARC-Type, in lower case.
        record_id: WARC-Record-ID without its brackets, or "".
        url: WARC-Target-URI without brackets; spaces as %20, as browsers and warcio repair them.
        content_type: of the block: application/http, or the resource's own.
        metadata: what auditors ask for: timestamp, truncated.
        parsed: fastwarc's view of it.
    """

    offset: int
    kind: str
    record_id: str
    url: str
    content_type: str
    metadata: Mapping[str, str]
    parsed: WarcRecord


def read(stream: BinaryIO, context: ReadContext) -> Iterator[Record]:
    """Returns the pages of an archive, what was skipped, and what could not be read."""
    return read_archive(stream, context, WARC_FRAMING, page_of)


def web_record(frame: Frame, context: ReadContext) -> WebRecord | FailedRecord:
    """Returns the record that a frame holds."""
    head = frame.head.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")  # fastwarc wants CR LF
    try:
        parsed = WarcRecord.from_bytes(head + frame.block)
    except (OSError, ValueError) as error:
        return FailedRecord(context.file, frame.offset, f"record header cannot be read: {error}")

    def header(name: str) -> str:
        return (parsed.headers.get(name) or "").strip()

    facts = {"timestamp": header("WARC-Date"), "truncated": header("WARC-Truncated")}
    return WebRecord(
        offset=frame.offset,
        kind=header("WARC-Type").lower() or "no type",
        record_id=header("WARC-Record-ID").strip("<>"),
        url=header("WARC-Target-URI").strip("<> ").replace(" ", "%20"),
        content_type=header("Content-Type").lower(),
        metadata={name: fact for name, fact in facts.items() if fact},
        parsed=parsed,
    )


def page_of(frame: Frame, context: ReadContext) -> Record:
    """Returns the page that a frame holds, or why it holds none."""
    record = web_record(frame, context)
    if isinstance(record, FailedRecord):
        return record
    if record.kind not in ("response", "resource"):
        return SkippedRecord(record.kind)
    scheme = record.url.partition(":")[0].lower()
    if scheme not in _PAGE_SCHEMES:  # wget, for one, files its own logs as metadata:
        return SkippedRecord(f"scheme {scheme}" if scheme in _OTHER_SCHEMES else "other scheme")
    if _ROBOTS.match(record.url):
        return SkippedRecord("robots.txt")
    try:
        if record.content_type.startswith("application/http"):
            return _page_of_message(record, context)
        body = record.parsed.reader.read()
    except (BodyError, OSError) as error:  # OSError: fastwarc's parser
        return FailedRecord(context.file, record.offset, f"{record.url}: {error}")
    return _page(record, body, record.content_type, {})


def _page_of_message(record: WebRecord, context: ReadContext) -> Record:
    record.parsed.is_http = True  # fastwarc wants its own spelling of the media type
    record.parsed.parse_http(quirks_mode=True)
    message = record.parsed.http_headers
    status = message.status_code
    if status is None:
        raise BodyError("expected an HTTP message, but it begins with no status line")
    if status not in _OK:
        return SkippedRecord(f"http status {status}")
    headers: dict[str, str] = {}
    for name, value in message.to_tuples():
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    kind = media_type(headers.get("content-type", ""))
    if kind and not is_document(kind):
        return SkippedRecord(skipped_kind(kind))
    body = decode_body(
        record.parsed.reader.read(),
        headers.get("transfer-encoding", ""),
        headers.get("content-encoding", ""),
        context.record_bytes,
    )
    return _page(record, body, headers.get("content-type", ""), headers)


def _page(
    record: WebRecord, body: bytes, content_type: str, headers: Mapping[str, str]
) -> RawRecord | SkippedRecord:
    kind = media_type(content_type)
    if not kind and begins_like_html(body):
        kind = "text/html"
    if not is_document(kind):
        return SkippedRecord(skipped_kind(kind))
    if not body.strip():
        return SkippedRecord("empty body")
    metadata: dict[str, Json] = {**record.metadata, "content_type": kind}
    charset = charset_of(content_type)
    if charset:
        metadata["charset"] = charset
    return RawRecord(record.record_id, body, record.url, metadata=metadata, headers=headers)


READER: Final = Reader(read)
