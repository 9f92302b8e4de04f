import gzip
import io
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.readers import FileRange, split_file
from massivetext.pipeline.readers.contract import RANGE_BYTES
from massivetext.records import FailedRecord, RawRecord
from tests.pipeline.readers.archives import COMPRESS, documents, failures, only_failure, read


def lines(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def error_of(line: bytes, **options: dict[str, str]) -> str:
    return only_failure(read("jsonl", line, **options)).error  # type: ignore[arg-type]


def test_a_row_becomes_a_record() -> None:
    row = {
        "text": "Zürich\r\n🙂",
        "id": 7,
        "url": "https://example.org/",
        "title": None,
        "license": ["MIT", "Apache-2.0"],
        "year": 1999,
        "score": 0.5,
        "is_good": True,
        "author": "A.",
        "long": "x" * 1_001,
        "nothing": None,
        "tags": ["a"],
        "nested": {"a": 1},
        "content_type": "wrong",
    }
    (record,) = read("jsonl", lines(row))
    assert record == RawRecord(
        source_id="7",
        raw="Zürich\r\n🙂".encode(),
        url="https://example.org/",
        title="",
        metadata={
            "year": 1999,
            "score": 0.5,
            "is_good": True,
            "author": "A.",
            "content_type": "text/plain",
            "charset": "utf-8",
            "license": "Apache-2.0, MIT",
        },
    )


def test_fields_may_be_fields_of_objects() -> None:
    row = {"doc": {"text": "x", "a.b": {"c": "u"}}, "doc.title": "t", "meta": {"id": 1}}
    fields = {"text": "doc.text", "url": "doc.a.b.c", "title": "doc.title", "id": "meta.no.id"}
    (record,) = read("jsonl", lines(row), fields=fields)
    assert isinstance(record, RawRecord)
    assert (record.raw, record.url, record.title, record.source_id) == (b"x", "u", "t", "")


def test_fields_say_which_column_is_what() -> None:
    row = {"body": "<p>x", "path": "a/b", "text": "other", "id": "unused"}
    (record,) = read("jsonl", lines(row), fields={"html": "body", "id": "path"})
    assert isinstance(record, RawRecord)
    assert (record.raw, record.source_id) == (b"<p>x", "a/b")
    assert record.metadata["content_type"] == "text/html"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"text": "x"', "invalid JSON"),
        (b'["text"]', "expected a JSON object"),
        (b'{"body": "x", "id": 1}', 'no field "text"; found: body, id; set fields.text'),
        (b'{"text": null}', 'field "text" is null, expected a string'),
        (b'{"text": 7}', 'field "text" is a number'),
        (b'{"text": "\xff"}', "byte 0xff at byte 10 of the line"),
        (b'{"text": "ab\\ud800"}', "U+D800 at character 2"),
        (b'{"text": "x", "id": "\\udc00"}', "U+DC00"),
        (b'{"text": "x", "id": [1]}', 'field "id" is an array'),
        (b'{"text": "x", "license": {}}', 'field "license" is an object'),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_bad_line_fails_alone(line: bytes, expected: str) -> None:
    good = b'{"text": "good"}\n'
    records = read("jsonl", good + line + b"\n" + good)
    assert [record.raw for record in documents(records)] == [b"good", b"good"]
    (failure,) = failures(records)
    assert (failure.file, failure.offset) == ("folder/file", len(good))
    assert expected in failure.error


def test_metadata_can_always_be_written() -> None:
    (record,) = documents(read("jsonl", b'{"text": "x", "a": NaN, "b": 1e999, "c": "\\ud800!"}\n'))
    assert record.metadata["c"] == "\ufffd!"
    assert {"a", "b"}.isdisjoint(record.metadata)
    json.dumps(dict(record.metadata), allow_nan=False, ensure_ascii=False).encode()


def test_line_ends_blank_lines_and_byte_order_mark() -> None:
    stored = b'\xef\xbb\xbf{"text": "a"}\r\n\r\n   \n{"text": "b"}\n{"text": "c"}'
    assert [record.raw for record in documents(read("jsonl", stored))] == [b"a", b"b", b"c"]


def test_a_surrogate_pair_is_a_character() -> None:
    (record,) = documents(read("jsonl", b'{"text": "\\ud83d\\ude42"}'))
    assert record.raw == "🙂".encode()


@pytest.mark.parametrize("stored", [b"", b"\n", b" \r\n"])
@pytest.mark.parametrize("suffix", ["", *COMPRESS])
def test_a_file_without_lines_is_a_failure(stored: bytes, suffix: str) -> None:
    stored = COMPRESS[suffix](stored) if suffix else stored
    assert "empty file" in only_failure(read("jsonl", stored, file=f"a{suffix}")).error


@pytest.mark.parametrize("suffix", ["", *COMPRESS])
def test_a_line_over_the_limit_fails_alone(suffix: str) -> None:
    small, large = {"text": "a"}, {"text": "b" * 200_000}
    stored = lines(small, large, small)
    stored = COMPRESS[suffix](stored) if suffix else stored
    records = read("jsonl", stored, file=f"a{suffix}", record_bytes=len(lines(small)) - 1)
    assert len(documents(records)) == 2
    assert f"line of {len(lines(large)) - 1} bytes is larger" in failures(records)[0].error


def test_a_damaged_member_costs_its_lines_only() -> None:
    members = [COMPRESS[".gz"](lines({"text": f"{n}" * 100})) for n in range(3)]
    damaged = members[1][:-6] + b"\0" + members[1][-5:]
    records = read("jsonl", members[0] + damaged + members[2], file="a.gz")
    assert [record.raw[:1] for record in documents(records)] == [b"0", b"2"]
    (failure,) = failures(records)
    assert failure.offset == len(members[0])
    assert "damaged gzip member" in failure.error


def test_a_compressed_file_cut_off_is_told() -> None:
    stored = COMPRESS[".gz"](lines(*({"text": f"{n}"} for n in range(1_000))))
    records = read("jsonl", stored[:-20], file="a.jsonl.gz")
    assert failures(records)[-1].error == "the file ends within a gzip member"


@given(
    texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=12),
    line_end=st.sampled_from(["\n", "\r\n"]),
    cuts=st.lists(st.integers(0, 400), max_size=6),
)
def test_ranges_give_each_line_once(texts: list[str], line_end: str, cuts: list[int]) -> None:
    stored = line_end.join(
        json.dumps({"text": text}, ensure_ascii=False) for text in texts
    ).encode()
    places = sorted({0, len(stored), *(min(cut, len(stored)) for cut in cuts)})
    ranges = [FileRange(a, b) for a, b in itertools.pairwise(places)]
    pieces = [read("jsonl", stored, file_range=piece) for piece in ranges or [FileRange(0, 0)]]
    records = [record for piece in pieces for record in piece]
    assert records == read("jsonl", stored)
    assert [r.raw.decode() for r in documents(records)] == texts


def test_the_splitter_looks_into_large_files_only() -> None:
    def never(path: str) -> io.BytesIO:
        raise AssertionError(path)

    assert split_file("jsonl", "a.jsonl", 0, never) == [FileRange(0, 0)]
    quarter = RANGE_BYTES // 4
    assert split_file("jsonl", "a.jsonl", quarter, never) == [FileRange(0, quarter)]
    assert split_file("jsonl", "a.jsonl", 8 * quarter, lambda path: io.BytesIO(b"{}")) == [
        FileRange(0, 4 * quarter),
        FileRange(4 * quarter, 6 * quarter),
        FileRange(6 * quarter, 7 * quarter),
        FileRange(7 * quarter, 8 * quarter),
    ]
    for name in ("a.jsonl.gz", "a.jsonl"):  # the content tells the compression
        stored = io.BytesIO(gzip.compress(b"{}"))
        assert split_file("jsonl", name, 9 * RANGE_BYTES, lambda path, s=stored: s) == [
            FileRange(0, 9 * RANGE_BYTES)
        ]


@given(st.integers(1, 10**12))
def test_the_ranges_of_a_file_become_smaller_at_its_end(size_bytes: int) -> None:
    ranges = split_file("jsonl", "a.jsonl", size_bytes, lambda path: io.BytesIO())
    assert (ranges[0].start, ranges[-1].stop) == (0, size_bytes)
    assert all(a.stop == b.start for a, b in itertools.pairwise(ranges))
    sizes = [piece.stop - piece.start for piece in ranges]
    assert max(sizes) <= RANGE_BYTES
    assert 0 < sizes[-1] <= RANGE_BYTES // 4
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(sizes))


def test_an_empty_range_is_no_empty_file() -> None:
    stored = lines({"text": "a" * 100})
    assert read("jsonl", stored, file_range=FileRange(50, 90)) == []
    assert read("jsonl", b"", file_range=FileRange(0, 0)) == [
        FailedRecord("folder/file", 0, "empty file: expected a JSON object a line")
    ]
