import pytest

from massivetext.records import RawRecord
from tests.pipeline.readers.archives import COMPRESS, PAGE, only_failure, read


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
