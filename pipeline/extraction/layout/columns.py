"""The columns of table cells: where each begins, past the cells that reach into its row (compiled).

The HTML standard, "forming a table": a cell takes the first column that no cell of a row above
reaches into, and a cell reaches over no end of its part of the table.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import helper
from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import page_tree as pt

MOST_COLUMNS: Final = 64
"""Our choice: cells beyond so many columns stand one after another; this bounds the output."""

_PART_ROWS: Final = pt.MAX_SPAN + 1
"""What the rows of a part of a table are numbered by, so that no span reaches into the next one."""

_TR: Final = elements.tag("tr")
_TD: Final = elements.tag("td")
_TH: Final = elements.tag("th")
_TABLE: Final = elements.tag("table")
_PARTS: Final = tuple(elements.tag(name) for name in ("tbody", "thead", "tfoot"))


@helper
def place_cells(nodes: Any, columns: Any) -> None:
    """Write the column of each cell, from 0, to `columns`; those of other nodes stay."""
    if not _has_cells(nodes):
        return
    count = nodes.shape[1]
    tables = np.zeros(count, np.int32)  # the table of each node
    rows = np.zeros(count, np.int64)  # number of the current row of each table
    following = np.zeros(count, np.int32)  # the first column of each row that is not taken
    grids = np.full(count, -1, np.int32)  # which grid each table has, if a cell of it spans rows
    reached = _grids_of(nodes, tables, grids)
    for node in range(1, count):
        tag, table = nodes[pt.NODE_TAG, node], tables[node]
        if tag in _PARTS:
            rows[table] = (rows[table] // _PART_ROWS + 1) * _PART_ROWS
        elif tag == _TR:
            rows[table] += 1
        elif tag in (_TD, _TH):
            row = nodes[pt.NODE_PARENT, node]
            column, grid = following[row], grids[table]
            while grid >= 0 and column < MOST_COLUMNS and reached[grid, column] >= rows[table]:
                column += 1
            columns[node] = column
            width = max(nodes[pt.NODE_STYLE, node], 1)
            width = min(width, max(MOST_COLUMNS - column, 1))
            following[row] = column + width
            height = nodes[pt.NODE_NUMBER, node]
            if grid >= 0 and height > 1:
                for spanned in range(column, min(column + width, MOST_COLUMNS)):
                    reached[grid, spanned] = rows[table] + height - 1


@helper
def _has_cells(nodes: Any) -> bool:
    has_cells = False
    for node in range(1, nodes.shape[1]):
        has_cells |= nodes[pt.NODE_TAG, node] in (_TD, _TH)
    return has_cells


@helper
def _grids_of(nodes: Any, tables: Any, grids: Any) -> Any:
    """Fill the tables of all nodes and their grids; the last row that reaches into each column."""
    spanning = 0
    for node in range(1, nodes.shape[1]):
        tag = nodes[pt.NODE_TAG, node]
        tables[node] = node if tag == _TABLE else tables[nodes[pt.NODE_PARENT, node]]
        if tag in (_TD, _TH) and nodes[pt.NODE_NUMBER, node] > 1 and grids[tables[node]] < 0:
            grids[tables[node]] = spanning
            spanning += 1
    return np.full((spanning, MOST_COLUMNS), -1, np.int64)


@helper
def bars_of(nodes: Any, columns: Any) -> Any:
    """The most separators that stand before or between the cells of all rows."""
    bars = 0
    if not _has_cells(nodes):
        return bars
    last = np.zeros(nodes.shape[1], np.int32)
    for node in range(1, nodes.shape[1]):
        if nodes[pt.NODE_TAG, node] in (_TD, _TH):
            row = nodes[pt.NODE_PARENT, node]
            bars += max(columns[node] - last[row], 0)
            last[row] = max(last[row], columns[node])
    return bars
