"""Where the dedup phase keeps its arrays, and how they are read and written."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from massivetext.dedup.exact import GROUP_RECORD
from massivetext.dedup.groups import Records
from massivetext.dedup.packed import row_of
from massivetext.dedup.removal import REMOVAL
from massivetext.pipeline import store
from massivetext.pipeline.document_batches import document_batches, documents_path
from massivetext.records import address

FOLDER: Final = "phases/dedup/files"
"""Below the output folder; only `dedup/keys` outlives the phase."""


@dataclass(frozen=True)
class DedupFiles:
    """The files of one dedup phase.

    Attributes:
        output: the output folder.
        names: of all work items, by their numbers.
    """

    output: str
    names: tuple[str, ...]

    def keys(self, item_number: int) -> tuple[Records, NDArray[np.uint64]]:
        """Returns the key records of an item's documents, and their addresses."""
        records = read_array(self.output, self.keys_path(item_number))
        first = np.uint64(address(item_number, 0))
        return records, first + np.arange(records.size, dtype=np.uint64)

    def keys_path(self, item_number: int) -> str:
        """Returns the path of an item's key records."""
        return f"dedup/keys/{self.names[item_number]}.npy"

    def exact_path(self, part: int, item_number: int) -> str:
        """Returns the path of the exact removals that one round found for an item."""
        return f"{FOLDER}/exact-{part:04d}/{self.names[item_number]}.npy"

    def exact_removals(self, item_number: int, rounds: int) -> Records:
        """Returns an item's exact removals of all rounds, as `REMOVAL`s."""
        parts = [
            read_array(self.output, self.exact_path(part, item_number)) for part in range(rounds)
        ]
        return np.concatenate([np.empty(0, REMOVAL), *parts])

    def winners(self, item_number: int, rounds: int) -> tuple[Records, NDArray[np.uint64]]:
        """Returns keys and addresses of the documents that are no exact duplicates."""
        keys, addresses = self.keys(item_number)
        stays = np.ones(keys.size, np.bool_)
        stays[row_of(self.exact_removals(item_number, rounds)["address"])] = False
        return keys[stays], addresses[stays]

    def identities(self, item_number: int) -> pa.Table:
        """Returns the columns id and source_id of an item's documents."""
        return store.read_table(self._documents(item_number), ["id", "source_id"])

    def texts(
        self, item_number: int, rows: NDArray[np.int64] | None = None
    ) -> Iterator[tuple[NDArray[np.int64], list[str], list[str]]]:
        """Yields batches (rows, ids, texts) of an item's documents: of all, or of these rows."""
        for batch_rows, table in document_batches(
            self._documents(item_number), ["id", "text"], rows
        ):
            yield batch_rows, table["id"].to_pylist(), table["text"].to_pylist()

    def _documents(self, item_number: int) -> str:
        return documents_path(self.output, self.names[item_number])


def read_array(output: str, path: str) -> Records:
    """Returns an array that `write_array` wrote below the output folder."""
    content = store.read_bytes(store.join(output, *path.split("/")))
    array: Records = np.load(io.BytesIO(content), allow_pickle=False)
    return array


def write_array(output: str, path: str, array: Records) -> store.FileEntry:
    """Commits an array in numpy's format below the output folder."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return store.write_bytes(output, path, buffer.getvalue())


GROUP_BYTES: Final = GROUP_RECORD.itemsize - 4
"""What a document sends to find its exact duplicates: its row instead of its address."""
