"""Duplicates among other documents than those of the run: from the pairs that it has kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from massivetext.config import Config
from massivetext.dedup.foresight import KnownPairs, OrderChangedError
from massivetext.dedup.groups import Records
from massivetext.dedup.jaccard import jaccard_of_pairs, join_documents
from massivetext.pipeline.commands.whatif.duplicates import ComparedAgain, sets_of
from massivetext.pipeline.commands.whatif.rows import Rows, StoredRun
from massivetext.pipeline.phases.dedup.files import read_array
from massivetext.pipeline.phases.pairs import KEPT_RECORDS, pairs_path


@dataclass(frozen=True)
class StoredPairs:
    """Finds duplicates in the pairs that the phase `pairs` has kept.

    Attributes:
        run: whose documents they are.
        rows: the documents.
        known: what is known of all of them.
        again: does the work of the phase `dedup`, for what does not follow.
    """

    run: StoredRun
    rows: Rows
    known: KnownPairs
    again: ComparedAgain

    @classmethod
    def read(cls, run: StoredRun, rows: Rows, again: ComparedAgain) -> StoredPairs:
        """Returns what a run has kept."""
        kept = {kind: _read(run, kind) for kind in KEPT_RECORDS}
        copies, crowds = np.unique(kept["copies"]), np.unique(kept["crowds"])
        return cls(run, rows, KnownPairs(copies, kept["near"], crowds), again)

    def removals(self, passes: NDArray[np.bool_], config: Config) -> Records:
        """See `Duplicates`."""

        def present(addresses: NDArray[np.uint64]) -> NDArray[np.bool_]:
            places = np.searchsorted(self.rows.addresses, addresses)
            places = np.minimum(places, max(self.rows.addresses.size - 1, 0))
            is_row = self.rows.addresses[places] == addresses if passes.size else False
            found: NDArray[np.bool_] = is_row & passes[places] if passes.size else addresses < 0
            return found

        dedup = config.dedup
        try:
            return self.known.removals(
                present, dedup.threshold, dedup.rule, lambda pairs: self._jaccards(pairs, config)
            )
        except OrderChangedError:
            return self.again.removals(passes, config)

    def _jaccards(self, pairs: Records, config: Config) -> NDArray[np.float64]:
        """Returns the exact Jaccard of pairs, from the documents' texts."""
        needed = np.unique(np.concatenate([pairs["lower"], pairs["partner"]]))
        documents = join_documents(list(sets_of(self.run, needed, config)))
        left, right = documents.indices(pairs["lower"]), documents.indices(pairs["partner"])
        return jaccard_of_pairs(documents.sets, left, documents.sets, right)


def _read(run: StoredRun, kind: str) -> Records:
    parts: Sequence[Records] = [
        read_array(run.output, pairs_path(kind, name)) for name in run.items
    ]
    return np.concatenate([np.empty(0, KEPT_RECORDS[kind]), *parts])
