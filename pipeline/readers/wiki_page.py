"""A page of a dump, from its XML: its fields, and whether it is an article.

The XML of one page is parsed by itself. It cannot declare entities, so none can expand to more than
a character; it nests no deeper than _MAX_DEPTH.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from massivetext.pipeline.readers.contract import ReadContext
from massivetext.pipeline.readers.disambiguation import is_disambiguation
from massivetext.pipeline.readers.site_info import SiteInfo
from massivetext.records import FailedRecord, Json, RawRecord, Record, SkippedRecord

WIKITEXT: Final = "text/x-wiki"
"""The media type that dumps state for wikitext."""

_MAX_DEPTH: Final = 16
"""Our choice: pages of dumps nest four deep (page, revision, contributor, username)."""

_FIELDS: Final = frozenset({"title", "ns", "id", "timestamp", "model", "text"})

_REDIRECT: Final = re.compile(
    r"\s*#(?:REDIRECT|WEITERLEITUNG|REDIRECTION|REDIRECCI[OÓ]N|RINVIA|DOORVERWIJZING|PRZEKIERUJ|"
    r"REDIRECIONAMENTO|ПЕРЕНАПРАВЛЕНИЕ|ПЕРЕНАПРАВЛЕННЯ|ВИЖ|ПРЕНАСОЧВАНЕ|OMDIRIGERING|ALIH|"
    r"リダイレクト|転送|重定向|تحويل)\b",
    re.IGNORECASE,
)
"""MediaWiki's words for a redirect, of its largest wikis; older dumps have no `<redirect>`."""

_EDGE_CHARACTERS: Final = 100
"""Our choice: a redirect stands at the start of its page."""


class PageError(ValueError):
    """A page whose XML cannot be read."""


@dataclass
class _Page:
    """What the elements of a page say; of several revisions the last one counts."""

    fields: dict[str, str] = field(default_factory=dict)
    revision: dict[str, str] = field(default_factory=dict)
    is_redirect: bool = False
    is_deleted: bool = False


class _PageParser:
    """Collects the fields of one page."""

    def __init__(self) -> None:
        self.page = _Page()
        self._path: list[str] = []
        self._text: list[str] = []
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def parse(self, xml: bytes) -> _Page:
        try:
            self._parser.Parse(xml, True)
        except expat.ExpatError as error:
            raise PageError(f"the XML of a page cannot be read: {error}") from None
        return self.page

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._path.append(name)
        if len(self._path) > _MAX_DEPTH:
            raise PageError(f"the XML of a page nests deeper than {_MAX_DEPTH} elements")
        if self._path == ["page", "redirect"]:
            self.page.is_redirect = True
        elif self._path == ["page", "revision"]:
            self.page.revision = {}
        elif self._path == ["page", "revision", "text"]:
            self.page.is_deleted = "deleted" in attributes
        self._text = []

    def _characters(self, text: str) -> None:
        self._text.append(text)

    def _end(self, name: str) -> None:
        outer = self._path[:-1]
        if name in _FIELDS and outer == ["page"]:
            self.page.fields[name] = "".join(self._text)
        elif name in _FIELDS and outer == ["page", "revision"]:
            self.page.revision[name] = "".join(self._text)
        self._path.pop()
        self._text = []


def record_of_page(xml: bytes, offset: int, site: SiteInfo, context: ReadContext) -> Record:
    """Returns the article that a page is, or why it is none.

    Args:
        xml: from `<page>` to `</page>`, in UTF-8.
        offset: where it lies in its file.
        site: the head of the dump.
        context: what the reader was told.
    """
    try:
        page = _PageParser().parse(xml)
        number, revision = _numbers(page)
    except PageError as error:
        return FailedRecord(context.file, offset, str(error))
    title, text = page.fields.get("title", ""), page.revision.get("text", "")
    name, url = page.fields.get("id", ""), site.url(title)
    kind = _kind(page, number, site)
    is_choice = not kind and is_disambiguation(text, site.language)
    if is_choice and context.skip_disambiguation:
        kind = "disambiguation"
    if kind:
        return SkippedRecord(kind, len(xml), offset=offset, source_id=name, url=url)
    metadata: dict[str, Json] = {
        "content_type": WIKITEXT,
        "charset": "utf-8",
        "wiki": site.name,
        "language": site.language,
        "revision": revision,
        "timestamp": page.revision.get("timestamp", ""),
    }
    if is_choice:
        metadata["kind"] = "disambiguation"
    facts = {key: value for key, value in metadata.items() if value}
    return RawRecord(name, text.encode(), url, title, facts, kind=str(facts.get("kind", "")))


def _numbers(page: _Page) -> tuple[int | None, int]:
    """Returns the namespace, if it is stated, and the number of the revision, 0 for none."""
    for name in ("title", "id"):
        if not page.fields.get(name):
            raise PageError(f"a page without <{name}>")
    values = (page.fields.get("ns"), page.revision.get("id"))
    for value in values:
        if value is not None and not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise PageError(f"expected a number in <ns> and <id>, found {value[:40]!r}")
    return (None if values[0] is None else int(values[0])), int(values[1] or 0)


def _kind(page: _Page, number: int | None, site: SiteInfo) -> str:
    """Returns what a page is that is no article, or ""."""
    text = page.revision.get("text", "")
    number = site.namespace_of(page.fields["title"]) if number is None else number
    if number:
        return site.namespace_name(number)
    if page.is_redirect or _REDIRECT.match(text[:_EDGE_CHARACTERS]):
        return "redirect"
    if page.is_deleted:
        return "deleted text"
    if page.revision.get("model", "wikitext") != "wikitext":
        return "no wikitext"
    return "" if text.strip() else "empty page"
