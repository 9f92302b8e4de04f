import gzip
import io
import json
import random
import tarfile
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.readers import FileRange, split_file
from massivetext.records import FailedRecord, RawRecord, SkippedRecord
from tests.pipeline.readers.archives import (
    PAGE,
    documents,
    failures,
    kinds_and_sizes,
    only_failure,
    read,
    zstd,
)

FIELDS = {"html": "article_body.html", "id": "identifier", "title": "name", "license": "license"}
"""Of the snapshots of Wikimedia Enterprise."""


def tar(files: Sequence[tuple[str, bytes]], tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tar_format) as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return sink.getvalue()


def articles(*numbers: int) -> bytes:
    rows = (
        {
            "name": f"Größe {n}",
            "identifier": n,
            "url": f"https://de.wikipedia.org/wiki/{n}",
            "license": [{"name": "Creative Commons", "identifier": "CC-BY-SA-4.0", "url": "x"}],
            "article_body": {"html": f"<p>Artikel {n}</p>", "wikitext": "'''x'''"},
        }
        for n in numbers
    )
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


SNAPSHOT = [("de_0.ndjson", articles(*range(9))), ("de_1.ndjson", articles(*range(9, 20)))]


def ids(records: Sequence[object]) -> list[str]:
    return [r.source_id for r in records if isinstance(r, RawRecord)]


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstd])
@pytest.mark.parametrize("name", ["plain", "../../etc/cron.d/x", "ü" * 200, "a\nb\x1b[31m"])
@pytest.mark.parametrize("tar_format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_lines_of_all_files_are_read(compress: object, name: str, tar_format: int) -> None:
    assert callable(compress)
    stored = compress(tar([*SNAPSHOT, (name, articles(20))], tar_format))
    records = read("jsonl", stored, "a.tar", FIELDS)
    assert ids(records) == [str(n) for n in range(21)]
    assert isinstance(records[3], RawRecord)
    assert (records[3].raw, records[3].title) == (b"<p>Artikel 3</p>", "Größe 3")
    assert records[3].metadata["license"] == "CC-BY-SA-4.0"


def test_what_is_no_file_of_lines_is_skipped_and_counted() -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo("folder")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        for name, content in (
            ("._a", b"\0\5\x16\7"),
            ("a.gz", gzip.compress(b"{}")),
            ("in.tar", tar(SNAPSHOT)),
            ("a.ndjson", articles(1)),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    records = read("jsonl", sink.getvalue(), fields=FIELDS)
    assert ids(records) == ["1"]
    assert kinds_and_sizes(records) == [
        ("tar: no file", 0),
        ("tar: no file", 0),
        ("tar: no file", 0),
        ("tar: file of macOS", 4),
        ("application/gzip", len(gzip.compress(b"{}"))),
        ("application/x-tar", len(tar(SNAPSHOT))),
    ]
    skipped = [r for r in records if isinstance(r, SkippedRecord)]
    assert [r.source_id for r in skipped[-2:]] == ["a.gz", "in.tar"]


def test_a_cut_archive_gives_what_it_holds_and_says_so() -> None:
    stored = tar(SNAPSHOT, tarfile.USTAR_FORMAT)
    within = stored[: 512 + 300]
    records = read("jsonl", within, fields=FIELDS)
    assert ids(records) == ["0"]
    assert "archive ends within its file 'de_0.ndjson'" in failures(records)[-1].error
    assert failures(records)[-1].ends_file
    second = stored.index(b"de_1.ndjson")
    records = read("jsonl", stored[:second], fields=FIELDS)
    assert ids(records) == [str(n) for n in range(9)]
    (failure,) = failures(records)
    assert "lacks the two zero blocks of its end" in failure.error
    assert failure.ends_file
    packed = gzip.compress(stored)
    assert "within a gzip member" in failures(read("jsonl", packed[:-20], fields=FIELDS))[-1].error


def test_a_damaged_member_costs_no_more_than_the_rest_of_its_file() -> None:
    stored = tar(SNAPSHOT, tarfile.USTAR_FORMAT)
    parts = [gzip.compress(stored[at : at + 700]) for at in range(0, len(stored), 700)]
    parts[1] = parts[1][:40] + bytes(20) + parts[1][60:]
    records = read("jsonl", b"".join(parts), fields=FIELDS)
    assert "damaged gzip member" in failures(records)[0].error
    assert set(ids(records)) >= {str(n) for n in range(9, 20)}


def test_a_damaged_header_costs_its_file() -> None:
    stored = bytearray(tar(SNAPSHOT, tarfile.USTAR_FORMAT))
    at = stored.index(b"de_1.ndjson")
    stored[at] ^= 1
    stored += tar([("c", articles(77))])
    records = read("jsonl", bytes(stored), fields=FIELDS)
    assert ids(records) == [*(str(n) for n in range(9)), "77"]
    assert "expected a tar header" in failures(records)[0].error
    assert failures(records)[0].offset == at


@pytest.mark.parametrize("source_format", ["jsonl", "html", "text"])
def test_an_empty_archive_fails(source_format: str) -> None:
    assert "empty archive" in only_failure(read(source_format, bytes(10_240))).error


def test_sparse_files_and_giant_headers_fail_alone() -> None:
    sparse = tarfile.TarInfo("sparse")
    sparse.type = tarfile.GNUTYPE_SPARSE
    long_name = tarfile.TarInfo("././@LongLink")
    long_name.type, long_name.size = tarfile.GNUTYPE_LONGNAME, 2**21
    stored = sparse.tobuf(tarfile.GNU_FORMAT) + long_name.tobuf(tarfile.GNU_FORMAT) + bytes(2**21)
    records = read("jsonl", stored + tar([("a", articles(1))]), fields=FIELDS)
    assert ids(records) == ["1"]
    assert ["sparse" in f.error or "extended header" in f.error for f in failures(records)] == [
        True,
        True,
    ]


def test_a_size_beyond_the_file_does_not_take_memory() -> None:
    member = tarfile.TarInfo("bomb")
    member.size = 2**60
    records = read("html", member.tobuf(tarfile.GNU_FORMAT) + b"x" * 5000, record_bytes=10)
    assert "larger than limits.record_bytes" in failures(records)[0].error
    assert "archive ends within its file 'bomb'" in failures(records)[1].error


def test_files_of_an_archive_are_documents_one_by_one() -> None:
    stored = tar([("x/1.html", PAGE), ("y/2.html", b"<p>2"), ("3.html", b""), ("4", b"%PDF-1.7\n")])
    records = read("html", gzip.compress(stored), "a.tgz")
    assert [(r.raw, r.metadata["file_name"]) for r in documents(records)] == [
        (PAGE, "1.html"),
        (b"<p>2", "2.html"),
    ]
    assert "empty file" in failures(records)[0].error
    assert kinds_and_sizes(records) == [("application/pdf", 9)]


@pytest.mark.parametrize("source_format", ["jsonl", "html"])
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=9), cut=st.integers(500, 9000))
def test_ranges_of_a_plain_archive_are_whole_files(
    source_format: str, sizes: list[int], cut: int
) -> None:
    files = [(f"{n}" + "x" * (n % 3 * 90), articles(*range(size))) for n, size in enumerate(sizes)]
    stored = tar(files)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("massivetext.pipeline.readers.lines.RANGE_BYTES", cut)
        ranges = split_file(source_format, "a.tar", len(stored), lambda path: io.BytesIO(stored))
    assert len(ranges) > 1 or len(stored) <= cut or len(files) == 1
    pieces = [read(source_format, stored, "a.tar", FIELDS, file_range=r) for r in ranges]
    assert [r for piece in pieces for r in piece] == read(source_format, stored, "a.tar", FIELDS)


def test_a_file_without_an_archive_is_not_cut_for_its_first_block() -> None:
    assert split_file("html", "a", 2**28, lambda path: io.BytesIO(PAGE)) == [FileRange(0, 2**28)]


@given(seed=st.integers(0, 2**32))
def test_no_damage_raises(seed: int) -> None:
    rolls = random.Random(seed)
    stored = bytearray(tar(SNAPSHOT) if rolls.random() < 0.5 else gzip.compress(tar(SNAPSHOT)))
    for _ in range(rolls.randint(1, 4)):
        place = rolls.randrange(len(stored) or 1)
        stored[place : place + rolls.choice([0, 1, 9])] = rolls.randbytes(rolls.choice([0, 1, 9]))
        if rolls.random() < 0.2:
            del stored[place:]
    for source_format in ("jsonl", "html"):
        for record in read(source_format, bytes(stored), fields=FIELDS):
            assert not isinstance(record, FailedRecord) or (record.error and record.offset >= 0)


def test_skipped_bytes_are_those_that_are_there() -> None:
    member = tarfile.TarInfo("a.pdf")
    member.size = 2**70
    records = read("jsonl", member.tobuf(tarfile.GNU_FORMAT) + b"%PDF-1.4" + bytes(92))
    assert kinds_and_sizes(records) == [("application/pdf", 100)]
    assert "archive ends within its file 'a.pdf'" in failures(records)[0].error
