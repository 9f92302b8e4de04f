"""Verification: candidate pairs are looked at where their lower document lies.

That document is read again there, as are partners in the same file; of a partner in another file
only the shingle set travels, once for each block that needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import PCollection
from numpy.typing import NDArray

from massivetext.dedup.beam import ASK
from massivetext.dedup.groups import Records
from massivetext.dedup.in_memory import verify_pairs
from massivetext.dedup.jaccard import DocumentSets, join_documents
from massivetext.dedup.packed import item_of, pack_sets, unpack_sets
from massivetext.dedup.removal import VERIFIED
from massivetext.dedup.removal_rules import RemovalRule
from massivetext.dedup.shingles import shingle_sets
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.dedup.files import (
    DedupFiles,
    read_array,
    write_array,
)
from massivetext.pipeline.phases.dedup.shuffles import Exchange

_SETS_A_STEP_BYTES: Final = 8_000_000
"""Our choice: sets sent in one element."""


@dataclass(frozen=True)
class _Sets:
    """Shingle sets of some documents, to be sent to those who asked."""

    documents: DocumentSets

    @property
    def addresses(self) -> NDArray[np.uint64]:
        return self.documents.addresses

    def packed(self, chosen: NDArray[np.int64]) -> bytes:
        return pack_sets(self.addresses[chosen], self.documents.sets.select(chosen))


@dataclass(frozen=True)
class Verified:
    """How many pairs of a block are near-duplicates."""

    block: int
    pairs: int


@dataclass(frozen=True)
class VerifyPairs:
    """Exact Jaccard of candidate pairs; a round takes the blocks [first, last).

    A block writes its verified pairs; for the rule `pairwise` each document's first.
    """

    files: DedupFiles
    rule: RemovalRule
    threshold: float
    ngram: int
    fold_case: bool

    def __call__(self, start: PCollection, blocks: list[int]) -> Any:
        """Returns the outcomes of a round: the files of these blocks."""
        return (
            start
            | Exchange(self.files.blocks, range(*blocks), self._foreign_partners, self._answer)
            | "Verify" >> beam.Map(self._verify)
        )

    def _pairs(self, block: int) -> Records:
        return read_array(self.files.output, self.files.pairs_path(block))

    def _partners(self, block: int, pairs: Records, here: bool) -> NDArray[np.uint64]:
        """Returns the partners that lie in the block's own file, or those that do not."""
        item, _, _ = self.files.blocks.place(block)
        partners = np.unique(pairs["partner"])
        return partners[(item_of(partners) == item) == here]

    def _foreign_partners(self, block: int) -> NDArray[np.uint64]:
        return self._partners(block, self._pairs(block), here=False)

    def _answer(self, block: int, addresses: NDArray[np.uint64]) -> Iterator[_Sets]:
        """Yields the sets of these documents of a block, some MB at a time."""
        del block
        pending = list[DocumentSets]()
        for part in self._sets(addresses):
            pending.append(part)
            if sum(p.sets.hashes.nbytes for p in pending) >= _SETS_A_STEP_BYTES:
                yield _Sets(join_documents(pending))
                pending = []
        if pending:
            yield _Sets(join_documents(pending))

    def _sets(self, addresses: NDArray[np.uint64]) -> Iterator[DocumentSets]:
        """Yields the shingle sets of documents of one item, batch by batch."""
        for batch, texts in self.files.texts(addresses):
            yield DocumentSets(batch, shingle_sets(texts, self.ngram, self.fold_case))

    def _verify(self, element: tuple[int, Iterable[bytes]]) -> ItemResult[Verified]:
        block, parts = element
        packed = [part for part in parts if part]
        pairs = self._pairs(block)
        here = self._sets(self._partners(block, pairs, here=True))
        partners = join_documents([unpack_sets(packed), *here])
        found = [np.empty(0, VERIFIED)]
        for lowers in self._sets(np.unique(pairs["lower"])):
            start = np.searchsorted(pairs["lower"], lowers.addresses[0])
            stop = np.searchsorted(pairs["lower"], lowers.addresses[-1], side="right")
            found.append(
                verify_pairs(self.rule, pairs[start:stop], lowers, partners, self.threshold)
            )
        verified = np.concatenate(found)
        entry = write_array(self.files.output, self.files.verified_path(block), verified)
        asked_bytes = ASK.itemsize * self._partners(block, pairs, here=False).size
        sent_bytes = asked_bytes + sum(map(len, packed))
        return ItemResult(
            (entry,),
            statistics={"shuffled_bytes": sent_bytes},
            found=(Verified(block, verified.size),),
        )
