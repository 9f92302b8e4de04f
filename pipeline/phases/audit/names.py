"""Writes `index/`: where every record lies, by the hashes of its id, source id and URL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import PCollection
from numpy.typing import NDArray

from massivetext.dedup.beam import KeyedBytes
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.redistribute import Redistribute
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.audit.name_index import ENTRY, hash_of_name, in_order, index_bytes
from massivetext.pipeline.phases.audit.parts import Parts
from massivetext.pipeline.phases.dedup.files import read_array
from massivetext.pipeline.phases.dedup.shuffles import ByBlock, join_records
from massivetext.pipeline.phases.document_names import NAME_COLUMNS, plain_name
from massivetext.pipeline.phases.outcome import FOLDERS, columns_of
from massivetext.pipeline.phases.plan import WorkItem

RECORD_BYTES: Final = len(NAME_COLUMNS) * ENTRY.itemsize
"""What a record sends at most."""


def item_entries(output: str, item: WorkItem) -> NDArray[np.void]:
    """Returns the entries of all names of an item's records, in the order of the index."""
    found = [np.empty(0, ENTRY)]
    for number, folder in enumerate(FOLDERS):
        path = store.below(output, f"{folder}/{item.name}.parquet")
        for group in store.row_groups(path):
            columns = [column.to_pylist() for column in group.read(columns_of(folder)).columns]
            found.append(name_entries(columns, number, item.number, group.first_row))
    return in_order(np.concatenate(found))


@dataclass(frozen=True)
class IndexNames:
    """Writes `index/`: the transforms of a round of parts.

    Attributes:
        output: the output folder.
        items: the work items of the run.
        entries_path: where the entries of an item lie, by its name.
    """

    output: str
    items: Sequence[WorkItem]
    entries_path: Callable[[str], str]

    def __call__(self, start: PCollection, part: list[int]) -> Any:
        """Returns the outcomes of a round."""
        parts, items = Parts(*part), self.items
        sent = (
            start
            | "Named items" >> Redistribute(lambda: items)
            | "Send names" >> beam.FlatMap(self._send, parts).with_output_types(KeyedBytes)
        )
        return (
            (start, sent)
            | "By part of the index" >> ByBlock(parts.numbers)
            | "Write index" >> beam.Map(self._write, parts)
        )

    def _send(self, item: WorkItem, parts: Parts) -> Iterator[KeyedBytes]:
        entries = read_array(self.output, self.entries_path(item.name))
        for part, chosen in parts.split(entries["hash"]):
            yield part, entries[chosen].tobytes()

    def _write(self, element: tuple[int, Iterable[bytes]], parts: Parts) -> ItemResult[None]:
        number, packed = element
        entries = in_order(join_records(packed, ENTRY))
        path = f"index/{parts.file_name(number)}.bin"
        entry = store.write_bytes(self.output, path, index_bytes(entries))
        return ItemResult((entry,), statistics={"names": entries.size})


def name_entries(
    columns: Sequence[Sequence[str | None]], folder: int, item: int, first_row: int
) -> NDArray[np.void]:
    """Returns the entries of some rows.

    Args:
        columns: their names, column by column; empty ones do not count.
        folder: the folder's number.
        item: the item's number.
        first_row: the first row's number.
    """
    found = [
        (hash_of_name(plain), row)
        for column in columns
        for row, name in enumerate(column, first_row)
        if name and (plain := plain_name(name))
    ]
    entries = np.empty(len(found), ENTRY)
    entries["hash"] = np.fromiter((hash_ for hash_, _ in found), np.uint64, len(found))
    entries["row"] = np.fromiter((row for _, row in found), np.uint32, len(found))
    entries["folder"], entries["item"] = folder, item
    return entries
