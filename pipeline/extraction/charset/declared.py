"""The encoding that a page names in itself, found in one pass over its bytes.

Source: WHATWG HTML, 13.2.3.2 "Determining the character encoding" (the prescan) and 13.2.6.4.4 (a
`meta` that comes later counts as well). Ours: the whole page is scanned, as old pages put long
comments and scripts before their `meta`; the text of scripts, styles and titles is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from massivetext.pipeline.extraction.charset.labels import encoding_name

_TAG_BYTES: Final = 2048
"""Our choice: a longer `meta` says nothing about encodings; so far an open quote is followed."""

_MOST_OPENINGS: Final = 1_000
_MOST_ATTRIBUTES: Final = 32
"""Our choice: a page that has more comments, scripts and `meta` elements before its declaration,
or more attributes in it, is an attack."""

_OPENINGS: Final = re.compile(
    rb"<(?:(?P<comment>!--)|(?P<meta>meta)[\s/]|(?P<xml>\?xml)\s"
    rb"|(?P<text>script|style|title|textarea)[\s/>])"
)
# Each alternative begins with another byte and none gives back what it took: one pass.
_ATTRIBUTE: Final = re.compile(
    rb"""[\s/]*+([^\s/>="'][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>][^\s>]*+)))?+"""
)
_CHARSET: Final = re.compile(rb"""charset\s*+=\s*+["']?\s*+([^\s"';,]+)""")
_NAMING: Final = (b"charset", b"encoding")
"""What stands in every declaration."""


def declared_encoding(html: bytes) -> str | None:
    """Returns the name of the first known encoding that a page's `meta` or XML declaration names.

    Bytes that could be read as ASCII so far are not UTF-16, so that such a name means UTF-8, and
    `x-user-defined` means windows-1252 (both as the standard has it).
    """
    for label in _labels(html.lower()):
        name = encoding_name(label.decode("latin-1"))
        if name and name.startswith(("utf-16", "utf-32")):
            return "utf-8"
        if name:
            return "windows-1252" if name == "x-user-defined" else name
    return None


def _labels(html: bytes) -> Iterator[bytes]:
    """Yields what the declarations of a page in small letters name, in order."""
    position = 0
    last = max(map(html.rfind, _NAMING))
    for _ in range(_MOST_OPENINGS):
        found = _OPENINGS.search(html, position, max(last, 0))
        if not found:
            return
        position = found.end()
        if found["comment"]:
            # As browsers read it: `<!-->` is a whole comment, an open one goes on to the end.
            position = _behind(html, b"-->", position - 2)
        elif found["text"]:
            position = _end_of_text(html, found["text"], position)
        else:
            tag = html[position : position + _TAG_BYTES]
            attributes, size = _attributes(tag)
            position += size
            if found["xml"]:
                yield attributes.get(b"encoding", b"")
            else:
                yield _label_of_meta(attributes)


def _label_of_meta(attributes: dict[bytes, bytes]) -> bytes:
    if b"charset" in attributes:
        return attributes[b"charset"]
    # The standard asks for http-equiv="Content-Type" beside it; a charset says enough.
    found = _CHARSET.search(attributes.get(b"content", b""))
    return found.group(1) if found else b""


def _attributes(tag: bytes) -> tuple[dict[bytes, bytes], int]:
    """Returns the attributes behind a tag's name, the first of each name, and their bytes."""
    attributes: dict[bytes, bytes] = {}
    position = 0
    for _ in range(_MOST_ATTRIBUTES):
        found = _ATTRIBUTE.match(tag, position)
        if not found:
            break
        name, *values = found.groups()
        value = next((value for value in values if value is not None), b"")
        attributes.setdefault(name, value)
        position = found.end()
    return attributes, position


def _end_of_text(html: bytes, element: bytes, position: int) -> int:
    """Where the text of a script or a title ends: with the page where nothing ends it."""
    return _behind(html, b"</" + element, position)


def _behind(html: bytes, mark: bytes, position: int) -> int:
    found = html.find(mark, position)
    return len(html) if found < 0 else found + len(mark)
