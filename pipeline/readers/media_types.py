"""Media types as servers and archives state them, and which are documents: HTML and plain text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

HTML_TYPES: Final = frozenset(
    ("text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml")
)
PLAIN_TYPES: Final = frozenset(("text/plain", "text/markdown", "text/x-markdown"))

DATA_TYPES: Final = frozenset(
    (
        "application/octet-stream",
        "binary/octet-stream",
        "application/download",
        "application/x-download",
        "application/force-download",
        "application/zip",
        "application/x-zip-compressed",
    )
)
"""What servers send with files to download, whatever these are."""

_ALIASES: Final = {
    "application/x-pdf": "application/pdf",
    "application/acrobat": "application/pdf",
    "application/epub": "application/epub+zip",
}
"""Names of old for what people may want a reader for."""

_MEDIA_TYPE = re.compile(r"[a-z]{1,16}/[a-z0-9.+-]{1,64}")
_TREE_TYPES: Final = frozenset(("application", "text", "message", "multipart", "model"))
_REMEMBERED: Final = 256  # our choice: values of Content-Type, which are few in an archive
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';,]+)""", re.IGNORECASE)
_UNKNOWN_TYPES: Final = frozenset(("unknown/unknown", "application/unknown"))
"""What servers send that do not know (MIME sniffing, 5.1; the third, */*, is no media type)."""


@lru_cache(_REMEMBERED)
def media_type(content_type: str) -> str:
    """Returns the type in lower case without parameters, or "" where none is known."""
    found = _MEDIA_TYPE.match(content_type.strip().lower())
    return "" if found is None or found[0] in _UNKNOWN_TYPES else found[0]


@lru_cache(_REMEMBERED)
def charset_of(content_type: str) -> str:
    """Returns the charset parameter in lower case, or ""."""
    found = _CHARSET.search(content_type)
    return found[1].lower() if found else ""


def is_document(kind: str) -> bool:
    """Whether a media type is HTML or plain text."""
    return kind in HTML_TYPES or kind in PLAIN_TYPES


def skipped_kind(kind: str) -> str:
    """Returns the name that counts a resource without a document.

    Of images, videos and the like only the first half: the names must not be as many as the files.
    DOCX has one name, whether a server states it or the bytes show it.
    """
    if not kind:
        return "no media type"
    kind = _ALIASES.get(kind, kind).removesuffix(".document")
    main = kind.partition("/")[0]
    return kind if main in _TREE_TYPES else main
