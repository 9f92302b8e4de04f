"""Which sequences of which shards hold documents, from the shards' provenance."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.sequencing.dataset import DATASET_FILE, HELD_OUT_FOLDER, Dataset
from massivetext.sequencing.shards.formats import provenance_name

SHARD_FOLDERS: Final = ("sequences", f"sequences/{HELD_OUT_FOLDER}")
"""Shards to train on, and held-out ones, below the output folder."""

_COLUMNS: Final = ["sequence", "document_id", "byte_start", "byte_end"]


@dataclass(frozen=True)
class Holding:
    """A sequence that holds a crop of a document, or a piece of one.

    Attributes:
        document_id: of the document.
        folder: of the shards.
        shard: file name of the shard.
        sequence: number among the sequences of all shards of the folder.
        byte_start: of the crop, in the document's text.
        byte_end: of the crop.
    """

    document_id: str
    folder: str
    shard: str
    sequence: int
    byte_start: int
    byte_end: int


def holding_sequences(output: str, ids: Collection[str]) -> Iterator[Holding]:
    """Yields the sequences that hold some documents, in the order of folders and sequences.

    Every provenance table is read: documents lie in shards by the hashes of their crops.

    Raises:
        UsageError: if `dataset.json` or a provenance table is missing or damaged.
    """
    wanted = pa.array(sorted(set(ids)), pa.string())
    for folder in SHARD_FOLDERS:
        path = store.below(output, f"{folder}/{DATASET_FILE}")
        if not store.exists(path):
            continue
        try:
            dataset = Dataset.from_json(store.read_bytes(path))
        except ValueError as error:
            raise UsageError(f"{folder}: {error}") from None
        first = 0
        for number, shard in enumerate(dataset.shards):
            name = provenance_name(number, len(dataset.shards))
            for row in _rows(output, f"{folder}/{name}", wanted):
                sequence = first + row["sequence"]
                yield Holding(
                    row["document_id"],
                    folder,
                    shard.name,
                    sequence,
                    row["byte_start"],
                    row["byte_end"],
                )
            first += shard.records


def _rows(output: str, path: str, wanted: pa.Array) -> list[dict[str, Any]]:
    """Returns the rows of a provenance table about some documents."""
    options = pc.SetLookupOptions(wanted)
    found: list[dict[str, Any]] = []
    try:
        for group in store.row_groups(store.below(output, path)):
            ids = group.read(["document_id"])["document_id"]
            is_wanted = pc.call_function("is_in", [ids], options)
            if pc.call_function("any", [is_wanted]).as_py():
                found += group.read(_COLUMNS).filter(is_wanted).to_pylist()
    except (FileNotFoundError, pa.ArrowInvalid):
        raise UsageError(
            f"{path} is missing or damaged; `massivetext verify {output} --repair` rebuilds it"
        ) from None
    return found
