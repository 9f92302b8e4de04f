"""The pieces of a Markdown document: paragraphs, headings, code and tables, in their containers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.markdown.escapes import escaped_heading, escaped_line
from massivetext.pipeline.extraction.markdown.inline import InlineWriter
from massivetext.pipeline.extraction.markdown.languages import language_around, language_of
from massivetext.pipeline.extraction.markdown.page import NOTHING, LaidOutPage
from massivetext.pipeline.extraction.markdown.tables import Grid


class PieceKind(Enum):
    """What a piece is."""

    PARAGRAPH = 0
    HEADING = 1
    CODE = 2
    TABLE = 3


_MOST_INDENT: Final = 3
"""CommonMark, "indented code blocks": four spaces before a paragraph would be code."""

_AROUND: Final = 4
"""Our choice: elements around a listing whose names may tell its language."""

_MOST_HEADING_BLOCKS: Final = 3
"""Our choice: a title, what stands above it and what stands below it."""

_BACKTICKS: Final = re.compile("`{3,}")


@dataclass
class MarkdownPiece:
    """A part of the document that begins on a line of its own."""

    kind: PieceKind
    path: tuple[int, ...]
    """The list items and quotations around it."""
    breaks: int
    """Line breaks before it in the text form."""
    lines: list[str] = field(default_factory=list)
    root: int = NOTHING
    """The heading, listing or table that it is made of."""
    grid: Grid | None = None
    language: str = ""


class PieceMaker:
    """Makes the pieces of a page."""

    def __init__(self, page: LaidOutPage, with_links: bool) -> None:
        self._page = page
        self._inline = InlineWriter(page.text_utf8, page.coverage, page.spans, with_links)
        self._pieces: list[MarkdownPiece] = []
        self._row = NOTHING
        self._tables: set[int] = set()  # of which a part is written
        self._in_row = Counter(page.rows[page.block_nodes[block]] for block in page.order)
        self._in_heading = Counter(page.headings[page.block_nodes[block]] for block in page.order)

    def pieces(self) -> list[MarkdownPiece]:
        """All pieces, in the order in which they are shown."""
        page = self._page
        for block in page.order:
            node = page.block_nodes[block]
            listing = page.listing(node) if page.flags[block] & pt.PREFORMATTED else NOTHING
            if page.lines[node] != NOTHING or self._is_lone_cell(node, listing):
                self._add_cell(block, node)
            elif listing != NOTHING:
                self._add_code(block, listing)
            elif self._is_heading(node):
                self._add_heading(block, page.headings[node])
            elif self._is_all_code(block):
                self._add_code(block, node)
            else:
                self._add_paragraph(block, node)
        return self._pieces

    def _last(self, kind: PieceKind, root: int) -> MarkdownPiece | None:
        """The last piece, if it is of this kind and made of this node."""
        last = self._pieces[-1] if self._pieces else None
        return last if last and (last.kind, last.root) == (kind, root) else None

    def _begin(
        self, kind: PieceKind, block: int, holder: int, root: int = NOTHING
    ) -> MarkdownPiece:
        page = self._page
        piece = MarkdownPiece(kind, page.containers[holder], page.breaks[block], root=root)
        self._pieces.append(piece)
        return piece

    def _is_heading(self, node: int) -> bool:
        """Whether a block is a heading's: its own text, or one of the few parts of it.

        A heading without an end swallows what follows.
        """
        heading = self._page.headings[node]
        return heading != NOTHING and (
            heading == node or self._in_heading[heading] <= _MOST_HEADING_BLOCKS
        )

    def _is_lone_cell(self, node: int, listing: int) -> bool:
        """Whether a block is the only one of a row that stands between rows of its table."""
        page = self._page
        if page.cells[node] == NOTHING or self._last(PieceKind.TABLE, page.tables[node]) is None:
            return False
        is_plain = listing == NOTHING and not self._is_heading(node)
        return is_plain and self._in_row[page.rows[node]] == 1

    def _add_cell(self, block: int, node: int) -> None:
        page = self._page
        table, row = page.tables[node], page.rows[node]
        piece = self._last(PieceKind.TABLE, table)
        if piece is None:
            piece = self._begin(PieceKind.TABLE, block, max(table, 0), table)
            piece.grid = Grid(table not in self._tables)
            self._tables.add(table)
            self._row = NOTHING
        assert piece.grid is not None
        if row != self._row:
            piece.grid.begin_row()
            self._row = row
        cell = page.cells[node]
        piece.grid.add(page.columns[cell] if cell != NOTHING else -1, self._one_line(block))

    def _one_line(self, block: int, is_strong: bool = False) -> str:
        page = self._page
        text = self._inline.write(page.starts[block], page.stops[block], is_strong=is_strong)
        return " ".join(text.split("\n"))

    def _add_code(self, block: int, listing: int) -> None:
        page = self._page
        start, stop = page.starts[block], page.stops[block]
        piece = self._last(PieceKind.CODE, listing)
        if piece is None:
            piece = self._begin(PieceKind.CODE, block, listing, listing)
        else:
            piece.lines += [""] * (page.breaks[block] - 1)
        piece.language = piece.language or self._language(start, stop, listing)
        piece.lines += page.text_utf8[start:stop].decode("utf-8", "replace").split("\n")

    def _language(self, start: int, stop: int, listing: int) -> str:
        page = self._page
        codes = page.coverage.code.within(start, stop)
        language = language_of(page.spans.value(codes[0].span)) if codes else None
        if language is None:
            language = language_of(page.names(listing))
        for _ in range(_AROUND):
            if language is not None or listing <= 0:
                break
            listing = page.parents[listing]
            language = language_around(page.names(listing))
        return language or ""

    def _is_all_code(self, block: int) -> bool:
        """Whether a block of several lines is code from end to end."""
        page = self._page
        start, stop = page.starts[block], page.stops[block]
        codes = page.coverage.code.within(start, stop)
        is_all = len(codes) == 1 and codes[0][:2] == (start, stop)
        return is_all and b"\n" in page.text_utf8[start:stop]

    def _add_heading(self, block: int, heading: int) -> None:
        text = self._one_line(block, is_strong=True).strip()
        piece = self._last(PieceKind.HEADING, heading)
        if piece is None:
            piece = self._begin(PieceKind.HEADING, block, heading, heading)
        piece.lines.append(text)

    def _add_paragraph(self, block: int, node: int) -> None:
        page = self._page
        is_alone = page.items[node] == NOTHING
        text = self._inline.write(page.starts[block], page.stops[block], is_paragraph=is_alone)
        lines = [escaped_line(line) for line in text.split("\n")]
        piece = self._begin(PieceKind.PARAGRAPH, block, node)
        bare = lines[0].lstrip(" ")
        lines[0] = " " * min(len(lines[0]) - len(bare), _MOST_INDENT) + bare
        piece.lines = lines


def finished_lines(piece: MarkdownPiece, page: LaidOutPage) -> list[str]:
    """The lines of a piece, without those of its containers."""
    if piece.grid is not None:
        return piece.grid.lines()
    if piece.kind == PieceKind.HEADING:
        return ["#" * page.level(piece.root) + " " + escaped_heading(" ".join(piece.lines))]
    if piece.kind == PieceKind.CODE:
        longest = max((len(run) for run in _BACKTICKS.findall("\n".join(piece.lines))), default=2)
        fence = "`" * (longest + 1)
        return [fence + piece.language, *piece.lines, fence]
    return piece.lines
