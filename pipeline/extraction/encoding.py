"""The character encoding of a page: byte order mark, declared names, the bytes themselves.

Source: the WHATWG Encoding and HTML standards ("determining the character encoding"), with one
deviation: bytes that are valid UTF-8 beyond ASCII are UTF-8, whatever the page or its server says,
because such bytes are next to never valid by chance and the names are often wrong.
"""

from __future__ import annotations

import codecs
import re
from typing import Any, Final, cast

import numpy as np

from massivetext.utf8 import is_utf8

_BYTE_ORDER_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xff\xfe", "utf-16-le"),
)

# The WHATWG label table, where it differs from Python's: supersets of what pages say they are.
_WIDER: Final = {
    "ascii": "windows-1252",
    "iso8859-1": "windows-1252",
    "iso8859-9": "windows-1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}

_NO_SUPERSETS: Final = ("utf-16", "utf-32", "iso2022", "hz")
"""Beginnings of the names of the codecs in which ASCII bytes may mean something else."""

_ASCII: Final = bytes(range(0x80))
_ASCII_TEXT: Final = "".join(map(chr, range(0x80)))

_SCANNED_BYTES: Final = 4096
"""Our choice: the standard scans 1024 bytes; old pages put long comments before their `meta`."""

# windows-1252 as the web has it: the five bytes that stand for no character are controls.
_WINDOWS_1252: Final = "".join(
    bytes([byte]).decode("windows-1252", "ignore") or chr(byte) for byte in range(256)
)

_GUESSED_BYTES: Final = 1 << 16
_SAMPLE_BYTES: Final = 1 << 13
"""Our choice: a guess looks at the 64 KiB behind the first byte beyond ASCII, and decodes 8 KiB of
what is left without letters; more changes no guess and costs milliseconds."""

_BEYOND_ASCII: Final = re.compile(rb"[\x80-\xff]")
_ASCII_LETTERS: Final = bytes(byte for byte in range(0x80) if chr(byte).isalnum())
"""Left out before a guess: what follows a byte beyond ASCII must not look like its second half."""

# (codec, characters that are common in what is written in it, their least share): our choice, from
# what is known of the scripts; text of another encoding decodes to rare characters.
_COMMON_CHARACTERS: Final = (
    ("euc_jp", frozenset(map(chr, range(0x3041, 0x30FF))), 0.3),
    ("cp932", frozenset(map(chr, range(0x3041, 0x30FF))), 0.3),
    ("cp949", frozenset("이다는을의에가고하를지은한도로기서사자어나시인대들아리그") | {" "}, 0.25),
    ("gb18030", frozenset("的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年"), 0.08),
    ("big5hkscs", frozenset("的一是不了在人有我他這中大來上國個到說們為子和你地出道也時年"), 0.08),
    ("cp1251", frozenset("оеаинтсрвлкмдпуяыьгзбчй"), 0.7),
    ("koi8-r", frozenset("оеаинтсрвлкмдпуяыьгзбчй"), 0.7),
)

_META_CHARSET: Final = re.compile(
    rb"""<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""",
    re.IGNORECASE,
)


def codec_of(name: str | None) -> str | None:
    """Python's name of the text codec that a declared charset stands for, None if there is none.

    A web page is written in a superset of ASCII, in UTF-16 or UTF-32, or with escapes; Python knows
    other codecs (EBCDIC, Punycode, Base64...) that a charset never means.
    """
    if not name:
        return None
    try:
        codec = codecs.lookup(name.strip(" \t\r\n\"';").replace("\0", "")).name
        if codec.endswith("escape"):  # Python's own string literals
            return None
        is_known = codec.startswith(_NO_SUPERSETS) or _ASCII.decode(codec) == _ASCII_TEXT
    except (LookupError, ValueError):
        return None
    return _WIDER.get(codec, codec) if is_known else None


def declared_codec(html: bytes) -> str | None:
    """The codec named by the page itself, in a `meta` element or an XML declaration."""
    for match in _META_CHARSET.finditer(html, 0, _SCANNED_BYTES):
        codec = codec_of(match.group(1).decode("ascii"))
        if codec:
            # What could be read as ASCII up to here is neither UTF-16 nor UTF-32.
            return "utf-8" if codec.startswith("utf") else codec
    return None


def decode_page(html: bytes, encoding: str | None = None) -> tuple[str, bytes]:
    """Decode a page: `(name of its encoding, its text as UTF-8 bytes)`; never raises.

    `encoding` is the charset of the HTTP header, if there was one. The order is byte order mark,
    valid UTF-8, header, `meta`, a guess (windows-1252 for all that is not
    plainly another script); bytes that do not decode become U+FFFD.
    """
    for mark, codec in _BYTE_ORDER_MARKS:
        if html.startswith(mark):
            return codec, _recoded(html[len(mark) :], codec)
    is_ascii = html.isascii()
    is_valid = is_ascii or is_utf8(np.frombuffer(html, np.uint8))
    if is_valid and not is_ascii and not _has_zeros(html):
        return "utf-8", html
    declared = codec_of(encoding) or declared_codec(html)
    if declared and declared.startswith(_NO_SUPERSETS):
        if not declared.startswith("utf") or _has_zeros(html):
            return declared, _recoded(html, declared)
        declared = "utf-8"
    if is_valid:
        return (declared or "utf-8") if is_ascii else "utf-8", html
    if declared is None or (declared == "utf-8" and not _is_mostly_utf8(html)):
        declared = _guessed_codec(html)
    return declared, _recoded(html, declared)


def _has_zeros(html: bytes) -> bool:
    """Whether a page may be UTF-16 or UTF-32, in which every tag has zero bytes."""
    return b"\0" in html[:_SCANNED_BYTES]


def _is_mostly_utf8(html: bytes) -> bool:
    """Whether more bytes beyond ASCII are parts of UTF-8 characters than are not."""
    decoded = html.decode("utf-8", "ignore")
    in_characters = len(decoded.encode("utf-8").translate(None, _ASCII))
    return 2 * in_characters > len(html.translate(None, _ASCII))


def _guessed_codec(html: bytes) -> str:
    """The codec of a page that names none (or a wrong one) and is not UTF-8."""
    beyond_ascii = _BEYOND_ASCII.search(html)
    start = beyond_ascii.start() if beyond_ascii else 0
    sample = html[start : start + _GUESSED_BYTES].translate(None, _ASCII_LETTERS)[:_SAMPLE_BYTES]
    for codec, common, least_share in _COMMON_CHARACTERS:
        decoded = [c for c in sample.decode(codec, "ignore") if c > "\x7f"]
        if sum(map(common.__contains__, decoded)) > least_share * max(len(decoded), 8):
            return codec
    return "windows-1252"


def _recoded(html: bytes, codec: str) -> bytes:
    if codec == "windows-1252":
        return codecs.charmap_decode(html, "strict", cast(Any, _WINDOWS_1252))[0].encode("utf-8")
    try:
        text = html.decode(codec, "replace")
    except (LookupError, ValueError):
        text = html.decode("utf-8", "replace")
    return text.encode("utf-8", "replace")
