"""Files that hold one document: what the text and html formats share.

Such a record has no id of its own: its document id comes from its bytes, so that the same file
under another name is a copy. The name, without its folder, goes to the metadata. Files whose first
bytes show that they are something else, such as PDF or EPUB, are skipped and counted by their kind.

The files of a tar archive are documents one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from massivetext.pipeline.readers.compression import DamagedMemberError, compression_of
from massivetext.pipeline.readers.contract import FileRange, OpenFile, ReadContext
from massivetext.pipeline.readers.cursor import ByteCursor
from massivetext.pipeline.readers.fields import RowError
from massivetext.pipeline.readers.lines import split_lines
from massivetext.pipeline.readers.members import open_cursor
from massivetext.pipeline.readers.sniffing import SNIFFED_BYTES, file_type
from massivetext.pipeline.readers.tar import TAR_HEAD_BYTES, TarFile, is_tar, tar_files
from massivetext.records import FailedRecord, RawRecord, Record, SkippedRecord


@dataclass(frozen=True)
class DocumentForm:
    """What the documents of a format are.

    Attributes:
        content_type: media type, for the metadata.
        check: returns the bytes to keep of a file, or raises RowError.
    """

    content_type: str
    check: Callable[[bytes], bytes]

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Record]:
        """Yields the document that a file is, or those of an archive.

        Args:
            stream: the stored bytes.
            context: what the reader was told.
        """
        start = context.range.start if context.range else 0
        if start:  # only plain archives are cut
            stream.seek(start)
        cursor = open_cursor(stream, context.file)
        if not start and not is_tar(cursor.look(TAR_HEAD_BYTES)):
            name = context.file.replace("\\", "/")
            yield self._document(cursor, name, 0, context)
            return
        is_cut = context.range is not None and compression_of(stream, context.file) is None
        stop = context.range.stop if context.range and is_cut else None
        for file in tar_files(cursor, context, start, stop):
            if isinstance(file, TarFile):
                yield self._document(file, file.name, file.offset, context)
            else:
                yield file

    def _document(
        self, cursor: ByteCursor, name: str, offset: int, context: ReadContext
    ) -> RawRecord | FailedRecord | SkippedRecord:
        """Returns what the bytes to the cursor's end are; `name` is their file's."""
        try:
            kind = file_type(cursor.peek(SNIFFED_BYTES))
            if kind:
                return SkippedRecord(kind, cursor.skip_all(), offset=offset)
            raw = cursor.take(context.record_bytes)
            if cursor.peek(1):
                said = f"larger than limits.record_bytes = {context.record_bytes}"
                return FailedRecord(context.file, offset, said)
            if not raw:
                said = f"empty file: expected a document, {self.content_type}"
                return FailedRecord(context.file, offset, said)
            file_name = name.rpartition("/")[2]
            metadata = {"content_type": self.content_type, "file_name": file_name}
            return RawRecord(source_id="", raw=self.check(raw), metadata=metadata)
        except DamagedMemberError as damage:
            return FailedRecord(context.file, damage.offset, str(damage), damage.is_last)
        except RowError as error:
            return FailedRecord(context.file, offset, str(error))


def split_documents(path: str, size_bytes: int, open_file: OpenFile) -> Sequence[FileRange]:
    """Returns the ranges of a file: whole files of a large plain tar archive, else one.

    Raises:
        OSError: if the file cannot be opened.
    """
    ranges = split_lines(path, size_bytes, open_file)
    if len(ranges) > 1:
        with open_file(path) as stream:
            is_archive = is_tar(stream.read(TAR_HEAD_BYTES))
        if not is_archive:
            return [FileRange(0, size_bytes)]
    return ranges
