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
from massivetext.filters.step_functions import NO_STEPS, StepFunctions, load_steps, measure_texts
from massivetext.filters.verdicts import first_stages, judge
from massivetext.own_steps import outputs_of
from massivetext.pipeline.engine.laps import Laps
from massivetext.pipeline.phases.edits import EditChanges, apply_edits, told_as_run_errors
from massivetext.pipeline.phases.extracted import ExtractedText, extract_record
from massivetext.pipeline.phases.sequence.tokenizer_file import load_configured_tokenizer
from massivetext.records import (
    DOCUMENT_SCHEMA,
    EVIDENCE_TYPE,
    QUALITY_MEASURES,
    REPETITION_MEASURES,
    FailedRecord,
    Json,
    RawRecord,
    document_id,
    rejected_schema,
)
from massivetext.sequencing.tokenizer import Tokenizer


class JudgedBatch(NamedTuple):
    """Some documents of one source.

    Attributes:
        documents: one row a document, in the order of the records, with the columns of
            `rejected_schema`; a document that no rule objects to has no stage and no reasons. With
            a column `markdown` behind them, if the configuration asks for it.
        failed: records whose text could not be made.
        changes: what own edits have changed in them.
    """

    documents: pa.Table
    failed: tuple[FailedRecord, ...]
    changes: tuple[EditChanges, ...] = ()


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
    """The models and lists of a configuration; `tokenizer` is None where a run trains one.

    Own steps are models of their own kind.
    """

    language: LanguageClassifier
    safesearch: SafeSearchScorer
    tokenizer: Tokenizer | None
    steps: StepFunctions = NO_STEPS


def load_models(config: Config) -> CurationModels:
    """Returns the models and lists of a configuration.

    Raises:
        ConfigError: if one of them is missing or is not what it should be.
    """
    tokenizer = None
    if config.tokenizer.model:
        tokenizer = load_configured_tokenizer(config.tokenizer)
    language = load_language_model(config.language.model)
    return CurationModels(language, load_scorer(config.safesearch), tokenizer, load_steps(config))


@dataclass(frozen=True)
class DocumentMaker:
    """Makes, measures and judges the documents of one source."""

    config: Config
    source: Source
    language: LanguageClassifier
    safesearch: SafeSearchScorer
    tokenizer: Tokenizer | None = None
    steps: StepFunctions = NO_STEPS

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

        Raises:
            RunError: if an own step fails.
        """
        texts = [self._scored(text) for text in extracted]
        if laps is not None:
            laps.lap("extract")
        identity = self._identity(texts)
        edited, changes = self._edited(texts, identity)
        measured = self._measure(edited, identity)
        stated = [text.record.metadata.get("license") for text in edited]
        licenses = pa.array(stated, pa.string())
        reasons = judge(measured.append_column("license", licenses), self.config, self.source)
        contents = [text.text for text in edited]
        judged = (
            measured.append_column("stage", first_stages(reasons))
            .append_column("reasons", reasons)
            .append_column("evidence", self._evidence(contents, reasons))
        )
        schema = rejected_schema(outputs_of(self.config.measures))
        documents = judged.select(schema.names).cast(schema)
        if self.config.extraction.format == "markdown":
            markdown = pa.array([text.markdown for text in edited], pa.large_string())
            documents = documents.append_column("markdown", markdown)
        return JudgedBatch(documents, tuple(failed), changes)

    def _edited(
        self, texts: Sequence[_Text], identity: Mapping[str, Sequence[str]]
    ) -> tuple[Sequence[_Text], tuple[EditChanges, ...]]:
        """Returns the texts as own edits leave them, and what these have changed.

        Markdown is edited too, as shards may be made of it; changes are told of the texts.
        """
        steps = [s for s in self.steps.edits if s.step.edits(self.source.subset)]
        if not steps:
            return texts, ()
        columns = pa.table(dict(identity)) if texts else pa.table({})
        contents, changes = apply_edits(steps, [text.text for text in texts], columns)
        has_form = [number for number, text in enumerate(texts) if text.markdown is not None]
        forms = [texts[number].markdown or "" for number in has_form]
        edited, _ = apply_edits(steps, forms, columns.take(has_form) if has_form else columns)
        markdown = dict(zip(has_form, edited, strict=True))
        return [
            text._replace(text=content, markdown=markdown.get(number))
            for number, (text, content) in enumerate(zip(texts, contents, strict=True))
        ], changes

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

    def _measure(self, texts: Sequence[_Text], identity: Mapping[str, Sequence[str]]) -> pa.Table:
        """Returns the columns of `document_schema`: every document gets every measure."""
        contents = [text.text for text in texts]
        counted = measure(
            contents,
            count=self.config.repetition.count,
            characters=self.config.repetition.characters,
        )
        labels, scores = identify(contents, self.language)
        column = pa.array(contents, pa.large_string())
        columns: dict[str, Any] = {
            **identity,
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
        return self._with_own(pa.Table.from_arrays(arrays, schema=DOCUMENT_SCHEMA))

    def _with_own(self, measured: pa.Table) -> pa.Table:
        """Returns the documents with the columns of own measures."""
        if not self.steps.measures:
            return measured
        texts = measured["text"].combine_chunks()
        known = measured
        for loaded in self.steps.measures:
            with told_as_run_errors():
                columns = measure_texts(loaded, texts, known)
            for name, column in zip(outputs_of([loaded.step]), columns, strict=True):
                measured = measured.append_column(name, column)
        return measured

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
