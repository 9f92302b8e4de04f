"""The tags of a page's bytes: where they begin and end, and their attributes (compiled).

The tokenizer of the HTML standard (section 13.2.5), reduced to what SafeSearch and opt-outs ask
for. Names are compared by hash, in any case.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.ascii_bytes import (
    APOSTROPHE,
    EQUALS,
    EXCLAMATION,
    GREATER_THAN,
    HYPHEN,
    LESS_THAN,
    QUESTION,
    QUOTE,
    SLASH,
    SPACE,
    is_letter,
    lowered,
)
from massivetext.byte_scan import find_byte, find_byte_before
from massivetext.hash_table import FNV_OFFSET, FNV_PRIME
from massivetext.kernels import inlined, lean

QUOTES: Final = (QUOTE, APOSTROPHE)


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


@lean
def hash_of(page: Any, start: Any, stop: Any) -> Any:
    """Returns FNV-1a of bytes, in lower case."""
    value = FNV_OFFSET
    for position in range(start, stop):
        value = (value ^ np.uint64(lowered(page[np.uint64(position)]))) * FNV_PRIME
    return value


@inlined
def name_end(page: Any, position: Any) -> Any:
    """Returns where the name of a tag ends that begins at `position`."""
    while position < len(page):
        byte = page[position]
        if byte <= SPACE or byte in (GREATER_THAN, SLASH):
            break
        position += 1
    return position


@lean
def next_attribute(page: Any, position: Any, stop: Any) -> Any:
    """Returns (name start, name stop, value start, value stop, where to go on) in a tag.

    An empty name says that there is none: the tag ends, by its `>` or at `stop`.
    """
    while position < stop and (
        page[np.uint64(position)] <= SPACE or page[np.uint64(position)] == SLASH
    ):
        position += 1
    name_start = position
    while position < stop:
        byte = page[np.uint64(position)]
        if byte <= SPACE or byte in (GREATER_THAN, SLASH):
            break
        if byte == EQUALS and position > name_start:
            break
        position += 1
    name_stop = position
    while position < stop and page[np.uint64(position)] <= SPACE:
        position += 1
    value_start = value_stop = position
    if name_stop > name_start and position < stop and page[np.uint64(position)] == EQUALS:
        position += 1
        while position < stop and page[np.uint64(position)] <= SPACE:
            position += 1
        value_start = value_stop = position
        if position < stop and page[np.uint64(position)] in QUOTES:
            value_start = position + 1
            value_stop = find_byte_before(page, value_start, stop, page[np.uint64(position)])
            position = value_stop + 1
        else:
            while position < stop:
                if page[np.uint64(position)] <= SPACE or page[np.uint64(position)] == GREATER_THAN:
                    break
                position += 1
            value_stop = position
    return name_start, name_stop, value_start, value_stop, position


@inlined
def tag_end(page: Any, position: Any) -> Any:
    """Returns where a tag's `>` stands, given a place behind its name; len(page) if nowhere."""
    while position < len(page):
        byte = page[position]
        if byte == GREATER_THAN:
            break
        position += 1
        if byte == EQUALS:
            while position < len(page) and page[position] <= SPACE:
                position += 1
            if position < len(page):
                byte = page[position]
                if byte in QUOTES:
                    position = find_byte(page, position + 1, byte) + 1
                else:
                    while position < len(page):
                        if page[position] <= SPACE or page[position] == GREATER_THAN:
                            break
                        position += 1
    return min(position, len(page))


@inlined
def markup_end(page: Any, position: Any) -> Any:
    """Returns the place behind what begins with `<!` or `<?` at `position`."""
    is_comment = position + 4 <= len(page) and page[position + 1] == EXCLAMATION
    if is_comment and page[position + 2] == HYPHEN and page[position + 3] == HYPHEN:
        return _comment_end(page, position + 4)
    return find_byte(page, position + 2, GREATER_THAN) + 1


@lean
def _comment_end(page: Any, position: Any) -> Any:
    """Returns the place behind a comment whose `<!--` ends at `position` (13.2.5.43 to 51)."""
    if position < len(page) and page[position] == GREATER_THAN:
        return position + 1  # <!-->
    has_dash = position + 1 < len(page) and page[position] == HYPHEN
    if has_dash and page[position + 1] == GREATER_THAN:
        return position + 2  # <!--->
    start = position
    while True:
        position = find_byte(page, position, GREATER_THAN)
        if position >= len(page):
            return position
        behind = position - 1 if page[position - 1] == EXCLAMATION else position
        if behind - 2 >= start and page[behind - 1] == HYPHEN and page[behind - 2] == HYPHEN:
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
        position = find_byte(page, position, LESS_THAN)
        stop = position + 2 + size
        if stop > len(page):
            return len(page)
        if page[position + 1] == SLASH:
            is_end = stop == len(page) or page[stop] <= SPACE
            is_end = is_end or page[stop] == GREATER_THAN or page[stop] == SLASH
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
        position = find_byte(page, position, LESS_THAN)
        if position + 2 >= len(page):
            return len(page), len(page), len(page), False
        byte = page[position + 1]
        if byte in (EXCLAMATION, QUESTION):
            position = markup_end(page, position)
            continue
        is_end_tag = byte == SLASH
        start = position + 2 if is_end_tag else position + 1
        if is_letter(page[start]):
            stop = name_end(page, start)
            end = tag_end(page, stop)
            if end < len(page):
                return start, stop, end, is_end_tag
            return len(page), len(page), len(page), False
        position = find_byte(page, start, GREATER_THAN) + 1 if is_end_tag else start


@inlined
def _templates_after(depth: Any, name: Any, is_end_tag: Any) -> Any:
    """Returns how many templates a tag leaves open."""
    if name != _TEMPLATE:
        return depth
    return max(0, depth - 1) if is_end_tag else depth + 1


@lean
def read_tag(page: Any, position: Any, depth: Any) -> Any:
    """Returns what a walk over the tags of a page knows of the next one.

    Args:
        page: uint8[bytes].
        position: where to go on.
        depth: how many templates are open.

    Returns:
        Hash of the tag's name; where the name ends; where the tag's `>` stands, which is the end of
        the page if there is no further tag; whether it is an end tag; how many templates it leaves
        open; where to go on, behind the raw text that it may begin.
    """
    start, stop, end, is_end_tag = next_tag(page, position)
    name = hash_of(page, start, stop)
    position = end + 1
    if not is_end_tag and name in RAW_TEXT_ELEMENTS:
        position = raw_text_end(page, position, name, stop - start)
    return name, stop, end, is_end_tag, _templates_after(depth, name, is_end_tag), position
