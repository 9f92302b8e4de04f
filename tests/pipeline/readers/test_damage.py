"""Lost blocks of a disk, and hostile bytes: nothing vanishes unreported, nothing takes long."""

import gzip
import random
import time

import pytest

from massivetext.records import RawRecord
from tests.pipeline.readers.archives import (
    COMPRESS,
    PAGE,
    documents,
    failures,
    http_message,
    read,
    warc_record,
)
from tests.pipeline.readers.test_arc import HEAD_1, arc_record


def records_of(source_format: str) -> list[bytes]:
    """Small and large records, as archives have them."""
    sizes = [random.Random(n).choice([1, 5, 40, 200]) for n in range(60)]
    bodies = [PAGE + b"<p>%d words</p>" % n * size for n, size in enumerate(sizes)]
    if source_format == "arc":
        return [
            HEAD_1,
            *(arc_record(http_message(b), f"http://a.b/{n}") for n, b in enumerate(bodies)),
        ]
    if source_format == "wet":
        fields = {"WARC_Type": "conversion", "Content_Type": "text/plain"}
        return [warc_record(body, n, **fields) for n, body in enumerate(bodies)]
    return [warc_record(http_message(body), n) for n, body in enumerate(bodies)]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("source_format", ["warc", "wet", "arc"])
def test_no_record_vanishes_unreported_in_a_lost_block(source_format: str, suffix: str) -> None:
    make = COMPRESS.get(suffix, bytes)
    whole = b"".join(map(make, records_of(source_format)))
    sound = {record.url for record in documents(read(source_format, whole, file=f"a{suffix}"))}
    assert len(sound) == 60
    numbers = random.Random(source_format + suffix)
    for _ in range(60):
        block = numbers.choice([64, 512, 4096, 16_384])
        at = numbers.randrange(0, len(whole), numbers.choice([1, 512]))
        stored = whole[:at] + bytes(min(block, len(whole) - at)) + whole[at + block :]
        found = read(source_format, stored, file=f"a{suffix}")
        lost = sound - {record.url for record in documents(found)}
        assert not lost or failures(found), (at, block)


def test_zero_bytes_over_a_header_do_not_melt_two_records() -> None:
    a, b, c, d = (warc_record(http_message(PAGE * 60), n) for n in range(4))
    at = len(a) + 30  # within the header of the second
    stored = a + b + c + d
    stored = stored[:at] + bytes(4096) + stored[at + 4096 :]
    found = read("warc", stored)
    assert [r.url[-1] for r in documents(found)] == ["0", "2", "3"]
    (failure,) = failures(found)
    assert (failure.offset, "zero bytes in it" in failure.error) == (len(a), True)


def test_zero_bytes_in_place_of_whole_members_are_told() -> None:
    members = [gzip.compress(warc_record(http_message(PAGE), n)) for n in range(9)]
    lost = b"".join(members[2:7])
    stored = b"".join([*members[:2], bytes(len(lost)), *members[7:]])
    found = read("warc", stored, file="a.warc.gz")
    assert len(documents(found)) == 4
    assert f"found {len(lost)} zero bytes" in failures(found)[0].error
    to_the_end = read("warc", b"".join(members[:2]) + bytes(9_999), file="a.warc.gz")
    assert failures(to_the_end)[0].ends_file
    padded = read("warc", members[0] + bytes(512) + members[1] + bytes(512), file="a.warc.gz")
    assert all(isinstance(record, RawRecord) for record in padded)


HOSTILE = {
    "http: ": b"http:",
    "arc tokens": b"http: 1.1.1.1 20080430204825 x ",
    "arc lines": b"http:a 1.1.1.1 20080430204825 x 9x\n",
    "arc digits": b"http:a 1.1.1.1 20080430204825 x " + b"1" * 100,
    "warc": b"WARC/1",
    "warc versions": b"WARC/1.0\r\nA",
    "warc heads": b"WARC/1.0\r\nA: b\r\n\r\n",
    "line ends": b"\r\n",
    "spaces": b" ",
    "gzip": b"\x1f\x8b\x08\0",
    "zstd": b"\x28\xb5\x2f\xfd",
    "zstd, empty blocks": b"\x28\xb5\x2f\xfd\0\x58" + b"\0\0\0" * 500,
    "skippable": b"\x50\x2a\x4d\x18\0\0\0\0",
    "skippable, long": b"\x50\x2a\x4d\x18\0\0\xff\0",
    "bzip2": b"BZh91AY&SY",
    "xz": b"\xfd7zXZ\0",
    "lzma": b"\x5d\0\0\x10\0" + b"\xff" * 8,
    "lz4": b"\x04\x22\x4d\x18\x40\x40\xc0",
    "brackets": b"[",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("source_format", ["warc", "wet", "arc", "jsonl", "text", "html"])
def test_hostile_bytes_take_no_longer_than_their_size(source_format: str, name: str) -> None:
    piece = HOSTILE[name]
    spent = []
    for size_bytes in (200_000, 800_000):
        stored = piece * (size_bytes // len(piece))
        begun = time.process_time()
        read(source_format, stored, file="a.gz" if name == "gzip" else "a")
        spent.append(time.process_time() - begun)
    assert spent[1] < 12 * max(spent[0], 0.05), spent  # 4 would be linear, 16 is quadratic
