"""Tokens that stay when a corpus grows: with a given tokenizer no document is encoded twice.

The files of tokenised crops are not deleted then. A crop follows from its document's id, its visit
and what the key of its file stands for. So whoever writes the crops of an item anew takes those
that it wants from the item's files, whatever draw they were made for, and encodes the others.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from massivetext.pipeline.engine import store
from massivetext.sequencing.crop_batches import CROP_DTYPE, CropBatch, tokens_of_crops

_KEY: Final = b"massivetext.crops"
"""In the footer of a file of tokenised crops: what they follow from, beside ids and visits."""

WANTED_DTYPE: Final = np.dtype([("hash", "<u8"), ("document", "V16"), ("row", "<i8")])
"""A crop that is wanted: its hash, its document's id as 16 bytes, and its row in the corpus."""


class WantedCrops:
    """The crops of an item that a draw holds, until each is taken."""

    def __init__(self, by_visit: Mapping[int, NDArray[np.void]]) -> None:
        """Takes WANTED_DTYPE rows of each visit, in any order."""
        self._by_visit = {v: rows[np.argsort(rows["hash"])] for v, rows in by_visit.items()}
        self._is_left = {v: np.ones(rows.size, np.bool_) for v, rows in by_visit.items()}

    def take(self, visit: int, crops_C: NDArray[np.void]) -> NDArray[np.bool_]:
        """Returns which crops of a visit are wanted; they are not wanted any more.

        Of crops with one hash, or of copies of one document, some may stay wanted.
        """
        wanted, is_left = self._by_visit.get(visit), self._is_left.get(visit)
        if wanted is None or is_left is None or not wanted.size:
            return np.zeros(crops_C.size, np.bool_)
        place = np.minimum(np.searchsorted(wanted["hash"], crops_C["hash"]), wanted.size - 1)
        found = wanted[place]
        is_found = is_left[place] & (found["hash"] == crops_C["hash"])
        is_found &= found["document"] == crops_C["document"]
        _, first = np.unique(place[is_found], return_index=True)  # a copy of it takes no other's
        mask = np.zeros(crops_C.size, np.bool_)
        mask[np.flatnonzero(is_found)[first]] = True
        is_left[place[mask]] = False
        return mask

    def left(self) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """Yields the rows of documents whose crops are left, ascending: visits and hashes."""
        every = sorted(
            (row, visit, hash_64)
            for visit, wanted in self._by_visit.items()
            for hash_64, _, row in wanted[self._is_left[visit]].tolist()
        )
        for row, found in itertools.groupby(every, key=lambda crop: crop[0]):
            yield row, [(visit, hash_64) for _, visit, hash_64 in found]


@dataclass(frozen=True)
class TokenFiles:
    """Where the tokenised crops of all draws lie, a file an item and draw.

    Attributes:
        output: the output folder.
        folder: of the draws, below the output folder.
        key: changes with the tokenizer, and with all that decides texts and crops.
    """

    output: str
    folder: str
    key: str

    def path(self, draw: int, name: str) -> str:
        """Returns the file of an item's crops of a draw, below the output folder."""
        return f"{self.folder}/{draw:03d}/{name}.parquet"

    def stamped(self, schema: pa.Schema) -> pa.Schema:
        """Returns the schema of such a file, with the key."""
        return schema.with_metadata({_KEY: self.key.encode()})

    def find(self, name: str, wanted: WantedCrops) -> Iterator[tuple[int, CropBatch]]:
        """Yields visits and the crops of an item that stand in its files, of those wanted."""
        for draw in itertools.count():
            path = store.below(self.output, self.path(draw, name))
            if not store.exists(path):
                return
            for group in store.row_groups(path):
                stated = group.parquet.schema_arrow.metadata or {}
                if stated.get(_KEY) != self.key.encode():
                    break
                yield from _taken(group, wanted)


def _taken(group: store.RowGroup, wanted: WantedCrops) -> Iterator[tuple[int, CropBatch]]:
    """Yields visits and wanted crops of a row group; reads no tokens where none is wanted."""
    table = group.read(["visit", "crops"])
    visits = table["visit"].to_pylist()
    crops = [np.frombuffer(array.as_buffer(), CROP_DTYPE) for array in table["crops"]]
    masks = [wanted.take(visit, crops_C) for visit, crops_C in zip(visits, crops, strict=True)]
    if not any(mask.any() for mask in masks):
        return
    tokens = group.read(["tokens"])["tokens"]
    for visit, crops_C, mask, array in zip(visits, crops, masks, tokens, strict=True):
        if mask.any():
            batch = CropBatch.from_bytes(crops_C.tobytes(), memoryview(array.as_buffer()))
            yield visit, _chosen(batch, mask)


def _chosen(batch: CropBatch, mask: NDArray[np.bool_]) -> CropBatch:
    """Returns some crops of a batch."""
    if mask.all():
        return batch
    views = tokens_of_crops(batch)
    chosen = np.concatenate([views[crop] for crop in np.flatnonzero(mask)])
    return CropBatch(batch.crops_C[mask], chosen)
