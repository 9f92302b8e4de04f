"""Finds the records that somebody names: by id, source id or URL, in whatever spelling."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.document_names import NAME_COLUMNS, plain_name
from massivetext.pipeline.phases.outcome import FOLDERS, Folder, Place


def find(output: str, name: str) -> list[Place]:
    """Returns the places of all records of this name.

    Args:
        output: the output folder.
        name: as `plain_name` returns it.
    """
    return scan_for(output, name)


def scan_for(output: str, name: str) -> list[Place]:
    """Returns the places of all records of this name, by looking at every row of the output.

    Args:
        output: the output folder.
        name: as `plain_name` returns it.
    """
    return sorted(place for folder in FOLDERS for place in _scan_folder(output, folder, name))


def _scan_folder(output: str, folder: Folder, name: str) -> Iterator[Place]:
    root = store.join(output, folder, "")
    for metadata in store.list_folder(store.join(output, folder)):
        if metadata.path.endswith(".parquet"):
            item = metadata.path[len(root) :].replace("\\", "/").removesuffix(".parquet")
            columns = [c for c in NAME_COLUMNS if (folder, c) not in _NAMELESS]
            table = store.read_table(metadata.path, columns)
            for row in _rows_named(table, name):
                yield Place(folder, item, row)


_NAMELESS = {("failed", "id"), ("skipped", "id")}
"""What is no document has no id."""


def _rows_named(table: pa.Table, name: str) -> Iterator[int]:
    """Yields the rows in which a column has this name in some spelling."""
    is_url = "://" in name
    core = name.partition("://")[2].partition("/")[0].rpartition("@")[2] if is_url else name
    is_near = np.zeros(table.num_rows, bool)
    for column in table.columns:
        found = pc.match_substring(column, core, ignore_case=True)
        is_near |= np.asarray(pc.fill_null(found, False), bool)
    rows = np.flatnonzero(is_near)
    for row, values in zip(rows.tolist(), table.take(rows).to_pylist(), strict=True):
        if name in map(plain_name, filter(None, values.values())):
            yield row
