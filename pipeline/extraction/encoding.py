"""The character encoding of a page: byte order mark, UTF-8, declared names, the bytes themselves.

Source: the WHATWG Encoding and HTML standards ("determining the character encoding"), with two
deviations: bytes that are nearly all UTF-8 are UTF-8, whatever the page or its server says, because
such bytes are next to never that by chance and the names are often wrong; and a name that the bytes
contradict does not count.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import numpy as np

from massivetext.pipeline.extraction.charset.declared import declared_encoding
from massivetext.pipeline.extraction.charset.decoders import NO_CHARACTER, decode
from massivetext.pipeline.extraction.charset.escapes import (
    ESCAPED,
    escaped_encoding,
    might_escape,
    unmarked_utf16,
)
from massivetext.pipeline.extraction.charset.labels import encoding_name
from massivetext.utf8 import count_utf8, is_utf8

_BYTE_ORDER_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32le"),
    (b"\xfe\xff", "utf-16be"),
    (b"\xff\xfe", "utf-16le"),
)

_SCANNED_BYTES: Final = 4096
"""Our choice: a page in UTF-16 has zeros in so many bytes."""

_NEARLY_ALL: Final = 0.8
"""Our choice: share of the bytes beyond ASCII. Pages of 20 other encodings reach 0.5, Thai the
most."""

_TRIED_BYTES: Final = 1 << 16
_MOST_UNKNOWN: Final = 0.25
"""Our choice: a declared encoding in which more of the characters beyond ASCII are none, in so many
bytes, is not the page's."""

_BEYOND_ASCII: Final = re.compile(rb"[\x80-\xff]")

_SEVERAL_BYTES: Final = (*ESCAPED, "gbk", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr")
"""Encodings that bytes can contradict."""

_UTF8_COST: Final = 3.5
_BROKEN_COST: Final = 12.0
"""Our choice, -ln P of a byte in and outside of UTF-8's characters, to compare with `detect`."""


_OTHER_LATIN: Final = frozenset(
    [
        *(f"windows-{number}" for number in (1250, 1254, 1257, 1258)),
        *(f"iso-8859-{number}" for number in (2, 3, 4, 10, 13, 14, 16)),
    ]
)
"""Encodings of other Latin alphabets, in which English is not written."""

_ENGLISH_WORDS: Final = (b" the ", b" of ", b" and ", b" to ", b" in ")


class _Utf8Share(NamedTuple):
    """How many of the bytes beyond ASCII form UTF-8 and how many do not."""

    good: int
    bad: int

    @property
    def total(self) -> int:
        return self.good + self.bad

    def is_at_least(self, share: float) -> bool:
        return self.good > 0 and self.good >= share * self.total

    @property
    def cost(self) -> float:
        """-ln P of a byte beyond ASCII if the page is UTF-8 and damaged."""
        return (_UTF8_COST * self.good + _BROKEN_COST * self.bad) / max(self.total, 1)


def decode_page(html: bytes, encoding: str | None = None) -> tuple[str, bytes]:
    """Decode a page: `(name of its encoding, its text as UTF-8 bytes)`; never raises.

    `encoding` is the charset of the HTTP header, if there was one. The order is byte order mark,
    UTF-16 that shows itself, UTF-8 by nearly all bytes beyond ASCII, header, `meta`, the likeliest
    encoding; bytes that do not decode become U+FFFD.
    """
    for mark, name in _BYTE_ORDER_MARKS:
        if html.startswith(mark):
            return name, _recoded(html[len(mark) :], name)
    if b"\0" in html[:_SCANNED_BYTES]:
        wide = _wide_encoding(html, encoding)
        if wide:
            return wide, _recoded(html, wide)
    if html.isascii():
        escaped = _escaped_name(html, encoding) if might_escape(html) else None
        return (escaped, _recoded(html, escaped)) if escaped else ("utf-8", html)
    if is_utf8(np.frombuffer(html, np.uint8)):
        return "utf-8", html
    name = _legacy_encoding(html, encoding)
    return name, _recoded(html, name)


def _wide_encoding(html: bytes, encoding: str | None) -> str | None:
    """UTF-16 or UTF-32 of a page with zeros, as its bytes or else its server say."""
    name = unmarked_utf16(html)
    declared = encoding_name(encoding or "")
    if declared and declared.startswith("utf-32" if name else ("utf-16", "utf-32")):
        return declared
    return name


def _escaped_name(html: bytes, encoding: str | None) -> str | None:
    """The encoding of ASCII bytes that may stand for other characters."""
    declared = encoding_name(encoding or "") or declared_encoding(html)
    return declared if declared in ESCAPED else escaped_encoding(html)


def _legacy_encoding(html: bytes, encoding: str | None) -> str:
    """The encoding of a page that is not all UTF-8."""
    utf8 = _Utf8Share(*count_utf8(np.frombuffer(html, np.uint8)))
    if utf8.is_at_least(_NEARLY_ALL):
        return "utf-8"
    for declares in (lambda: encoding_name(encoding or ""), lambda: declared_encoding(html)):
        declared = declares()
        if declared and _fits(html, declared, utf8):
            return declared
    # numba compiles and the models are read only where a page needs them.
    from massivetext.pipeline.extraction.charset.detect import detect

    name, cost = detect(html)
    if name in _OTHER_LATIN and _is_english(html, utf8.total):
        return "windows-1252"
    return "utf-8" if utf8.good and utf8.cost < cost else name


def _is_english(html: bytes, beyond_ascii: int) -> bool:
    """Whether common English words are as many as half of the bytes beyond ASCII, given these.

    Accents, signs and quotation marks in English say little of their encoding; in a language whose
    letters are beyond ASCII they are many more.
    """
    words = sum(map(html.count, _ENGLISH_WORDS))
    return 2 * words >= beyond_ascii


def _fits(html: bytes, name: str, utf8: _Utf8Share) -> bool:
    """Whether the bytes do not contradict an encoding."""
    if name == "utf-8":
        return utf8.good > utf8.bad
    if name.startswith("utf"):
        return False
    if name not in _SEVERAL_BYTES:
        return True
    found = _BEYOND_ASCII.search(html)
    start = found.start() if found else 0
    text = decode(html[start : start + _TRIED_BYTES], name)
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return text.count(NO_CHARACTER) <= _MOST_UNKNOWN * beyond_ascii


def _recoded(html: bytes, name: str) -> bytes:
    return decode(html, name).encode("utf-8", "replace")
