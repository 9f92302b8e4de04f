"""Files that hold one document: what the text and html formats share.

Such a record has no id of its own: its document id comes from its bytes, so that the same file
under another name is a copy. The name, without its folder, goes to the metadata.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from massivetext.pipeline.readers.compression import DamagedMemberError
from massivetext.pipeline.readers.contract import ReadContext
from massivetext.pipeline.readers.fields import RowError
from massivetext.pipeline.readers.members import open_cursor
from massivetext.records import FailedRecord, RawRecord


def read_whole(
    stream: BinaryIO, context: ReadContext, content_type: str, check: Callable[[bytes], bytes]
) -> RawRecord | FailedRecord:
    """Returns the document that a file is.

    Args:
        stream: the stored bytes.
        context: what the reader was told.
        content_type: media type, for the metadata.
        check: returns the bytes to keep, or raises RowError.
    """
    cursor = open_cursor(stream, context.file)
    try:
        raw = cursor.take(context.record_bytes)
        if cursor.peek(1):
            return FailedRecord(
                context.file, 0, f"larger than limits.record_bytes = {context.record_bytes}"
            )
        if not raw:
            return FailedRecord(context.file, 0, f"empty file: expected a document, {content_type}")
        metadata = {
            "content_type": content_type,
            "file_name": context.file.replace("\\", "/").rpartition("/")[2],
        }
        return RawRecord(source_id="", raw=check(raw), metadata=metadata)
    except DamagedMemberError as damage:
        return FailedRecord(context.file, damage.offset, str(damage), damage.is_last)
    except RowError as error:
        return FailedRecord(context.file, 0, str(error))
