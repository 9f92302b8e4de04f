import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.readers.http import BodyError, decode_body, join_chunks

BODY = b"<html><body>" + b"Some words. " * 50 + b"</body></html>"


def deflate_raw(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(body) + compressor.flush()


CODINGS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZIP": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def chunked(body: bytes, size_bytes: int) -> bytes:
    parts = [body[at : at + size_bytes] for at in range(0, len(body), size_bytes)]
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def decode(body: bytes, content: str = "", transfer: str = "", limit: int = 10_000) -> bytes:
    return decode_body(body, transfer, content, limit)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_coding_is_undone(coding: str) -> None:
    assert decode(CODINGS[coding](BODY), coding) == BODY
    assert decode(chunked(CODINGS[coding](BODY), 37), coding, "chunked") == BODY


def test_codings_are_undone_last_first() -> None:
    assert decode(brotli.compress(gzip.compress(BODY)), "gzip, br") == BODY
    assert decode(chunked(gzip.compress(BODY), 10), "", "gzip, chunked") == BODY
    assert decode(gzip.compress(BODY) + gzip.compress(BODY), "gzip") == BODY + BODY
    assert decode(deflate_raw(BODY), "deflate") == BODY


@pytest.mark.parametrize("coding", [*CODINGS, "identity", "none", "utf-8", "", "compress"])
def test_a_coding_that_the_body_does_not_show_has_been_undone(coding: str) -> None:
    assert decode(BODY, coding) == BODY
    assert decode(BODY, coding, "chunked") == BODY


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_cut_off_is_an_error(coding: str) -> None:
    coded = CODINGS[coding](BODY)
    for missing in (1, 5, len(coded) // 2):
        with pytest.raises(BodyError):
            decode(coded[:-missing], coding)


def test_damage_and_unknown_codings_are_errors() -> None:
    with pytest.raises(BodyError, match="unknown coding 'foo'"):
        decode(gzip.compress(BODY), "foo")
    with pytest.raises(BodyError, match="damaged gzip"):
        decode(gzip.compress(BODY)[:-8] + bytes(8), "gzip")
    with pytest.raises(BodyError, match="damaged br"):
        decode(gzip.compress(BODY), "br")


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_that_inflates_over_the_limit_is_an_error(coding: str) -> None:
    bomb = CODINGS[coding](bytes(5_000_000))
    with pytest.raises(BodyError, match=r"larger than limits\.record_bytes = 10000"):
        decode(bomb, coding)


@given(st.binary(max_size=300), st.integers(1, 100))
def test_chunks_are_joined(body: bytes, size_bytes: int) -> None:
    assert join_chunks(chunked(body, size_bytes)) == body


@pytest.mark.parametrize("missing", [1, 2, 3, 5, 7, 8, 40])
def test_chunks_cut_off_are_an_error(missing: int) -> None:
    stored = chunked(BODY, 100)[:-missing]
    if missing < 8:
        assert join_chunks(stored) == BODY  # the last chunk, or its end, or the whole of it
    else:
        with pytest.raises(BodyError, match="chunked body is damaged"):
            join_chunks(stored)
