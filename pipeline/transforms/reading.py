"""Files to records, and records to documents, one by one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

from massivetext.config import Config, Extraction, Limits, Source
from massivetext.events import tell
from massivetext.pipeline.engine.counters import count, time_spent
from massivetext.pipeline.engine.redistribute import Redistribute
from massivetext.pipeline.phases.curate_item import open_records
from massivetext.pipeline.phases.documents import facts_of, identity_of, undecodable
from massivetext.pipeline.phases.extracted import ExtractedText, extract_record
from massivetext.pipeline.phases.plan import WorkItem, plan
from massivetext.pipeline.transforms.documents import Document, Origin, SourceRecord
from massivetext.records import FailedRecord, RawRecord


class Read(beam.PTransform):
    """Files -> every record in them, failed and skipped ones too.

    Args:
        sources: what to read; paths are looked up where the pipeline is built.
        limits: the largest record.

    Raises:
        ConfigError: when it is applied, if a path matches no file.
    """

    def __init__(self, sources: Source | Iterable[Source], limits: Limits | None = None) -> None:
        super().__init__()
        self.sources = (sources,) if isinstance(sources, Source) else tuple(sources)
        self.limits = limits or Limits()

    def expand(self, pcoll: PBegin) -> PCollection[SourceRecord]:
        """Returns `SourceRecord`s, in no order."""
        items = plan(Config(sources=self.sources, limits=self.limits))
        reading = beam.ParDo(_ReadItem(self.sources, self.limits))
        records: Any = (
            pcoll.pipeline
            | "Start" >> beam.Create([None], reshuffle=False)
            | "Items" >> Redistribute(lambda: items)
            | "Records" >> reading.with_output_types(SourceRecord)
        )
        return records


class Extract(beam.PTransform):
    """Records -> documents. What holds no document, or no text, is counted and left out.

    Args:
        extraction: how HTML becomes text.
    """

    def __init__(self, extraction: Extraction | None = None) -> None:
        super().__init__()
        self.extraction = extraction or Extraction()

    def expand(self, pcoll: PCollection[SourceRecord]) -> PCollection[Document]:
        """Returns a `Document` for each `RawRecord`."""
        extracting = beam.ParDo(_ExtractRecord(self.extraction))
        documents: Any = pcoll | "Texts" >> extracting.with_output_types(Document)
        return documents


def document_of(
    source_record: SourceRecord, extraction: Extraction | None = None
) -> Document | FailedRecord:
    """Returns the document that a record becomes, or why it becomes none.

    Args:
        source_record: holds a `RawRecord`.
        extraction: how HTML becomes text.

    Raises:
        TypeError: if it holds another record.
    """
    source, record = source_record.source, source_record.record
    if not isinstance(record, RawRecord):
        raise TypeError(f"expected a RawRecord, found {type(record).__name__}; it has no text")
    try:
        extracted = extract_record(record, source, extraction or Extraction())
    except UnicodeDecodeError as error:
        return undecodable(record, "", error)
    return _document(source, extracted)


def _document(source: Source, extracted: ExtractedText) -> Document:
    record = extracted.record
    name = identity_of(record, source)
    return Document(
        id=name.id,
        text=extracted.text,
        subset=source.subset,
        source_id=name.source_id,
        url=record.url,
        title=extracted.title,
        metadata=facts_of(record, extracted.encoding),
        markdown=extracted.markdown,
        origin=Origin(source, record, extracted.encoding, extracted.html),
    )


class _ReadItem(beam.DoFn):
    def __init__(self, sources: tuple[Source, ...], limits: Limits) -> None:
        self.sources, self.limits = sources, limits

    def process(self, element: WorkItem) -> Iterator[SourceRecord]:
        counts = Counter[str]()
        source = self.sources[element.source]
        with open_records(element, source, self.limits) as records:
            for record in records:
                counts["records"] += 1
                if isinstance(record, RawRecord):
                    counts["bytes"] += len(record.raw)
                else:
                    counts["failed" if isinstance(record, FailedRecord) else "skipped"] += 1
                yield SourceRecord(source, record)
        count("read", counts)


class _ExtractRecord(beam.DoFn):
    """Counts by bundle: a counter costs more than many a short text."""

    def __init__(self, extraction: Extraction) -> None:
        self.extraction = extraction

    def start_bundle(self) -> None:
        self.counts, self.seconds = Counter[str](), 0.0

    def process(self, element: SourceRecord) -> Iterator[Document]:
        if not isinstance(element.record, RawRecord):
            return
        started = time.perf_counter()
        made = document_of(element, self.extraction)
        self.seconds += time.perf_counter() - started
        if isinstance(made, FailedRecord):
            self.counts["failed"] += 1
            tell("warning", f"not a document: {made.error}", level="warning")
            return
        self.counts.update(documents=1, characters=len(made.text))
        yield made

    def finish_bundle(self) -> None:
        count("extract", self.counts)
        time_spent("extract", {"extract": self.seconds})
