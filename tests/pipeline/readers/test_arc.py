import gzip

import pytest

from massivetext.records import FailedRecord, RawRecord, SkippedRecord
from tests.pipeline.readers.archives import (
    PAGE,
    documents,
    failures,
    http_message,
    kinds_and_sizes,
    only_failure,
    read,
    sizeless,
    skipped,
)

BLOCK_1 = b"1 0 InternetArchive\nURL IP-address Archive-date Content-type Archive-length\n"
BLOCK_2 = (
    b"2 0 InternetArchive\nURL IP-address Archive-date Content-type Result-code Checksum "
    b"Location Offset Filename Archive-length\n"
)


def arc_record(
    block: bytes,
    url: str = "http://example.org/",
    kind: str = "text/html",
    more: str = "",
    length: int | str | None = None,
) -> bytes:
    stated = len(block) if length is None else length
    head = f"{url} 192.0.2.1 20080430204825 {kind} {more}{stated}\n"
    return head.encode() + block + b"\n"


HEAD_1 = arc_record(BLOCK_1, "filedesc://a.arc", "text/plain")
HEAD_2 = arc_record(BLOCK_2, "filedesc://a.arc", "text/plain", "200 - - 0 a.arc ")


@pytest.mark.parametrize("make", [bytes, gzip.compress])
@pytest.mark.parametrize(("head", "more"), [(HEAD_1, ""), (HEAD_2, "200 ABC - 77 a.arc ")])
def test_both_versions_give_pages(head: bytes, more: str, make: type[bytes]) -> None:
    stored = make(head) + make(arc_record(http_message(), "http://a.b/c d", more=more))
    file = "a.arc" if make is bytes else "a.arc.gz"
    assert sizeless(read("arc", stored, file=file)) == [
        SkippedRecord("filedesc"),
        RawRecord(
            source_id="",
            raw=PAGE,
            url="http://a.b/c%20d",
            metadata={
                "timestamp": "2008-04-30T20:48:25Z",
                "content_type": "text/html",
                "charset": "utf-8",
            },
            headers={"content-type": "text/html; charset=UTF-8"},
        ),
    ]


def test_what_holds_no_document_is_skipped_by_kind() -> None:
    stored = b"".join(
        [
            arc_record(b"20080430204825\n1.2.3.4\n", "dns:example.org", "text/dns"),
            arc_record(http_message(status="404 Not Found")),
            arc_record(http_message(), "http://example.org/robots.txt"),
            arc_record(http_message(headers={"Content-Type": "image/gif"}), kind="image/gif"),
        ]
    )
    kinds = ["filedesc", "scheme dns", "http status 404", "robots.txt", "image"]
    assert skipped(read("arc", HEAD_1 + stored)) == kinds


@pytest.mark.parametrize("length", [-1, "abc", 20, 10**7, 10**12])
def test_a_wrong_length_costs_one_record(length: int | str) -> None:
    bad = arc_record(http_message(PAGE * 5), length=length)
    records = read("arc", HEAD_1 + bad + arc_record(http_message()))
    assert len(records) == 3
    assert len(documents(records)) == 1
    (failure,) = failures(records)
    assert failure.offset == len(HEAD_1)
    assert str(length) in failure.error


def test_the_last_record_cut_off_is_noticed() -> None:
    stored = HEAD_1 + arc_record(http_message())
    for end in range(len(HEAD_1) + 1, len(stored) - 1):
        version, failure = read("arc", stored[:end])
        assert kinds_and_sizes([version]) == [("filedesc", len(BLOCK_1))]
        assert isinstance(failure, FailedRecord)
        assert failure.offset == len(HEAD_1)


def test_empty_files_and_other_files_are_failures() -> None:
    assert "empty file" in only_failure(read("arc", b"")).error
    assert (
        "expected a record of ARC, found b'WARC/1.0"
        in only_failure(read("arc", b"WARC/1.0\r\n")).error
    )
