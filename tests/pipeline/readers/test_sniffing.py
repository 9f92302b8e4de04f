import gzip
import io
import random
import zipfile

import pytest

from massivetext.pipeline.readers.sniffing import document_type
from massivetext.records import SkippedRecord
from tests.pipeline.readers.archives import (
    PAGE,
    documents,
    failures,
    http_message,
    read,
    skipped,
    warc_record,
)


def zip_of(*names: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name in names:
            archive.writestr(name, "application/epub+zip" if name == "mimetype" else "x")
    return sink.getvalue()


BINARY = {
    b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n": "application/pdf",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR": "image/png",
    b"GIF89a\1\0\1\0": "image/gif",
    b"\xff\xd8\xff\xe0\0\x10JFIF": "image/jpeg",
    b"RIFF\x24\0\0\0WEBPVP8 ": "image/webp",
    b"RIFF\x24\0\0\0WAVEfmt ": "audio/wav",
    b"BM\x36\0\0\0\0\0": "image/bmp",
    b"\0\0\0\x20ftypavif": "image/heif",
    b"\0\0\0\x20ftypisom": "video/mp4",
    b"\x1a\x45\xdf\xa3\x9f": "video/webm",
    b"ID3\3\0\0\0": "audio/mpeg",
    b"\xff\xfb\x90\x64\0\0": "audio/mpeg",
    b"OggS\0\2": "application/ogg",
    b"wOF2\0\1\0\0": "font/woff2",
    b"\0\1\0\0\0\x0f": "font/ttf",
    b"\0asm\1\0\0\0": "application/wasm",
    b"MZ\x90\0\3": "application/x-msdownload",
    b"\x7fELF\2\1": "application/x-elf",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "application/x-ole-storage",
    zip_of("a.txt"): "application/zip",
    zip_of("mimetype", "a"): "application/epub+zip",
    zip_of("[Content_Types].xml", "word/document.xml"): (
        "application/vnd.openxmlformats-officedocument.wordprocessingml"
    ),
    b"7z\xbc\xaf\x27\x1c\0\4": "application/x-7z-compressed",
    b"\x28\xb5\x2f\xfd\4": "application/zstd",
    bytes(random.Random(0).randbytes(3_000)): "application/octet-stream",
}


@pytest.mark.parametrize(("body", "kind"), BINARY.items(), ids=BINARY.values())
@pytest.mark.parametrize("declared", ["text/html", "text/plain"])
def test_data_served_as_text_are_known_by_their_first_bytes(
    body: bytes, kind: str, declared: str
) -> None:
    assert document_type(declared, body + random.Random(1).randbytes(99)) == kind
    stored = warc_record(http_message(body, {"Content-Type": declared}))
    (record,) = read("warc", stored)
    assert isinstance(record, SkippedRecord)
    assert record.size_bytes > len(body)


TEXTS = {
    b"<article>Words</article>": "text/html",
    b"\xef\xbb\xbf\n <!DOCTYPE HTML><p>": "text/html",
    b"<!doctype html public '-//x'>": "text/html",
    b"<!-- a --><!-- b -->\n<main id=a>": "text/html",
    b"<!-- never ends": "text/html",
    b"<my-app></my-app>": "text/html",
    b"<?php echo 1 ?><div>": "text/html",
    b'<?xml version="1.0"?>\n<!DOCTYPE html><html xmlns="x">': "application/xhtml+xml",
    b'<?xml version="1.0"?><html>': "application/xhtml+xml",
    b'<?xml version="1.0"?><rss>': "text/xml",
    b"<svg xmlns='x'>": "text/xml",
    b"Plain words < and more": "text/plain",
    b"MZ is how a program begins": "text/plain",
    b"BMW builds cars": "text/plain",
    b"[1] A footnote": "text/plain",
    b'{"a": 1}': "application/json",
    "<html>Größe".encode("utf-16"): "text/html",
    "<html>Größe".encode("utf-16-le"): "text/html",
    "Some plain words".encode("utf-16"): "text/plain",
    b"\0\1": "",
}


@pytest.mark.parametrize(("body", "kind"), TEXTS.items())
def test_a_text_without_a_type_is_known_by_its_first_bytes(body: bytes, kind: str) -> None:
    assert document_type("", body) == kind


@pytest.mark.parametrize("declared", ["text/html", "text/plain"])
@pytest.mark.parametrize(
    "body",
    [
        *TEXTS,
        PAGE + bytes(2_000),
        "Größe: 中文字符和更多的字。".encode("utf-16-le") * 90,
        "日本語のページ".encode("iso2022_jp") * 90,
        b"a stray \x01 byte or \x00 two" + b"and words" * 9,
        b"%PDF is a format",
        b"GIF is a format",
    ],
)
def test_a_declared_text_stays_what_it_is_declared(body: bytes, declared: str) -> None:
    if body != b"\0\1":
        assert document_type(declared, body) == declared


def test_gzip_that_no_header_declares_is_inflated() -> None:
    for headers in ({"Content-Type": "text/html"}, {}, {"Content-Encoding": "identity"}):
        (document,) = read("warc", warc_record(http_message(gzip.compress(PAGE), headers)))
        assert documents([document])[0].raw == PAGE
    twice = {"Content-Type": "text/html", "Content-Encoding": "gzip"}
    stored = warc_record(http_message(gzip.compress(gzip.compress(PAGE)), twice))
    assert documents(read("warc", stored))[0].raw == PAGE
    bomb = warc_record(http_message(gzip.compress(bytes(10**7)), {}))
    assert "larger than limits" in failures(read("warc", bomb))[0].error
    tar = gzip.compress(b"a.txt" + bytes(252) + b"ustar\0" + bytes(999))
    assert skipped(read("warc", warc_record(http_message(tar)))) == ["application/x-tar"]


def test_zero_bytes_where_a_page_was_are_a_failure() -> None:
    (failure,) = failures(read("warc", warc_record(http_message(bytes(4096) + PAGE))))
    assert "expected text/html, found zero bytes" in failure.error
    (failure,) = failures(read("warc", warc_record(http_message().replace(b"Type", bytes(4)))))
    assert "zero bytes in it" in failure.error


@pytest.mark.parametrize("hostile", [b"<!--x-->", b"<?x?>", b"<!--", b"<?", b" <", b"\n", b"<a"])
def test_the_time_is_linear(hostile: bytes) -> None:
    document_type("", hostile * (1_000_000 // len(hostile)) + b"<article>")
