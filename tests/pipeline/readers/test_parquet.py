import datetime
import decimal
import io
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from massivetext.pipeline.readers import FileRange, split_file
from massivetext.pipeline.readers.contract import RANGE_BYTES
from massivetext.records import RawRecord
from tests.pipeline.readers.archives import documents, failures, only_failure, read


def stored(table: pa.Table | dict[str, Any], row_group_size: int = 100, **options: Any) -> bytes:
    sink = io.BytesIO()
    table = table if isinstance(table, pa.Table) else pa.table(table)
    pq.write_table(table, sink, row_group_size=row_group_size, **options)
    return sink.getvalue()


def test_a_row_becomes_a_record() -> None:
    noon = datetime.datetime(2020, 1, 2, 12, tzinfo=datetime.UTC)
    table = pa.table(
        {
            "body": ["Größe"],
            "path": pa.array(["a/b"]).dictionary_encode(),
            "license": [["mit"]],
            "stars": [3],
            "seen": pa.array([noon], pa.timestamp("ns", tz="Europe/Berlin")),
            "far": pa.array([2**40], pa.date32().id and pa.int64()),
            "price": [decimal.Decimal("1.50")],
            "blob": [b"\xff"],
            "tags": [["a", "b"]],
            "ratio": [float("nan")],
            "note": pa.array(["x" * 1_001], pa.large_string()),
            "lang": pa.array([b"\xffx"], pa.binary()).view(pa.string()),
        }
    )
    assert read("parquet", stored(table), fields={"text": "body", "id": "path"}) == [
        RawRecord(
            source_id="a/b",
            raw="Größe".encode(),
            metadata={
                "stars": 3,
                "seen": "2020-01-02 12:00:00.000000000",
                "far": 2**40,
                "price": "1.50",
                "lang": "\ufffdx",
                "content_type": "text/plain",
                "charset": "utf-8",
                "license": "mit",
            },
        )
    ]


def test_columns_may_be_fields_of_structs() -> None:
    rows = [{"doc": {"text": "a", "meta": {"url": "u"}, "blob": b"x"}, "n": 1}, {"doc": None}]
    content = stored(pa.Table.from_pylist(rows))
    fields = {"text": "doc.text", "url": "doc.meta.url"}
    first, second = read("parquet", content, fields=fields)
    assert isinstance(first, RawRecord)
    assert (first.raw, first.url, first.metadata["n"]) == (b"a", "u", 1)
    assert 'field "doc.text" is null' in failures([second])[0].error


@pytest.mark.parametrize(
    "column", [[[{"role": "user"}]], [{"text": "a"}], [b"bytes"]], ids=["list", "struct", "bytes"]
)
def test_rows_without_any_column_to_read_fail(column: list[object]) -> None:
    table = pa.table({"messages": column * 5})
    records = read("parquet", stored(table, row_group_size=2), file_range=FileRange(1, 3))
    assert [failure.offset for failure in failures(records)] == [2, 3, 4]
    assert 'no field "text"; found: messages' in failures(records)[0].error


def test_pages_may_be_strings_or_bytes() -> None:
    for pages in (["<p>é"], [b"<p>\xe9"]):
        (record,) = documents(read("parquet", stored({"page": pages}), fields={"html": "page"}))
        expected = pages[0] if isinstance(pages[0], bytes) else pages[0].encode()
        assert record.raw == expected
        assert record.metadata.get("charset") == (None if isinstance(pages[0], bytes) else "utf-8")


def test_a_bad_row_fails_alone() -> None:
    texts = pa.array([b"a", None, b"\xff", b"b" * 200, b"c"], pa.binary()).view(pa.string())
    records = read("parquet", stored({"text": texts}, row_group_size=2), record_bytes=100)
    assert [record.raw for record in documents(records)] == [b"a", b"c"]
    assert [failure.offset for failure in failures(records)] == [1, 2, 3]
    null, invalid, large = (failure.error for failure in failures(records))
    assert 'field "text" is null' in null
    assert "not UTF-8" in invalid
    assert "text of 200 bytes is larger than limits.record_bytes = 100" in large


def test_a_missing_column_is_told_for_every_row() -> None:
    records = read("parquet", stored({"body": ["a", "b"]}))
    assert len(failures(records)) == len(records) == 2
    assert 'no field "text"; found: body' in failures(records)[0].error


def test_a_file_that_is_no_parquet_fails() -> None:
    whole = stored({"text": ["a" * 100]})
    assert "empty file" in only_failure(read("parquet", b"")).error
    assert "not a readable Parquet file" in only_failure(read("parquet", whole[:-9])).error
    assert "not a readable Parquet file" in only_failure(read("parquet", b"{}" * 50)).error
    assert read("parquet", stored({"text": pa.array([], pa.string())})) == []


def test_a_damaged_row_group_fails_and_the_others_do_not() -> None:
    texts = [f"{n:03d}" * 1_000 for n in range(30)]
    whole = bytearray(
        stored(
            {"text": texts}, 10, compression="none", use_dictionary=False, write_statistics=False
        )
    )
    header = whole.index(b"010" * 1_000) - 20
    whole[header : header + 16] = b"\xff" * 16
    records = read("parquet", bytes(whole))
    assert [r.raw.decode() for r in documents(records)] == texts[:10] + texts[20:]
    (failure,) = failures(records)
    assert failure.error.startswith("rows 10 to 19 (row group 1) cannot be read: ")


@pytest.mark.parametrize("fields", [{}, {"html": "text"}])
def test_ranges_give_each_row_once(fields: dict[str, str]) -> None:
    whole = stored({"text": [f"{n}" for n in range(1_000)]}, row_group_size=300)
    pieces = [
        read("parquet", whole, fields=fields, file_range=FileRange(start, start + 2))
        for start in (0, 2)
    ]
    assert [len(piece) for piece in pieces] == [600, 400]
    assert [r for piece in pieces for r in piece] == read("parquet", whole, fields=fields)


def test_failures_of_a_range_name_the_row_of_the_file() -> None:
    whole = stored({"text": ["a", "b", "c", None]}, row_group_size=2)
    records = read("parquet", whole, file_range=FileRange(1, 2))
    assert [failure.offset for failure in failures(records)] == [3]


def test_row_groups_are_gathered_to_the_size_of_a_range(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = stored({"text": ["x" * 1_000] * 100}, 10, use_dictionary=False)

    def open_file(path: str) -> BinaryIO:
        assert path == "a.parquet"
        return io.BytesIO(whole)

    assert split_file("parquet", "a.parquet", len(whole), open_file) == [FileRange(0, 10)]
    assert len(whole) < RANGE_BYTES
    monkeypatch.setattr("massivetext.pipeline.readers.parquet.RANGE_BYTES", 25_000)
    ranges = split_file("parquet", "a.parquet", len(whole), open_file)
    assert len(ranges) in (3, 4, 5)
    assert [ranges[0].start, *(piece.stop for piece in ranges)] == [
        *(piece.start for piece in ranges),
        10,
    ]
    broken = split_file("parquet", "a", 3, lambda path: io.BytesIO(b"abc"))
    assert broken == [FileRange(0, 0)]
    assert len(failures(read("parquet", b"abc", file_range=FileRange(0, 0)))) == 1


@pytest.mark.parametrize(
    ("count", "told"), [(21, "21 rows, its row groups have 20"), (0, "0 rows")]
)
def test_a_footer_that_contradicts_itself_is_a_failure(count: int, told: str) -> None:
    content = stored({"text": ["a"] * 20})
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    rows = b"\x16" + bytes([2 * 20])  # Thrift: the next field, a number, zigzag
    at = content.index(rows, footer)
    damaged = content[:at] + b"\x16" + bytes([2 * count]) + content[at + 2 :]
    failure = only_failure(read("parquet", damaged))
    assert "damaged Parquet footer" in failure.error
    assert told in failure.error
    assert failure.ends_file
