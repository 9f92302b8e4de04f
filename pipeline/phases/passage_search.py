"""Finds the documents of a corpus that share passages with a text.

The index of passages proposes documents; each is read, and compared on all of its 13-grams, as in
deduplication. So whatever is told of a document is exact, and what the index may miss is stated.
"""

from __future__ import annotations

import bisect
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from massivetext.dedup.jaccard import intersection_sizes
from massivetext.dedup.normalise import split_batch
from massivetext.dedup.sampling import passage_words, sample_grams
from massivetext.dedup.shingles import ShingleBatch, join_sets, shingle_batch, shingle_sets
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.phases.audit.parts import part_name, part_of_hash
from massivetext.pipeline.phases.audit.passage_index import PASSAGES, find_holders, spread_hashes
from massivetext.pipeline.phases.document_batches import document_batches, documents_path
from massivetext.pipeline.phases.manifest import manifest_in, read_intact

MOST_LOOKED_UP: Final = 16_384
"""Our choice: 13-grams of a text that are looked up: all of a long article, a sample of a book."""

MOST_HOLDERS: Final = 20_000
"""Our choice: documents that are counted for a 13-gram; boilerplate may have millions."""

MOST_VERIFIED: Final = 64
"""Our choice: documents that are read, those that share most of what was looked up: a second."""

_COLUMNS: Final = ["id", "source_id", "subset", "url", "title", "text"]


@dataclass(frozen=True)
class FoundDocument:
    """A document of the corpus that shares 13-grams with a text.

    Attributes:
        item: its work item.
        row: its row in `documents/` of that item.
        names: its columns id, source_id, subset, url and title.
        shared: distinct 13-grams that both have.
        containment: these, as a share of the text's.
        coverage: these, as a share of the document's.
        jaccard: these, as a share of those that either has.
    """

    item: str
    row: int
    names: Mapping[str, Any]
    shared: int
    containment: float
    coverage: float
    jaccard: float


@dataclass(frozen=True)
class Search:
    """What was found of a text.

    Attributes:
        words: of the text.
        ngram: words a shingle.
        grams: distinct 13-grams of the text; one if it has fewer words than that.
        looked_up: of these.
        common: of those looked up, the ones of which only the first MOST_HOLDERS documents count.
        documents: that share 13-grams with it, the largest containment first.
        further: documents that share some of what was looked up, and were not read.
        certain_words: passages of so many words are found wherever they are; None if only a sample
            of the text was looked up, or if there are common ones.
    """

    words: int
    ngram: int
    grams: int
    looked_up: int
    common: int
    documents: tuple[FoundDocument, ...]
    further: int
    certain_words: int | None


def find_text(output: str, text: str) -> Search:
    """Returns the documents in `corpus/` that share passages with a text.

    Args:
        output: the output folder, whose phase `audit` is finished.
        text: to look for.

    Raises:
        UsageError: if the text has no words, or the index is damaged.
        pyarrow.ArrowInvalid: if a table is.
    """
    index = _Index.open(output)
    words = split_batch([text], index.fold_case)
    if not words.hashes.size:
        raise UsageError("the text has no words; a word is letters and digits")
    grams = shingle_batch(words, index.ngram)
    own = join_sets([np.unique(grams.hashes)])
    wanted, is_sample = _wanted(grams)
    candidates, common = index.candidates(wanted)
    found = list(_verified(index, candidates[:MOST_VERIFIED], own))
    found.sort(key=lambda one: (-one.containment, -one.jaccard, one.item, one.row))
    is_certain = not is_sample and not common and candidates.size <= MOST_VERIFIED
    return Search(
        words=int(words.hashes.size),
        ngram=index.ngram,
        grams=own.hashes.size,
        looked_up=wanted.size,
        common=common,
        documents=tuple(found),
        further=max(0, candidates.size - MOST_VERIFIED),
        certain_words=passage_words(index.ngram) if is_certain else None,
    )


def _wanted(grams: ShingleBatch) -> tuple[NDArray[np.uint64], bool]:
    """Returns the distinct 13-grams of a text to look up, and whether passages may be missed.

    All of them if there are few; else those that the index would have of this text; of a book the
    lowest of these, which are the likeliest to be in the index.
    """
    every = np.unique(grams.hashes)
    if every.size <= MOST_LOOKED_UP:
        return every, False
    samples = np.unique(grams.hashes[sample_grams(grams)])
    return samples[:MOST_LOOKED_UP], samples.size > MOST_LOOKED_UP


@dataclass(frozen=True)
class _Index:
    """The index of passages of an output folder; attributes as `describe_passages` writes them."""

    output: str
    parts: int
    ngram: int
    fold_case: bool
    items: tuple[str, ...]
    first_documents: tuple[int, ...]

    @classmethod
    def open(cls, output: str) -> _Index:
        """Returns the index.

        Raises:
            UsageError: if it is damaged.
        """
        manifest = manifest_in(output, "audit")
        content = read_intact(output, manifest, PASSAGES) if manifest else None
        if content is None:
            raise _damaged(output)
        told = json.loads(content)
        items, firsts = tuple(told["items"]), tuple(told["first_documents"])
        return cls(output, told["parts"], told["ngram"], told["fold_case"], items, firsts)

    def candidates(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], int]:
        """Returns the numbers of documents that have some 13-grams, and how many were cut.

        The documents that have most of them come first; ties go by number.
        """
        found, cut = [np.empty(0, np.uint64)], 0
        spread = spread_hashes(hashes)
        owners = part_of_hash(spread, self.parts)
        for number in np.unique(owners).tolist():
            path = store.below(self.output, f"passages/{part_name(number, self.parts)}.bin")
            try:
                with store.open_input(path) as stream:
                    holders = find_holders(stream, spread[owners == number], MOST_HOLDERS)
            except (FileNotFoundError, ValueError):
                raise _damaged(self.output) from None
            found.append(holders.documents)
            cut += holders.cut
        documents, counts = np.unique(np.concatenate(found), return_counts=True)
        return documents[np.argsort(-counts, kind="stable")], cut

    def place(self, document: int) -> tuple[str, int]:
        """Returns item and row of a document."""
        number = bisect.bisect_right(self.first_documents, document) - 1
        return self.items[number], document - self.first_documents[number]


def _damaged(output: str) -> UsageError:
    return UsageError(
        f"the index of passages in {output} is damaged; `massivetext verify {output} --repair` "
        "rebuilds it"
    )


def _verified(
    index: _Index, documents: NDArray[np.uint64], own: ShingleBatch
) -> Iterator[FoundDocument]:
    """Yields the candidates that share 13-grams with a text's own."""
    rows: dict[str, list[int]] = defaultdict(list)
    for document in sorted(documents.tolist()):
        item, row = index.place(document)
        rows[item].append(row)
    for item, chosen in rows.items():
        path = documents_path(index.output, item)
        try:
            for numbers, batch in document_batches(path, _COLUMNS, np.array(chosen, np.int64)):
                yield from _compared(index, item, numbers, batch, own)
        except FileNotFoundError:
            raise UsageError(
                f"documents/{item}.parquet is missing; `massivetext verify {index.output} "
                "--repair` rebuilds it"
            ) from None


def _compared(
    index: _Index, item: str, rows: NDArray[np.int64], batch: pa.Table, own: ShingleBatch
) -> Iterator[FoundDocument]:
    """Yields those of a batch that share 13-grams with a text's own."""
    sets = shingle_sets(batch["text"].to_pylist(), index.ngram, index.fold_case)
    others = np.arange(rows.size)
    shared = intersection_sizes(own, np.zeros(rows.size, np.int64), sets, others)
    names = batch.drop_columns(["text"]).to_pylist()
    for row, size, common, named in zip(
        rows.tolist(), sets.sizes.tolist(), shared.tolist(), names, strict=True
    ):
        if common:
            yield FoundDocument(
                item=item,
                row=row,
                names=named,
                shared=common,
                containment=common / own.hashes.size,
                coverage=common / size,
                jaccard=common / (own.hashes.size + size - common),
            )
