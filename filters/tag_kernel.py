"""The tags of a page's bytes: where they begin and end, and their attributes (compiled).

The tokenizer of the HTML standard (section 13.2.5), reduced to what SafeSearch and opt-outs ask
for. Names are compared by hash, in any case.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.byte_scan import find_byte
from massivetext.kernels import inlined, lean

FNV_OFFSET: Final = np.uint64(0xCBF29CE484222325)
FNV_PRIME: Final = np.uint64(0x100000001B3)
"""FNV-1a for 64 bits (Fowler, Noll and Vo): names are short, and few are compared."""

_BLOCK_BYTES: Final = 32

CASE_BIT: Final = np.uint8(32)
"""What an ASCII letter in lower case has more than one in upper case."""

BLANK: Final = ord(" ")
"""This and all below are white space, as lenient parsers have it."""

TAG_OPEN: Final = ord("<")
TAG_CLOSE: Final = ord(">")
SOLIDUS: Final = ord("/")
COLON_SIGN: Final = ord(":")
DASH: Final = ord("-")
EQUALS_SIGN: Final = ord("=")
QUOTES: Final = (ord('"'), ord("'"))
_BANG: Final = ord("!")
_QUESTION: Final = ord("?")
_LOWER_A: Final = ord("a")
_LOWER_Z: Final = ord("z")
_UPPER_A: Final = ord("A")
_UPPER_Z: Final = ord("Z")


def name_hash(name: str) -> np.uint64:
    """Returns FNV-1a of an ASCII name in lower case, as `hash_of` computes it."""
    value = int(FNV_OFFSET)
    for byte in name.encode("ascii"):
        value = ((value ^ byte) * int(FNV_PRIME)) % 2**64
    return np.uint64(value)


def name_hashes(*names: str) -> tuple[np.uint64, ...]:
    """Returns the hash of each name."""
    return tuple(map(name_hash, names))


RAW_TEXT_ELEMENTS: Final = name_hashes(
    "script", "style", "textarea", "title", "noscript", "xmp", "iframe", "noembed", "noframes"
)
"""Elements whose content holds no tags, for a browser that runs scripts (13.2.6.2 and 13.2.6.4)."""
_TEMPLATE: Final = name_hash("template")


@inlined
def lower(byte: Any) -> Any:
    """Returns an ASCII letter in lower case, other bytes as they are."""
    return byte | CASE_BIT if _UPPER_A <= byte <= _UPPER_Z else byte


@inlined
def is_ascii_letter(byte: Any) -> Any:
    """Whether a byte is an ASCII letter."""
    return _UPPER_A <= byte <= _UPPER_Z or _LOWER_A <= byte <= _LOWER_Z


@lean
def hash_of(page: Any, start: Any, stop: Any) -> Any:
    """Returns FNV-1a of bytes, in lower case."""
    value = FNV_OFFSET
    for position in range(start, stop):
        value = (value ^ np.uint64(lower(page[np.uint64(position)]))) * FNV_PRIME
    return value


@inlined
def name_end(page: Any, position: Any) -> Any:
    """Returns where the name of a tag ends that begins at `position`."""
    while position < len(page):
        byte = page[position]
        if byte <= BLANK or byte in (TAG_CLOSE, SOLIDUS):
            break
        position += 1
    return position


@lean
def next_attribute(page: Any, position: Any, stop: Any) -> Any:
    """Returns (name start, name stop, value start, value stop, where to go on) in a tag.

    An empty name says that there is none: the tag ends, by its `>` or at `stop`.
    """
    while position < stop and (
        page[np.uint64(position)] <= BLANK or page[np.uint64(position)] == SOLIDUS
    ):
        position += 1
    name_start = position
    while position < stop:
        byte = page[np.uint64(position)]
        if byte <= BLANK or byte in (TAG_CLOSE, SOLIDUS):
            break
        if byte == EQUALS_SIGN and position > name_start:
            break
        position += 1
    name_stop = position
    while position < stop and page[np.uint64(position)] <= BLANK:
        position += 1
    value_start = value_stop = position
    if name_stop > name_start and position < stop and page[np.uint64(position)] == EQUALS_SIGN:
        position += 1
        while position < stop and page[np.uint64(position)] <= BLANK:
            position += 1
        value_start = value_stop = position
        if position < stop and page[np.uint64(position)] in QUOTES:
            value_start = position + 1
            value_stop = _find_before(page, value_start, stop, page[np.uint64(position)])
            position = value_stop + 1
        else:
            while position < stop:
                if page[np.uint64(position)] <= BLANK or page[np.uint64(position)] == TAG_CLOSE:
                    break
                position += 1
            value_stop = position
    return name_start, name_stop, value_start, value_stop, position


@lean
def _find_before(page: Any, position: Any, stop: Any, byte: Any) -> Any:
    """Returns where a byte stands, or `stop`.

    By the least of differences in a block, of which the compiler makes vector instructions.
    """
    while position + _BLOCK_BYTES <= stop:
        first = np.uint64(position)
        least = np.uint8(255)
        for offset in range(_BLOCK_BYTES):
            least = min(least, np.uint8(page[first + np.uint64(offset)] ^ byte))
        if least == np.uint8(0):
            break
        position += _BLOCK_BYTES
    while position < stop and page[np.uint64(position)] != byte:
        position += 1
    return position


@inlined
def tag_end(page: Any, position: Any) -> Any:
    """Returns where a tag's `>` stands, given a place behind its name; len(page) if nowhere."""
    while position < len(page):
        byte = page[position]
        if byte == TAG_CLOSE:
            break
        position += 1
        if byte == EQUALS_SIGN:
            while position < len(page) and page[position] <= BLANK:
                position += 1
            if position < len(page):
                byte = page[position]
                if byte in QUOTES:
                    position = find_byte(page, position + 1, byte) + 1
                else:
                    while position < len(page):
                        if page[position] <= BLANK or page[position] == TAG_CLOSE:
                            break
                        position += 1
    return min(position, len(page))


@inlined
def markup_end(page: Any, position: Any) -> Any:
    """Returns the place behind what begins with `<!` or `<?` at `position`."""
    is_comment = position + 4 <= len(page) and page[position + 1] == _BANG
    if is_comment and page[position + 2] == DASH and page[position + 3] == DASH:
        return _comment_end(page, position + 4)
    return find_byte(page, position + 2, TAG_CLOSE) + 1


@lean
def _comment_end(page: Any, position: Any) -> Any:
    """Returns the place behind a comment whose `<!--` ends at `position` (13.2.5.43 to 51)."""
    if position < len(page) and page[position] == TAG_CLOSE:
        return position + 1  # <!-->
    has_dash = position + 1 < len(page) and page[position] == DASH
    if has_dash and page[position + 1] == TAG_CLOSE:
        return position + 2  # <!--->
    start = position
    while True:
        position = find_byte(page, position, TAG_CLOSE)
        if position >= len(page):
            return position
        behind = position - 1 if page[position - 1] == _BANG else position
        if behind - 2 >= start and page[behind - 1] == DASH and page[behind - 2] == DASH:
            return position + 1
        position += 1


@lean
def raw_text_end(page: Any, position: Any, name: Any, size: Any) -> Any:
    """Returns where the end tag of a raw text element begins, or the end of the page.

    Args:
        page: uint8[bytes].
        position: behind the start tag.
        name: hash of the element's name.
        size: bytes of the name.
    """
    while True:
        position = find_byte(page, position, TAG_OPEN)
        stop = position + 2 + size
        if stop > len(page):
            return len(page)
        if page[position + 1] == SOLIDUS:
            is_end = stop == len(page) or page[stop] <= BLANK
            is_end = is_end or page[stop] == TAG_CLOSE or page[stop] == SOLIDUS
            if is_end and hash_of(page, position + 2, stop) == name:
                return position
        position += 1


@lean
def next_tag(page: Any, position: Any) -> Any:
    """Returns (name start, name stop, where `>` stands, whether it is an end tag) of a tag.

    The first tag at `position` or behind it, outside of comments. A name that starts at the end of
    the page says that there is none; so does a tag that does not end, which the standard drops.
    """
    while True:
        position = find_byte(page, position, TAG_OPEN)
        if position + 2 >= len(page):
            return len(page), len(page), len(page), False
        byte = page[position + 1]
        if byte in (_BANG, _QUESTION):
            position = markup_end(page, position)
            continue
        is_end_tag = byte == SOLIDUS
        start = position + 2 if is_end_tag else position + 1
        if is_ascii_letter(page[start]):
            stop = name_end(page, start)
            end = tag_end(page, stop)
            if end < len(page):
                return start, stop, end, is_end_tag
            return len(page), len(page), len(page), False
        position = find_byte(page, start, TAG_CLOSE) + 1 if is_end_tag else start


@lean
def tag_stop(page: Any, size: Any, end: Any, name: Any, is_end_tag: Any) -> Any:
    """Returns where to go on behind a tag, and behind the raw text that it may begin.

    Args:
        page: uint8[bytes].
        size: bytes of the tag's name.
        end: where its `>` stands.
        name: hash of its name.
        is_end_tag: whether it is one.
    """
    if is_end_tag or name not in RAW_TEXT_ELEMENTS:
        return end + 1
    return raw_text_end(page, end + 1, name, size)


@inlined
def templates_after(depth: Any, name: Any, is_end_tag: Any) -> Any:
    """Returns how many templates a tag leaves open."""
    if name != _TEMPLATE:
        return depth
    return max(0, depth - 1) if is_end_tag else depth + 1
