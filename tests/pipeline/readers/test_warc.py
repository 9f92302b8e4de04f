import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.records import FailedRecord, RawRecord, SkippedRecord
from tests.pipeline.readers.archives import (
    COMPRESS,
    PAGE,
    documents,
    failures,
    http_message,
    kinds_and_sizes,
    lz4,
    only_failure,
    pages,
    read,
    skipped,
    warc_record,
    zstd,
)


def ids(stored: bytes, file: str = "a.warc") -> list[int]:
    return [int(record.source_id[-8:]) for record in documents(read("warc", stored, file=file))]


def only_document(stored: bytes) -> RawRecord:
    (record,) = read("warc", stored)
    assert isinstance(record, RawRecord), record
    return record


def test_a_response_becomes_a_record() -> None:
    headers = {"Content-Type": 'Text/HTML; Charset="ISO-8859-1"', "X-A": "1", "x-a": "é"}
    record = only_document(warc_record(http_message(headers=headers), WARC_Truncated="length"))
    assert record == RawRecord(
        source_id="urn:uuid:00000001",
        raw=PAGE,
        url="https://example.org/1",
        title="",
        metadata={
            "timestamp": "2021-12-08T00:00:00Z",
            "truncated": "length",
            "content_type": "text/html",
            "charset": "iso-8859-1",
        },
        headers={"content-type": 'Text/HTML; Charset="ISO-8859-1"', "x-a": "1, é"},
    )


@pytest.mark.parametrize(
    ("block", "fields", "kind"),
    [
        (b"a: b\r\n", {"WARC_Type": "warcinfo"}, "warcinfo"),
        (b"GET / HTTP/1.1\r\n\r\n", {"WARC_Type": "request"}, "request"),
        (http_message(b""), {"WARC_Type": "revisit"}, "revisit"),
        (b"a: b", {"WARC_Type": "metadata"}, "metadata"),
        (b"text", {"WARC_Type": "conversion"}, "conversion"),
        (b"text", {"WARC_Type": None}, "no type"),
        (b"x 1.2.3.4", {"WARC_Target_URI": "dns:a.b", "Content_Type": "text/dns"}, "scheme dns"),
        (
            b"log",
            {
                "WARC_Type": "resource",
                "WARC_Target_URI": "metadata://gnu.org/wget",
                "Content_Type": "text/plain",
            },
            "scheme metadata",
        ),
        (http_message(), {"WARC_Target_URI": "https://a.b/robots.txt?x"}, "robots.txt"),
        (http_message(status="404 Not Found"), {}, "http status 404"),
        (http_message(status="301"), {}, "http status 301"),
        (http_message(headers={"Content-Type": "image/png"}), {}, "image"),
        (http_message(headers={"Content-Type": "application/pdf"}), {}, "application/pdf"),
        (http_message(headers={"Content-Type": "?"}, body=b"\0\1"), {}, "no media type"),
        (http_message(b" \n"), {}, "empty body"),
        (http_message(b""), {}, "empty body"),
        (b"GIF89a", {"WARC_Type": "resource", "Content_Type": "image/gif"}, "image"),
    ],
)
def test_what_holds_no_document_is_skipped_by_kind(
    block: bytes, fields: dict[str, str | None], kind: str
) -> None:
    (found,) = read("warc", warc_record(block, **fields))
    assert isinstance(found, SkippedRecord)
    assert (found.kind, found.size_bytes, found.offset) == (kind, len(block), 0)
    assert found.source_id == "urn:uuid:00000001"
    assert found.url == fields.get("WARC_Target_URI", "https://example.org/1")


def test_kinds_are_not_as_many_as_strangers_write() -> None:
    stored = b"".join(warc_record(b"x", n, WARC_Type=f"type-{n}") for n in range(3))
    assert kinds_and_sizes(read("warc", stored)) == [("other type", 1)] * 3


def test_resources_and_plain_text_are_documents() -> None:
    resource = only_document(
        warc_record(PAGE, WARC_Type="resource", Content_Type="text/html; charset=utf-8")
    )
    assert (resource.raw, resource.metadata["charset"]) == (PAGE, "utf-8")
    plain = only_document(warc_record(http_message(headers={"Content-Type": "text/plain"})))
    assert plain.metadata["content_type"] == "text/plain"
    assert "charset" not in plain.metadata
    sniffed = only_document(warc_record(http_message(b" <!DOCTYPE html><p>x", headers={})))
    assert sniffed.metadata["content_type"] == "text/html"


@pytest.mark.parametrize("status", ["200 OK", "200", "200 ", "203 Non-Authoritative"])
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_odd_messages_are_read(status: str, line_end: bytes) -> None:
    message = http_message(status=status, line_end=line_end)
    assert only_document(warc_record(message)).raw == PAGE


@pytest.mark.parametrize("kind", ["Application/HTTP", "application/http;msgtype=response"])
def test_odd_media_types_of_messages_are_read(kind: str) -> None:
    assert only_document(warc_record(http_message(), Content_Type=kind)).raw == PAGE


def test_odd_warc_headers_are_read() -> None:
    record = warc_record(http_message(), WARC_Target_URI="<http://a.b/c d>", WARC_Record_ID=None)
    head, end, block = record.partition(b"\r\n\r\n")
    unix = head.replace(b"\r\n", b"\n") + b"\n\n" + block
    no_end = b"\r\n\n" + head + end + block.removesuffix(b"\r\n\r\n")
    for stored in (record, unix, no_end, record + bytes(0) + b"\n" * 10_000):
        document = only_document(stored)
        assert (document.url, document.source_id) == ("http://a.b/c%20d", "")


def test_a_coded_body_is_decoded_and_a_false_header_is_not_believed() -> None:
    headers = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
    for body in (gzip.compress(PAGE), PAGE):  # the second as in ClueWeb09
        assert only_document(warc_record(http_message(body, headers))).raw == PAGE


@pytest.mark.parametrize(
    ("block", "error"),
    [
        (http_message(gzip.compress(PAGE)[:-9], {"Content-Encoding": "gzip"}), "ends too early"),
        (b"not http at all", "begins with no status line"),
        (b"", "begins with no status line"),
    ],
)
def test_a_bad_message_fails_with_its_address(block: bytes, error: str) -> None:
    failure = only_failure(read("warc", warc_record(block)))
    assert failure.error.startswith("https://example.org/1: ")
    assert error in failure.error


@pytest.mark.parametrize("suffix", ["", *COMPRESS])
def test_one_member_a_record_or_one_for_all(suffix: str) -> None:
    make = COMPRESS.get(suffix, bytes)
    assert ids(b"".join(map(make, pages(5))), f"a.warc{suffix}") == [0, 1, 2, 3, 4]
    assert ids(make(b"".join(pages(5))), f"a.warc{suffix}") == [0, 1, 2, 3, 4]


def test_lz4_members() -> None:
    pytest.importorskip("lz4.frame")
    assert ids(b"".join(map(lz4, pages(3))), "a.warc.lz4") == [0, 1, 2]


@pytest.mark.parametrize("suffix", ["", *COMPRESS])
@pytest.mark.parametrize("wrong", [-50, -5, 5, 50, 10**6, 10**12])
def test_a_wrong_length_costs_one_record(suffix: str, wrong: int) -> None:
    records = pages(5)
    message = http_message(PAGE * 10)
    records[2] = warc_record(message, 2, length=len(message) + wrong)
    make = COMPRESS.get(suffix, bytes)
    for stored in (b"".join(map(make, records)), make(b"".join(records))):
        found = read("warc", stored, file=f"a.warc{suffix}")
        assert [int(r.source_id[-8:]) for r in documents(found)] == [0, 1, 3, 4]
        (failure,) = failures(found)
        assert str(len(message) + wrong) in failure.error
    assert len(found) == 5


@pytest.mark.parametrize("length", ["x", "-5", "", "1 2"])
def test_a_length_that_is_no_number_costs_one_record(length: str) -> None:
    records = pages(3)
    records[1] = warc_record(http_message(), 1, length=length)
    found = read("warc", b"".join(records))
    assert len(documents(found)) == 2
    (failure,) = failures(found)
    assert failure.offset == len(records[0])
    assert "expected a number of bytes" in failure.error
    records[1] = warc_record(http_message(), 1, Content_Length=None)
    assert "no Content-Length" in failures(read("warc", b"".join(records)))[0].error


@pytest.mark.parametrize("suffix", ["", *COMPRESS])
def test_the_last_record_cut_off_is_noticed_at_every_byte(suffix: str) -> None:
    make = COMPRESS.get(suffix, bytes)
    first, last = map(make, pages(2))
    (first_page,) = read("warc", first, file=f"a.warc{suffix}")
    for end in range(1, len(last) - (4 if not suffix else 0)):
        found = read("warc", first + last[:end], file=f"a.warc{suffix}")
        assert found[0] == first_page, end
        (failure,) = failures(found)
        # a member's check sum may be all that is missing: the page is there, the damage is told
        assert len(documents(found)) <= 1 + (suffix != ""), end
        assert failure.offset == len(first)


def test_damage_between_records_is_told_once() -> None:
    a, b, c = pages(3)
    found = read("warc", a + b"garbage\r\n" * 2_000 + b + b"\0\0" + c)
    assert len(documents(found)) == 3
    offsets = [failure.offset for failure in failures(found)]
    assert offsets == [len(a), len(a) + 18_000 + len(b)]
    assert "18000 bytes skipped" in failures(found)[0].error


@pytest.mark.parametrize("suffix", list(COMPRESS))
@given(data=st.data())
def test_a_damaged_member_costs_one_record(suffix: str, data: st.DataObject) -> None:
    members = [COMPRESS[suffix](record) for record in pages(4)]
    hit = data.draw(st.integers(0, 3))
    damaged = bytearray(members[hit])
    damaged[data.draw(st.integers(20, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    stored = b"".join([*members[:hit], bytes(damaged), *members[hit + 1 :]])
    found = read("warc", stored, file=f"a.warc{suffix}")
    kept = [int(record.source_id[-8:]) for record in documents(found)]
    assert kept in ([n for n in range(4) if n != hit], [0, 1, 2, 3])
    assert len(documents(found)) + len(failures(found)) >= 4


@pytest.mark.parametrize("suffix", list(COMPRESS))
def test_an_empty_record_before_damage_is_counted(suffix: str) -> None:
    empty = warc_record(b"", 1, WARC_Type="metadata")
    for end in (empty, empty.removesuffix(b"\r\n\r\n")):
        damaged = COMPRESS[suffix](pages(1)[0])[:-20] + bytes(20)
        found = read("warc", COMPRESS[suffix](end) + damaged, file=f"a{suffix}")
        assert kinds_and_sizes(found) == [("metadata", 0)]
        assert failures(found)


def test_a_record_over_the_limit_fails_and_its_content_is_not_searched() -> None:
    inner = b"".join(pages(50))
    large = warc_record(inner, 1, WARC_Type="resource", Content_Type="application/warc")
    a, _, c = pages(3)
    for stored, file in ((a + large + c, "a.warc"), (zstd(a) + zstd(large) + zstd(c), "a.zst")):
        found = read("warc", stored, file=file, record_bytes=2_000)
        assert [r.source_id[-1] for r in documents(found)] == ["0", "2"]
        (failure,) = failures(found)
        assert f"record of {len(inner)} bytes is larger" in failure.error


@pytest.mark.parametrize("suffix", ["", *COMPRESS])
def test_empty_files_and_other_files_are_failures(suffix: str) -> None:
    make = COMPRESS.get(suffix, bytes)
    failure = only_failure(read("warc", make(b"") if suffix else b"", file=f"a{suffix}"))
    assert "empty file" in failure.error
    failure = only_failure(read("warc", make(b"{}\n" * 9), file=f"a{suffix}"))
    assert "expected a record of WARC, found b'{}" in failure.error


def test_every_record_is_counted() -> None:
    stored = b"".join(
        [
            warc_record(b"a: b\r\n", 0, WARC_Type="warcinfo"),
            *pages(3),
            warc_record(http_message(status="500"), 9),
            warc_record(b"broken", 10),
        ]
    )
    found = read("warc", stored)
    assert (len(documents(found)), skipped(found)) == (3, ["warcinfo", "http status 500"])
    assert isinstance(found[-1], FailedRecord)
    assert len(found) == 6
