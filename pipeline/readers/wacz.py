"""WACZ, version 1.1.1: a zip archive of WARC files, with indexes and lists of pages beside them.

WARC files are those below `archive/`, and others by their suffix. The rest is skipped and counted.
A WACZ that lost its directory, which stands at its end, is read from its beginning as far as the
headers of its files lead.
"""

from __future__ import annotations

import io
import re
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import BinaryIO, Final, cast

from massivetext.pipeline.readers.compression import INFLATED_CHUNK_BYTES
from massivetext.pipeline.readers.contract import (
    RANGE_BYTES,
    FileRange,
    OpenFile,
    ReadContext,
    Reader,
)
from massivetext.pipeline.readers.cursor import STORED_CHUNK_BYTES
from massivetext.pipeline.readers.warc import READER as WARC
from massivetext.pipeline.readers.zip import (
    DEFLATED,
    FILES,
    STORED,
    ZipEntry,
    ZipError,
    content_place,
    local_entries,
    zip_entries,
)
from massivetext.records import FailedRecord, RawRecord, Record, SkippedRecord

_WARC_NAME = re.compile(
    r"(?:^|/)archive/(?!.*\.(?:cdxj?|idx|json|txt|zip|wacz)(?:\.gz)?$)|\.warc(?:\.gz|\.zst)?$", re.I
)

_KINDS: Final = (
    (re.compile(r"\.(?:zip|wacz)$", re.I), "wacz: archive in an archive"),
    (re.compile(r"(?:^|/)indexes/"), "wacz: index"),
    (re.compile(r"(?:^|/)pages/"), "wacz: list of pages"),
)
_OTHER_KIND: Final = "wacz: other file"

_MOST_INFLATION: Final = 100
"""Our choice: pages deflate to a tenth. A file that gives more than this for a stored byte is a
bomb. The standard wants WARC files stored as they are."""

_IN_MEMORY_BYTES: Final = 1 << 24
"""Our choice: a larger inflated file waits on the disk, as reading may have to go back in it."""


class _Slice(io.RawIOBase):
    """A stored file of an archive: its bytes in the archive's stream."""

    def __init__(self, stream: BinaryIO, begin: int, size_bytes: int) -> None:
        self._stream, self._begin, self._size = stream, begin, size_bytes
        self._at = 0

    def read(self, size: int | None = -1) -> bytes:
        """Returns the next bytes; fewer at the file's end."""
        left = max(0, self._size - self._at)
        self._stream.seek(self._begin + self._at)
        content = self._stream.read(left if size is None or size < 0 else min(size, left))
        self._at += len(content)
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes to a place of the file."""
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        """Returns the place in the file."""
        return self._at


def read(stream: BinaryIO, context: ReadContext) -> Iterator[Record]:
    """Yields the pages of the WARC files, what was skipped, and what could not be read."""
    size_bytes = stream.seek(0, io.SEEK_END)
    wanted = context.range or FileRange(0, size_bytes)
    damage = None
    try:
        entries = zip_entries(stream, size_bytes)
    except ZipError as error:
        damage = FailedRecord(context.file, size_bytes, str(error), ends_file=True)
        entries = list(islice(local_entries(stream, size_bytes), FILES))
    behind = 0
    for entry in entries:
        overlaps, behind = entry.header < behind, max(behind, entry.header + entry.stored_bytes)
        if wanted.start <= entry.header < wanted.stop:
            if overlaps:
                said = f"{entry.name!r} shares bytes with another file of the zip archive"
                yield FailedRecord(context.file, entry.header, said)
            else:
                yield from _read_entry(stream, entry, context)
    if damage is not None:
        yield damage
    elif not entries:
        yield FailedRecord(context.file, 0, "empty zip archive: expected WARC files in it")


def _read_entry(stream: BinaryIO, entry: ZipEntry, context: ReadContext) -> Iterator[Record]:
    if not _WARC_NAME.search(entry.name):
        kind = next((kind for name, kind in _KINDS if name.search(entry.name)), _OTHER_KIND)
        yield SkippedRecord(kind, entry.stored_bytes, offset=entry.header, source_id=entry.name)
        return
    begin = content_place(stream, entry)
    problem = "no header of a file begins where the directory says" if begin is None else ""
    if entry.is_encrypted:
        problem = "it is encrypted"
    elif entry.method not in (STORED, DEFLATED):
        problem = f"zip's compression method {entry.method}; expected stored or deflated files"
    if problem or begin is None:
        yield FailedRecord(context.file, entry.header, f"{entry.name!r}: {problem}")
        return
    inner = replace(context, file=entry.name, range=None)
    if entry.method == STORED:
        content = cast(BinaryIO, _Slice(stream, begin, entry.stored_bytes))
        for record in WARC.read(content, inner):
            yield _placed(record, begin, entry, context)
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as inflated:
        problem = _inflate(_Slice(stream, begin, entry.stored_bytes), entry, inflated)
        inflated.seek(0)
        for record in WARC.read(cast(BinaryIO, inflated), inner):
            yield _placed(record, None, entry, context)
    if problem:
        said = f"{entry.name!r}: {problem}"
        yield FailedRecord(context.file, entry.header, said, ends_file=True)


def _placed(record: Record, begin: int | None, entry: ZipEntry, context: ReadContext) -> Record:
    """Returns a record with its place in the archive; that of its file if that was deflated."""
    if isinstance(record, RawRecord):
        return record
    offset = entry.header if begin is None else begin + record.offset
    if isinstance(record, SkippedRecord):
        return replace(record, offset=offset)
    return replace(
        record, file=context.file, offset=offset, error=f"{entry.name!r}: {record.error}"
    )


def _inflate(stored: _Slice, entry: ZipEntry, target: tempfile.SpooledTemporaryFile[bytes]) -> str:
    """Writes what a deflated file holds, as far as it can be inflated; returns what went wrong."""
    inflater = zlib.decompressobj(-15)
    most = _MOST_INFLATION * entry.stored_bytes + INFLATED_CHUNK_BYTES
    written = 0
    try:
        while not inflater.eof:
            piece = inflater.unconsumed_tail or stored.read(STORED_CHUNK_BYTES)
            content = inflater.decompress(piece, INFLATED_CHUNK_BYTES)
            if not piece and not content:
                return "the file ends within its deflated content"
            written += target.write(content)
            if written > most:
                return f"more than {_MOST_INFLATION} inflated bytes for each stored one: a zip bomb"
    except zlib.error:
        return "damaged deflated content"
    return ""


def split_archive(path: str, size_bytes: int, open_file: OpenFile) -> Sequence[FileRange]:
    """Returns ranges of whole files, each of at least RANGE_BYTES but the last.

    Raises:
        OSError: if the file cannot be opened.
    """
    if size_bytes <= RANGE_BYTES:
        return [FileRange(0, size_bytes)]
    with open_file(path) as stream:
        try:
            entries = zip_entries(stream, size_bytes)
        except ZipError:  # told by `read`
            return [FileRange(0, size_bytes)]
    cuts = [0]
    for entry in entries:
        if entry.header - cuts[-1] >= RANGE_BYTES:
            cuts.append(entry.header)
    ends = [*cuts[1:], size_bytes]
    return [FileRange(start, stop) for start, stop in zip(cuts, ends, strict=True)]


READER: Final = Reader(read, split_archive, is_sequential=False)
