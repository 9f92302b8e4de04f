"""Where the dedup phase keeps its arrays, and how they are read and written."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from massivetext.dedup.groups import Records
from massivetext.dedup.keys import ranks_against
from massivetext.dedup.packed import item_of, row_of
from massivetext.dedup.row_blocks import RowBlocks
from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.document_batches import document_batches
from massivetext.pipeline.phases.removed import read_removals
from massivetext.pipeline.phases.table import phase_named
from massivetext.records import address

(SCRATCH_FOLDER,) = phase_named("dedup").scratch
"""Below the output folder; only `dedup/keys` outlives the phase."""


@dataclass(frozen=True)
class StoredItem:
    """The documents of a work item, in the folder of this run or of an older one.

    Attributes:
        output: the output folder that holds them.
        name: the item's name there.
        removed_by: phases of an older run that say which documents left its corpus.
        folder: of the table that holds the documents.
        keys_folder: of the key records.
    """

    output: str
    name: str
    removed_by: tuple[str, ...] = ()
    folder: str = "documents"
    keys_folder: str = "dedup/keys"

    @property
    def documents_path(self) -> str:
        """The table of the documents."""
        return store.below(self.output, f"{self.folder}/{self.name}.parquet")

    @property
    def keys_path(self) -> str:
        """Their key records."""
        return store.below(self.output, f"{self.keys_folder}/{self.name}.npy")


@dataclass(frozen=True)
class DedupFiles:
    """The files of one dedup phase.

    Attributes:
        output: the output folder.
        items: all work items, by their numbers; those of older corpora come last.
        blocks: their blocks of rows.
        new_items: how many items are this run's own.
        scratch: the folder of what the steps leave for each other.
    """

    output: str
    items: tuple[StoredItem, ...]
    blocks: RowBlocks
    new_items: int
    scratch: str = SCRATCH_FOLDER

    @property
    def new_blocks(self) -> range:
        """The blocks whose documents can be removed."""
        return range(int(self.blocks.first[self.new_items]))

    def keys(self, block: int) -> tuple[Records, NDArray[np.uint64]]:
        """Returns the key records of a block's documents, and their addresses.

        Beside older corpora ranks are those of `ranks_against`, and what left a corpus is left out.
        """
        number, start, stop = self.blocks.place(block)
        item = self.items[number]
        records = _read_rows(item.keys_path, start, stop)
        addresses = np.uint64(address(number, start)) + np.arange(records.size, dtype=np.uint64)
        if self.new_items == len(self.items):
            return records, addresses
        is_old = number >= self.new_items
        records["rank"] = ranks_against(records["rank"], is_old)
        if not is_old:
            return records, addresses
        removed = read_removals(item.output, item.name, item.removed_by)["row"].to_numpy()
        stays = ~np.isin(row_of(addresses), removed)
        return records[stays], addresses[stays]

    def exact_path(self, block: int) -> str:
        """Returns the path of a block's exact removals."""
        return f"{self.scratch}/exact/{block:06d}.npy"

    def pairs_path(self, block: int) -> str:
        """Returns the path of a block's candidate pairs."""
        return f"{self.scratch}/pairs/{block:06d}.npy"

    def verified_path(self, block: int) -> str:
        """Returns the path of what verification left of a block."""
        return f"{self.scratch}/verified/{block:06d}.npy"

    def winners(self, block: int) -> tuple[Records, NDArray[np.uint64]]:
        """Returns keys and addresses of the documents without an exact duplicate that wins."""
        keys, addresses = self.keys(block)
        if block not in self.new_blocks:
            return keys, addresses
        removed = read_array(self.output, self.exact_path(block))["address"]
        stays = ~np.isin(addresses, removed)
        return keys[stays], addresses[stays]

    def identities(self, item_number: int) -> pa.Table:
        """Returns the columns id and source_id of an item's documents."""
        return store.read_table(self._documents(item_number), ["id", "source_id"])

    def verified(self, block: int) -> Records:
        """Returns what verification left of a block."""
        return read_array(self.output, self.verified_path(block))

    def texts(
        self, addresses: NDArray[np.uint64]
    ) -> Iterator[tuple[NDArray[np.uint64], list[str]]]:
        """Yields batches (addresses, texts) of some documents of one item, given in order."""
        if not addresses.size:
            return
        number = int(item_of(addresses[:1])[0])
        rows = row_of(addresses)
        for batch_rows, table in document_batches(self._documents(number), ["text"], rows):
            yield batch_rows.astype(np.uint64) | np.uint64(number << 32), table["text"].to_pylist()

    def _documents(self, item_number: int) -> str:
        return self.items[item_number].documents_path


def keys_path(name: str) -> str:
    """Returns the path of an item's key records."""
    return f"dedup/keys/{name}.npy"


def _read_rows(path: str, start: int, stop: int) -> Records:
    """Returns the records [start, stop) of an array that `write_array` wrote."""
    with store.open_input(path) as stream:
        np.lib.format.read_magic(stream)
        _, _, dtype = np.lib.format.read_array_header_1_0(stream)
        stream.seek(stream.tell() + start * dtype.itemsize)
        return np.frombuffer(stream.read((stop - start) * dtype.itemsize), dtype).copy()


def read_array(output: str, path: str) -> Records:
    """Returns an array that `write_array` wrote below the output folder."""
    content = store.read_bytes(store.below(output, path))
    array: Records = np.load(io.BytesIO(content), allow_pickle=False)
    return array


def write_array(output: str, path: str, array: Records) -> store.FileEntry:
    """Commits an array in numpy's format below the output folder."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return store.write_bytes(output, path, buffer.getvalue())
