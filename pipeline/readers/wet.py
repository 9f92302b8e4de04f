"""WET archives of Common Crawl: WARC conversion records that hold a page's plain text, UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from massivetext.pipeline.readers.contract import ReadContext, Reader
from massivetext.pipeline.readers.fields import RowError, check_utf8
from massivetext.pipeline.readers.media_types import PLAIN_TYPES, media_type, skipped_kind
from massivetext.pipeline.readers.warc import WebRecord, read_records
from massivetext.records import FailedRecord, RawRecord, Record, SkippedRecord


def read(stream: BinaryIO, context: ReadContext) -> Iterator[Record]:
    """Yields the texts of an archive, what was skipped, and what could not be read."""
    for record in read_records(stream, context):
        yield record if isinstance(record, FailedRecord) else _text_of(record, context)


def _text_of(record: WebRecord, context: ReadContext) -> Record:
    if record.kind != "conversion":
        return SkippedRecord(record.kind)
    kind = media_type(record.content_type)
    if kind not in PLAIN_TYPES:
        return SkippedRecord(skipped_kind(kind))
    try:
        raw = check_utf8(record.parsed.reader.read())
    except RowError as error:
        return FailedRecord(context.file, record.offset, f"{record.url}: {error}")
    metadata = {**record.metadata, "content_type": kind, "charset": "utf-8"}
    return RawRecord(record.record_id, raw, record.url, metadata=metadata)


READER: Final = Reader(read)
