"""Whether tables and lists of a page come out whole: measured on the page, its text and the gold.

Read by lxml, not by our parser, so that the measure does not share its faults.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import lxml.etree
import lxml.html
import numpy as np

from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.training.pages import tokens

MIN_ROWS = 2
"""A data table has so many rows of two cells with text or more, and no table in it."""
MIN_ITEMS = 2


@dataclass
class TornPages:
    """Over the pages of one extractor: those with tables and lists, and those with torn ones."""

    table_pages: int = 0
    torn_tables: list[float] = field(default_factory=list)
    """Token F1 of the pages with a torn row that the gold has whole."""
    list_pages: int = 0
    torn_lists: int = 0
    """Pages with a list of which some items came out, but not all."""
    torn_gold_lists: int = 0
    """Of them, those with a list that the gold has whole."""

    def add(self, html_utf8: bytes, text: str, gold: str, token_f1: float) -> None:
        """Count a page."""
        tree = parsed(html_utf8)
        if tree is None:
            return
        tables, lists = list(data_tables(tree)), list(plain_lists(tree))
        lines = lines_of(text)
        gold_words = f" {' '.join(tokens(gold))} "
        self.table_pages += bool(tables)
        if any(is_torn_row(row, lines, gold_words) for table in tables for row in table):
            self.torn_tables.append(token_f1)
        words = f" {' '.join(tokens(text))} "
        torn = [items for items in lists if is_torn_list(items, words)]
        self.list_pages += bool(lists)
        self.torn_lists += bool(torn)
        self.torn_gold_lists += any(
            all(f" {item} " in gold_words for item in items) for items in torn
        )

    def __str__(self) -> str:
        """One line of figures."""
        of_tables, of_lists = max(self.table_pages, 1), max(self.list_pages, 1)
        mean = f"{np.mean(self.torn_tables):.3f}" if self.torn_tables else "-"
        return (
            f"torn rows on {len(self.torn_tables)} of {self.table_pages} pages with a data table "
            f"({100 * len(self.torn_tables) / of_tables:.1f} %, token F1 {mean}); torn lists on "
            f"{self.torn_lists} of {self.list_pages} ({100 * self.torn_lists / of_lists:.1f} %), "
            f"{self.torn_gold_lists} of them whole in the gold "
            f"({100 * self.torn_gold_lists / of_lists:.1f} %)"
        )


def parsed(html_utf8: bytes) -> Any:
    """The page's tree, or `None` where lxml finds none."""
    try:
        return lxml.html.fromstring(html_utf8, parser=lxml.html.HTMLParser(encoding="utf-8"))
    except (lxml.etree.ParserError, ValueError):
        return None


def words_of(element: Any) -> str:
    """The tokens of what an element shows, joined by spaces."""
    parts: list[str] = []
    walk = lxml.etree.iterwalk(element, events=("start", "end"))
    for event, node in walk:
        is_break = node.tag == "br" or node.tag not in elements.INLINE
        if event == "start":
            parts.append(" " if is_break else "")
            if node.tag in elements.SKIPPED or not isinstance(node.tag, str):
                walk.skip_subtree()
            else:
                parts.append(node.text or "")
        else:
            parts.append(" " if is_break else "")
            parts.append((node.tail or "") if node is not element else "")
    return " ".join(tokens("".join(parts)))


def lines_of(text: str) -> list[str]:
    """The tokens of each line, with a space at both ends."""
    return [f" {' '.join(tokens(line))} " for line in text.split("\n")]


def data_tables(tree: Any) -> Iterator[list[list[str]]]:
    """The tokens of the cells of each row of the data tables, cells without text left out."""
    for table in tree.iter("table"):
        if next(table.iterdescendants("table"), None) is not None:
            continue
        rows = []
        for row in table.iterdescendants("tr"):
            cells = [words_of(cell) for cell in row if cell.tag in ("td", "th")]
            cells = [cell for cell in cells if cell]
            if len(cells) >= 2:
                rows.append(cells)
        if len(rows) >= MIN_ROWS:
            yield rows


def plain_lists(tree: Any) -> Iterator[list[str]]:
    """The tokens of the items of lists without lists in them."""
    for element in tree.iter("ul", "ol"):
        if next(element.iterdescendants("ul", "ol"), None) is None:
            items = [words_of(item) for item in element if item.tag == "li"]
            items = [item for item in items if item]
            if len(items) >= MIN_ITEMS:
                yield items


def is_torn_row(cells: Sequence[str], lines: Sequence[str], gold_words: str) -> bool:
    """Whether some, but not all neighbouring cells stand together on a line, and the gold has all.

    `lines` and `gold_words` are tokens with a space at both ends.
    """
    if f" {' '.join(cells)} " not in gold_words:
        return False
    together = [
        any(f" {cell} {following} " in line for line in lines)
        for cell, following in pairwise(cells)
    ]
    return any(together) and not all(together)


def is_torn_list(items: Sequence[str], words: str) -> bool:
    """Whether some, but not all items stand in the text, its tokens with a space at both ends.

    Items of fewer than three tokens stand elsewhere on a page by chance, and are left out.
    """
    found = [f" {item} " in words for item in items if item.count(" ") >= 2]
    return any(found) and not all(found)
