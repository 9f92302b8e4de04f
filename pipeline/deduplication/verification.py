"""Verification in the dedup phase: candidate pairs meet where their lower document lies.

A pair is looked at in the block of rows that holds the document that would go. That document is
read again there; only the other one's shingle set travels, once for each block that needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput
from numpy.typing import NDArray

from massivetext.dedup.beam import DistinctPairs, Packed
from massivetext.dedup.groups import Records, differs
from massivetext.dedup.in_memory import RULES, Rule, verify
from massivetext.dedup.jaccard import DocumentSets
from massivetext.dedup.keys import shingle_counts
from massivetext.dedup.packed import item_of, pack_sets, row_of, unpack_sets
from massivetext.dedup.pairs import PAIR
from massivetext.dedup.removal import VERIFIED
from massivetext.dedup.shingles import ShingleBatch, join_sets, shingle_sets
from massivetext.pipeline.deduplication.files import FOLDER, DedupFiles, read_array, write_array
from massivetext.pipeline.deduplication.shuffles import (
    OUTCOMES,
    Spread,
    join_records,
    send_all,
    split_range,
)
from massivetext.pipeline.rounds import Outcome

BLOCK_ROWS: Final = 10_000
"""Our choice: documents of one block; the sets of as many partners fit in some tens of MB."""

NEED: Final = np.dtype([("row", "<u4"), ("block", "<u4")])
"""A document whose shingle set a block needs."""

_SETS_A_STEP_BYTES: Final = 8_000_000
"""Our choice: sets sent in one element."""


@dataclass(frozen=True)
class RowBlocks:
    """All documents cut into blocks of rows, numbered through all items.

    Attributes:
        first: number of each item's first block, and at the end the number of all blocks.
    """

    first: tuple[int, ...]

    @classmethod
    def of(cls, documents: Sequence[int]) -> RowBlocks:
        """Returns the blocks of items with so many documents each."""
        blocks = [-(-count // BLOCK_ROWS) for count in documents]
        return cls((0, *np.cumsum(blocks, dtype=np.int64).tolist()))

    @property
    def count(self) -> int:
        """The number of blocks."""
        return self.first[-1]

    def numbers(self, addresses: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Returns int64: the block of each document."""
        return np.array(self.first)[item_of(addresses)] + row_of(addresses) // BLOCK_ROWS


@dataclass(frozen=True)
class FindDistinctPairs:
    """Each candidate pair once: a round writes the blocks [first, last)."""

    output: str
    blocks: RowBlocks
    pair_files: tuple[str, ...]

    def __call__(self, pipeline: beam.Pipeline, blocks: list[int]) -> Any:
        """Returns the outcomes of a round."""
        sent = send_all(pipeline | Spread(self.pair_files), _SendPairs(self, *blocks))
        written = sent.packed | DistinctPairs() | "Write" >> beam.Map(self._write)
        return (written, sent[OUTCOMES]) | "Outcomes" >> beam.Flatten()

    def _write(self, element: Packed) -> Outcome:
        block, packed = element
        pairs = np.frombuffer(packed, PAIR)
        write_array(self.output, distinct_path(block), pairs)
        _, first = np.unique(pairs["partner"], return_index=True)
        set_bytes = 8 * int(shingle_counts(pairs["partner_rank"][first]).sum())
        statistics = {"candidate_pairs": pairs.size, "set_bytes": {str(block): set_bytes}}
        return Outcome(statistics=statistics)


class _SendPairs(beam.DoFn):
    def __init__(self, step: FindDistinctPairs, first: int, last: int) -> None:
        self.step, self.first, self.last = step, first, last

    def process(self, path: str) -> Iterator[Any]:
        pairs = read_array(self.step.output, path)
        blocks = self.step.blocks.numbers(pairs["lower"])
        sent_bytes = 0
        for block, part in split_range(pairs, blocks, self.first, self.last):
            sent_bytes += part.nbytes
            yield block, part.tobytes()
        yield TaggedOutput(OUTCOMES, Outcome(statistics={"shuffled_bytes": sent_bytes}))


def distinct_path(block: int) -> str:
    """Returns the path of a block's distinct pairs."""
    return f"{FOLDER}/distinct/{block:06d}.npy"


def verified_path(block: int) -> str:
    """Returns the path of what verification left of a block."""
    return f"{FOLDER}/verified/{block:06d}.npy"


@dataclass(frozen=True)
class VerifyPairs:
    """Exact Jaccard of candidate pairs; a round takes some blocks.

    For the rule `pairwise` a block writes its removals; for the others its verified pairs.
    """

    files: DedupFiles
    rule: Rule
    threshold: float
    ngram: int
    fold_case: bool

    def __call__(self, pipeline: beam.Pipeline, blocks: list[int]) -> Any:
        """Returns the outcomes of a round: the files of these blocks."""
        needs = (
            pipeline
            | Spread(blocks)
            | "Needs" >> beam.FlatMap(self._needs).with_output_types(Packed)
            | "By item" >> beam.GroupByKey()
        )
        sent = send_all(needs, _SendSets(self))
        written = sent.packed | "By block" >> beam.GroupByKey() | "Verify" >> beam.Map(self._verify)
        return (written, sent[OUTCOMES]) | "Outcomes" >> beam.Flatten()

    def _needs(self, block: int) -> Iterator[Packed]:
        """Yields the partners of a block by their items."""
        partners = np.unique(read_array(self.files.output, distinct_path(block))["partner"])
        items = item_of(partners)
        for number, part in split_range(partners, items, 0, len(self.files.names)):
            needs = np.empty(part.size, NEED)
            needs["row"], needs["block"] = row_of(part), block
            yield number, needs.tobytes()

    def sets_of_item(self, number: int, needs: Records) -> Iterator[Packed]:
        """Yields the sets that blocks need of an item's documents, some MB at a time."""
        pending = list[DocumentSets]()
        pending_bytes = 0
        for part in self._sets(number, np.unique(needs["row"]).astype(np.int64)):
            pending.append(part)
            pending_bytes += part.sets.hashes.nbytes
            if pending_bytes >= _SETS_A_STEP_BYTES:
                yield from _sets_by_block(needs, pending)
                pending, pending_bytes = [], 0
        if pending:
            yield from _sets_by_block(needs, pending)

    def _sets(self, number: int, rows: NDArray[np.int64]) -> Iterator[DocumentSets]:
        """Yields the shingle sets of these rows of an item, batch by batch."""
        for batch_rows, _, texts in self.files.texts(number, rows):
            addresses = batch_rows.astype(np.uint64) | np.uint64(number << 32)
            yield DocumentSets(addresses, shingle_sets(texts, self.ngram, self.fold_case))

    def _verify(self, element: tuple[int, Iterable[bytes]]) -> Outcome:
        block, packed = element
        partners = unpack_sets(packed)
        pairs = read_array(self.files.output, distinct_path(block))
        number = int(item_of(pairs["lower"][:1])[0])
        parts = [np.empty(0, VERIFIED)]
        for lowers in self._sets(number, np.unique(row_of(pairs["lower"]))):
            start = np.searchsorted(pairs["lower"], lowers.addresses[0])
            stop = np.searchsorted(pairs["lower"], lowers.addresses[-1], side="right")
            parts.append(verify(self.rule, pairs[start:stop], lowers, partners, self.threshold))
        found = np.concatenate(parts)
        if self.rule == "pairwise":
            found = RULES["pairwise"](found)
        write_array(self.files.output, verified_path(block), found)
        return Outcome((verified_path(block),), {"verified": found.size})


def _sets_by_block(needs: Records, pending: list[DocumentSets]) -> Iterator[Packed]:
    """Yields the packed sets of these documents for every block that needs some of them."""
    addresses = np.concatenate([part.addresses for part in pending])
    rows = row_of(addresses)
    sets: ShingleBatch = join_sets(
        [part.sets.of_document(d) for part in pending for d in range(len(part.sets))]
    )
    wanted = needs[(needs["row"] >= rows[0]) & (needs["row"] <= rows[-1])]
    wanted = wanted[np.argsort(wanted["block"], kind="stable")]
    starts = np.flatnonzero(differs(wanted, "block"))
    for part in np.split(wanted, starts[1:]):
        chosen = np.searchsorted(rows, part["row"])
        yield int(part["block"][0]), pack_sets(addresses[chosen], sets.select(chosen))


class _SendSets(beam.DoFn):
    def __init__(self, step: VerifyPairs) -> None:
        self.step = step

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        number, needs = element
        sent_bytes = 0
        for block, packed in self.step.sets_of_item(number, join_records(needs, NEED)):
            sent_bytes += len(packed)
            yield block, packed
        yield TaggedOutput(OUTCOMES, Outcome(statistics={"shuffled_bytes": sent_bytes}))
