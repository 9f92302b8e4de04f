"""Tables as GitHub's Markdown writes them."""

from __future__ import annotations

from typing import Final

MOST_FILLED: Final = 64
"""Our choice: rows are filled up to so many cells, so that output grows with the input alone."""


class Grid:
    """The rows of a table in the making."""

    def __init__(self, has_head: bool) -> None:
        """`has_head`: the first row is the head; else an empty one is written."""
        self._rows: list[list[list[str]]] = [] if has_head else [[]]

    def begin_row(self) -> None:
        """Begin a row."""
        self._rows.append([])

    def add(self, column: int, text: str) -> None:
        """Put a text into a cell of the last row, behind what stands there; -1: into its last."""
        row = self._rows[-1]
        text = text.replace("|", "\\|")
        column = column if column >= 0 else max(len(row) - 1, 0)
        while len(row) <= column:
            row.append([])
        row[column].append(text)

    def lines(self) -> list[str]:
        """The head, the line below it, and the rows.

        Cells beyond those of the head are not shown (GitHub's specification, "tables"), so the head
        is as wide as the widest row.
        """
        width = max(map(len, self._rows))
        head, *rows = self._rows
        lines = [_line(head, width), "|" + " --- |" * width]
        return lines + [_line(row, min(width, MOST_FILLED)) for row in rows]


def _line(cells: list[list[str]], width: int) -> str:
    texts = [" ".join(cell) for cell in cells] + [""] * (width - len(cells))
    return "".join(f"| {text} " if text else "|  " for text in texts) + "|"
