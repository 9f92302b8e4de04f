"""WET archives of Common Crawl: WARC conversion records that hold a page's plain text, UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from massivetext.pipeline.readers.contract import ReadContext, Reader
from massivetext.pipeline.readers.fields import RowError, check_utf8
from massivetext.pipeline.readers.frames import Frame, read_archive
from massivetext.pipeline.readers.media_types import PLAIN_TYPES, media_type, skipped_kind
from massivetext.pipeline.readers.warc import WARC_FRAMING, web_record
from massivetext.records import FailedRecord, RawRecord, Record, SkippedRecord


def read(stream: BinaryIO, context: ReadContext) -> Iterator[Record]:
    """Returns the texts of an archive, what was skipped, and what could not be read."""
    return read_archive(stream, context, WARC_FRAMING, _text_of)


def _text_of(frame: Frame, context: ReadContext) -> Record:
    record = web_record(frame, context)
    if isinstance(record, FailedRecord):
        return record
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
