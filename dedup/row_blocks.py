"""All documents cut into blocks of rows: the units of work after the keys.

A block is small enough for any worker, whatever the size of its work item, so nothing that is done
or remembered by block grows with a file, a bucket or a cluster.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.packed import item_of, row_of

ROWS_PER_BLOCK: Final = 10_000
"""Our choice: documents of one block; their keys take 2 MB, their shingle sets some tens of MB."""


@dataclass(frozen=True)
class RowBlocks:
    """Blocks of rows, numbered through all items.

    Attributes:
        documents: how many each item has.
        block_rows: rows of a block; the last one of an item may have fewer.
    """

    documents: tuple[int, ...]
    block_rows: int

    @classmethod
    def of(cls, documents: Sequence[int]) -> RowBlocks:
        """Returns the blocks of items, given the number of documents in each."""
        return cls(tuple(documents), ROWS_PER_BLOCK)

    @functools.cached_property
    def first(self) -> NDArray[np.int64]:
        """int64 (items + 1,): the number of each item's first block, then of all blocks."""
        blocks = -(-np.array(self.documents, np.int64) // self.block_rows)
        return np.concatenate([[0], np.cumsum(blocks)])

    @property
    def count(self) -> int:
        """The number of blocks."""
        return int(self.first[-1])

    def numbers(self, addresses: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Returns int64: the block of each document."""
        return self.first[item_of(addresses)] + row_of(addresses) // self.block_rows

    def place(self, block: int) -> tuple[int, int, int]:
        """Returns the item of a block, its first row, and the row behind its last."""
        item = int(np.searchsorted(self.first, block, side="right")) - 1
        start = (block - int(self.first[item])) * self.block_rows
        return item, start, min(start + self.block_rows, self.documents[item])

    def of_item(self, item: int) -> range:
        """Returns the numbers of an item's blocks."""
        return range(int(self.first[item]), int(self.first[item + 1]))
