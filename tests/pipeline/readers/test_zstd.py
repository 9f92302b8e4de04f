import io
import itertools
import json
import random
import struct
import tracemalloc

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.readers import FileRange, ReadContext, lines, read_file, split_file
from massivetext.pipeline.readers.http import BodyError, decode_body
from massivetext.pipeline.readers.zstd import FrameStart, ZstdInflater, dictionary_of, frame_starts
from massivetext.records import FailedRecord, RawRecord
from tests.pipeline.readers.archives import documents, failures, only_failure, read, zstd

STEP_BYTES = 1 << 20


def bomb(mebibytes: int) -> bytes:
    compressor = zstandard.ZstdCompressor().compressobj()
    parts = [compressor.compress(b"a" * (1 << 20)) for _ in range(mebibytes)]
    return b"".join(parts) + compressor.flush()


def inflate(stored: bytes, size_bytes: int) -> tuple[bytes, int, bytes]:
    """What a frame holds, the longest piece that came at once, and what stands behind it."""
    inflater, content, longest, at = ZstdInflater(), b"", 0, 0
    while not inflater.eof:
        piece = inflater.inflate(stored[at : at + size_bytes])
        at += size_bytes
        while piece:
            content, longest = content + piece, max(longest, len(piece))
            piece = inflater.inflate(b"")
        assert at < len(stored) + size_bytes
    return content, longest, inflater.unused_data + stored[at:]


@pytest.mark.parametrize("level", [1, 19])
@pytest.mark.parametrize("options", [{}, {"write_checksum": True}, {"write_content_size": False}])
@given(
    content=st.one_of(
        st.binary(max_size=2_000),
        st.builds(lambda n: b"ab" * n, st.integers(0, 10**6)),
        st.builds(lambda n: random.Random(n).randbytes(n), st.integers(0, 3 * 10**5)),
    ),
    size_bytes=st.sampled_from([1_000, 1 << 16, 1 << 30]),
)
def test_a_frame_is_inflated_in_bounded_pieces(
    level: int, options: dict[str, bool], content: bytes, size_bytes: int
) -> None:
    stored = zstandard.ZstdCompressor(level=level, **options).compress(content)
    found, longest, behind = inflate(stored + b"behind", size_bytes)
    assert (found, behind) == (content, b"behind")
    assert longest <= STEP_BYTES


@given(st.binary(max_size=300))
def test_a_frame_may_come_byte_by_byte(content: bytes) -> None:
    found, _, behind = inflate(zstd(content) + b"behind", 1)
    assert (found, behind) == (content, b"behind")


def test_a_bomb_takes_no_more_memory_than_the_limit() -> None:
    stored = bomb(256)
    tracemalloc.start()
    with pytest.raises(BodyError, match=r"limits\.record_bytes"):
        decode_body(stored, "", "zstd", 5_000_000)
    failure = only_failure(read("jsonl", stored, file="a.jsonl.zst"))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "larger than limits.record_bytes" in failure.error
    assert peak_bytes < 50_000_000


def test_a_frame_that_asks_for_a_large_window_fails() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=31, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    stored = compressor.compress(b"{}") + compressor.flush()
    assert "too much memory" in only_failure(read("jsonl", stored, file="a.zst")).error
    with pytest.raises(BodyError, match="too much memory"):
        decode_body(stored, "", "zstd", 1_000)


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_dictionary_fails_and_does_not_raise(seed: int) -> None:
    parts = [random.Random(n).randbytes(50) * 40 for n in range(300)]
    dictionary = zstandard.train_dictionary(8_192, parts, dict_id=7)
    frames = b"".join(zstandard.ZstdCompressor(dict_data=dictionary).compress(p) for p in parts[:9])
    held = bytearray(dictionary.as_bytes())
    for _ in range(50):
        held[random.Random(seed).randrange(4, 200)] = random.Random(seed).randrange(256)
    for content in (bytes(held), b"\x37\xa4\x30\xec" + bytes(seed), zstd(bytes(held))[:-seed]):
        stored = b"\x5d\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content + frames
        for source_format in ("warc", "jsonl", "text"):
            assert failures(read(source_format, stored, file="a.zst"))


def test_a_dictionary_may_not_be_a_bomb() -> None:
    held = bomb(64)
    stored = b"\x5d\x2a\x4d\x18" + len(held).to_bytes(4, "little") + held
    assert dictionary_of(io.BytesIO(stored)) == held


def seekable(frames: list[bytes], checksum: bool = False, wrong_bytes: int = 0) -> bytes:
    stored = [zstd(frame) for frame in frames]
    sizes = [(len(s) + wrong_bytes, len(f)) for s, f in zip(stored, frames, strict=True)]
    end = bytes(4) if checksum else b""
    entries = b"".join(struct.pack("<II", *size) + end for size in sizes)
    footer = struct.pack("<IBI", len(frames), 0x80 * checksum, 0x8F92EAB1)
    table = entries + footer
    head = struct.pack("<II", 0x184D2A5E, len(table))
    return b"".join(stored) + head + table


@pytest.mark.parametrize("checksum", [False, True])
def test_the_table_of_a_seekable_file_is_found(checksum: bool) -> None:
    frames = [b"a" * 100, b"", b"b" * 50]
    stored = seekable(frames, checksum)
    sizes = [len(zstd(frame)) for frame in frames]
    assert frame_starts(io.BytesIO(stored), len(stored)) == [
        FrameStart(0, 0),
        FrameStart(sizes[0], 100),
        FrameStart(sizes[0] + sizes[1], 100),
    ]


@pytest.mark.parametrize("stored", [b"", zstd(b"a"), seekable([b"a"], wrong_bytes=1), b"x" * 9])
def test_files_without_a_right_table_have_none(stored: bytes) -> None:
    assert frame_starts(io.BytesIO(stored), len(stored)) == []
    for cut in range(1, 30):
        whole = seekable([b"a", b"b"])
        assert frame_starts(io.BytesIO(whole[:-cut]), len(whole) - cut) == []


@given(data=st.data())
def test_every_line_of_a_seekable_file_belongs_to_one_range(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 12))
    texts = ["x" * data.draw(st.integers(1, 30)) for _ in range(count)]
    content = "\n".join(json.dumps({"text": text}) for text in texts).encode()
    content += data.draw(st.sampled_from([b"", b"\n"]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=8)))
    frames = [content[a:b] for a, b in itertools.pairwise([0, *cuts, len(content)])]
    stored = seekable(frames)
    begins = [start.stored for start in frame_starts(io.BytesIO(stored), len(stored))]
    chosen = sorted(data.draw(st.sets(st.sampled_from(begins))) | {0})
    pieces = [
        read("jsonl", stored, "a.zst", file_range=FileRange(a, b))
        for a, b in itertools.pairwise([*chosen, len(stored)])
    ]
    whole = read("jsonl", stored, "a.zst")
    assert [record for piece in pieces for record in piece] == whole
    if texts:
        assert [r.raw.decode() for r in documents(whole)] == texts


def test_damage_in_a_seekable_file_is_told_once_and_offsets_are_of_the_file() -> None:
    rows = [b'{"text": "%d"}\n' % n for n in range(40)]
    rows[25] = b"no row\n"
    frames = [b"".join(rows[at : at + 10]) for at in range(0, 40, 10)]
    stored = bytearray(seekable(frames))
    begins = [start.stored for start in frame_starts(io.BytesIO(stored), len(stored))]
    stored[begins[1] + 12] ^= 0xFF
    ranges = itertools.pairwise([*begins, len(stored)])
    pieces = [read("jsonl", bytes(stored), "a.zst", file_range=FileRange(*r)) for r in ranges]
    records = [record for piece in pieces for record in piece]
    assert len(documents(records)) >= 29
    failed = [(f.offset, f.error[:7]) for f in records if isinstance(f, FailedRecord)]
    offset = sum(map(len, rows[:25]))
    assert failed == [(begins[1], "damaged"), (offset, "invalid")]


def test_a_large_seekable_file_is_split_at_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "RANGE_BYTES", 4_000)
    rows = [json.dumps({"text": random.Random(n).randbytes(400).hex()}) for n in range(200)]
    frames = ["".join(f"{row}\n" for row in rows[at : at + 5]).encode() for at in range(0, 200, 5)]
    stored = seekable(frames)
    ranges = split_file("jsonl", "a.jsonl", len(stored), lambda path: io.BytesIO(stored))
    assert len(ranges) > 10
    found = [
        record
        for file_range in ranges
        for record in read_file("jsonl", io.BytesIO(stored), ReadContext("a.jsonl", file_range))
    ]
    assert all(isinstance(record, RawRecord) for record in found)
    assert [json.dumps({"text": r.raw.decode()}) for r in documents(found)] == rows
    plain = zstd(b"".join(frames))
    assert len(split_file("jsonl", "a.zst", len(plain), lambda path: io.BytesIO(plain))) == 1
