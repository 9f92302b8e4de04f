"""Documents that stand in an attribute of a page: `iframe srcdoc`, put where the frame shows them.

HTML standard, 4.8.5: `srcdoc` is the document of the frame; it is rendered with the page.
"""

from __future__ import annotations

import html as character_references
import re
from typing import Final

_FRAME: Final = re.compile(rb"<iframe(?=[\s/])", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(
    rb"""[\s/]*([^\s/>=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*)))?"""
)
_UNENDED: Final = re.compile(rb"""\s*=\s*["']""")


def with_frames(html_utf8: bytes) -> bytes:
    """The page with its frames' documents in front of them; most pages come back as they are.

    A document in a document of a frame stays unread.
    """
    if b"srcdoc" not in html_utf8 and b"SRCDOC" not in html_utf8:
        return html_utf8
    parts = []
    written = position = 0
    while frame := _FRAME.search(html_utf8, position):
        document, position = _document(html_utf8, frame.end())
        if document:
            parts += [html_utf8[written : frame.start()], b"<div>", document, b"</div>"]
            written = frame.start()
    return b"".join([*parts, html_utf8[written:]])


def _document(html_utf8: bytes, position: int) -> tuple[bytes, int]:
    """`(document, where to go on)` of the attributes that begin here; the first `srcdoc` counts."""
    document = b""
    while attribute := _ATTRIBUTE.match(html_utf8, position):
        position = attribute.end()
        if attribute[1].lower() == b"srcdoc" and not document:
            source = attribute[2] or attribute[3] or attribute[4] or b""
            text = character_references.unescape(source.decode("utf-8", "replace"))
            document = text.encode("utf-8", "replace")
        if _UNENDED.match(html_utf8, position):  # the rest of the page is a value without end
            return b"", len(html_utf8)
    return document, position
