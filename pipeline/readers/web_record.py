"""Records of web archives: which hold a document, and what is known about it.

HTTP responses and resources that hold HTML or plain text are documents. Everything else is skipped
and counted by its kind. A document's metadata: `content_type`, `charset` (what the HTTP header
says, absent if it says nothing), `timestamp` (WARC-Date), `truncated` (WARC-Truncated) where the
crawler cut it, and `digest_mismatch` where a digest of the archive does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from massivetext.pipeline.readers.contract import ReadContext
from massivetext.pipeline.readers.digests import check_digest
from massivetext.pipeline.readers.http import (
    BodyError,
    HttpMessage,
    decode_body,
    inflate_undeclared,
    join_chunks,
    parse_message,
    payload_of,
)
from massivetext.pipeline.readers.media_types import (
    DATA_TYPES,
    charset_of,
    is_document,
    media_type,
    skipped_kind,
)
from massivetext.pipeline.readers.sniffing import (
    BINARY,
    BOOK_TYPES,
    SNIFFED_BYTES,
    document_type,
    file_type,
)
from massivetext.records import FailedRecord, Json, RawRecord, Record, SkippedRecord

HTTP_RESPONSE: Final = "application/http; msgtype=response"

_PAGE_SCHEMES: Final = frozenset(("http", "https", "ftp", "file", ""))  # "": none is stated
_OTHER_SCHEMES: Final = frozenset(("dns", "whois", "metadata", "urn"))
_OTHER_TYPES: Final = frozenset(
    ("warcinfo", "request", "metadata", "revisit", "conversion", "continuation", "no type")
)
"""The types of ISO 28500 beside those that hold pages: kinds must not be as many as strangers
write."""

_ROBOTS = re.compile(r"https?://[^/]+/robots\.txt(?:[?#]|$)", re.IGNORECASE)
_OK: Final = (200, 203)
"""HTTP statuses that come with the page itself: OK, and OK from a transforming proxy."""

_LOST_BLOCK: Final = bytes(512)
"""Zero bytes that a disk leaves where it has lost a block: 512 of them, or a multiple."""


class WebRecord(NamedTuple):
    """A record of a web archive.

    Attributes:
        offset: where it starts in the stored file, or its member does.
        kind: its WARC-Type, in lower case.
        url: WARC-Target-URI, see `clean_url`.
        content_type: of the block, in lower case: application/http, or the resource's own.
        metadata: what auditors ask for: timestamp, truncated.
        block: what it holds; see `Frame`.
        record_id: WARC-Record-ID without its brackets, or "".
        block_digest: that the archive states, or "".
        payload_digest: that the archive states, or "".
    """

    offset: int
    kind: str
    url: str
    content_type: str
    metadata: Mapping[str, str]
    block: memoryview
    record_id: str = ""
    block_digest: str = ""
    payload_digest: str = ""


class _Content(NamedTuple):
    """A document's bytes and what its server said of them."""

    raw: bytes
    media_type: str
    charset: str
    headers: Mapping[str, str]


def clean_url(url: str) -> str:
    """Returns a URL without brackets; spaces as %20, as browsers and warcio repair them."""
    return url.strip("<> ").replace(" ", "%20")


def page_of(record: WebRecord, context: ReadContext) -> Record:
    """Returns the page that a record holds, or why it holds none."""
    try:
        found = _content_or_kind(record, context.record_bytes)
    except BodyError as error:
        return fail(record, str(error), context)
    if isinstance(found, str):
        return skip(record, found, context)
    digests = checked_digests(record, context.record_bytes)
    metadata = document_metadata(record, found.media_type, found.charset, digests)
    return RawRecord(record.record_id, found.raw, record.url, "", metadata, found.headers, digests)


def fail(record: WebRecord, problem: str, context: ReadContext) -> FailedRecord:
    """Returns the record as one whose document cannot be read."""
    said = f"{record.url}: {problem}"
    return FailedRecord(
        context.file, record.offset, said, source_id=record.record_id, url=record.url
    )


def skip(record: WebRecord, kind: str, context: ReadContext) -> SkippedRecord:
    """Returns the record as one of a kind that holds no document."""
    digests = checked_digests(record, context.record_bytes)
    size_bytes = len(record.block)
    return SkippedRecord(kind, size_bytes, digests, record.offset, record.record_id, record.url)


def document_metadata(
    record: WebRecord, kind: str, charset: str, digests: tuple[str, ...]
) -> dict[str, Json]:
    """Returns the facts about a document."""
    metadata: dict[str, Json] = {**record.metadata, "content_type": kind}
    if charset:
        metadata["charset"] = charset
    differing = [found.split()[0] for found in digests if found.endswith("differs")]
    if differing:
        metadata["digest_mismatch"] = ", ".join(differing)
    return metadata


def _content_or_kind(record: WebRecord, record_bytes: int) -> _Content | str:
    """Returns the document that a record holds, or the kind of record that it is."""
    if record.kind not in ("response", "resource"):
        return record.kind if record.kind in _OTHER_TYPES else "other type"
    scheme = record.url.partition(":")[0].lower()
    if scheme not in _PAGE_SCHEMES:  # wget, for one, files its own logs as metadata:
        return f"scheme {scheme}" if scheme in _OTHER_SCHEMES else "other scheme"
    if _ROBOTS.match(record.url):
        return "robots.txt"
    if not record.content_type.startswith("application/http"):
        message = HttpMessage(_OK[0], {}, record.block)
        return _resource(message, record.content_type, record_bytes)
    message = parse_message(record.block)
    if message.status not in _OK:
        return f"http status {message.status}"
    return _resource(message, message.headers.get("content-type", ""), record_bytes)


def _resource(message: HttpMessage, content_type: str, record_bytes: int) -> _Content | str:
    declared = media_type(content_type)
    if declared and not is_document(declared):
        return _kind_of_data(message, declared)
    body = inflate_undeclared(_decoded(message, record_bytes), record_bytes)
    if not body or body.isspace():
        return "empty body"
    kind = document_type(declared, body)
    if kind == BINARY and _LOST_BLOCK in body[:SNIFFED_BYTES]:
        raise BodyError(f"expected {declared}, found zero bytes")
    if not is_document(kind):
        return skipped_kind(kind)
    return _Content(body, kind, charset_of(content_type), message.headers)


def _kind_of_data(message: HttpMessage, declared: str) -> str:
    """Returns what counts a resource that is declared as data; generic types tell nothing."""
    if declared in DATA_TYPES and "content-encoding" not in message.headers:
        kind = file_type(bytes(message.body[:SNIFFED_BYTES]))
        return kind if kind in BOOK_TYPES else skipped_kind(declared)
    return skipped_kind(declared)


def _decoded(message: HttpMessage, record_bytes: int) -> bytes:
    transfer_encoding = message.headers.get("transfer-encoding", "")
    content_encoding = message.headers.get("content-encoding", "")
    if not transfer_encoding and not content_encoding:
        return bytes(message.body)
    return decode_body(bytes(message.body), transfer_encoding, content_encoding, record_bytes)


def checked_digests(record: WebRecord, record_bytes: int) -> tuple[str, ...]:
    """Returns what became of each digest that the archive states of a record.

    The payload of a revisit is another record's, that of a segment is scattered over several.
    """
    if not record.block_digest and not record.payload_digest:
        return ()
    found = []
    if record.block_digest:
        found.append(f"block {check_digest(record.block_digest, [record.block])}")
    if record.payload_digest and record.kind not in ("revisit", "continuation"):
        payloads = _payloads(record, record_bytes)
        found.append(f"payload {check_digest(record.payload_digest, payloads)}")
    return tuple(found)


def _payloads(record: WebRecord, record_bytes: int) -> Iterator[bytes | memoryview]:
    """Yields what a crawler may have taken for the payload: with its codings, without, halfway."""
    if not record.content_type.startswith("application/http"):
        yield record.block
        return
    yield payload_of(record.block)
    try:
        message = parse_message(record.block)
        yield join_chunks(bytes(message.body))
        yield _decoded(message, record_bytes)
    except BodyError:  # which the record itself tells of
        return
