"""One table of rules: measure, comparison, source and meaning of every reason to drop a document.

A rule is named by its configuration key (`quality.min_words`); its threshold is the value of that
key, so the default lives in `massivetext.config` alone. The pipeline, the reports, the explanation
of a document and the documentation all read this table.

The rows stand in the paper's order (arXiv 2112.11446, A.1.1): content filter, quality filter,
repetition removal. `massivetext.filters.verdicts` applies them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from massivetext.config import Config, Source
from massivetext.filters.own_rules import own_rules
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
from massivetext.filters.rule import OUR_CHOICE, Comparison, Rule, Stage
from massivetext.measure_table import GRAM_SIZES_DUPLICATE, GRAM_SIZES_TOP
from massivetext.own_steps import bounds_of

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
"""Every rule of ours by its name, in the paper's order."""


def rules_of(config: Config) -> Mapping[str, Rule]:
    """Returns every rule of a configuration by its name: ours, then the user's."""
    if not config.rules:
        return RULES
    return {**RULES, **{rule.name: rule for rule in own_rules(config)}}


def stages_of(config: Config) -> tuple[Stage, ...]:
    """Returns the stages that rules of a configuration belong to, in their order."""
    return tuple(stage for stage in Stage if config.rules or stage is not Stage.OWN)


def rules_for(config: Config, source: Source) -> tuple[Rule, ...]:
    """Returns the rules that judge the documents of a source (A.1.1).

    All for web pages. Other subsets are filtered by language and opt-outs only; a source may leave
    the language out, or add a list of licenses or a column with SafeSearch verdicts. The user's own
    rules judge the subsets that they name.
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
    ours = tuple(rule for rule in RULES.values() if rule.name not in left_out)
    return ours + tuple(rule for rule in own_rules(config) if _judges(rule, config, source))


def _judges(rule: Rule, config: Config, source: Source) -> bool:
    """Whether an own rule is in force for a source."""
    found = bounds_of(config.rules, rule.measure, rule.bound)
    return any(step.judges(source.subset) for step, _ in found)
