"""Small files of every format, made in memory, and how the tests read them."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import zstandard

from massivetext.pipeline.readers import FileRange, ReadContext, read_file
from massivetext.records import FailedRecord, RawRecord, Record, SkippedRecord

PAGE = b"<html><head><title>A page</title></head><body><p>Some words.</p></body></html>\n"


def zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


def lz4(content: bytes) -> bytes:
    import lz4.frame

    return bytes(lz4.frame.compress(content, content_checksum=True))


COMPRESS: Mapping[str, Callable[[bytes], bytes]] = {
    ".gz": lambda content: gzip.compress(content, mtime=0),
    ".zst": zstd,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}
"""How a member is made, by suffix; `.lz4` apart, whose package a reader needs only for it."""


def read(
    source_format: str,
    stored: bytes,
    file: str = "folder/file",
    fields: Mapping[str, str] | None = None,
    record_bytes: int = 1_000_000,
    file_range: FileRange | None = None,
) -> list[Record]:
    context = ReadContext(file, file_range, fields or {}, record_bytes)
    return list(read_file(source_format, io.BytesIO(stored), context))


def documents(records: list[Record]) -> list[RawRecord]:
    return [record for record in records if isinstance(record, RawRecord)]


def failures(records: list[Record]) -> list[FailedRecord]:
    return [record for record in records if isinstance(record, FailedRecord)]


def skipped(records: list[Record]) -> list[str]:
    return [record.kind for record in records if isinstance(record, SkippedRecord)]


def kinds_and_sizes(records: list[Record]) -> list[tuple[str, int]]:
    """Of the records that were skipped."""
    return [(r.kind, r.size_bytes) for r in records if isinstance(r, SkippedRecord)]


def sizeless(records: list[Record]) -> list[Record]:
    """The records, those that were skipped without their sizes."""
    return [SkippedRecord(r.kind) if isinstance(r, SkippedRecord) else r for r in records]


def only_failure(records: list[Record]) -> FailedRecord:
    (failure,) = records
    assert isinstance(failure, FailedRecord)
    return failure


def http_message(
    body: bytes = PAGE,
    headers: Mapping[str, str] | None = None,
    status: str = "200 OK",
    line_end: bytes = b"\r\n",
) -> bytes:
    fields = {"Content-Type": "text/html; charset=UTF-8"} if headers is None else headers
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items())]
    return line_end.join([*(line.encode("latin-1") for line in lines), b"", body])


def warc_record(
    block: bytes, number: int = 1, length: int | str | None = None, **fields: Any
) -> bytes:
    """A WARC record; fields are header names with underscores, None leaves a header out."""
    headers: dict[str, Any] = {
        "WARC_Type": "response",
        "WARC_Record_ID": f"<urn:uuid:{number:08d}>",
        "WARC_Target_URI": f"https://example.org/{number}",
        "WARC_Date": "2021-12-08T00:00:00Z",
        "Content_Type": "application/http; msgtype=response",
        "Content_Length": len(block) if length is None else length,
    }
    headers.update(fields)
    lines = ["WARC/1.0"]
    lines += [f"{n.replace('_', '-')}: {v}" for n, v in headers.items() if v is not None]
    return "\r\n".join([*lines, "", ""]).encode() + block + b"\r\n\r\n"


def pages(count: int, body: bytes = PAGE) -> list[bytes]:
    """WARC records of different pages."""
    return [warc_record(http_message(body + b"<!-- %d -->" % n), n) for n in range(count)]


def wacz(files: Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive of these files."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return sink.getvalue()
