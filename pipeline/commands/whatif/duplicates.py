"""Duplicates among other documents than those of the run: from the keys and texts that it stored.

All of the phase `dedup` is done again, in memory, for the documents that pass the rules. Their keys
are stored; those of rejected documents are made of their texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from massivetext.config import Config
from massivetext.dedup.groups import Records
from massivetext.dedup.in_memory import find_removals
from massivetext.dedup.jaccard import DocumentSets, join_documents
from massivetext.dedup.keys import document_keys, key_dtype
from massivetext.dedup.packed import row_of
from massivetext.dedup.shingles import ShingleBatch, shingle_sets
from massivetext.pipeline.commands.whatif.rows import TABLE_FOLDERS, Rows, StoredRun, by_place
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.phases.dedup.files import keys_path, read_array
from massivetext.pipeline.phases.dedup.phase import key_settings
from massivetext.pipeline.phases.document_batches import document_batches

MOST_DOCUMENTS: Final = 1_000_000
"""Our choice: documents compared in memory, at about 2 kB each."""


class Duplicates(Protocol):
    """Finds the duplicates among some of the rows."""

    def removals(self, passes: NDArray[np.bool_], config: Config) -> Records:
        """Returns `REMOVAL`s by address.

        Args:
            passes: bool (rows,), the documents among which duplicates are looked for.
            config: with the threshold and the rule.

        Raises:
            UsageError: if they do not follow from what the run has stored.
        """
        ...


@dataclass(frozen=True)
class ComparedAgain:
    """Does the work of the phase `dedup` again.

    Attributes:
        run: whose documents they are.
        rows: the documents.
        is_against: whether the run was compared with older corpora.
    """

    run: StoredRun
    rows: Rows
    is_against: bool

    def removals(self, passes: NDArray[np.bool_], config: Config) -> Records:
        """See `Duplicates`."""
        if self.is_against:
            raise UsageError(
                "whatif cannot foresee the duplicates of a run that was compared with older ones "
                "(--against): their documents lie in other folders"
            )
        addresses = self.rows.addresses[passes]
        if addresses.size > MOST_DOCUMENTS:
            raise UsageError(
                f"whatif would have to compare {addresses.size:,} documents again, more than "
                f"{MOST_DOCUMENTS:,}; run with dedup.keep_pairs = true"
            )
        keys = np.concatenate(
            [np.empty(0, key_dtype(config.dedup.bands)), *self._keys(addresses, config)]
        )
        dedup = config.dedup
        return find_removals(
            keys,
            addresses,
            lambda documents: self._sets(addresses[documents], config),
            dedup.threshold,
            dedup.rule,
        )

    def _keys(self, addresses: NDArray[np.uint64], config: Config) -> Iterator[Records]:
        """Yields the keys of documents, item by item."""
        for place, mine in by_place(addresses):
            if place % 2:
                yield from self._keys_of_texts(place // 2, row_of(mine), config)
                continue
            stored = read_array(self.run.output, keys_path(self.run.items[place // 2]))
            yield stored[row_of(mine)]

    def _keys_of_texts(
        self, number: int, rows: NDArray[np.int64], config: Config
    ) -> Iterator[Records]:
        columns = ["id", "text", "text_bytes"]
        for _, table in document_batches(self.run.path("rejected", number), columns, rows):
            require_whole_texts(table)
            ids, texts = table["id"].to_pylist(), table["text"].to_pylist()
            yield document_keys(texts, ids, self.run.subset(number), key_settings(config))

    def _sets(self, addresses: NDArray[np.uint64], config: Config) -> ShingleBatch:
        """Returns the shingle sets of documents, given by address."""
        return join_documents(list(sets_of(self.run, addresses, config))).sets


def sets_of(
    run: StoredRun, addresses: NDArray[np.uint64], config: Config
) -> Iterator[DocumentSets]:
    """Yields the shingle sets of documents that are given by address, some at a time."""
    dedup = config.dedup
    for place, mine in by_place(addresses):
        path = run.path(TABLE_FOLDERS[place % 2], place // 2)
        for rows, table in document_batches(path, ["text"], row_of(mine)):
            batch = rows.astype(np.uint64) | np.uint64(place << 32)
            sets = shingle_sets(table["text"].to_pylist(), dedup.ngram, dedup.fold_case)
            yield DocumentSets(batch, sets)


def require_whole_texts(table: pa.Table) -> None:
    """Checks that a table of rejected documents has their whole texts.

    Raises:
        UsageError: naming the setting that keeps them.
    """
    sizes = pc.call_function("binary_length", [table["text"]])
    if not pc.call_function("equal", [sizes, table["text_bytes"]]).to_numpy().all():
        raise UsageError(
            "whatif cannot tell whether rejected documents that would return are duplicates: of "
            "their texts the run kept the beginnings; run with output.rejected_text = 'full' or "
            "dedup.keep_pairs = true"
        )
