"""Raw records to judged documents, a batch at a time: the heart of the curate phase, without Beam.

The order of work is ours (SafeSearch looks at the raw page, the language at the extracted text);
the order of stages in the verdict is the paper's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from massivetext.config import Config, Source
from massivetext.filters import measure
from massivetext.filters.evidence import first_passages
from massivetext.filters.language import LanguageClassifier, identify
from massivetext.filters.language import load_model as load_language_model
from massivetext.filters.markup import Markup, read_markup
from massivetext.filters.opt_outs import opt_out_signals
from massivetext.filters.safesearch import SafeSearchScorer, Verdict, load_scorer
from massivetext.filters.verdicts import first_stages, judge
from massivetext.pipeline.engine.laps import Laps
from massivetext.pipeline.phases.extracted import ExtractedText, extract_record
from massivetext.pipeline.phases.sequence.tokenizer_file import load_configured_tokenizer
from massivetext.records import (
    DOCUMENT_SCHEMA,
    EVIDENCE_TYPE,
    QUALITY_MEASURES,
    REJECTED_SCHEMA,
    REPETITION_MEASURES,
    FailedRecord,
    Json,
    RawRecord,
    document_id,
)
from massivetext.sequencing.tokenizer import Tokenizer


class JudgedBatch(NamedTuple):
    """Some documents of one source.

    Attributes:
        documents: one row a document, in the order of the records, with the columns of
            `REJECTED_SCHEMA`; a document that no rule objects to has no stage and no reasons. With
            a column `markdown` behind them, if the configuration asks for it.
        failed: records whose text could not be made.
    """

    documents: pa.Table
    failed: tuple[FailedRecord, ...]


class _Text(NamedTuple):
    """What was made of one record."""

    record: RawRecord
    text: str
    title: str
    encoding: str
    verdict: Verdict
    opt_outs: list[str]
    markdown: str | None


class CurationModels(NamedTuple):
    """The models and lists of a configuration; `tokenizer` is None where a run trains one."""

    language: LanguageClassifier
    safesearch: SafeSearchScorer
    tokenizer: Tokenizer | None


def load_models(config: Config) -> CurationModels:
    """Returns the models and lists of a configuration.

    Raises:
        ConfigError: if one of them is missing or is not what it should be.
    """
    tokenizer = None
    if config.tokenizer.model:
        tokenizer = load_configured_tokenizer(config.tokenizer)
    language = load_language_model(config.language.model)
    return CurationModels(language, load_scorer(config.safesearch), tokenizer)


@dataclass(frozen=True)
class DocumentMaker:
    """Makes, measures and judges the documents of one source."""

    config: Config
    source: Source
    language: LanguageClassifier
    safesearch: SafeSearchScorer
    tokenizer: Tokenizer | None = None

    @property
    def safesearch_sources(self) -> tuple[str, ...]:
        """What the SafeSearch score is made of, where the rule on it applies."""
        own = self.safesearch.sources if self.source.kind == "web" else ()
        stated = ("a column of the input",) if "safesearch" in self.source.fields else ()
        return own + stated

    def make(
        self, records: Sequence[RawRecord], file: str, laps: Laps | None = None
    ) -> JudgedBatch:
        """Returns the documents of some records, with all measures and all failed rules.

        Args:
            records: of one file.
            file: its name, for those that fail.
            laps: is told how long extraction took.
        """
        failed: list[FailedRecord] = []
        return self.judge(self._extracted(records, file, failed), failed, laps)

    def _extracted(
        self, records: Sequence[RawRecord], file: str, failed: list[FailedRecord]
    ) -> Iterator[ExtractedText]:
        """Yields the texts of records one by one; adds those that are no text to the failed."""
        for record in records:
            try:
                yield extract_record(record, self.source, self.config.extraction)
            except UnicodeDecodeError as error:
                failed.append(undecodable(record, file, error))

    def judge(
        self,
        extracted: Iterable[ExtractedText],
        failed: Sequence[FailedRecord] = (),
        laps: Laps | None = None,
    ) -> JudgedBatch:
        """Returns the documents of some texts, with all measures and all failed rules.

        Args:
            extracted: texts of the source; of their markup one is held at a time.
            failed: records beside them that are none, known once all texts are.
            laps: is told how long the texts took to come.
        """
        texts = [self._scored(text) for text in extracted]
        if laps is not None:
            laps.lap("extract")
        measured = self._measure(texts)
        licenses = pa.array([text.record.metadata.get("license") for text in texts], pa.string())
        reasons = judge(measured.append_column("license", licenses), self.config, self.source)
        contents = [text.text for text in texts]
        judged = (
            measured.append_column("stage", first_stages(reasons))
            .append_column("reasons", reasons)
            .append_column("evidence", self._evidence(contents, reasons))
        )
        documents = judged.select(REJECTED_SCHEMA.names).cast(REJECTED_SCHEMA)
        if self.config.extraction.format == "markdown":
            markdown = pa.array([text.markdown for text in texts], pa.large_string())
            documents = documents.append_column("markdown", markdown)
        return JudgedBatch(documents, tuple(failed))

    def _evidence(self, texts: Sequence[str], reasons: pa.ListArray) -> pa.Array:
        """Returns, a row each, the passages that made rules fire (`EVIDENCE_TYPE`)."""
        options = self.config.repetition
        found = [
            [asdict(passage) for passage in first_passages(text, names, options)] if names else []
            for text, names in zip(texts, reasons.to_pylist(), strict=True)
        ]
        return pa.array(found, EVIDENCE_TYPE)

    def _scored(self, extracted: ExtractedText) -> _Text:
        """Returns a text with what its page says of itself; its markup is not kept."""
        record, text, title, encoding, html, markdown = extracted
        markup = read_markup(html, self.safesearch.domains.table) if html else Markup(b"")
        verdict = self.safesearch.score_markup(
            record.url, markup, record.headers, text, record.explicit
        )
        opt_outs = opt_out_signals(markup, record.headers)
        return _Text(record, text, title, encoding, verdict, opt_outs, markdown)

    def _measure(self, texts: Sequence[_Text]) -> pa.Table:
        """Returns the columns of `DOCUMENT_SCHEMA`: every document gets every measure."""
        contents = [text.text for text in texts]
        counted = measure(
            contents,
            count=self.config.repetition.count,
            characters=self.config.repetition.characters,
        )
        labels, scores = identify(contents, self.language)
        column = pa.array(contents, pa.large_string())
        columns: dict[str, Any] = {
            **self._identity(texts),
            "text": column,
            "text_bytes": pc.call_function("binary_length", [column]),
            "tokens": self._token_counts(contents),
            "item": pa.nulls(len(texts), pa.string()),  # not known here
            "row": pa.nulls(len(texts), pa.int64()),
            **{name: counted.column(name) for name in (*QUALITY_MEASURES, *REPETITION_MEASURES)},
            "language": labels,
            "language_score": scores,
            "safesearch_score": [text.verdict.score for text in texts],
            "safesearch_signals": [list(text.verdict.signals) for text in texts],
            "opt_out_signals": [text.opt_outs for text in texts],
        }
        arrays = [
            columns[field.name]
            if isinstance(columns[field.name], pa.Array)
            else pa.array(columns[field.name], field.type)
            for field in DOCUMENT_SCHEMA
        ]
        return pa.Table.from_arrays(arrays, schema=DOCUMENT_SCHEMA)

    def _token_counts(self, texts: Sequence[str]) -> pa.Array:
        if self.tokenizer is None:
            return pa.nulls(len(texts), pa.int64())
        return pa.array([len(self.tokenizer.encode(text.encode())) for text in texts], pa.int64())

    def _identity(self, texts: Sequence[_Text]) -> dict[str, list[str]]:
        """Returns ids, names and metadata of the documents, by column."""
        names = [identity_of(text.record, self.source) for text in texts]
        return {
            "id": [name.id for name in names],
            "source_id": [name.source_id for name in names],
            "subset": [self.source.subset] * len(texts),
            "url": [text.record.url for text in texts],
            "title": [text.title for text in texts],
            "metadata": [metadata_json(facts_of(text.record, text.encoding)) for text in texts],
        }


class Identity(NamedTuple):
    """What a document is called: by us, and by its source."""

    id: str
    source_id: str


def identity_of(record: RawRecord, source: Source) -> Identity:
    """Returns the names of the document that a record becomes."""
    source_id = record.source_id or xxhash.xxh3_128_hexdigest(record.raw)
    return Identity(document_id(source.subset, source_id, record.raw), source_id)


def undecodable(record: RawRecord, file: str, error: UnicodeDecodeError) -> FailedRecord:
    """Returns what becomes of a record whose text is not UTF-8."""
    said = f"{record.source_id}: not UTF-8: {error}"
    return FailedRecord(file, 0, said, source_id=record.source_id, url=record.url)


def facts_of(record: RawRecord, encoding: str) -> dict[str, Json]:
    """Returns what is known of a document beside its text: facts of its source, its encoding."""
    return {**record.metadata, "encoding": encoding} if encoding else dict(record.metadata)


def metadata_json(metadata: Mapping[str, Json]) -> str:
    """Returns metadata as the column `metadata` holds it: a JSON object with sorted keys."""
    return json.dumps(metadata, sort_keys=True, ensure_ascii=False)
