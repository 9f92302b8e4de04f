"""What a dump of a wiki says of itself before its first page: language, address, namespaces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Final
from urllib.parse import quote

HEAD_BYTES: Final = 1 << 20
"""Most bytes of the head that are looked at. Our choice: English Wikipedia's has 2,000."""

_LANGUAGE: Final = re.compile(rb"<mediawiki[^>]{0,2000}?xml:lang=\"([A-Za-z-]{2,20})\"")
_NAME: Final = re.compile(rb"<dbname>([^<]{1,100})</dbname>")
_BASE: Final = re.compile(rb"<base>([^<]{1,2000})</base>")
_NAMESPACE: Final = re.compile(rb"<namespace key=\"(-?\d{1,6})\"[^/>]{0,200}>([^<]{1,200})<")

_URL_SAFE: Final = ";@$!*(),/~:"
"""What MediaWiki leaves as it is in addresses of pages (wfUrlencode), beside letters and digits."""


@dataclass(frozen=True)
class SiteInfo:
    """The head of a dump; empty where a dump has none.

    Attributes:
        name: of the wiki's data base, e.g. `enwiki`.
        language: its code, e.g. `en`.
        base: what addresses of pages begin with, e.g. `https://en.wikipedia.org/wiki/`.
        namespaces: names by number; the one of articles, 0, has none.
    """

    name: str = ""
    language: str = ""
    base: str = ""
    namespaces: Mapping[int, str] = field(default_factory=dict)

    def url(self, title: str) -> str:
        """Returns the address of a page, as MediaWiki writes it; "" if the base is unknown."""
        return self.base + quote(title.replace(" ", "_"), _URL_SAFE) if self.base else ""

    def namespace_of(self, title: str) -> int:
        """Returns the namespace that a title states, for dumps that do not state it by number."""
        prefix, colon, _ = title.partition(":")
        if not colon:
            return 0
        return next((n for n, name in self.namespaces.items() if name == prefix), 0)

    def namespace_name(self, number: int) -> str:
        """Returns what pages of a namespace are called in messages and counts."""
        return f"namespace {self.namespaces.get(number, 'without a name')}"


def parse_site_info(head: bytes) -> SiteInfo:
    """Returns what the first bytes of a dump, in UTF-8, say of the wiki."""
    base = _first(_BASE, head)
    return SiteInfo(
        name=_first(_NAME, head),
        language=_first(_LANGUAGE, head),
        base=base[: base.rfind("/") + 1],
        namespaces={
            int(match[1]): unescape(match[2].decode(errors="replace"))
            for match in _NAMESPACE.finditer(head)
        },
    )


def _first(pattern: re.Pattern[bytes], head: bytes) -> str:
    match = pattern.search(head)
    return unescape(match[1].decode(errors="replace")) if match else ""
