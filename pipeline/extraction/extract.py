"""From the bytes of a page to its main text: the functions that the pipeline calls."""

from __future__ import annotations

import html as character_references
import re
from dataclasses import dataclass
from typing import Final, Literal

from massivetext.pipeline.extraction.choice.weights import load_weights
from massivetext.pipeline.extraction.encoding import decode_page
from massivetext.pipeline.extraction.html.raw_tree import parse_raw
from massivetext.pipeline.extraction.main_text import ENGINES, Engine

Extractor = Literal["tree", "trafilatura"]
"""`extraction.extractor` of the config: blocks of the tree (ours), or the trafilatura package."""


@dataclass(frozen=True)
class Page:
    """The parts of a web page that the pipeline needs."""

    text: str
    """Main text, formatted; empty if the page has none."""
    title: str
    """Text of the `title` element; empty if there is none."""
    encoding: str
    """Python's name of the codec that the bytes were read with."""


def extract_text(
    html: bytes,
    *,
    encoding: str | None = None,
    extractor: Extractor = "tree",
    engine: Engine = "raw",
) -> str:
    """The main text of a page, formatted; arbitrary bytes give text or `""`, never an exception.

    `encoding` is the charset that the HTTP header named, if any; a wrong or unknown one does no
    harm. Raises `ValueError` for an unknown `extractor` or `engine`.
    """
    return extract_page(html, encoding=encoding, extractor=extractor, engine=engine).text


def extract_page(
    html: bytes,
    *,
    encoding: str | None = None,
    extractor: Extractor = "tree",
    engine: Engine = "raw",
) -> Page:
    """The main text of a page with its title and encoding; see `extract_text`."""
    if engine not in ENGINES:
        raise ValueError(f"unknown engine {engine!r}: expected one of 'raw', 'lxml'")
    if extractor not in ("tree", "trafilatura"):
        raise ValueError(f"unknown extractor {extractor!r}: expected one of 'tree', 'trafilatura'")
    codec, html_utf8 = decode_page(html, encoding)
    if extractor == "trafilatura":
        return Page(_trafilatura_text(html_utf8), parse_raw(html_utf8).title, codec)
    text, title = ENGINES[engine].text(html_utf8, load_weights())
    return Page(text or _description(html_utf8), title, codec)


_HEAD_BYTES: Final = 1 << 16
_META: Final = re.compile(r"<meta\s[^>]*>", re.IGNORECASE)
_IS_DESCRIPTION: Final = re.compile(
    r"""(?:name|property)\s*=\s*["']?(?:og:)?description["'\s>]""", re.IGNORECASE
)
_CONTENT: Final = re.compile(r"""content\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


def _description(html_utf8: bytes) -> str:
    """What a page says of itself in its head: a page that is all script has no other text."""
    head = html_utf8[:_HEAD_BYTES].decode("utf-8", "replace")
    for meta in _META.findall(head):
        content = _CONTENT.search(meta)
        if content and _IS_DESCRIPTION.search(meta):
            text = character_references.unescape(content[1] or content[2] or "")
            return " ".join(text.split())
    return ""


def _trafilatura_text(html_utf8: bytes) -> str:
    import trafilatura  # slow to import, and only this extractor needs it

    try:
        return trafilatura.extract(html_utf8.decode("utf-8", "replace")) or ""
    except Exception:  # the package raises what its parsers raise; a page never stops a run
        return ""
