import gzip
import io
import random
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.readers import ReadContext, read_file, split_file
from massivetext.records import FailedRecord, SkippedRecord
from tests.pipeline.readers.archives import (
    documents,
    failures,
    kinds_and_sizes,
    only_failure,
    pages,
    read,
    wacz,
)

WARC = b"".join(pages(4))
WARC_GZ = b"".join(gzip.compress(page, mtime=0) for page in pages(4))
CRAWL = [
    ("datapackage.json", b"{}"),
    ("archive/data.warc.gz", WARC_GZ),
    ("indexes/index.cdx.gz", gzip.compress(b"org,example)/ 2021")),
    ("pages/pages.jsonl", b'{"url": "https://example.org/"}'),
]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("content", [WARC, WARC_GZ])
@pytest.mark.parametrize(
    "name", ["archive/a.warc.gz", "../../archive/odd name\x1b[2J", "other/a.WARC", "archive/ü"]
)
def test_warc_files_are_read_as_such(method: int, content: bytes, name: str) -> None:
    records = read("wacz", wacz([(name, content), ("a/", b"")], method))
    assert records == read("warc", content)


def test_other_files_are_skipped_and_counted() -> None:
    stored = wacz([*CRAWL, ("nested.wacz", wacz(CRAWL))])
    records = read("wacz", stored)
    assert len(documents(records)) == 4
    assert kinds_and_sizes(records) == [
        ("wacz: other file", 2),
        ("wacz: index", len(CRAWL[2][1])),
        ("wacz: list of pages", len(CRAWL[3][1])),
        ("wacz: archive in an archive", len(wacz(CRAWL))),
    ]


def test_failures_say_where_they_lie_in_the_archive() -> None:
    damaged = bytearray(WARC_GZ)
    damaged[30:60] = bytes(30)
    stored = wacz([("archive/a.warc.gz", bytes(damaged))])
    records = read("wacz", stored)
    assert len(documents(records)) == 3
    (failure,) = failures(records)
    assert failure.file == "folder/file"
    assert failure.offset == stored.index(damaged[:10])
    assert failure.error.startswith("'archive/a.warc.gz': damaged gzip member")


def test_a_wacz_without_its_directory_is_read_as_far_as_its_headers_lead() -> None:
    stored = wacz([*CRAWL, ("archive/more.warc.gz", WARC_GZ)])
    second = stored.index(b"archive/more")
    for cut, expected in ((second + 40, 4), (second + 25 + len(WARC_GZ) * 7 // 8, 7)):
        records = read("wacz", stored[:cut])
        assert len(documents(records)) == expected
        assert "it is cut off" in failures(records)[-1].error
        assert failures(records)[-1].ends_file


def test_a_cut_wacz_whose_sizes_were_not_known_when_it_was_written() -> None:
    class Unseekable(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

        def seek(self, *_: int) -> int:
            raise OSError

    sink = Unseekable()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("archive/a.warc.gz", WARC_GZ)
    stored = sink.getvalue()
    assert len(documents(read("wacz", stored))) == 4
    assert len(documents(read("wacz", stored[:-60]))) == 4


def test_encrypted_and_unknown_methods_fail_alone() -> None:
    stored = bytearray(wacz([("archive/secret.warc", WARC), ("archive/b.warc", WARC)]))
    entry = stored.index(b"PK\1\2")
    stored[entry + 8] |= 1
    records = read("wacz", bytes(stored))
    assert len(documents(records)) == 4
    assert "'archive/secret.warc': it is encrypted" in failures(records)[0].error
    records = read("wacz", wacz([("archive/a.warc", WARC)], zipfile.ZIP_LZMA))
    assert "compression method 14" in only_failure(records).error


def test_a_bomb_is_bounded() -> None:
    stored = wacz([("archive/bomb.warc", bytes(50_000_000))], zipfile.ZIP_DEFLATED)
    records = read("wacz", stored)
    assert "zip bomb" in failures(records)[-1].error
    assert not documents(records)


def test_overlapping_files_are_read_once() -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("archive/0.warc", WARC)
        for n in range(1, 50):
            info = zipfile.ZipInfo(f"archive/{n}.warc")
            info.file_size = info.compress_size = len(WARC)
            info.CRC, info.header_offset = archive.filelist[0].CRC, 0
            archive.filelist.append(info)
        archive._didModify = True  # type: ignore[attr-defined]
    records = read("wacz", sink.getvalue())
    assert len(documents(records)) == 4
    assert len(failures(records)) == 49
    assert all("shares bytes" in failure.error for failure in failures(records))


@pytest.mark.parametrize("stored", [b"", b"PK", WARC_GZ, bytes(1000), b"PK\5\6" + bytes(17)])
def test_what_is_no_zip_fails(stored: bytes) -> None:
    assert "no directory at the end of the zip archive" in only_failure(read("wacz", stored)).error


def test_empty_and_lying_directories_fail() -> None:
    assert "empty zip archive" in only_failure(read("wacz", wacz([]))).error
    lying = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 9, 9, 0xFFFFFFF0, 3, 0)
    assert "does not fit into it" in only_failure(read("wacz", lying)).error


def test_large_archives_with_zip64_fields_are_read() -> None:
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(sink, "w") as archive,
        archive.open(zipfile.ZipInfo("archive/a.warc"), "w", force_zip64=True) as file,
    ):
        file.write(WARC)
    stored = bytearray(sink.getvalue())
    # The directory's own sizes and offset go to a zip64 field too, as beyond 4 GB.
    at = stored.index(b"PK\1\2")
    name_end = at + 46 + len(b"archive/a.warc")
    wide = struct.pack("<HHQQQ", 1, 24, len(WARC), len(WARC), 0)
    entry = stored[at:name_end] + wide
    entry[20:28] = b"\xff" * 8
    entry[30:32] = struct.pack("<H", len(wide))
    entry[42:46] = b"\xff" * 4
    end_64 = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(entry), at)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, at + len(entry), 1)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    records = read("wacz", bytes(stored[:at] + entry + end_64 + locator + end))
    assert records == read("warc", WARC)


def test_ranges_are_whole_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("massivetext.pipeline.readers.wacz.RANGE_BYTES", 1000)
    stored = wacz([(f"archive/{n}.warc.gz", WARC_GZ) for n in range(9)])
    ranges = split_file("wacz", "a.wacz", len(stored), lambda path: io.BytesIO(stored))
    assert len(ranges) > 2
    pieces = [read("wacz", stored, file_range=piece) for piece in ranges]
    assert [r for piece in pieces for r in piece] == read("wacz", stored)


@given(seed=st.integers(0, 2**32))
def test_no_damage_raises(seed: int) -> None:
    rolls = random.Random(seed)
    method = rolls.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    stored = bytearray(wacz(CRAWL, method))
    for _ in range(rolls.randint(1, 5)):
        place = rolls.randrange(len(stored) or 1)
        place = max(0, len(stored) - place // 8) if rolls.random() < 0.5 else place
        stored[place : place + rolls.choice([0, 1, 4])] = rolls.randbytes(rolls.choice([0, 1, 4]))
    context = ReadContext("a.wacz")
    for record in read_file("wacz", io.BytesIO(bytes(stored)), context):
        if isinstance(record, FailedRecord):
            assert record.error
            assert record.offset >= 0
        elif isinstance(record, SkippedRecord):
            assert record.size_bytes >= 0
