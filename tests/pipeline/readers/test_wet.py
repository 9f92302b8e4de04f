from massivetext.records import RawRecord
from tests.pipeline.readers.archives import (
    failures,
    kinds_and_sizes,
    only_failure,
    read,
    warc_record,
)


def text_record(text: bytes, **fields: str) -> bytes:
    return warc_record(text, **{"WARC_Type": "conversion", "Content_Type": "text/plain"} | fields)


def test_a_conversion_record_becomes_a_text() -> None:
    stored = warc_record(b"a: b", WARC_Type="warcinfo") + text_record("Größe\n".encode())
    info, page = read("wet", stored)
    assert kinds_and_sizes([info]) == [("warcinfo", 4)]
    assert page == (
        RawRecord(
            source_id="urn:uuid:00000001",
            raw="Größe\n".encode(),
            url="https://example.org/1",
            metadata={
                "timestamp": "2021-12-08T00:00:00Z",
                "content_type": "text/plain",
                "charset": "utf-8",
            },
        )
    )


def test_what_is_no_text_is_skipped_or_fails() -> None:
    found = read("wet", text_record(b"{}", Content_Type="application/json"))
    assert kinds_and_sizes(found) == [("application/json", 2)]
    (failure,) = failures(read("wet", text_record(b"Gr\xf6\xdfe")))
    assert failure.error.startswith("https://example.org/1: byte 0xf6 at byte 2 is not UTF-8")
    assert (failure.source_id, failure.url) == ("urn:uuid:00000001", "https://example.org/1")
    assert "empty file" in only_failure(read("wet", b"")).error
