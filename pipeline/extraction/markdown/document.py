"""The pieces one below the other, in their lists and quotations."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.extraction.html.page_tree import ParsedPage
from massivetext.pipeline.extraction.markdown.page import NOTHING, LaidOutPage
from massivetext.pipeline.extraction.markdown.pieces import (
    MarkdownPiece,
    PieceKind,
    PieceMaker,
    finished_lines,
)

_NUMBER: Final = re.compile(r"(\d{1,9})\. ")
"""CommonMark, "list items": other numbers are no marks of lists."""

_HARD_BREAK: Final = "  \n"
"""CommonMark, "hard line breaks". Our choice of its two forms: a backslash would be a word."""

_OTHER: Final = {"-": "*", ".": ")"}
"""The signs of a list right behind another one, which it would go on otherwise."""


def markdown_of(parsed: ParsedPage, keep: NDArray[np.bool_], with_links: bool = False) -> str:
    """The kept blocks (one flag a block) of a page as Markdown.

    The page must have been parsed with its spans. Links are written as their text alone, unless
    they are asked for.
    """
    page = LaidOutPage(parsed, keep)
    document = _Document(page)
    for piece in PieceMaker(page, with_links).pieces():
        document.add(piece)
    return "".join(document.parts).strip("\n").rstrip()


class _Document:
    """A Markdown document in the making."""

    def __init__(self, page: LaidOutPage) -> None:
        self.parts: list[str] = []
        self._page = page
        self._path: tuple[int, ...] = ()
        self._last = MarkdownPiece(PieceKind.HEADING, (), 0)
        self._widths: dict[int, int] = {}  # of the marks of list items
        self._signs: dict[int, bool] = {}  # lists that have the other signs
        self._ended: dict[tuple[int, ...], tuple[int, bool]] = {}
        """The last list in each container, and whether it has numbers, while nothing follows it."""

    def add(self, piece: MarkdownPiece) -> None:
        """Write a piece below the last one."""
        path, shared = piece.path, 0
        while shared < min(len(path), len(self._path)) and path[shared] == self._path[shared]:
            shared += 1
        opened = path[shared:]
        if self.parts:
            self._separate(piece, shared)
        first = self._prefix(path[:shared]) + "".join(
            self._open(container, path[: shared + depth]) for depth, container in enumerate(opened)
        )
        self._ended.pop(path, None)
        rest = self._prefix(path)
        for number, line in enumerate(finished_lines(piece, self._page)):
            if number:
                self.parts.append(_HARD_BREAK if piece.kind == PieceKind.PARAGRAPH else "\n")
            whole = (rest if number else first) + line
            self.parts.append(whole if line else whole.rstrip())
        self._path, self._last = path, piece

    def _separate(self, piece: MarkdownPiece, shared: int) -> None:
        """Write what stands between the last piece and this one.

        A line break within a paragraph where the text form has one; an empty line, but between
        the items of a list.
        """
        is_line = piece.kind == self._last.kind == PieceKind.PARAGRAPH and piece.path == self._path
        if piece.breaks == 1 and is_line:
            self.parts.append(_HARD_BREAK)
        elif piece.breaks == 1 and self._goes_on(piece, shared):
            self.parts.append("\n")
        else:
            self.parts.append("\n" + self._prefix(piece.path[:shared]).rstrip() + "\n")

    def _goes_on(self, piece: MarkdownPiece, shared: int) -> bool:
        """Whether a piece begins an item right below the last line of its list."""
        page, opened = self._page, piece.path[shared:]
        if not opened or page.is_quotation(opened[0]):
            return False
        number = _NUMBER.fullmatch(page.marker(opened[0]))
        is_first = number is None or int(number[1]) == 1  # else no list begins in a paragraph
        if len(self._path) == shared:
            return shared > 0 and is_first
        before = self._path[shared]
        is_sibling = page.parents[before] == page.parents[opened[0]]
        return not page.is_quotation(before) and (is_sibling or is_first)

    def _prefix(self, path: tuple[int, ...]) -> str:
        """What stands before a further line in these containers."""
        return "".join(
            "> " if self._page.is_quotation(container) else " " * self._widths.get(container, 0)
            for container in path
        )

    def _open(self, container: int, around: tuple[int, ...]) -> str:
        """What stands before the first line of a container in others."""
        if self._page.is_quotation(container):
            self._ended.pop(around, None)
            return "> "
        mark, written = self._mark(container, around)
        self._widths[container] = len(mark)
        return mark + written

    def _mark(self, item: int, around: tuple[int, ...]) -> tuple[str, str]:
        """The mark of a list item, and what it begins with where its own mark is none of those."""
        marker, listed = self._page.marker(item), self._page.parents[item]
        is_numbered = _NUMBER.fullmatch(marker) is not None
        before, was_numbered = self._ended.get(around, (NOTHING, False))
        if listed not in self._signs:
            is_alike = before != NOTHING and is_numbered == was_numbered
            self._signs[listed] = is_alike and not self._signs[before]
        self._ended[around] = listed, is_numbered
        is_other = self._signs[listed]
        if is_numbered:
            return (marker[:-2] + _OTHER["."] + " " if is_other else marker), ""
        bullet = _OTHER["-"] if is_other else "-"
        return bullet + " ", "" if marker in ("", "- ") else marker
