"""The body of an HTTP message, freed of its transfer and content codings.

Archives are not to be taken at their word: many store the decoded body and keep the header that
says otherwise (all of ClueWeb09 does). A coding that the body does not show is taken as removed.
"""

from __future__ import annotations

import re
import zlib
from typing import Final

import brotli

from massivetext.pipeline.readers.compression import COMPRESSIONS, Compression

_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_CODINGS_BY_MAGIC: Final = {
    "gzip": COMPRESSIONS[".gz"],
    "x-gzip": COMPRESSIONS[".gz"],
    "zstd": COMPRESSIONS[".zst"],
}
_NO_CODINGS: Final = frozenset(("", "identity", "none", "chunked"))
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_PRINTABLE: Final = bytes(range(0x20, 0x7F)) + b"\t\n\r"
_FOREIGN_SHARE: Final = 0.25  # our choice: compressed data has 0.6, a page begins with markup
_SNIFFED_BYTES: Final = 512  # our choice, as in the WHATWG's MIME sniffing (which reads 1,445)


class BodyError(ValueError):
    """A body whose codings cannot be undone."""


def decode_body(
    body: bytes, transfer_encoding: str, content_encoding: str, record_bytes: int
) -> bytes:
    """Returns the body without its codings.

    Args:
        body: what follows the header.
        transfer_encoding: value of that header, or "".
        content_encoding: value of that header, or "".
        record_bytes: the result may not be larger.

    Raises:
        BodyError: if a coding is damaged, cut off or unknown, or the result is too large.
    """
    transfer_codings = _tokens(transfer_encoding)
    if "chunked" in transfer_codings:
        body = join_chunks(body)
    for coding in (*reversed(transfer_codings), *reversed(_tokens(content_encoding))):
        body = _undo(body, coding, record_bytes)
    return body


def join_chunks(body: bytes) -> bytes:
    """Returns a chunked body in one piece; as it is, if it does not begin with a chunk size.

    Raises:
        BodyError: if the chunks end too early.
    """
    if not _CHUNK_SIZE.match(body):
        return body
    chunks: list[bytes] = []
    at = 0
    while header := _CHUNK_SIZE.match(body, at):
        size_bytes = int(header[1], 16)
        if size_bytes == 0:
            return b"".join(chunks)
        chunk = body[header.end() : header.end() + size_bytes]
        if len(chunk) < size_bytes:
            break
        chunks.append(chunk)
        at = header.end() + size_bytes
        at += 2 if body[at : at + 2] == b"\r\n" else int(body[at : at + 1] == b"\n")
    raise BodyError(f"chunked body is damaged at byte {at}: found {body[at : at + 20]!r}")


def _tokens(value: str) -> list[str]:
    return [token.strip().lower() for token in value.split(",")]


def _undo(body: bytes, coding: str, record_bytes: int) -> bytes:
    if coding in _NO_CODINGS or not body:
        return body
    compression = _CODINGS_BY_MAGIC.get(coding)
    if compression is not None:
        return _inflate(body, compression, record_bytes)
    try:
        if coding == "deflate":
            return _undo_deflate(body, record_bytes)
        if coding == "br":
            return _undo_brotli(body, record_bytes)
    except (zlib.error, brotli.error) as error:
        if looks_like_text(body):
            return body
        raise BodyError(f"damaged {coding} body: {error}") from None
    if looks_like_text(body):
        return body
    raise BodyError(f"unknown coding {coding!r}; expected gzip, deflate, br or zstd")


def looks_like_text(body: bytes) -> bool:
    """Whether the first bytes are those of text, or of markup: no control bytes, mostly ASCII."""
    sample = body[:_SNIFFED_BYTES]
    foreign = len(sample.translate(None, _PRINTABLE))
    return not _BINARY.search(sample) and foreign <= len(sample) * _FOREIGN_SHARE


def _inflate(body: bytes, compression: Compression, record_bytes: int) -> bytes:
    """Undoes a coding whose data begin with a magic number, member by member."""
    inflated = bytearray()
    is_coded = False
    while compression.magic.match(body):
        is_coded = True
        inflater = compression.inflater()
        while not inflater.eof:
            try:
                piece = inflater.inflate(body)
            except Exception as error:  # every library has exceptions of its own
                raise BodyError(f"damaged {compression.name} body: {error}") from None
            if not piece and not inflater.eof:
                raise BodyError(f"{compression.name} body ends too early")
            inflated += piece
            _check_size(inflated, record_bytes)
            body = b""
        body = inflater.unused_data
    return bytes(inflated) if is_coded else body


def _undo_deflate(body: bytes, record_bytes: int) -> bytes:
    """Undoes deflate with zlib's header, or, as some servers send it, without."""
    is_zlib = body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    inflater = zlib.decompressobj(15 if is_zlib else -15)
    inflated = inflater.decompress(body, record_bytes + 1)
    _check_size(inflated, record_bytes)
    if not inflater.eof:
        raise zlib.error("ends too early")
    return inflated


def _undo_brotli(body: bytes, record_bytes: int) -> bytes:
    inflater = brotli.Decompressor()
    inflated = bytearray(inflater.process(body, output_buffer_limit=record_bytes + 1))
    _check_size(inflated, record_bytes)
    while not inflater.is_finished() and not inflater.can_accept_more_data():
        inflated += inflater.process(b"", output_buffer_limit=record_bytes + 1)
        _check_size(inflated, record_bytes)
    if not inflater.is_finished():
        raise brotli.error("ends too early")
    return bytes(inflated)


def _check_size(inflated: bytes | bytearray, record_bytes: int) -> None:
    if len(inflated) > record_bytes:
        raise BodyError(f"inflated body is larger than limits.record_bytes = {record_bytes}")
