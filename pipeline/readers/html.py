"""HTML: one file is one page, in any encoding that the page declares. Empty files are failures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from massivetext.pipeline.readers.contract import ReadContext, Reader
from massivetext.pipeline.readers.one_document import read_whole
from massivetext.records import FailedRecord, RawRecord


def read(stream: BinaryIO, context: ReadContext) -> Iterator[RawRecord | FailedRecord]:
    """Yields the page that a file is."""
    yield read_whole(stream, context, "text/html", lambda raw: raw)


READER: Final = Reader(read)
