"""The documents of an item, read again some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from massivetext.pipeline.engine import store

_BATCH_ROWS: Final = 500
_BATCH_BYTES: Final = 1 << 21
"""Our choice: texts hashed at once, so that their code points stay in the processor's cache."""


def documents_path(output: str, name: str) -> str:
    """Returns the path of an item's documents."""
    return store.below(output, f"documents/{name}.parquet")


def document_batches(
    path: str, columns: list[str], rows: NDArray[np.int64] | None = None
) -> Iterator[tuple[NDArray[np.int64], pa.Table]]:
    """Yields (int64 row numbers, columns) of small batches of a documents file.

    Args:
        path: the Parquet file.
        columns: what to read; must contain `text`.
        rows: which rows, ascending; None means all.
    """
    for group in store.row_groups(path):
        first_row, size = group.first_row, group.metadata.num_rows
        chosen = np.arange(first_row, first_row + size)
        if rows is not None:
            chosen = rows[(rows >= first_row) & (rows < first_row + size)]
        if chosen.size:
            table = group.read(columns)
            if chosen.size < size:
                table = table.take(chosen - first_row)
            yield from _cut(chosen, table)


def _cut(rows: NDArray[np.int64], table: pa.Table) -> Iterator[tuple[NDArray[np.int64], pa.Table]]:
    sizes = pc.call_function("binary_length", [table["text"]]).to_numpy()
    start, size_bytes = 0, 0
    for index, text_bytes in enumerate(sizes.tolist()):
        size_bytes += text_bytes
        full = size_bytes >= _BATCH_BYTES or index + 1 - start >= _BATCH_ROWS
        if full or index + 1 == rows.size:
            yield rows[start : index + 1], table.slice(start, index + 1 - start)
            start, size_bytes = index + 1, 0
