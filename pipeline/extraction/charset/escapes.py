"""Encodings whose bytes are all ASCII, or in which ASCII has zeros beside it.

Source: RFC 1468 (ISO-2022-JP), RFC 1557 (ISO-2022-KR), RFC 1843 (HZ).
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

ESCAPED: Final = ("iso-2022-jp", "iso-2022-kr", "hz-gb-2312")
"""Encodings that write all their characters as ASCII bytes."""

_JAPANESE: Final = re.compile(rb"\x1b(?:\$[@B]|\$\(D|\(I)")
_KOREAN: Final = b"\x1b$)C"

_HZ_OPENS: Final = b"~{"
_HZ_CLOSES: Final = b"~}"
_HZ_FIRST: Final = frozenset((*range(0x21, 0x2A), *range(0x30, 0x78)))
_HZ_COMMON: Final = frozenset((*range(0x21, 0x2A), *range(0x30, 0x58)))
"""First bytes of GB 2312, and those of signs and of its common characters."""

_MOST_RUNS: Final = 1_000
"""Our choice: so many runs of characters decide."""

_SCANNED_BYTES: Final = 4096
"""Our choice: the head of a page is long enough to see how its tags are written."""

_LEAST_ASCII: Final = 1 / 8
"""Our choice: tags and spaces are more of the head of any page."""


def might_escape(ascii_html: bytes) -> bool:
    """Whether ASCII bytes have what an encoding in `ESCAPED` needs."""
    return b"\x1b" in ascii_html or b"\x0e" in ascii_html or _HZ_OPENS in ascii_html


def escaped_encoding(ascii_html: bytes) -> str | None:
    """Returns the name of the encoding whose escapes stand in ASCII bytes, None without any."""
    if _KOREAN in ascii_html:
        return "iso-2022-kr"
    if _JAPANESE.search(ascii_html):
        return "iso-2022-jp"
    return "hz-gb-2312" if _is_hz(ascii_html) else None


def _is_hz(ascii_html: bytes) -> bool:
    """Whether all that stands between HZ's marks is GB 2312, and most of it common."""
    characters = common = 0
    position = 0
    for _ in range(_MOST_RUNS):
        begin = ascii_html.find(_HZ_OPENS, position)
        end = ascii_html.find(_HZ_CLOSES, begin)
        if min(begin, end) < 0:
            break
        text = ascii_html[begin + len(_HZ_OPENS) : end]
        firsts = text[::2]
        if len(text) % 2 or not _HZ_FIRST.issuperset(firsts) or b"\n" in text:
            return False
        characters += len(firsts)
        common += sum(map(_HZ_COMMON.__contains__, firsts))
        position = end + len(_HZ_CLOSES)
    return 2 * common > characters


def unmarked_utf16(html: bytes) -> str | None:
    """Returns "utf-16le" or "utf-16be" for a page in whose head ASCII has zeros beside it."""
    pairs = np.frombuffer(html, np.uint8, min(len(html), _SCANNED_BYTES) // 2 * 2).reshape(-1, 2)
    little = _ascii_pairs(pairs[:, 0], pairs[:, 1])
    big = _ascii_pairs(pairs[:, 1], pairs[:, 0])
    if max(little, big) < max(1, _LEAST_ASCII * len(pairs)) or little == big:
        return None
    return "utf-16le" if little > big else "utf-16be"


def _ascii_pairs(low: np.ndarray, high: np.ndarray) -> int:
    """How many pairs of bytes are an ASCII character of a text."""
    is_text = (low >= 0x20) & (low < 0x7F) | (low == 0x0A) | (low == 0x0D) | (low == 0x09)
    return int((is_text & (high == 0)).sum())
