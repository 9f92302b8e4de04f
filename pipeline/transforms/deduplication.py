"""Documents without duplicates, or with what is said of those: the whole of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

import apache_beam as beam
from apache_beam.pvalue import PCollection

from massivetext.config import Config
from massivetext.dedup.removal import EXACT, KIND_NAMES
from massivetext.pipeline.engine.counters import count
from massivetext.pipeline.phases.dedup.phase import key_settings
from massivetext.pipeline.phases.documents import metadata_json
from massivetext.pipeline.transforms.documents import Document
from massivetext.pipeline.transforms.duplicates import (
    APART,
    BANDS,
    KEYS,
    AddressedDocument,
    Candidates,
    Compare,
    Exact,
    Name,
    NamedRemoval,
    Resolve,
    Sign,
    document_name,
)
from massivetext.pipeline.transforms.judging import batches

PARTITIONS: Final = 64
"""Our choice: enough for some hundred workers, and for ten million documents of 200 bytes of keys
in 32 MB each."""


class Deduplicate(beam.PTransform):
    """Documents -> the same documents, duplicates with the reason `exact` or `near` and a partner.

    Which documents are duplicates, and which of two goes, is what a run says of the same documents:
    exact copies by their words, near ones by the exact Jaccard of their 13-grams. Documents with
    reasons, of rules that reject them, are passed on and compared with nothing.

    Args:
        config: the section `dedup`, and the seed that draws who stays.
        partitions: among how many parts keys are spread. Each must fit in a worker's memory, 200
            bytes a document; the result does not depend on their number.
    """

    def __init__(self, config: Config | None = None, partitions: int = PARTITIONS) -> None:
        super().__init__()
        if partitions < 1:
            raise ValueError(f"partitions = {partitions}; expected a positive integer")
        self.config, self.partitions = config or Config(), partitions

    def expand(self, pcoll: PCollection[Document]) -> PCollection[Document]:
        """Returns all documents that came in, in no order."""
        options, parts = self.config.dedup, self.partitions
        signing = beam.ParDo(Sign(key_settings(self.config), parts))
        signed: Any = (
            pcoll
            | "Batches" >> batches()
            | "Sign" >> signing.with_outputs(KEYS, APART, main="documents")
        )
        documents = signed.documents
        exact = signed[KEYS] | "Exact" >> Exact(options.bands, parts)
        pairs = exact[BANDS] | "Candidates" >> Candidates(options.threshold, parts)
        compare = Compare(options.rule, options.threshold, options.ngram, options.fold_case, parts)
        near = (documents, pairs) | "Compare" >> compare | "Resolve" >> Resolve(options.rule)
        removals = (exact.removals, near) | "Removals" >> beam.Flatten()
        named = (documents, removals) | "Name" >> Name()
        marked = (documents, named) | "Mark" >> Mark()
        apart = signed[APART] | "Apart" >> beam.Map(_same).with_output_types(Document)
        every: Any = (marked, apart) | "All" >> beam.Flatten()
        return every


class Mark(beam.PTransform):
    """(documents, removals) -> documents that say what became of them."""

    def expand(
        self, pcoll: tuple[PCollection[AddressedDocument], PCollection[NamedRemoval]]
    ) -> PCollection[Document]:
        """Returns all documents."""
        documents, removals = pcoll
        marked: Any = (
            {"documents": documents, "removals": removals}
            | "By address" >> beam.CoGroupByKey()
            | "Reasons" >> beam.ParDo(_MarkCopies()).with_output_types(Document)
        )
        return marked


class _MarkCopies(beam.DoFn):
    """Marks the copies of one document; counts by bundle."""

    def start_bundle(self) -> None:
        self.counts = Counter[str]()

    def process(self, element: tuple[int, dict[str, Iterable[Any]]]) -> Iterator[Document]:
        _, found = element
        for document in marked_copies(found["documents"], min(found["removals"], default=None)):
            self.counts.update(("documents", *document.reasons))
            yield document

    def finish_bundle(self) -> None:
        count("deduplicate", self.counts)


def marked_copies(
    documents: Iterable[Document], removal: tuple[int, float, str] | None
) -> Iterator[Document]:
    """Yields the copies of one document: the first stays, or goes because of another one.

    Args:
        documents: of one address.
        removal: kind, Jaccard and partner's id of the first of them, if it goes.

    Raises:
        ValueError: if they are not copies of one document.
    """
    copies = sorted(documents, key=_order)
    names = {document_name(document): document.id for document in copies}
    if len(names) > 1:
        raise ValueError(
            f"the documents {' and '.join(sorted(names.values()))} have the same 63-bit address, "
            "one pair in 10^19; change the id of one of them"
        )
    first, *others = copies
    kind, jaccard, partner_id = removal or (EXACT, 1.0, "")
    yield _removed(first, kind, jaccard, partner_id) if removal else first
    of_others = partner_id if removal and kind == EXACT else first.id
    for other in others:
        yield _removed(other, EXACT, 1.0, of_others)


def _removed(document: Document, kind: int, jaccard: float, partner_id: str) -> Document:
    return replace(document, reasons=(KIND_NAMES[kind],), partner_id=partner_id, jaccard=jaccard)


def _order(document: Document) -> tuple[str, ...]:
    """Returns what orders copies: they differ in what is no part of their names."""
    names = (document.source_id, document.url, document.title)
    return (*names, metadata_json(document.metadata))


def _same(document: Document) -> Document:
    return document
