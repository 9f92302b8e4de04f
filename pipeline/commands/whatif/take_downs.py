"""Rejected documents that would return: does a list of take-downs name them?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.packed import row_of
from massivetext.pipeline.commands.whatif.rows import StoredRun, by_place
from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.exclude import read_exclusions


@dataclass(frozen=True)
class TakeDowns:
    """Looks for rejected documents in the lists that a run was made with.

    Attributes:
        run: whose documents they are.
    """

    run: StoredRun

    def are_named(self, addresses: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Returns bool: which of these rejected documents, by address, a list names."""
        named = np.zeros(addresses.size, np.bool_)
        exclusions = read_exclusions(self.run.output)
        if not exclusions.columns:
            return named
        done = 0
        for place, mine in by_place(addresses):
            path = self.run.path("rejected", place // 2)
            rows = store.read_columns(path, list(exclusions.columns)).take(row_of(mine))
            found = [exclusions.named_by(row) is not None for row in rows.to_pylist()]
            named[done : done + mine.size] = found
            done += mine.size
        return named
