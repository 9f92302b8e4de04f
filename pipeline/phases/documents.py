"""Raw records to judged documents, a batch at a time: the heart of the curate phase, without Beam.

The order of work is ours (SafeSearch looks at the raw page, the language at the extracted text);
the order of stages in the verdict is the paper's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from massivetext.config import Config, Source
from massivetext.filters.language import LanguageClassifier
from massivetext.filters.language import load_model as load_language_model
from massivetext.filters.safesearch import SafeSearchScorer, load_scorer
from massivetext.pipeline.engine.laps import Laps
from massivetext.pipeline.phases.extracted import ExtractedText, extract_record
from massivetext.pipeline.phases.sequence.tokenizer_file import load_configured_tokenizer
from massivetext.pipeline.phases.text_judge import ScoredText, TextJudge
from massivetext.records import (
    REJECTED_SCHEMA,
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
            laps: is told what took how long.
        """
        laps = laps or Laps()
        failed: list[FailedRecord] = []
        text_judge = TextJudge(self.config, self.source, self.language, self.safesearch)
        texts = [text_judge.score(text) for text in self._extracted(records, file, failed)]
        laps.lap("extract")
        contents = [text.extracted.text for text in texts]
        column = pa.array(contents, pa.large_string())
        judged = text_judge.judge(texts)
        laps.lap("judge")
        columns: dict[str, Any] = {
            **self._identity(texts),
            "text": column,
            "text_bytes": pc.call_function("binary_length", [column]),
            "tokens": self._token_counts(contents),
            "item": pa.nulls(len(texts), pa.string()),  # not known here
            "row": pa.nulls(len(texts), pa.int64()),
            **{name: judged.column(name) for name in judged.schema.names},
        }
        table = pa.table({name: columns[name] for name in REJECTED_SCHEMA.names})
        documents = table.cast(REJECTED_SCHEMA)
        if self.config.extraction.format == "markdown":
            markdown = pa.array([text.extracted.markdown for text in texts], pa.large_string())
            documents = documents.append_column("markdown", markdown)
        return JudgedBatch(documents, tuple(failed))

    def _extracted(
        self, records: Sequence[RawRecord], file: str, failed: list[FailedRecord]
    ) -> Iterator[ExtractedText]:
        """Yields the texts of records; adds those that are no text to the failed ones."""
        for record in records:
            try:
                yield extract_record(record, self.source, self.config.extraction)
            except UnicodeDecodeError as error:
                failed.append(undecodable(record, file, error))

    def _token_counts(self, texts: Sequence[str]) -> pa.Array:
        if self.tokenizer is None:
            return pa.nulls(len(texts), pa.int64())
        return pa.array([len(self.tokenizer.encode(text.encode())) for text in texts], pa.int64())

    def _identity(self, texts: Sequence[ScoredText]) -> dict[str, list[str]]:
        """Returns ids, names and metadata of the documents, by column."""
        extracted = [text.extracted for text in texts]
        names = [identity_of(text.record, self.source) for text in extracted]
        return {
            "id": [name.id for name in names],
            "source_id": [name.source_id for name in names],
            "subset": [self.source.subset] * len(texts),
            "url": [text.record.url for text in extracted],
            "title": [text.title for text in extracted],
            "metadata": [metadata_json(facts_of(text)) for text in extracted],
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


def facts_of(extracted: ExtractedText) -> dict[str, Json]:
    """Returns what is known of a document beside its text: facts of its source, its encoding."""
    facts = dict(extracted.record.metadata)
    if extracted.encoding:
        facts["encoding"] = extracted.encoding
    return facts


def metadata_json(metadata: Mapping[str, Json]) -> str:
    """Returns metadata as the column `metadata` holds it: a JSON object with sorted keys."""
    return json.dumps(metadata, sort_keys=True, ensure_ascii=False)
