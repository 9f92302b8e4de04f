"""JSON lines: one object a line, UTF-8. Plain files are split by bytes, compressed ones are not.

Blank lines are skipped. A file without any line is a failure: an export that was cut short
looks like that. Failures name the byte offset of the line in the inflated file.

The lines may lie in the files of a tar archive (`.ndjson` in `.tar.gz`), see `tar`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

from massivetext.pipeline.readers.contract import ReadContext, Reader
from massivetext.pipeline.readers.fields import RowError, record_or_failure
from massivetext.pipeline.readers.lines import Line, read_lines, split_lines
from massivetext.records import FailedRecord, RawRecord, Record, SkippedRecord

EXAMPLE_ROWS: Final = 100
"""Our choice: a column that none of so many rows of any file has was not meant."""


def read(stream: BinaryIO, context: ReadContext) -> Iterator[Record]:
    """Returns the documents of a file or of a byte range of it, and what could not be read."""
    return read_lines(stream, context, _record, "a JSON object a line")


def first_rows(stream: BinaryIO, context: ReadContext) -> Iterator[Mapping[str, object]]:
    """Yields the first EXAMPLE_ROWS rows of a file, without what could not be read."""
    first = itertools.islice(read_lines(stream, context, _example, "rows"), EXAMPLE_ROWS)
    return (row for row in first if not isinstance(row, (FailedRecord, SkippedRecord)))


def _example(line: Line, context: ReadContext) -> Mapping[str, object] | FailedRecord:
    try:
        return _row(line.content)
    except RowError as error:
        return FailedRecord(context.file, line.offset, str(error))


def _record(line: Line, context: ReadContext) -> RawRecord | FailedRecord:
    try:
        row = _row(line.content)
    except RowError as error:
        return FailedRecord(context.file, line.offset, str(error))
    return record_or_failure(row, line.offset, context)


def _row(content: bytes) -> dict[str, object]:
    try:
        row = json.loads(content.decode(), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        byte = content[error.start]
        raise RowError(f"byte 0x{byte:02x} at byte {error.start} of the line: not UTF-8") from None
    except ValueError as error:
        raise RowError(f"invalid JSON: {error}") from None
    except RecursionError:
        raise RowError("invalid JSON: nested too deeply") from None
    if not isinstance(row, dict):
        raise RowError(f"expected a JSON object, found {content[:40]!r}")
    return row


def _no_number(constant: str) -> None:
    """Takes NaN and Infinity as null: not JSON, but Python writes them for missing numbers."""
    del constant


READER: Final = Reader(read, split_lines, examples=first_rows)
