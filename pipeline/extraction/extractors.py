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
from massivetext.pipeline.extraction.main_text import lxml_text, raw_text

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
    parse: Callable[[bytes, bool], ParsedPage] | None
    """The tree that the text is chosen from; `None` if the extractor does not show its blocks."""
    help: str


def _tree_text(html_utf8: bytes) -> tuple[str, str]:
    text, title = raw_text(html_utf8, load_weights())
    return text or _description(html_utf8), title


def _lxml_text(html_utf8: bytes) -> tuple[str, str]:
    text, title = lxml_text(html_utf8, load_weights())
    return text or _description(html_utf8), title


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
            _tree_text, parse_raw, "one compiled pass over the bytes of the page; the default"
        ),
        "lxml": ExtractorFunctions(
            _lxml_text, parse_with_lxml, "the same choice and layout on the tree that lxml builds"
        ),
        "trafilatura": ExtractorFunctions(
            _trafilatura_text, None, "the text that the trafilatura package chooses and lays out"
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
