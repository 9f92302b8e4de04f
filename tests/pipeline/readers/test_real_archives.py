"""All archives of the development data: odd, damaged and sound ones of six web-archive projects."""

import io
from collections import Counter
from pathlib import Path

import pytest

from massivetext.pipeline.readers import ReadContext, read_file
from massivetext.records import FailedRecord, RawRecord, Record, SkippedRecord

pytestmark = pytest.mark.shared_data

EXPECTED = {
    "sample-0000.warc.gz": {
        "DOCUMENT": 22,
        "metadata": 1,
        "request": 22,
        "scheme metadata": 2,
        "warcinfo": 1,
    },
    "sample-0001.warc.gz": {
        "DOCUMENT": 15,
        "metadata": 1,
        "request": 15,
        "scheme metadata": 2,
        "warcinfo": 1,
    },
    "block-sized-records.warc": {"unknown": 3},
    "block-sized-records.warc.gz": {"unknown": 3},
    "block-sized-records.warc.lz4": {"unknown": 3},
    "clipped.warc.gz": {"FAILED": 1},
    "clueweb-quirk.warc.gz": {"DOCUMENT": 29, "warcinfo": 1},
    "warcfile.warc": {"DOCUMENT": 16, "metadata": 16, "request": 17, "warcinfo": 1},
    "warcfile.warc.gz": {"DOCUMENT": 16, "metadata": 16, "request": 17, "warcinfo": 1},
    "warcfile.warc.lz4": {"DOCUMENT": 16, "metadata": 16, "request": 17, "warcinfo": 1},
    "whirlwind.warc": {"DOCUMENT": 1, "metadata": 1, "request": 1, "warcinfo": 1},
    "whirlwind.warc.gz": {"DOCUMENT": 1, "metadata": 1, "request": 1, "warcinfo": 1},
    "whirlwind.warc.wat": {"metadata": 1, "warcinfo": 1},
    "whirlwind.warc.wat.gz": {"metadata": 1, "warcinfo": 1},
    "whirlwind.warc.wet": {"DOCUMENT": 1, "warcinfo": 1},
    "whirlwind.warc.wet.gz": {"DOCUMENT": 1, "warcinfo": 1},
    "cc.warc.gz": {"DOCUMENT": 1},
    "gzip_extra_sl.warc.gz": {"warcinfo": 1},
    "IAH-20080430204825-00000-blackbook-truncated.arc": {
        "DOCUMENT": 2,
        "filedesc": 1,
        "image": 3,
        "robots.txt": 1,
        "scheme dns": 1,
        "text/xml": 1,
    },
    "IAH-urls-wget.warc.gz": {
        "DOCUMENT": 2,
        "http status 301": 2,
        "http status 302": 6,
        "image": 3,
        "request": 16,
        "robots.txt": 2,
        "scheme metadata": 3,
        "text/xml": 1,
        "warcinfo": 1,
    },
    "IAH-urls-wget.warc": {
        "DOCUMENT": 2,
        "http status 301": 2,
        "http status 302": 6,
        "image": 3,
        "request": 16,
        "robots.txt": 2,
        "scheme metadata": 3,
        "text/xml": 1,
        "warcinfo": 1,
    },
    "mutliple-headers.warc": {"DOCUMENT": 1},
    "link-extraction-test.warc": {"DOCUMENT": 7, "warcinfo": 1},
    "bad.arc": {"FAILED": 4},
    "example-bad-non-chunked.warc.gz": {"DOCUMENT": 1, "request": 2, "revisit": 1, "warcinfo": 2},
    "example-digest.warc": {"request": 4},
    "example-iana.org-chunked.warc": {"DOCUMENT": 1, "request": 1, "warcinfo": 1},
    "example-resource.warc.gz": {"DOCUMENT": 1, "warcinfo": 2},
    "example-space-in-target-uri.warc.gz": {"image": 1, "warcinfo": 1},
    "example-space-in-url.arc": {"FAILED": 1, "filedesc": 1},
    "example-trunc.warc": {"FAILED": 1, "request": 1, "warcinfo": 2},
    "example-wget-bad-target-uri.warc.gz": {
        "DOCUMENT": 1,
        "metadata": 1,
        "request": 1,
        "scheme metadata": 2,
        "warcinfo": 1,
    },
    "example-wrong-chunks.warc.gz": {"DOCUMENT": 1, "request": 1},
    "example.arc": {"DOCUMENT": 1, "filedesc": 1},
    "example.arc.gz": {"DOCUMENT": 1, "filedesc": 1},
    "example.warc": {"DOCUMENT": 1, "request": 2, "revisit": 1, "warcinfo": 2},
    "example.warc.gz": {"DOCUMENT": 1, "request": 2, "revisit": 1, "warcinfo": 2},
    "post-test.warc.gz": {"application/json": 3, "request": 3},
}
"""Records of each archive by what they are, looked through by hand where a reader disagrees."""

WARCIO_IS_WRONG = {
    "bad.arc",  # reads records whose length is -1 or no number
    "clipped.warc.gz",  # gives the first half of a record as the record
    "example-bad-non-chunked.warc.gz",  # raises after the first member
    "example-space-in-url.arc",  # gives a record that the file's end cuts off
    "example-trunc.warc",  # gives a record whose length is wrong
    "example-wrong-chunks.warc.gz",  # loses the place behind the first record
    "IAH-20080430204825-00000-blackbook-truncated.arc",  # stops after the first record
    "link-extraction-test.warc",  # a Content-Length counts the line ends behind it
}


def format_of(file: Path) -> str:
    if ".arc" in file.name:
        return "arc"
    return "wet" if ".wet" in file.name else "warc"


def records_of(file: Path) -> list[Record]:
    if file.suffix == ".lz4":
        pytest.importorskip("lz4.frame")
    with file.open("rb") as stream:
        return list(read_file(format_of(file), stream, ReadContext(str(file))))


def name_of(record: Record) -> str:
    if isinstance(record, SkippedRecord):
        return record.kind
    return "FAILED" if isinstance(record, FailedRecord) else "DOCUMENT"


def archives(shared_folder: Path) -> list[Path]:
    return sorted(file for file in (shared_folder / "data/warc").rglob("*") if file.is_file())


def test_every_archive_is_in_the_table(shared_folder: Path) -> None:
    assert sorted(file.name for file in archives(shared_folder)) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_archive_gives_what_is_in_it(name: str, shared_folder: Path) -> None:
    (file,) = (file for file in archives(shared_folder) if file.name == name)
    assert Counter(name_of(record) for record in records_of(file)) == EXPECTED[name]


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - WARCIO_IS_WRONG))
def test_warcio_reads_the_same(name: str, shared_folder: Path) -> None:
    warcio = pytest.importorskip("warcio.archiveiterator")
    if name.endswith(".lz4"):
        pytest.skip("warcio reads no lz4")
    (file,) = (file for file in archives(shared_folder) if file.name == name)
    bodies = {}
    count = 0
    for record in warcio.ArchiveIterator(io.BytesIO(file.read_bytes()), arc2warc=True):
        count += 1
        record_id = record.rec_headers.get_header("WARC-Record-ID").strip("<>")
        url = record.rec_headers.get_header("WARC-Target-URI")
        key = url if format_of(file) == "arc" else record_id
        bodies[key] = record.content_stream().read()
    found = records_of(file)
    assert len(found) == count
    for document in found:
        if isinstance(document, RawRecord):
            assert document.raw == bodies[document.source_id or document.url]
