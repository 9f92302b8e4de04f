import base64
import gzip
import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.readers.digests import _from_base_32, check_digest
from massivetext.records import RawRecord, SkippedRecord
from tests.pipeline.readers.archives import PAGE, http_message, read, warc_record
from tests.pipeline.readers.test_http import chunked

WRITINGS: dict[str, Callable[[bytes], str]] = {
    "base16": bytes.hex,
    "BASE16": lambda digest: digest.hex().upper(),
    "base32": lambda digest: base64.b32encode(digest).decode(),
    "base32, no padding": lambda digest: base64.b32encode(digest).decode().rstrip("="),
    "base32, lower case": lambda digest: base64.b32encode(digest).decode().lower(),
    "base64": lambda digest: base64.b64encode(digest).decode(),
    "base64, for URLs": lambda digest: base64.urlsafe_b64encode(digest).decode().rstrip("="),
}


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize(
    ("label", "name"),
    {
        "sha1": "sha1",
        "SHA-1": "sha1",
        "md5": "md5",
        "sha-256": "sha256",
        "sha512": "sha512",
        "sha3-256": "sha3_256",
        "blake2b": "blake2b",
    }.items(),
)
def test_digests_are_known_in_every_writing(writing: str, label: str, name: str) -> None:
    for content in (b"", b"content", PAGE):
        stated = f"{label}:{WRITINGS[writing](hashlib.new(name, content).digest())}"
        assert check_digest(stated, [b"other", content]) == "fits"
        assert check_digest(f" {stated} ", [b"other"]) == "differs"


@pytest.mark.parametrize(
    "stated",
    ["", "sha1", "sha1:", "sha1:abc", "crc32:12345678", "sha1:" + "!" * 32, "sha1:" + "é" * 40],
)
def test_other_digests_are_unknown(stated: str) -> None:
    assert check_digest(stated, [b""]) == "unknown"


def sha1(content: bytes) -> str:
    return f"sha1:{base64.b32encode(hashlib.sha1(content).digest()).decode()}"


def outcomes(block: bytes, **fields: str) -> tuple[str, ...]:
    (record,) = read("warc", warc_record(block, **fields))
    assert isinstance(record, (RawRecord, SkippedRecord)), record
    return record.digests


def test_a_mismatch_is_noted_and_the_page_stays() -> None:
    block = http_message()
    digests = {"WARC_Block_Digest": sha1(block), "WARC_Payload_Digest": sha1(PAGE)}
    assert outcomes(block, **digests) == ("block fits", "payload fits")
    (record,) = read("warc", warc_record(block.replace(b"words", b"Words"), **digests))
    assert isinstance(record, RawRecord)
    assert record.digests == ("block differs", "payload differs")
    assert record.metadata["digest_mismatch"] == "block, payload"
    assert outcomes(block) == ()
    assert outcomes(block, WARC_Block_Digest="crc:1") == ("block unknown",)


def test_a_payload_may_have_been_digested_with_its_codings_or_without() -> None:
    coded = gzip.compress(PAGE)
    for body in (chunked(coded, 9), coded, PAGE):
        headers = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
        block = http_message(chunked(coded, 9), headers | {"Transfer-Encoding": "chunked"})
        assert outcomes(block, WARC_Payload_Digest=sha1(body)) == ("payload fits",)
    assert outcomes(block, WARC_Payload_Digest=sha1(b"")) == ("payload differs",)


def test_the_digests_of_other_records_are_checked_too() -> None:
    assert outcomes(b"a: b", WARC_Type="metadata", WARC_Block_Digest=sha1(b"a: b")) == (
        "block fits",
    )
    revisit = {"WARC_Type": "revisit", "WARC_Payload_Digest": sha1(b"of another record")}
    assert outcomes(http_message(b""), **revisit) == ()
    resource = {"WARC_Type": "resource", "Content_Type": "text/html"}
    assert outcomes(PAGE, **resource, WARC_Payload_Digest=sha1(PAGE)) == ("payload fits",)
    (text,) = read(
        "wet",
        warc_record(
            b"Text",
            WARC_Type="conversion",
            Content_Type="text/plain",
            WARC_Block_Digest=sha1(b"text"),
        ),
    )
    assert isinstance(text, RawRecord)
    assert text.metadata["digest_mismatch"] == "block"


@given(st.binary(min_size=1, max_size=70))
def test_base_32_is_read_as_the_library_reads_it(content: bytes) -> None:
    digits = base64.b32encode(content).decode().rstrip("=")
    assert _from_base_32(digits, len(content)) == content


@pytest.mark.parametrize("wrong", ["0", "1", "8", "=", "_", "-", "+", " ", "é"])
def test_what_is_not_base_32_is_unknown(wrong: str) -> None:
    for place in (0, 7, 31):
        stated = "sha1:" + "A" * place + wrong + "A" * (31 - place)
        assert check_digest(stated, [b""]) == "unknown"
