"""Which blocks of a page are kept and dropped, and why: for people who audit a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from massivetext.config import Extractor
from massivetext.pipeline.extraction.choice.choose import Choice, choose_blocks
from massivetext.pipeline.extraction.choice.second_features import SCORE_UNIT
from massivetext.pipeline.extraction.choice.units import NO_UNIT, UNIT_NAMES
from massivetext.pipeline.extraction.encoding import decode_page
from massivetext.pipeline.extraction.extractors import extractor_functions
from massivetext.pipeline.extraction.html import elements, name_words
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.page_tree import PageTree
from massivetext.pipeline.extraction.main_text import parse_page

_SHOWN_CHARACTERS: Final = 100


@dataclass(frozen=True)
class ShownBlock:
    """One block of a page and what became of it, for people who audit a page."""

    text: str
    path: str
    """Tags from the page's outermost block element down to the block's own, joined by `/`."""
    kept: bool
    score: float
    """Log-odds that the block is main text, or the unit (a table, a list...) that it belongs to."""
    reason: str
    """What the decision was made from, in words."""

    def __str__(self) -> str:
        """The block as two lines: the decision and its grounds, the beginning of the text."""
        decision = "keep" if self.kept else "drop"
        beginning = " ".join(self.text.split())
        if len(beginning) > _SHOWN_CHARACTERS:
            beginning = beginning[: _SHOWN_CHARACTERS - 1] + "…"
        return f"{decision} {self.score:+5.1f}  {self.path}  ({self.reason})\n      {beginning}"


def show_blocks(
    html: bytes, *, encoding: str | None = None, extractor: Extractor = "tree"
) -> list[ShownBlock]:
    """Every block of a page in document order, kept or dropped, with its score and the reason.

    Raises `ValueError` for an extractor that is unknown or does not show its blocks.
    """
    parse = extractor_functions(extractor).parse
    if parse is None:
        raise ValueError(f"the extractor {extractor!r} does not show its blocks")
    tree = parse_page(decode_page(html, encoding)[1], parse).tree
    choice = choose_blocks(tree)
    deciding = (choice.scores[2] / SCORE_UNIT).tolist()
    return [
        ShownBlock(
            tree.block_text(block),
            "/".join(elements.TAGS[tree.nodes[pt.NODE_TAG, node]] for node in _line(tree, block)),
            bool(choice.keep[block]),
            deciding[block],
            _reason(tree, choice, block),
        )
        for block in range(tree.blocks.shape[1])
    ]


def _line(tree: PageTree, block: int) -> list[int]:
    """The nodes around a block, the outermost first."""
    nodes = []
    node = int(tree.blocks[pt.BLOCK_NODE, block])
    while node > 0:
        nodes.append(node)
        node = int(tree.nodes[pt.NODE_PARENT, node])
    return nodes[::-1]


def _reason(tree: PageTree, choice: Choice, block: int) -> str:
    """What speaks for or against a block, in words."""
    kept = bool(choice.keep[block])
    alone, together, deciding = (choice.scores[:, block] / SCORE_UNIT).tolist()
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
    unit = int(choice.units[block])
    if unit != NO_UNIT:
        parts.append(f"{deciding:+.1f} as a whole: {UNIT_NAMES[choice.kinds[unit]]}")
    if kept and deciding <= 0:
        parts.append("kept by rule (small page, or no better block)")
    if not kept and deciding > 0:
        parts.append("dropped by rule (heading of text that is dropped)")
    parts.append(f"{characters} characters, {100 * links // characters} % in links")
    if groups:
        parts.append(f"names: {', '.join(groups)}")
    return "; ".join(parts)
