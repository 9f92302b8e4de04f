"""WET archives of Common Crawl: WARC conversion records that hold a page's plain text, UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from massivetext.pipeline.readers.contract import ReadContext, Reader
from massivetext.pipeline.readers.fields import RowError, check_utf8
from massivetext.pipeline.readers.frames import Frame, read_archive
from massivetext.pipeline.readers.media_types import PLAIN_TYPES, media_type, skipped_kind
from massivetext.pipeline.readers.warc import WARC_FRAMING, web_record
from massivetext.pipeline.readers.web_record import (
    checked_digests,
    document_metadata,
    fail,
    skip,
)
from massivetext.records import RawRecord, Record


def read(stream: BinaryIO, context: ReadContext) -> Iterator[Record]:
    """Returns the texts of an archive, what was skipped, and what could not be read."""
    return read_archive(stream, context, WARC_FRAMING, _text_of)


def _text_of(frame: Frame, context: ReadContext) -> Record:
    record = web_record(frame)
    if record.kind != "conversion":
        return skip(record, record.kind, context)
    kind = media_type(record.content_type)
    if kind not in PLAIN_TYPES:
        return skip(record, skipped_kind(kind), context)
    try:
        raw = check_utf8(bytes(record.block))
    except RowError as error:
        return fail(record, str(error), context)
    digests = checked_digests(record, context.record_bytes)
    metadata = document_metadata(record, kind, "utf-8", digests)
    return RawRecord(record.record_id, raw, record.url, metadata=metadata, digests=digests)


READER: Final = Reader(read)
