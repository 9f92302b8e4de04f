"""Dumps of wikis: what is an article, how files are cut, what damage costs."""

from __future__ import annotations

import bz2
import gzip
import io
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.readers import FileRange, ReadContext, read_file, split_file
from massivetext.pipeline.readers import lines as lines_module
from massivetext.records import RawRecord, Record
from tests.pipeline.readers.archives import documents, failures, read, skipped
from tests.pipeline.readers.dumps import FOOT, HEAD, dump, multistream, page


def numbered(count: int, words: int = 30) -> list[bytes]:
    random_numbers = random.Random(0)
    return [
        page(f"Page {n}", " ".join(str(random_numbers.random()) for _ in range(words)), n + 1)
        for n in range(count)
    ]


def titles(records: list[Record]) -> list[str]:
    return [record.title for record in documents(records)]


def test_an_article_has_its_names_address_and_revision() -> None:
    (record,) = read("wikipedia", dump(page("AC/DC & ‘x’ (band)?", "Text <b> & more", 12)))
    assert isinstance(record, RawRecord)
    assert record.raw == b"Text <b> & more"
    assert (record.source_id, record.title) == ("12", "AC/DC & ‘x’ (band)?")
    assert record.url == ("https://en.wikipedia.org/wiki/AC/DC_%26_%E2%80%98x%E2%80%99_(band)%3F")
    assert record.metadata == {
        "content_type": "text/x-wiki",
        "charset": "utf-8",
        "wiki": "enwiki",
        "language": "en",
        "revision": 1012,
        "timestamp": "2026-01-01T00:00:00Z",
    }


def test_what_is_no_article_is_skipped_by_what_it_is() -> None:
    pages = [
        page("A", "#REDIRECT [[B]]"),
        page("B", "somewhere", extra='<redirect title="A" />'),
        page("Template:C", "x", namespace=10),
        page("D", "x", namespace=99),
        page("E", "  "),
        page("F", "{}", model="json"),
        page("G", "# a list, no redirect"),
        b'<page><title>H</title><id>1</id><revision><text deleted="deleted" /></revision></page>',
    ]
    records = read("wikipedia", dump(*pages))
    assert skipped(records) == [
        *("redirect", "redirect", "namespace Template", "namespace without a name"),
        *("empty page", "no wikitext", "deleted text"),
    ]
    assert titles(records) == ["G"]


def test_disambiguation_pages_are_kept_and_named_or_skipped() -> None:
    stored = dump(page("A", "A may be:\n* [[B]]\n{{Disambig}}"), page("B", "see {{dab2}}"))
    first, second = documents(read("wikipedia", stored))
    assert (first.kind, first.metadata["kind"]) == ("disambiguation", "disambiguation")
    assert (second.kind, "kind" in second.metadata) == ("", False)
    context = ReadContext("a", skip_disambiguation=True)
    records = list(read_file("wikipedia", io.BytesIO(stored), context))
    assert skipped(records) == ["disambiguation"]
    assert titles(records) == ["B"]


def test_the_last_revision_counts() -> None:
    revision = b"<revision><id>%d</id><text>%s</text></revision>"
    revisions = revision % (1, b"old") + revision % (2, b"new")
    stored = dump(b"<page><title>A</title><id>7</id>" + revisions + b"</page>")
    (record,) = documents(read("wikipedia", stored))
    assert (record.raw, record.source_id, record.metadata["revision"]) == (b"new", "7", 2)


@pytest.mark.parametrize("make", [bytes, gzip.compress, bz2.compress])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_any_compression_and_utf_16(make: object, codec: str) -> None:
    pages = [*numbered(3), page("Größe 𝄞", "Ω")]
    stored = dump(*pages).decode().encode(codec)
    assert callable(make)
    records = read("wikipedia", make(stored))
    assert titles(records) == ["Page 0", "Page 1", "Page 2", "Größe 𝄞"]
    assert not failures(records)


@pytest.fixture
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "RANGE_BYTES", 5_000)


def by_ranges(stored: bytes) -> list[list[Record]]:
    ranges = split_file("wikipedia", "a", len(stored), lambda path: io.BytesIO(stored))
    assert all(first.stop == second.start for first, second in pairwise(ranges))
    assert (ranges[0].start, ranges[-1].stop) == (0, len(stored))
    return [read("wikipedia", stored, file_range=piece) for piece in ranges]


@pytest.mark.usefixtures("small_ranges")
@pytest.mark.parametrize("pages_a_stream", [1, 7])
def test_a_multistream_dump_is_cut_at_streams(pages_a_stream: int) -> None:
    stored = multistream(numbered(200), pages_a_stream)
    pieces = by_ranges(stored)
    assert len(pieces) > 5
    assert [r for piece in pieces for r in piece] == read("wikipedia", stored)
    assert len(documents([r for piece in pieces for r in piece])) == 200


@pytest.mark.usefixtures("small_ranges")
def test_streams_that_begin_anywhere_are_cut_as_well() -> None:
    """As parallel compressors write them."""
    whole = dump(*numbered(200))
    stored = b"".join(bz2.compress(whole[n : n + 3_000]) for n in range(0, len(whole), 3_000))
    pieces = by_ranges(stored)
    assert len(pieces) > 5
    assert titles([r for piece in pieces for r in piece]) == [f"Page {n}" for n in range(200)]
    assert not failures([r for piece in pieces for r in piece])


@pytest.mark.usefixtures("small_ranges")
def test_a_plain_dump_is_cut_by_bytes_and_a_single_stream_is_not() -> None:
    whole = dump(*numbered(100))
    pieces = by_ranges(whole)
    assert len(pieces) > 5
    assert [r for piece in pieces for r in piece] == read("wikipedia", whole)
    assert len(by_ranges(bz2.compress(whole))) == 1


@pytest.mark.usefixtures("small_ranges")
@given(seed=st.integers(0, 2**32))
def test_a_damaged_stream_costs_its_own_pages(seed: int) -> None:
    stored = bytearray(multistream(numbered(100), 5))
    place = random.Random(seed).randrange(400, len(stored) - 60)
    begins = [n for n in range(len(stored)) if stored.startswith(b"BZh91AY&SY", n)]
    stream = sum(begin <= place for begin in begins) - 2  # the head is the first
    stored[place] ^= 0x55
    for records in (
        read("wikipedia", bytes(stored)),
        [record for piece in by_ranges(bytes(stored)) for record in piece],
    ):
        lost = {f"Page {n}" for n in range(100)} - set(titles(records))
        assert lost <= {f"Page {n}" for n in range(5 * stream, 5 * stream + 5)}
        assert failures(records) or not lost
        assert {failure.offset for failure in failures(records)} <= {begins[stream + 1]}


@given(seed=st.integers(0, 2**32))
def test_a_dump_that_is_cut_off_says_so(seed: int) -> None:
    stored = multistream(numbered(40), 5)
    cut = random.Random(seed).randrange(300, len(stored) - 30)
    records = read("wikipedia", stored[:cut])
    assert titles(records) == [f"Page {n}" for n in range(len(titles(records)))]
    assert failures(records)
    assert failures(records)[-1].ends_file


def test_a_dump_that_ends_between_pages_says_so() -> None:
    records = read("wikipedia", HEAD + b"".join(numbered(3)))
    assert len(titles(records)) == 3
    assert "no </mediawiki>" in failures(records)[0].error


def test_pages_that_cannot_be_read_are_failures_and_the_next_one_is_read() -> None:
    deep = b"<page>" + b"<a>" * 1000 + b"</a>" * 1000 + b"</page>"
    pages = [
        (b"<page><title>A</title><id>1</id></oops></page>", "cannot be read"),
        (b"<page><title>A</title><id>1</id>", "another one begins"),
        (b"<page><title>&bomb;</title><id>1</id></page>", "cannot be read"),
        (b"<page><id>1</id></page>", "without <title>"),
        (b"<page><title>A</title><id>x</id><ns>y</ns></page>", "expected a number"),
        (b"noise", "expected <page>, found b'noise"),
        (deep, "nests deeper"),
        (page("Large", "x" * 2_000_000), "larger than limits.record_bytes"),
    ]
    for broken, message in pages:
        records = read("wikipedia", dump(page("First", "a"), broken, page("Last", "b")))
        assert titles(records) == ["First", "Last"]
        (failure,) = failures(records)
        assert message in failure.error


def test_an_expansion_bomb_expands_to_nothing() -> None:
    bomb = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 20))
    doctype = b'<!DOCTYPE x [<!ENTITY a0 "ha">' + bomb + b"]>"
    stored = doctype + dump(page("A", "b")).replace(b">b<", b">&a19;<")
    (failure,) = failures(read("wikipedia", stored))
    assert "undefined entity" in failure.error


@pytest.mark.parametrize("stored", [b"", b"<html></html>", b"{}", b"<page>", b"\0" * 1000])
def test_what_is_no_dump_is_a_failure(stored: bytes) -> None:
    records = read("wikipedia", stored)
    assert failures(records) == records
    assert records


def test_the_index_of_a_multistream_dump_is_skipped_by_name() -> None:
    stored = bz2.compress(b"600:10:AccessibleComputing\n600:12:Anarchism\n")
    assert skipped(read("wikipedia", stored)) == ["index of a multistream dump"]


def test_dumps_one_behind_the_other_are_read() -> None:
    records = read("wikipedia", dump(page("A", "a")) + dump(page("B", "b")))
    assert titles(records) == ["A", "B"]
    assert not failures(records)


@pytest.mark.parametrize("unit", [b"<page>", b"<", b"</page>", b"<page><title>"])
def test_a_megabyte_of_one_thing_is_read(unit: bytes) -> None:
    records = read("wikipedia", HEAD + unit * (2**20 // len(unit)) + FOOT)
    assert not documents(records)
    assert failures(records)


def test_a_range_ends_at_its_stop() -> None:
    stored = dump(*numbered(4))
    second = stored.index(b"<page>", stored.index(b"<page>") + 1)
    assert titles(read("wikipedia", stored, file_range=FileRange(0, second))) == ["Page 0"]
    rest = read("wikipedia", stored, file_range=FileRange(second, len(stored)))
    assert titles(rest) == ["Page 1", "Page 2", "Page 3"]
