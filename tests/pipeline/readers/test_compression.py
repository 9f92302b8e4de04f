import io

import pytest

from massivetext.pipeline.readers.compression import COMPRESSIONS, GZIP, compression_of
from tests.pipeline.readers.archives import COMPRESS, documents, lz4, only_failure, read

LINES = b'{"text": "One line of text"}\n'


@pytest.mark.parametrize("make", COMPRESS)
@pytest.mark.parametrize("name", ["a.jsonl", "a", *(f"a.jsonl{suffix}" for suffix in COMPRESSIONS)])
def test_the_content_tells_the_compression_whatever_the_name(make: str, name: str) -> None:
    (document,) = documents(read("jsonl", COMPRESS[make](LINES), file=name))
    assert document.raw == b"One line of text"


@pytest.mark.parametrize("suffix", COMPRESSIONS)
@pytest.mark.parametrize("text", ["x" * 20, '{"text": "größer"}', "Всё " * 2_000])
def test_plain_text_with_the_suffix_of_a_compression_is_plain(suffix: str, text: str) -> None:
    (document,) = documents(read("text", text.encode(), file=f"a.txt{suffix}"))
    assert document.raw.decode() == text


@pytest.mark.parametrize("suffix", COMPRESSIONS)
@pytest.mark.parametrize("begin", [b"\0x", b"(", b"BZ", b"\xff" * 20])
def test_other_bytes_are_damage_of_what_the_suffix_says(suffix: str, begin: bytes) -> None:
    assert "member" in only_failure(read("text", begin, file=f"a.txt{suffix}")).error


def test_the_place_of_the_stream_stays() -> None:
    stream = io.BytesIO(COMPRESS[".gz"](LINES))
    stream.seek(7)
    assert compression_of(stream, "gs://bucket/a.zst/b.WARC.GZ") is GZIP
    assert stream.tell() == 7
    assert compression_of(io.BytesIO(b"{}"), "a.gz/plain.jsonl") is None


def test_a_skippable_frame_is_of_what_the_suffix_says() -> None:
    pytest.importorskip("lz4.frame")
    frame = b"\x50\x2a\x4d\x18\x03\0\0\0abc"
    for suffix, make in ((".lz4", lz4), (".zst", COMPRESS[".zst"])):
        assert documents(read("jsonl", frame + make(LINES), file=f"a{suffix}"))
