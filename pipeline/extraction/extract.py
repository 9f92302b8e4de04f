"""From the bytes of a page to its main text: the functions that the pipeline calls."""

from __future__ import annotations

import html as character_references
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeVar

from massivetext.pipeline.extraction import elements, name_words
from massivetext.pipeline.extraction import page_tree as pt
from massivetext.pipeline.extraction.choice import choose_blocks
from massivetext.pipeline.extraction.encoding import decode_page
from massivetext.pipeline.extraction.layout import lay_out
from massivetext.pipeline.extraction.lxml_tree import parse_with_lxml
from massivetext.pipeline.extraction.page_tree import PageTree, ParsedPage
from massivetext.pipeline.extraction.raw_tree import parse_raw
from massivetext.pipeline.extraction.second_features import SCORE_UNIT

Value = TypeVar("Value")

Extractor = Literal["tree", "trafilatura"]
"""`extraction.extractor` of the config: blocks of the tree (ours), or the trafilatura package."""

Engine = Literal["raw", "lxml"]
"""What reads the HTML for the extractor `tree`: the compiled pass over bytes, or lxml."""

SCANT_CHARACTERS: Final = 250
HIDDEN_CHARACTERS: Final = 1000
"""Our choice: a page that shows fewer than 250 characters and hides at least 1,000 more hides its
text."""


_SHOWN_CHARACTERS: Final = 100


@dataclass(frozen=True)
class Page:
    """The parts of a web page that the pipeline needs."""

    text: str
    """Main text, formatted; empty if the page has none."""
    title: str
    """Text of the `title` element; empty if there is none."""
    encoding: str
    """Python's name of the codec that the bytes were read with."""


@dataclass(frozen=True)
class ShownBlock:
    """One block of a page and what became of it, for people who audit a page."""

    text: str
    path: str
    """Tags from the page's outermost block element down to the block's own, joined by `/`."""
    kept: bool
    score: float
    """Log-odds that the block is main text, its surroundings and the page considered."""
    reason: str
    """What the decision was made from, in words."""

    def __str__(self) -> str:
        """The block as two lines: the decision and its grounds, the beginning of the text."""
        decision = "keep" if self.kept else "drop"
        beginning = " ".join(self.text.split())
        if len(beginning) > _SHOWN_CHARACTERS:
            beginning = beginning[: _SHOWN_CHARACTERS - 1] + "…"
        return f"{decision} {self.score:+5.1f}  {self.path}  ({self.reason})\n      {beginning}"


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
    extract = _chosen(EXTRACTORS, extractor, "extractor")
    codec, html_utf8 = decode_page(html, encoding)
    parsed = parse_page(html_utf8, engine)
    return Page(extract(html_utf8, parsed), parsed.title, codec)


def show_blocks(
    html: bytes, *, encoding: str | None = None, engine: Engine = "raw"
) -> list[ShownBlock]:
    """Every block of a page in document order, kept or dropped, with its score and the reason."""
    tree = parse_page(decode_page(html, encoding)[1], engine).tree
    choice = choose_blocks(tree)
    alone, together = (choice.scores / SCORE_UNIT).tolist()
    return [
        ShownBlock(
            tree.block_text(block),
            "/".join(elements.TAGS[tree.nodes[pt.NODE_TAG, node]] for node in _line(tree, block)),
            bool(choice.keep[block]),
            together[block],
            _reason(tree, block, bool(choice.keep[block]), alone[block], together[block]),
        )
        for block in range(tree.blocks.shape[1])
    ]


def parse_page(html_utf8: bytes, engine: Engine = "raw") -> ParsedPage:
    """The tree of a page; with what it hides, if it shows next to nothing.

    Such pages build themselves by scripts, and keep their text in `noscript` or hidden elements.
    """
    parse = _chosen(ENGINES, engine, "engine")
    parsed = parse(html_utf8, False)
    shown = int(parsed.tree.blocks[pt.BLOCK_CHARACTERS].sum())
    if shown >= SCANT_CHARACTERS:
        return parsed
    unveiled = parse(html_utf8, True)
    hidden = int(unveiled.tree.blocks[pt.BLOCK_CHARACTERS].sum()) - shown
    return unveiled if not shown or hidden >= HIDDEN_CHARACTERS else parsed


def _chosen(table: Mapping[str, Value], name: str, kind: str) -> Value:
    if name not in table:
        expected = ", ".join(map(repr, table))
        raise ValueError(f"unknown {kind} {name!r}: expected one of {expected}")
    return table[name]


def _line(tree: PageTree, block: int) -> list[int]:
    """The nodes around a block, the outermost first."""
    nodes = []
    node = int(tree.blocks[pt.BLOCK_NODE, block])
    while node > 0:
        nodes.append(node)
        node = int(tree.nodes[pt.NODE_PARENT, node])
    return nodes[::-1]


def _reason(tree: PageTree, block: int, kept: bool, alone: float, together: float) -> str:
    """What speaks for or against a block, in words."""
    characters = int(tree.blocks[pt.BLOCK_CHARACTERS, block])
    links = int(tree.blocks[pt.BLOCK_LINK_CHARACTERS, block])
    names = 0
    for node in _line(tree, block):
        names |= int(tree.node_words[node])
    groups = [
        words.split()[0].strip("-")
        for bit, words in enumerate(name_words.GROUPS)
        if names >> bit & 1
    ]
    parts = [f"score {alone:+.1f} alone, {together:+.1f} in its surroundings"]
    if kept and together <= 0:
        parts.append("kept by rule (small page, no better block, or inside kept text)")
    parts.append(f"{characters} characters, {100 * links // characters} % in links")
    if groups:
        parts.append(f"names: {', '.join(groups)}")
    return "; ".join(parts)


_DESCRIPTION: Final = re.compile(
    r"""<meta\s[^>]*?(?:name|property)\s*=\s*["']?(?:og:)?description["'\s][^>]*?"""
    r"""content\s*=\s*(?:"([^"]*)"|'([^']*)')""",
    re.IGNORECASE,
)


def _tree_text(html_utf8: bytes, parsed: ParsedPage) -> str:
    if parsed.tree.blocks.shape[1]:
        return lay_out(parsed.tree, choose_blocks(parsed.tree).keep)
    # A page that is all script still says what it is about.
    found = _DESCRIPTION.search(html_utf8[:_HEAD_BYTES].decode("utf-8", "replace"))
    return (
        " ".join(character_references.unescape(found[1] or found[2] or "").split()) if found else ""
    )


_HEAD_BYTES: Final = 1 << 16


def _trafilatura_text(html_utf8: bytes, parsed: ParsedPage) -> str:
    del parsed
    import trafilatura  # slow to import, and only this extractor needs it

    try:
        return trafilatura.extract(html_utf8.decode("utf-8", "replace")) or ""
    except Exception:  # the package raises what its parsers raise; a page never stops a run
        return ""


EXTRACTORS: Final[Mapping[str, Callable[[bytes, ParsedPage], str]]] = MappingProxyType(
    {"tree": _tree_text, "trafilatura": _trafilatura_text}
)
ENGINES: Final[Mapping[str, Callable[[bytes, bool], ParsedPage]]] = MappingProxyType(
    {"raw": parse_raw, "lxml": parse_with_lxml}
)
