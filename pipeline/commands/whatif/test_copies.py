"""Rejected documents that would return: are they copies of test items?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.packed import row_of
from massivetext.pipeline.commands.whatif.duplicates import require_whole_texts
from massivetext.pipeline.commands.whatif.rows import StoredRun, by_place
from massivetext.pipeline.phases.decontaminate import decontaminate_item
from massivetext.pipeline.phases.dedup.files import read_array
from massivetext.pipeline.phases.document_batches import document_batches
from massivetext.pipeline.phases.pairs import TESTS, pairs_path


@dataclass(frozen=True)
class TestCopies:
    """Compares rejected documents with the run's test sets.

    Attributes:
        run: whose documents they are.
        key: of its phase `decontaminate`.
        is_known: whether the phase `pairs` has compared them.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    run: StoredRun
    key: str
    is_known: bool

    def are_copies(self, addresses: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Returns bool: which of these rejected documents, by address, are copies of test items.

        Raises:
            UsageError: if their texts are not whole.
        """
        asked = self.run.config.decontamination
        copies = np.zeros(addresses.size, np.bool_)
        if not asked.test_sets and not asked.titles:
            return copies
        if self.is_known:
            return self._known(addresses)
        compare = decontaminate_item(self.run.config, self.run.output, self.key, {})
        done = 0
        for place, mine in by_place(addresses):
            path = self.run.path("rejected", place // 2)
            columns = ["title", "text", "text_bytes"]
            for rows, table in document_batches(path, columns, row_of(mine)):
                require_whole_texts(table)
                matches, _ = compare.compare(self.run.source(place // 2), table)
                copies[[done + match for match in matches]] = True
                done += rows.size
        return copies

    def _known(self, addresses: NDArray[np.uint64]) -> NDArray[np.bool_]:
        found = [
            np.isin(row_of(mine), read_array(self.run.output, self._path(place // 2)))
            for place, mine in by_place(addresses)
        ]
        return np.concatenate([np.empty(0, np.bool_), *found])

    def _path(self, number: int) -> str:
        return pairs_path(TESTS, self.run.items[number])
