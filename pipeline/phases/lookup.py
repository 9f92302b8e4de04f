"""Finds records by name: an id, a source id or a URL, in any spelling."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.phases.audit.name_index import INDEX, find_entries, hash_of_name
from massivetext.pipeline.phases.audit.parts import part_name, part_of_hash
from massivetext.pipeline.phases.document_names import NAME_COLUMNS, plain_name
from massivetext.pipeline.phases.outcome import (
    FOLDERS,
    FinishedRun,
    Folder,
    RecordOutcome,
    RecordPlace,
    columns_of,
)


def find(run: FinishedRun, name: str, most: int) -> tuple[list[RecordOutcome], int]:
    """Returns what happened to the records of a name, and how many more have it.

    The index of the phase `audit` tells where they are; before that phase is finished, every row
    of the output is looked at.

    Args:
        run: to look in.
        name: in its plain form.
        most: outcomes to return.
    """
    if "audit" not in run.finished:
        places = scan_for(run.output, name)
        return [run.outcome(place) for place in places[:most]], max(0, len(places) - most)
    places = indexed(run.output, name)
    found = [outcome for place in places[:most] if has_name(outcome := run.outcome(place), name)]
    return found, max(0, len(places) - most)


def has_name(outcome: RecordOutcome, name: str) -> bool:
    """Whether a record has a name: two names may have one hash."""
    return name in (plain_name(outcome.row.get(column) or "") for column in NAME_COLUMNS)


def indexed(output: str, name: str) -> list[RecordPlace]:
    """Returns the places of all records whose names have the hash of this one.

    Raises:
        UsageError: if the index is damaged.
    """
    try:
        return _read_index(output, hash_of_name(name))
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        raise UsageError(
            f"the index of names in {output} is damaged; `massivetext verify {output} --repair` "
            "rebuilds it"
        ) from None


def _read_index(output: str, wanted: int) -> list[RecordPlace]:
    """Returns the places that the index has for a hash."""
    described = json.loads(store.read_bytes(store.below(output, INDEX)))
    count = described["parts"]
    number = int(part_of_hash(np.array([wanted], np.uint64), count)[0])
    with store.open_input(store.below(output, f"index/{part_name(number, count)}.bin")) as stream:
        entries = find_entries(stream, wanted)
    return [
        RecordPlace(FOLDERS[entry["folder"]], described["items"][entry["item"]], int(entry["row"]))
        for entry in entries
    ]


def scan_for(output: str, name: str) -> list[RecordPlace]:
    """Returns the places of all records of this name, by looking at every row of the output.

    Args:
        output: the output folder.
        name: in its plain form.
    """
    return [place for folder in FOLDERS for place in sorted(_scan_folder(output, folder, name))]


def _scan_folder(output: str, folder: Folder, name: str) -> Iterator[RecordPlace]:
    root = store.join(output, folder, "")
    for metadata in store.list_folder(store.join(output, folder)):
        if metadata.path.endswith(".parquet"):
            item = metadata.path[len(root) :].replace("\\", "/").removesuffix(".parquet")
            table = store.read_table(metadata.path, columns_of(folder))
            for row in _rows_named(table, name):
                yield RecordPlace(folder, item, row)


def _rows_named(table: pa.Table, name: str) -> Iterator[int]:
    """Yields the rows in which a column has this name in some spelling."""
    is_url = "://" in name
    core = name.partition("://")[2].partition("/")[0].rpartition("@")[2] if is_url else name
    options = pc.MatchSubstringOptions(core, ignore_case=True)
    is_near = np.zeros(table.num_rows, bool)
    for column in table.columns:
        found = pc.call_function("match_substring", [column], options)
        is_near |= np.asarray(pc.fill_null(found, False), bool)
    rows = np.flatnonzero(is_near)
    for row, values in zip(rows.tolist(), table.take(rows).to_pylist(), strict=True):
        if name in map(plain_name, filter(None, values.values())):
            yield row
