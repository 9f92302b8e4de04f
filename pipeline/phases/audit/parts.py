"""How a space of hashes is cut into the files of a table, for any memory and number of workers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.engine.engine import Engine
from massivetext.pipeline.engine.steps import even_ranges

TABLE_PART_BYTES: Final = 32_000_000
"""Our choice: what one worker sorts at once, as in `dedup`."""


@dataclass(frozen=True)
class Parts:
    """`count` equal ranges of 64-bit hashes, of which a round takes [first, last)."""

    count: int
    first: int
    last: int

    @property
    def numbers(self) -> range:
        """The parts of this round."""
        return range(self.first, self.last)

    def split(self, hashes: NDArray[np.uint64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yields the parts of this round that some hashes fall into, and the indices of those."""
        owners = part_of_hash(hashes, self.count)
        order = np.argsort(owners, kind="stable")
        bounds = np.searchsorted(owners[order], np.arange(self.first, self.last + 1))
        for number in self.numbers:
            indices = order[bounds[number - self.first] : bounds[number - self.first + 1]]
            if indices.size:
                yield number, indices

    def file_name(self, number: int) -> str:
        """Returns the name of a part's file, without its suffix."""
        return part_name(number, self.count)


def part_of_hash(hashes: NDArray[np.uint64], count: int) -> NDArray[np.int64]:
    """Returns the part that each hash belongs to."""
    return ((hashes >> np.uint64(32)) * np.uint64(count) >> np.uint64(32)).astype(np.int64)


def part_name(number: int, count: int) -> str:
    """Returns the name of a part's file, without its suffix."""
    return f"part-{number:05d}-of-{count:05d}"


def plan_hash_parts(engine: Engine, shuffled_bytes: int) -> list[list[int]]:
    """Returns [count, first, last] of the parts of each round; the count follows from the bytes."""
    count = max(1, math.ceil(shuffled_bytes / TABLE_PART_BYTES))
    rounds = min(count, engine.rounds(shuffled_bytes))
    return [[count, *bounds] for bounds in even_ranges(count, rounds)]
