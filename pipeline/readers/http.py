"""HTTP messages: the header, and the body freed of its transfer and content codings.

Archives are not to be taken at their word: many store the decoded body and keep the header that
says otherwise (all of ClueWeb09 does). A coding that the body does not show is taken as removed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import brotli

from massivetext.pipeline.readers.compression import GZIP, ZLIB, ZSTD, Compression
from massivetext.pipeline.readers.header_fields import header_end, joined_fields

_STATUS = re.compile(r"\s*HTTP/?[\d.]*[ \t]+(\d{3})(?!\d)")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_CODINGS_BY_MAGIC: Final = {
    "gzip": GZIP,
    "x-gzip": GZIP,
    "zstd": ZSTD,
}
_NO_CODINGS: Final = frozenset(("", "identity", "none", "chunked"))
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_PRINTABLE: Final = bytes(range(0x20, 0x7F)) + b"\t\n\r"
_FOREIGN_SHARE: Final = 0.25  # our choice: compressed data has 0.6, a page begins with markup
_SNIFFED_BYTES: Final = 512  # our choice: a disk block
_NEAR_BYTES: Final = 1 << 12  # our choice: nearly all headers end in them, and a copy costs nothing
_LAST_CHUNK: Final = b"0\r\n\r\n"


class BodyError(ValueError):
    """A message that is none, or a body whose codings cannot be undone."""


class _CutOffError(ValueError):
    """A coding that ends too early."""


class HttpMessage(NamedTuple):
    """A message as an archive holds it.

    Attributes:
        status: of the answer.
        headers: values by names in lower case, those of one name joined by commas.
        body: with its codings; a view of the block.
    """

    status: int
    headers: Mapping[str, str]
    body: memoryview


def parse_message(block: bytes | memoryview) -> HttpMessage:
    """Returns the response that a record holds.

    Raises:
        BodyError: if it does not begin with a status line, or its header has zero bytes, as a lost
            block of a disk leaves them.
    """
    head_bytes, body = _head_and_body(block)
    if b"\0" in head_bytes:
        raise BodyError("expected the header of an HTTP message, but there are zero bytes in it")
    head = head_bytes.decode("latin-1")  # RFC 9110, 5.5: what is not ASCII is opaque
    status = _STATUS.match(head)
    if status is None:
        raise BodyError("expected an HTTP message, but it begins with no status line")
    return HttpMessage(int(status[1]), joined_fields(head), body)


def payload_of(block: bytes | memoryview) -> memoryview:
    """Returns what follows the header of a message, a request or a response."""
    return _head_and_body(block)[1]


def _head_and_body(block: bytes | memoryview) -> tuple[bytes, memoryview]:
    view = memoryview(block)
    for looked_at in (_NEAR_BYTES, len(view)):
        begin = bytes(view[:looked_at])
        end = header_end(begin, 0, looked_at)
        if end:
            return begin[: end[0]], view[end[1] :]
    return bytes(view), view[len(view) :]


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

    The empty chunk that ends a body, or the rest of it, may be missing, as some crawlers leave it.

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
    if chunks and _LAST_CHUNK.startswith(body[at : at + len(_LAST_CHUNK)].lstrip(b"\r")):
        return b"".join(chunks)
    raise BodyError(f"chunked body is damaged at byte {at}: found {body[at : at + 20]!r}")


def inflate_undeclared(body: bytes, record_bytes: int) -> bytes:
    """Returns a body that is gzip though no header says so, inflated; any other as it is.

    Raises:
        BodyError: if it is damaged, cut off or too large.
    """
    return _inflate(body, GZIP, record_bytes) if GZIP.magic.match(body) else body


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
    except (ZLIB.error, brotli.error, _CutOffError) as error:
        if looks_like_text(body):
            return body
        problem = error if isinstance(error, _CutOffError) else "its data are invalid"
        raise BodyError(f"damaged {coding} body: {problem}") from None
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
    inflater = ZLIB.decompressobj(15 if is_zlib else -15)
    inflated: bytes = inflater.decompress(body, record_bytes + 1)
    _check_size(inflated, record_bytes)
    if not inflater.eof:
        raise _CutOffError("it ends too early")
    return inflated


def _undo_brotli(body: bytes, record_bytes: int) -> bytes:
    inflater = brotli.Decompressor()
    inflated = bytearray(inflater.process(body, output_buffer_limit=record_bytes + 1))
    _check_size(inflated, record_bytes)
    while not inflater.is_finished() and not inflater.can_accept_more_data():
        inflated += inflater.process(b"", output_buffer_limit=record_bytes + 1)
        _check_size(inflated, record_bytes)
    if not inflater.is_finished():
        raise _CutOffError("it ends too early")
    return bytes(inflated)


def _check_size(inflated: bytes | bytearray, record_bytes: int) -> None:
    if len(inflated) > record_bytes:
        raise BodyError(f"inflated body is larger than limits.record_bytes = {record_bytes}")
