"""What holds for every reader."""

import inspect
import io
import json
import random
from collections.abc import Callable
from itertools import product

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.formats import SOURCE_FORMATS
from massivetext.pipeline.readers import READERS, FileRange, ReadContext, split_file
from massivetext.pipeline.readers.wiki_page import WIKITEXT
from massivetext.records import FAILED_SCHEMA, FailedRecord, RawRecord, Record
from tests.pipeline.readers.archives import (
    COMPRESS,
    PAGE,
    documents,
    http_message,
    pages,
    read,
    wacz,
    warc_record,
)
from tests.pipeline.readers.dumps import dump, page
from tests.pipeline.readers.test_arc import HEAD_1, arc_record


def parquet_file() -> bytes:
    sink = io.BytesIO()
    texts = [f"Text {n}" * n for n in range(20)]
    pq.write_table(pa.table({"text": texts, "n": range(20)}), sink, row_group_size=7)
    return sink.getvalue()


FILES: dict[str, bytes] = {
    "warc": b"".join([warc_record(b"a: b", 99, WARC_Type="warcinfo"), *pages(4)]),
    "wet": b"".join(
        warc_record(b"Text", n, WARC_Type="conversion", Content_Type="text/plain") for n in range(4)
    ),
    "arc": HEAD_1 + b"".join(arc_record(http_message(PAGE * n)) for n in range(1, 5)),
    "wacz": wacz([("archive/a.warc", b"".join(pages(3))), ("indexes/index.cdx", b"x")]),
    "html": PAGE,
    "jsonl": b"".join(
        json.dumps({"text": "Wörter " * n, "n": n}).encode() + b"\n" for n in range(9)
    ),
    "parquet": parquet_file(),
    "text": "Größe\n".encode() * 9,
    "wikipedia": dump(page("One", "Größe"), page("Two", "Text")),
}


def check(records: list[Record]) -> None:
    """Whatever was read can be written down."""
    for record in records:
        if isinstance(record, RawRecord):
            for text in (record.source_id, record.url, record.title):
                text.encode()
            json.dumps(dict(record.metadata), allow_nan=False, ensure_ascii=False).encode()
            assert record.metadata["content_type"] in ("text/html", "text/plain", WIKITEXT)
            if record.metadata.get("charset") == "utf-8" and not record.headers:
                record.raw.decode()
    failed = [
        {"subset": "", "file": record.file, "offset": record.offset, "error": record.error}
        for record in records
        if isinstance(record, FailedRecord)
    ]
    pa.Table.from_pylist(failed, schema=FAILED_SCHEMA)
    assert all(row["error"] and row["offset"] >= 0 for row in failed)


def test_every_format_of_the_configuration_has_a_reader_and_a_file_here() -> None:
    assert set(FILES) == set(READERS) == set(SOURCE_FORMATS)


def test_a_sequential_reader_is_at_the_end_of_its_range_when_it_ends() -> None:
    """What `estimate` takes the position of the stream for, but for buffers read ahead."""
    assert not READERS["parquet"].is_sequential
    for source_format, reader in READERS.items():
        stored = FILES[source_format]
        stream = io.BytesIO(stored)
        list(reader.read(stream, ReadContext("a", FileRange(0, len(stored)))))
        assert stream.tell() == len(stored) or not reader.is_sequential


class DepthNote(io.BytesIO):
    """A file that notes the functions between its first read and the test."""

    callers: tuple[str, ...] = ()

    def read(self, size: int | None = -1) -> bytes:
        names = [frame.function for frame in inspect.stack()[1:]]
        self.callers = self.callers or tuple(names[: names.index(read_first.__name__)])
        return super().read(size)


def read_first(source_format: str, stream: io.BytesIO, file: str) -> Record:
    return next(READERS[source_format].read(stream, ReadContext(file)))


@pytest.mark.parametrize(
    ("source_format", "suffix"),
    [*product(["warc", "wet", "arc", "jsonl"], ["", ".gz", ".zst"]), ("parquet", "")],
)
def test_few_calls_lie_between_a_reader_and_its_first_byte(source_format: str, suffix: str) -> None:
    stream = DepthNote(COMPRESS.get(suffix, bytes)(FILES[source_format]))
    read_first(source_format, stream, f"a{suffix}")
    assert 0 < len(stream.callers) <= 3, stream.callers


@pytest.mark.parametrize("source_format", FILES)
def test_reading_twice_gives_the_same(source_format: str) -> None:
    records = read(source_format, FILES[source_format])
    assert documents(records)
    assert records == read(source_format, FILES[source_format])
    check(records)


@pytest.mark.parametrize("source_format", FILES)
def test_ranges_cover_a_file_in_order(source_format: str) -> None:
    stored = FILES[source_format]
    ranges = split_file(source_format, "a", len(stored), lambda path: io.BytesIO(stored))
    pieces = [read(source_format, stored, file_range=piece) for piece in ranges]
    assert [r for piece in pieces for r in piece] == read(source_format, stored)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("source_format", FILES)
@given(seed=st.integers(0, 2**32))
def test_no_damage_raises(source_format: str, suffix: str, seed: int) -> None:
    random_numbers = random.Random(seed)
    stored = bytearray(COMPRESS.get(suffix, bytes)(FILES[source_format]))
    for _ in range(random_numbers.randint(1, 4)):
        place = random_numbers.randrange(len(stored))
        change: Callable[[], None] = random_numbers.choice(
            [
                lambda place=place: stored.__setitem__(place, random_numbers.randrange(256)),
                lambda place=place: stored.__delitem__(slice(place, place + 9)),
                lambda place=place: stored.__setitem__(slice(place, place), bytes(stored[:50])),
            ]
        )
        change()
    check(read(source_format, bytes(stored), file=f"a{suffix}"))


KEYS = st.one_of(
    st.sampled_from(["text", "id", "url", "title", "license", "x"]), st.text(st.characters())
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(row=st.dictionaries(KEYS, VALUES, max_size=6), ascii_only=st.booleans())
def test_no_row_raises(row: dict[str, object], ascii_only: bool) -> None:
    line = json.dumps(row, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    (record,) = read("jsonl", line)
    check([record])
    text = row.get("text")
    if isinstance(record, RawRecord):
        assert isinstance(text, str)
        assert record.raw == text.encode()
