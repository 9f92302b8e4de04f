"""From the bytes of a page to its main text: the functions that the pipeline calls."""

from __future__ import annotations

from dataclasses import dataclass

from massivetext.config import Extractor, TextFormat
from massivetext.pipeline.extraction.encoding import decode_page
from massivetext.pipeline.extraction.extractors import extractor_functions


@dataclass(frozen=True)
class Page:
    """The parts of a web page that the pipeline needs."""

    text: str
    """Main text, formatted; empty if the page has none."""
    title: str
    """Text of the `title` element; empty if there is none."""
    encoding: str
    """Python's name of the codec that the bytes were read with."""
    html: bytes
    """The page as it was read, in UTF-8: for what else looks at its markup."""
    markdown: str | None = None
    """The main text as Markdown, if it was asked for."""


def extract_text(
    html: bytes,
    *,
    encoding: str | None = None,
    extractor: Extractor = "tree",
    format: TextFormat = "text",
    markdown_links: bool = False,
) -> str:
    """The main text of a page, formatted; arbitrary bytes give text or `""`, never an exception.

    `encoding` is the charset that the HTTP header named, if any; a wrong or unknown one does no
    harm. `format` is the form of the text; Markdown has the addresses of its links only if
    `markdown_links` asks for them. Raises `ValueError` for an unknown `extractor`.
    """
    page = extract_page(
        html, encoding=encoding, extractor=extractor, format=format, markdown_links=markdown_links
    )
    return page.text if page.markdown is None else page.markdown


def extract_page(
    html: bytes,
    *,
    encoding: str | None = None,
    extractor: Extractor = "tree",
    format: TextFormat = "text",
    markdown_links: bool = False,
) -> Page:
    """The main text of a page with its title and encoding; see `extract_text`.

    With `format="markdown"` the page has both forms.
    """
    functions = extractor_functions(extractor)
    codec, html_utf8 = decode_page(html, encoding)
    if format == "markdown":
        text, markdown, title = functions.forms(html_utf8, markdown_links)
        return Page(text, title, codec, html_utf8, markdown)
    text, title = functions.text(html_utf8)
    return Page(text, title, codec, html_utf8)
