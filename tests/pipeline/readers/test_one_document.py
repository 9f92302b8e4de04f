import pytest

from massivetext.records import RawRecord
from tests.pipeline.readers.archives import (
    COMPRESS,
    PAGE,
    http_message,
    kinds_and_sizes,
    only_failure,
    read,
    skipped,
    wacz,
    warc_record,
)


@pytest.mark.parametrize("suffix", ["", *COMPRESS])
def test_a_text_file_is_a_document(suffix: str) -> None:
    make = COMPRESS.get(suffix, bytes)
    stored = make(b"\xef\xbb\xbfLine\r\n") + make("Größe".encode())
    assert read("text", stored, file=f"c:\\shelf\\a.txt{suffix}") == [
        RawRecord(
            source_id="",
            raw="Line\r\nGröße".encode(),
            metadata={"content_type": "text/plain", "file_name": f"a.txt{suffix}"},
        )
    ]


def test_a_page_keeps_its_bytes() -> None:
    stored = b"\xef\xbb\xbf<p>Gr\xf6\xdfe"
    assert read("html", stored, file="gs://b/a.html") == [
        RawRecord("", stored, metadata={"content_type": "text/html", "file_name": "a.html"})
    ]


@pytest.mark.parametrize(
    ("stored", "error"),
    [
        (b"Gr\xf6\xdfe", "byte 0xf6 at byte 2 is not UTF-8; convert the text"),
        ("text".encode("utf-16"), "UTF-16 by its byte order mark"),
        (b"", "empty file: expected a document, text/plain"),
        (b"x" * 101, "larger than limits.record_bytes = 100"),
    ],
)
def test_a_file_that_is_no_text_fails(stored: bytes, error: str) -> None:
    assert error in only_failure(read("text", stored, record_bytes=100)).error


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_damaged_file_fails(suffix: str) -> None:
    stored = COMPRESS[suffix](PAGE * 100)
    assert "ends within" in only_failure(read("html", stored[:-3], file=f"a{suffix}")).error
    assert "empty file" in only_failure(read("html", COMPRESS[suffix](b""), f"a{suffix}")).error


def office(first: str) -> bytes:
    return wacz([("[Content_Types].xml", b"<x/>"), (first, b"<x/>" * 50)])


BOOKS = {
    "application/pdf": b"%PDF-1.7\n" + bytes(range(256)) * 9,
    "application/epub+zip": wacz([("mimetype", b"application/epub+zip"), ("a.xhtml", PAGE)]),
    "application/vnd.openxmlformats-officedocument.wordprocessingml": office("word/document.xml"),
}


@pytest.mark.parametrize("source_format", ["text", "html"])
@pytest.mark.parametrize("kind", BOOKS)
@pytest.mark.parametrize("record_bytes", [100, 1_000_000])
def test_books_are_skipped_by_kind_with_all_their_bytes(
    source_format: str, kind: str, record_bytes: int
) -> None:
    records = read(source_format, BOOKS[kind], "a.txt", record_bytes=record_bytes)
    assert kinds_and_sizes(records) == [(kind, len(BOOKS[kind]))]


@pytest.mark.parametrize("kind", BOOKS)
@pytest.mark.parametrize(
    "stated", ["application/octet-stream", "application/zip", "application/force-download", ""]
)
def test_books_in_archives_are_known_by_their_bytes(kind: str, stated: str) -> None:
    headers = {"Content-Type": stated} if stated else {}
    record = warc_record(http_message(BOOKS[kind], headers))
    assert skipped(read("warc", record)) == [kind]


def test_books_in_archives_are_known_by_what_servers_call_them() -> None:
    docx = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    for stated, kind in (
        ("application/x-pdf", "application/pdf"),
        (f"{docx}.document", docx),
        ("application/epub+zip", "application/epub+zip"),
        ("application/octet-stream", "application/octet-stream"),
    ):
        record = warc_record(http_message(b"data", {"Content-Type": stated}))
        assert skipped(read("warc", record)) == [kind]


@pytest.mark.parametrize(
    "text", ["ID3 tags are", "GIF89a was", "MZ, the mark", "BM25 ranks", "PAR1"]
)
def test_a_text_may_begin_with_letters_that_mark_data(text: str) -> None:
    (record,) = read("text", text.encode())
    assert isinstance(record, RawRecord)
