"""One table of rules: measure, comparison, source and meaning of every reason to drop a document.

A rule is named by its configuration key (`quality.min_words`); its threshold is the value of that
key, so the default lives in `massivetext.config` alone. The pipeline, the reports, the explanation
of a document and the documentation all read this table.

The rows stand in the paper's order (arXiv 2112.11446, A.1.1): content filter, quality filter,
repetition removal. `massivetext.filters.verdicts` applies them.

Every comparison is strict, as in the paper ("greater than", "more than", "exceeds"): a document
exactly at a threshold stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pyarrow as pa

from massivetext.config import Config, ConfigError, Source
from massivetext.filters.passages import (
    Finder,
    bullet_lines,
    copied_lines,
    copied_paragraphs,
    duplicate_grams,
    ellipsis_lines,
    longest_words,
    matches,
    mojibake,
    no_passage,
    stop_words,
    top_gram,
    whole_text,
    words_without_letter,
)
from massivetext.measure_table import GRAM_SIZES_DUPLICATE, GRAM_SIZES_TOP

OUR_CHOICE: Final = "our choice"
"""How the source of a rule begins that the paper does not state."""

KEEP_ALL: Final = "*"
"""In a list of values to keep: keep everything; in one of values to reject: reject any."""


Threshold = float | tuple[str, ...]
"""A bound, the values to keep, or (NONE_OF) those to reject."""


class Stage(StrEnum):
    """A filter of A.1.1, in the paper's order."""

    CONTENT = "content"
    QUALITY = "quality"
    REPETITION = "repetition"


class Comparison(StrEnum):
    """What a measure must do to be kept."""

    AT_LEAST = "at least"
    AT_MOST = "at most"
    ONE_OF = "one of"
    NONE_OF = "none of"


@dataclass(frozen=True)
class Rule:
    """One reason to drop a document.

    Attributes:
        name: the configuration key of the threshold, `section.key`.
        stage: the filter that the rule belongs to.
        measure: the column that it judges.
        comparison: how the measure must stand to the threshold for the document to stay.
        unit: what the measure counts.
        range: the values that the measure can take.
        quote: the words of the source; in brackets where they are ours.
        source: section or table of the paper, or OUR_CHOICE and why.
        meaning: one sentence for reports and documentation; `{threshold}` is filled in.
        evidence: finds the passages that the rule objects to, for people; the whole text unless
            the row says otherwise.
    """

    name: str
    stage: Stage
    measure: str
    comparison: Comparison
    unit: str
    range: str
    quote: str
    source: str
    meaning: str
    evidence: Finder = whole_text

    @property
    def is_of_the_paper(self) -> bool:
        """Whether the paper states the rule and, but for the content filter, its threshold."""
        return not self.source.startswith(OUR_CHOICE)

    def threshold(self, config: Config, source: Source | None = None) -> Threshold:
        """Returns the value of the rule's key: a number, or a tuple of values to keep.

        Raises:
            ConfigError: if the key belongs to a source and none is given.
        """
        section, key = self.name.split(".")
        if section == "source" and source is None:
            raise ConfigError(f"{self.name} is a key of a [[source]]; name the source")
        threshold: Threshold = getattr(
            source if section == "source" else getattr(config, section), key
        )
        return threshold

    def describe(self, config: Config, source: Source | None = None) -> str:
        """Returns the meaning with the threshold in force."""
        threshold = self.threshold(config, source)
        if isinstance(threshold, tuple):
            shown = ", ".join(threshold) or "none"
        else:
            shown = f"{threshold:,g}"
        return self.meaning.format(threshold=shown)

    def objects(self, column: pa.Array | pa.ChunkedArray, threshold: Threshold) -> np.ndarray:
        """Returns, a row each, whether the measure breaks the threshold (bool array).

        Numbers compare as float64, strictly; a measure that is null or NaN breaks its rule.
        """
        if isinstance(threshold, tuple):
            is_keeping = self.comparison is Comparison.ONE_OF
            return _outside(column, threshold) if is_keeping else _among(column, threshold)
        values = np.asarray(column.cast(pa.float64()), dtype=np.float64)
        if self.comparison is Comparison.AT_LEAST:
            return ~(values >= threshold)
        return ~(values <= threshold)


def _outside(column: pa.Array | pa.ChunkedArray, keep: tuple[str, ...]) -> np.ndarray:
    """Returns whether each value is none of those to keep, whatever their case."""
    if KEEP_ALL in keep:
        return np.zeros(len(column), dtype=bool)
    kept = {value.lower() for value in keep}
    values = column.to_pylist()
    return np.array([v is None or v.lower() not in kept for v in values], dtype=bool)


def _among(column: pa.Array | pa.ChunkedArray, reject: tuple[str, ...]) -> np.ndarray:
    """Returns whether one of the values in each list is to be rejected, whatever their case."""
    rejected = {value.lower() for value in reject}
    rows = ([value.lower() for value in values or ()] for values in column.to_pylist())
    found = (bool(row) and (KEEP_ALL in rejected or not rejected.isdisjoint(row)) for row in rows)
    return np.fromiter(found, bool, len(column))


_CONTENT_RULES: Final = (
    Rule(
        "source.licenses",
        Stage.CONTENT,
        "license",
        Comparison.ONE_OF,
        unit="license",
        range="names of licenses, in any case",
        quote="(GitHub: code under permissive licenses only)",
        source="our choice: the list of a source that has one; a missing license permits nothing",
        meaning="The document's license is one of: {threshold}.",
        evidence=no_passage,
    ),
    Rule(
        "language.keep",
        Stage.CONTENT,
        "language",
        Comparison.ONE_OF,
        unit="language label",
        range="ISO 639 codes as the language model names them",
        quote="(documents that are not English leave every subset)",
        source="A.1.1, content filter; the model is our choice",
        meaning="The language is one of: {threshold}.",
    ),
    Rule(
        "language.min_score",
        Stage.CONTENT,
        "language_score",
        Comparison.AT_LEAST,
        unit="probability",
        range="[0, 1]",
        quote="(no threshold is stated)",
        source="our choice: 0 by default, as a usual 0.65 drops half of technical English",
        meaning="The language model gives its label a probability of at least {threshold}.",
    ),
    Rule(
        "safesearch.max_score",
        Stage.CONTENT,
        "safesearch_score",
        Comparison.AT_MOST,
        unit="score",
        range="[0, 1]",
        quote="uses various web signals to identify explicit content",
        source="A.1.1, content filter, on Google SafeSearch; scorer and threshold are our stand-in",
        meaning="The signals of explicit content score at most {threshold}.",
        evidence=no_passage,
    ),
    Rule(
        "opt_outs.reject",
        Stage.CONTENT,
        "opt_out_signals",
        Comparison.NONE_OF,
        unit="signals",
        range="noai, noimageai, noml, tdm_policy, tdm_reservation",
        quote="(publishers reserve pages from text and data mining, or from training)",
        source="our choice: off by default; an empty list rejects nothing",
        meaning="None of these opt-out signals is stated: {threshold}.",
        evidence=no_passage,
    ),
)

_WORDS = "does not contain between 50 and 100,000 words"
_WORD_LENGTH = "whose mean word length is outside the range of 3 to 10 characters"
_SYMBOLS = "a symbol-to-word ratio greater than 0.1 for either the hash symbol or the ellipsis"
_BULLETS = "more than 90% of lines starting with a bullet point"
_ELLIPSES = "more than 30% ending with an ellipsis"
_ALPHABETIC = "80% of words in a document contain at least one alphabetic character"
_STOP_WORDS = (
    "do not contain at least two of the following English words: "
    "the, be, to, of, and, that, have, with"
)
_FRACTION = "[0, 1]"
_COUNT = "0 and up"


def _quality_rule(
    key: str,
    comparison: Comparison,
    unit: str,
    range_: str,
    quote: str,
    meaning: str,
    evidence: Finder = whole_text,
    source: str = "A.1.1, quality filter",
) -> Rule:
    """Returns a rule of A.1.1's quality filter; the key is the measure with min_ or max_."""
    measure = key.removeprefix("min_").removeprefix("max_")
    return Rule(
        f"quality.{key}",
        Stage.QUALITY,
        measure,
        comparison,
        unit,
        range_,
        quote,
        source,
        meaning,
        evidence,
    )


_QUALITY_RULES: Final = (
    _quality_rule(
        "min_words",
        Comparison.AT_LEAST,
        "words",
        _COUNT,
        _WORDS,
        "The document has at least {threshold} words.",
    ),
    _quality_rule(
        "max_words",
        Comparison.AT_MOST,
        "words",
        _COUNT,
        _WORDS,
        "The document has at most {threshold} words.",
    ),
    _quality_rule(
        "min_mean_word_length",
        Comparison.AT_LEAST,
        "characters a word",
        _COUNT,
        _WORD_LENGTH,
        "Its words have at least {threshold} characters in the mean.",
    ),
    _quality_rule(
        "max_mean_word_length",
        Comparison.AT_MOST,
        "characters a word",
        _COUNT,
        _WORD_LENGTH,
        "Its words have at most {threshold} characters in the mean.",
        longest_words,
    ),
    _quality_rule(
        "max_hash_to_word_ratio",
        Comparison.AT_MOST,
        "hash symbols a word",
        _COUNT,
        _SYMBOLS,
        "There are at most {threshold} hash symbols (#) a word.",
        matches("#"),
    ),
    _quality_rule(
        "max_ellipsis_to_word_ratio",
        Comparison.AT_MOST,
        "ellipses a word",
        _COUNT,
        _SYMBOLS,
        "There are at most {threshold} ellipses (..., . . . or …) a word.",
        matches(r"\.\.\.|\. \. \.|…"),
    ),
    _quality_rule(
        "max_bullet_line_fraction",
        Comparison.AT_MOST,
        "share of lines",
        _FRACTION,
        _BULLETS,
        "At most {threshold} of the lines start with a bullet.",
        bullet_lines,
    ),
    _quality_rule(
        "max_ellipsis_line_fraction",
        Comparison.AT_MOST,
        "share of lines",
        _FRACTION,
        _ELLIPSES,
        "At most {threshold} of the lines end with an ellipsis.",
        ellipsis_lines,
    ),
    _quality_rule(
        "min_alphabetic_word_fraction",
        Comparison.AT_LEAST,
        "share of words",
        _FRACTION,
        _ALPHABETIC,
        "At least {threshold} of the words contain a letter.",
        words_without_letter,
    ),
    _quality_rule(
        "min_stop_words",
        Comparison.AT_LEAST,
        "distinct stop words",
        "0 to 8",
        _STOP_WORDS,
        "At least {threshold} different ones of the words the, be, to, of, and, that, have, "
        "with occur.",
        stop_words,
    ),
    _quality_rule(
        "max_mojibake",
        Comparison.AT_MOST,
        "signs of a wrong decoding",
        _COUNT,
        "(text that was decoded wrongly)",
        "There are at most {threshold} signs of a wrong decoding: U+FFFD, UTF-8 encoded twice, "
        "letters of another script within words.",
        mojibake,
        f"{OUR_CHOICE}: off by default, as the paper has no such rule",
    ),
)

_TOP_GRAM = "the fraction of characters contained within the most frequently-occurring n-gram"
_DUPLICATE_GRAM = "the fraction of characters contained within all duplicate n-grams"


def _repetition_rule(measure: str, unit: str, quote: str, meaning: str, evidence: Finder) -> Rule:
    """Returns a rule of Table A1: each is a fraction with an upper bound."""
    return Rule(
        f"repetition.max_{measure}",
        Stage.REPETITION,
        measure,
        Comparison.AT_MOST,
        unit,
        _FRACTION,
        quote,
        "A.1.1, repetition removal, Table A1",
        meaning,
        evidence,
    )


_REPETITION_RULES: Final = (
    _repetition_rule(
        "duplicate_line_fraction",
        "share of lines",
        "duplicate line fraction",
        "At most {threshold} of the lines are copies of an earlier line.",
        copied_lines,
    ),
    _repetition_rule(
        "duplicate_paragraph_fraction",
        "share of paragraphs",
        "duplicate paragraph fraction",
        "At most {threshold} of the paragraphs are copies of an earlier paragraph.",
        copied_paragraphs,
    ),
    _repetition_rule(
        "duplicate_line_character_fraction",
        "share of the lines' characters",
        "duplicate line character fraction",
        "At most {threshold} of the lines' characters are in copies of an earlier line.",
        copied_lines,
    ),
    _repetition_rule(
        "duplicate_paragraph_character_fraction",
        "share of the paragraphs' characters",
        "duplicate paragraph character fraction",
        "At most {threshold} of the paragraphs' characters are in copies of an earlier paragraph.",
        copied_paragraphs,
    ),
    *(
        _repetition_rule(
            f"top_{n}_gram_character_fraction",
            "share of the words' characters",
            _TOP_GRAM,
            f"At most {{threshold}} of the words' characters are in the most frequent {n}-gram.",
            top_gram(n),
        )
        for n in GRAM_SIZES_TOP
    ),
    *(
        _repetition_rule(
            f"duplicate_{n}_gram_character_fraction",
            "share of the words' characters",
            _DUPLICATE_GRAM,
            f"At most {{threshold}} of the words' characters are in {n}-grams that occur "
            "more than once; none counts twice.",
            duplicate_grams(n),
        )
        for n in GRAM_SIZES_DUPLICATE
    ),
)

TEXT_RULES: Final = _QUALITY_RULES + _REPETITION_RULES
"""The rules that a text alone decides: quality and repetition."""

RULES: Final[Mapping[str, Rule]] = {rule.name: rule for rule in (*_CONTENT_RULES, *TEXT_RULES)}
"""Every rule by its name, in the paper's order."""


def rules_for(source: Source) -> tuple[Rule, ...]:
    """Returns the rules that judge the documents of a source (A.1.1).

    All for web pages. Other subsets are filtered by language and opt-outs only; a source may leave
    the language out, or add a list of licenses or a column with SafeSearch verdicts.
    """
    left_out: set[str] = set()
    if not source.licenses:
        left_out.add("source.licenses")
    if not source.language:
        left_out.update(("language.keep", "language.min_score"))
    if source.kind == "text":
        if "safesearch" not in source.fields:
            left_out.add("safesearch.max_score")
        left_out.update(rule.name for rule in TEXT_RULES)
    return tuple(rule for rule in RULES.values() if rule.name not in left_out)
