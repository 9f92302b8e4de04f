"""Texts get every measure, and every rule is asked: without names, files and Beam."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import pyarrow as pa

from massivetext.config import Config, Source
from massivetext.filters import measure
from massivetext.filters.evidence import first_passages
from massivetext.filters.language import LanguageClassifier, identify
from massivetext.filters.markup import Markup, read_markup
from massivetext.filters.opt_outs import opt_out_signals
from massivetext.filters.safesearch import SafeSearchScorer, Verdict
from massivetext.filters.verdicts import first_stages, judge
from massivetext.pipeline.phases.extracted import ExtractedText
from massivetext.records import EVIDENCE_TYPE, MEASURES, QUALITY_MEASURES, REPETITION_MEASURES


class ScoredText(NamedTuple):
    """A text, with what its page says of itself; the markup is not kept."""

    extracted: ExtractedText
    verdict: Verdict
    opt_outs: list[str]


@dataclass(frozen=True)
class TextJudge:
    """Measures and judges the texts of one source.

    Attributes:
        config: where the thresholds are.
        source: decides which rules apply; None for those that a text alone decides.
        language: identifies languages.
        safesearch: scores pages.
    """

    config: Config
    source: Source | None
    language: LanguageClassifier
    safesearch: SafeSearchScorer

    def score(self, extracted: ExtractedText) -> ScoredText:
        """Returns a text with what its page says of itself."""
        record, html = extracted.record, extracted.html
        markup = read_markup(html, self.safesearch.domains.table) if html else Markup(b"")
        verdict = self.safesearch.score_markup(
            record.url, markup, record.headers, extracted.text, record.explicit
        )
        opt_outs = opt_out_signals(markup, record.headers)
        return ScoredText(extracted._replace(html=b""), verdict, opt_outs)

    def judge(self, texts: Iterable[ScoredText]) -> pa.Table:
        """Returns every measure, the stage, the reasons and their evidence, a row a text."""
        scored = list(texts)
        contents = [text.extracted.text for text in scored]
        measured = self._measure(contents, scored)
        licenses = [text.extracted.record.metadata.get("license") for text in scored]
        license_column = pa.array(licenses, pa.string())
        reasons = judge(measured.append_column("license", license_column), self.config, self.source)
        return (
            measured.append_column("stage", first_stages(reasons))
            .append_column("reasons", reasons)
            .append_column("evidence", self._evidence(contents, reasons))
        )

    def _evidence(self, texts: Sequence[str], reasons: pa.ListArray) -> pa.Array:
        """Returns, a row each, the passages that made rules fire (`EVIDENCE_TYPE`)."""
        options = self.config.repetition
        found = [
            [asdict(passage) for passage in first_passages(text, names, options)] if names else []
            for text, names in zip(texts, reasons.to_pylist(), strict=True)
        ]
        return pa.array(found, EVIDENCE_TYPE)

    def _measure(self, contents: Sequence[str], texts: Sequence[ScoredText]) -> pa.Table:
        """Returns the columns of `MEASURES`."""
        counted = measure(
            contents,
            count=self.config.repetition.count,
            characters=self.config.repetition.characters,
        )
        labels, scores = identify(contents, self.language)
        columns: dict[str, Any] = {
            **{name: counted.column(name) for name in (*QUALITY_MEASURES, *REPETITION_MEASURES)},
            "language": labels,
            "language_score": scores,
            "safesearch_score": [text.verdict.score for text in texts],
            "safesearch_signals": [list(text.verdict.signals) for text in texts],
            "opt_out_signals": [text.opt_outs for text in texts],
        }
        arrays = [
            columns[name]
            if isinstance(columns[name], pa.Array)
            else pa.array(columns[name], measure_type)
            for name, measure_type in MEASURES.items()
        ]
        return pa.Table.from_arrays(arrays, schema=pa.schema(list(MEASURES.items())))
