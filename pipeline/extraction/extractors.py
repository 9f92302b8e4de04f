"""The extractors that users choose from: the one table that dispatch, audit and messages read."""

from __future__ import annotations

import html as character_references
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from massivetext.pipeline.extraction.choice.weights import load_weights
from massivetext.pipeline.extraction.html.lxml_tree import parse_with_lxml
from massivetext.pipeline.extraction.html.page_tree import ParsedPage
from massivetext.pipeline.extraction.html.raw_tree import parse_raw
from massivetext.pipeline.extraction.main_text import forms_of, lxml_text, raw_text
from massivetext.pipeline.extraction.markdown import plain_markdown

_HEAD_BYTES: Final = 1 << 16
"""Our choice: heads are shorter, but for a few; no page without text is searched to its end."""

_META: Final = re.compile(r"<meta\s[^>]*>", re.IGNORECASE)
_IS_DESCRIPTION: Final = re.compile(
    r"""(?:name|property)\s*=\s*["']?(?:og:)?description["'\s>]""", re.IGNORECASE
)
_CONTENT: Final = re.compile(r"""content\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


@dataclass(frozen=True)
class ExtractorFunctions:
    """What an extractor does with a page given as UTF-8."""

    text: Callable[[bytes], tuple[str, str]]
    """`(main text, title)`; both may be empty."""
    forms: Callable[[bytes, bool], tuple[str, str, str]]
    """`(main text, the same as Markdown, title)`; with the addresses of links, if asked for."""
    parse: Callable[[bytes, bool], ParsedPage] | None
    """The tree that the text is chosen from; `None` if the extractor does not show its blocks."""
    help: str


def _tree_text(html_utf8: bytes) -> tuple[str, str]:
    text, title = raw_text(html_utf8, load_weights())
    return text or _description(html_utf8), title


def _lxml_text(html_utf8: bytes) -> tuple[str, str]:
    text, title = lxml_text(html_utf8, load_weights())
    return text or _description(html_utf8), title


def _tree_forms(html_utf8: bytes, with_links: bool) -> tuple[str, str, str]:
    return _or_described(forms_of(html_utf8, parse_raw, load_weights(), with_links), html_utf8)


def _lxml_forms(html_utf8: bytes, with_links: bool) -> tuple[str, str, str]:
    forms = forms_of(html_utf8, parse_with_lxml, load_weights(), with_links)
    return _or_described(forms, html_utf8)


def _or_described(forms: tuple[str, str, str], html_utf8: bytes) -> tuple[str, str, str]:
    text, _, title = forms
    if text:
        return forms
    description = _description(html_utf8)
    return description, plain_markdown(description), title


def _trafilatura_forms(html_utf8: bytes, with_links: bool) -> tuple[str, str, str]:
    import trafilatura

    text, title = _trafilatura_text(html_utf8)
    try:
        markdown = trafilatura.extract(
            html_utf8.decode("utf-8", "replace"),
            output_format="markdown",
            include_formatting=True,
            include_links=with_links,
        )
    except Exception:  # as above
        markdown = None
    return text, markdown or plain_markdown(text), title


def _trafilatura_text(html_utf8: bytes) -> tuple[str, str]:
    import trafilatura  # slow to import, and only this extractor needs it

    title = parse_raw(html_utf8).title
    try:
        return trafilatura.extract(html_utf8.decode("utf-8", "replace")) or "", title
    except Exception:  # the package raises what its parsers raise; a page never stops a run
        return "", title


def _description(html_utf8: bytes) -> str:
    """What a page says of itself in its head: a page that is all script has no other text."""
    head = html_utf8[:_HEAD_BYTES].decode("utf-8", "replace")
    for meta in _META.findall(head):
        content = _CONTENT.search(meta)
        if content and _IS_DESCRIPTION.search(meta):
            text = character_references.unescape(content[1] or content[2] or "")
            return " ".join(text.split())
    return ""


EXTRACTORS: Final[Mapping[str, ExtractorFunctions]] = MappingProxyType(
    {
        "tree": ExtractorFunctions(
            _tree_text,
            _tree_forms,
            parse_raw,
            "one compiled pass over the bytes of the page; the default",
        ),
        "lxml": ExtractorFunctions(
            _lxml_text,
            _lxml_forms,
            parse_with_lxml,
            "the same choice and layout on the tree that lxml builds",
        ),
        "trafilatura": ExtractorFunctions(
            _trafilatura_text,
            _trafilatura_forms,
            None,
            "the text that the trafilatura package chooses and lays out",
        ),
    }
)
"""What each value of `extraction.extractor` stands for."""


def extractor_functions(name: str) -> ExtractorFunctions:
    """The functions of an extractor. Raises `ValueError` for an unknown name."""
    if name not in EXTRACTORS:
        names = ", ".join(map(repr, EXTRACTORS))
        raise ValueError(f"unknown extractor {name!r}: expected one of {names}")
    return EXTRACTORS[name]
