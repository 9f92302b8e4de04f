"""From the bytes of a page to its main text: the functions that the pipeline calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from massivetext.pipeline.extraction import elements
from massivetext.pipeline.extraction.choice import choose_blocks
from massivetext.pipeline.extraction.encoding import decode_page
from massivetext.pipeline.extraction.layout import lay_out
from massivetext.pipeline.extraction.lxml_tree import parse_with_lxml
from massivetext.pipeline.extraction.page_tree import ParsedPage, block_text

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
    links: tuple[str, ...]
    """The `href` of every link, as written, in document order."""


@dataclass(frozen=True)
class ShownBlock:
    """One block of a page and what became of it, for people who audit a page."""

    text: str
    path: str
    """Tags from the page's outermost block element down to the block's own, joined by `/`."""
    kept: bool
    score: float
    """Positive for main text; log-odds of the learned model."""
    reason: str


def extract_text(html: bytes, *, encoding: str | None = None, extractor: Extractor = "tree") -> str:
    """The main text of a page, formatted; arbitrary bytes give text or `""`, never an exception.

    `encoding` is the charset that the HTTP header named, if any; a wrong or unknown one does no
    harm. Raises `ValueError` for an unknown `extractor`.
    """
    return extract_page(html, encoding=encoding, extractor=extractor).text


def extract_page(
    html: bytes, *, encoding: str | None = None, extractor: Extractor = "tree"
) -> Page:
    """The main text of a page with its title, encoding and links; see `extract_text`."""
    if extractor not in EXTRACTORS:
        raise ValueError(
            f"unknown extractor {extractor!r}: expected one of {', '.join(map(repr, EXTRACTORS))}"
        )
    codec, html_utf8 = decode_page(html, encoding)
    parsed = parse_with_lxml(html_utf8)
    return Page(EXTRACTORS[extractor](html_utf8, parsed), parsed.title, codec, parsed.links)


def show_blocks(html: bytes, *, encoding: str | None = None) -> list[ShownBlock]:
    """Every block of a page in document order, kept or dropped, with its score and the reason."""
    tree = parse_with_lxml(decode_page(html, encoding)[1]).tree
    choice = choose_blocks(tree)
    return [
        ShownBlock(
            block_text(tree, block),
            _path(tree.node_parent.tolist(), tree.node_tag.tolist(), int(tree.block_node[block])),
            bool(choice.keep[block]),
            float(choice.score[block]),
            "link text or a named part of the frame" if not choice.keep[block] else "text",
        )
        for block in range(len(tree.block_node))
    ]


def _path(parents: list[int], tags: list[int], node: int) -> str:
    names = []
    while node > 0:
        names.append(elements.TAGS[tags[node]])
        node = parents[node]
    return "/".join(reversed(names))


def _tree_text(html_utf8: bytes, parsed: ParsedPage) -> str:
    del html_utf8
    return lay_out(parsed.tree, choose_blocks(parsed.tree).keep)


def _trafilatura_text(html_utf8: bytes, parsed: ParsedPage) -> str:
    del parsed
    import trafilatura  # slow to import, and only this extractor needs it

    try:
        return trafilatura.extract(html_utf8.decode("utf-8", "replace")) or ""
    except Exception:  # the package raises what its parsers raise; a page never stops a run
        return ""


EXTRACTORS: Final[Mapping[Extractor, Callable[[bytes, ParsedPage], str]]] = MappingProxyType(
    {"tree": _tree_text, "trafilatura": _trafilatura_text}
)
