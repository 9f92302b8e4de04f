"""Plain text: one file is one document, UTF-8. An empty file is a failure."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Final

from massivetext.pipeline.readers.contract import ReadContext, Reader
from massivetext.pipeline.readers.fields import RowError, check_utf8
from massivetext.pipeline.readers.one_document import read_whole
from massivetext.records import FailedRecord, RawRecord


def read(stream: BinaryIO, context: ReadContext) -> Iterator[RawRecord | FailedRecord]:
    """Yields the document that a file is, without a byte order mark."""
    yield read_whole(stream, context, "text/plain", _check)


def _check(raw: bytes) -> bytes:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RowError("UTF-16 by its byte order mark: expected UTF-8; convert the text")
    return check_utf8(raw.removeprefix(codecs.BOM_UTF8))


READER: Final = Reader(read)
