"""The file formats of the sample, written so that the same documents always give the same bytes.

Nothing here knows the product: the sample is an input, so the product must not make it.
"""

import gzip
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

# When the sample was laid down; WARC records carry it because the packages hold no fetch dates.
SAMPLE_DATE = "2026-11-22T00:00:00Z"
GZIP_LEVEL = 9
ZSTD_LEVEL = 19


@dataclass(frozen=True)
class WarcRecord:
    """One WARC/1.0 record: its type, its target and the block that follows the WARC header."""

    kind: str
    url: str
    block: bytes
    content_type: str
    extra: Mapping[str, str] = field(default_factory=dict)
    record_id: str = ""

    def to_bytes(self) -> bytes:
        """The record as it stands in an uncompressed WARC file."""
        record_id = self.record_id or f"{self.kind} {self.url}"
        headers = {
            "WARC-Type": self.kind,
            "WARC-Record-ID": f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, record_id)}>",
            "WARC-Date": SAMPLE_DATE,
            **({"WARC-Target-URI": self.url} if self.url else {}),
            **self.extra,
            "Content-Type": self.content_type,
            "Content-Length": str(len(self.block)),
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return b"WARC/1.0\r\n" + lines.encode() + b"\r\n" + self.block + b"\r\n\r\n"


def http_response(
    body: bytes, content_type: str = "text/html", status: str = "200 OK", **headers: str
) -> bytes:
    """An HTTP/1.1 response; underscores in header names stand for hyphens."""
    fields = {"Content-Type": content_type, **headers, "Content-Length": str(len(body))}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def response(url: str, body: bytes, content_type: str = "text/html", **headers: str) -> WarcRecord:
    """A WARC response record with an HTML (or other) body."""
    block = http_response(body, content_type, **headers)
    return WarcRecord("response", url, block, "application/http; msgtype=response")


def warcinfo(name: str) -> WarcRecord:
    """The record that opens a WARC file."""
    block = b"software: massivetext sample/build.py\r\nformat: WARC File Format 1.0\r\n"
    return WarcRecord(
        "warcinfo", "", block, "application/warc-fields", {"WARC-Filename": name}, name
    )


def gzip_member(block: bytes) -> bytes:
    """One gzip member without time or file name."""
    return gzip.compress(block, GZIP_LEVEL, mtime=0)


def write_warc(path: Path, records: Iterable[WarcRecord]) -> None:
    """A .warc.gz file: one gzip member a record, as crawlers write it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    members = [gzip_member(record.to_bytes()) for record in [warcinfo(path.name), *records]]
    path.write_bytes(b"".join(members))


def json_line(document: Mapping[str, Any]) -> bytes:
    """One line of a JSONL file, line end included."""
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """A file of lines, compressed as its suffix says (.gz, .zst, or plain)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = b"".join(lines)
    if path.suffix == ".gz":
        content = gzip_member(content)
    elif path.suffix == ".zst":
        content = pa.Codec("zstd", compression_level=ZSTD_LEVEL).compress(content, asbytes=True)
    path.write_bytes(content)


def write_parquet(path: Path, documents: list[dict[str, str]], row_group_rows: int) -> None:
    """A Parquet file of string columns; several row groups, so that readers can split it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(documents)
    pq.write_table(
        table, path, compression="zstd", compression_level=ZSTD_LEVEL, row_group_size=row_group_rows
    )
