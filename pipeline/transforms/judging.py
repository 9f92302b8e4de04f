"""Documents get their measures, and the rules are asked, some documents at a time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Final

import apache_beam as beam
from apache_beam.pvalue import PCollection

from massivetext.config import Config, Source, TokenizerConfig
from massivetext.pipeline.engine.counters import count, time_spent
from massivetext.pipeline.phases.curate import check
from massivetext.pipeline.phases.documents import DocumentMaker, load_models
from massivetext.pipeline.phases.extracted import ExtractedText
from massivetext.pipeline.transforms.documents import Document
from massivetext.records import MEASURES, REJECTED_SCHEMA, RawRecord

_BATCH_CHARACTERS: Final = 32_000_000
_DOCUMENT_CHARACTERS: Final = 32_000
"""Our choice: batches of a thousand documents at most, and some ten megabytes; each counts for its
characters and this many more."""


_NO_MEASURES: Final = {*REJECTED_SCHEMA.names, "markdown"} - MEASURES.keys()
"""Columns of a judged document that are names, text or verdict; all others measure it."""

_ANY_SOURCE: Final = Source("any", kind="web", format="html")
"""Of documents of one's own: all rules apply."""


class Judge(beam.PTransform):
    """Documents -> the same documents, with measures, and the reasons of those that rules reject.

    One PCollection holds all, so that nothing is lost unless you drop it: `document.is_kept` tells
    them apart.

    Args:
        config: thresholds, models and lists; its sources do not matter here.

    Raises:
        ConfigError: when it is applied, if a model or a list is missing.
    """

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        # Without the tokenizer, which only counts tokens.
        self.config = replace(config or Config(), tokenizer=TokenizerConfig())

    def expand(self, pcoll: PCollection[Document]) -> PCollection[Document]:
        """Returns the documents, judged."""
        check(replace(self.config, sources=(_ANY_SOURCE,)))  # which every model is needed for
        judging = beam.ParDo(_JudgeBatch(self.config))
        documents: Any = (
            pcoll | "Batches" >> batches() | "Verdicts" >> judging.with_output_types(Document)
        )
        return documents


def batches() -> beam.PTransform:
    """Returns what gathers documents into lists: by their number and their characters."""
    return beam.BatchElements(
        min_batch_size=_BATCH_CHARACTERS,
        max_batch_size=_BATCH_CHARACTERS,
        element_size_fn=lambda document: _DOCUMENT_CHARACTERS + len(document.text),
    )


class _JudgeBatch(beam.DoFn):
    def __init__(self, config: Config) -> None:
        self.config = config

    def setup(self) -> None:
        self.models = load_models(self.config)

    def process(self, element: Sequence[Document]) -> Iterator[Document]:
        started, counts = time.perf_counter(), Counter[str]()
        judged: list[Document] = []
        for source, documents in groupby(element, key=_source_of):
            judged += self._judged(source, list(documents))
        for document in judged:
            counts.update(document.reasons)
        counts["documents"] = len(judged)
        counts["rejected"] = sum(not document.is_kept for document in judged)
        count("judge", counts)
        time_spent("judge", {"judge": time.perf_counter() - started})
        yield from judged

    def _judged(self, source: Source, documents: Sequence[Document]) -> Iterator[Document]:
        """Yields documents of one source, judged."""
        maker = DocumentMaker(self.config, source, *self.models)
        table = maker.judge(_extracted(document) for document in documents).documents
        names = [name for name in table.schema.names if name not in _NO_MEASURES]
        for document, row in zip(documents, table.to_pylist(), strict=True):
            yield replace(
                document,
                text=row["text"],
                markdown=row.get("markdown", document.markdown),
                origin=None,
                measures={name: row[name] for name in names},
                stage=row["stage"],
                reasons=tuple(row["reasons"]),
                evidence=tuple(row["evidence"]),
            )


def _source_of(document: Document) -> Source:
    """Returns what decides which rules apply: for a document without an origin, all of them."""
    if document.origin is not None:
        return document.origin.source
    return replace(_ANY_SOURCE, subset=document.subset)


def _extracted(document: Document) -> ExtractedText:
    """Returns what the document was made of, with the text that it has now."""
    origin = document.origin
    if origin is None:
        names, raw = document.source_id or document.id, document.text.encode(errors="replace")
        record = RawRecord(names, raw, document.url, document.title, document.metadata)
        return ExtractedText(record, document.text, document.title)
    text, title, markdown = document.text, document.title, document.markdown
    return ExtractedText(origin.record, text, title, origin.encoding, origin.html, markdown)
