"""Verdicts: every rule that objects is named, and every comparison is strict."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from massivetext.config import Config, Language, OptOuts, Repetition, Source
from massivetext.filters.rule import Comparison
from massivetext.filters.rules import RULES, TEXT_RULES, rules_for
from massivetext.filters.verdicts import first_stages, judge

WEB = Source(subset="massiveweb", kind="web", format="warc", path="x")
TEXT = Source(subset="books", kind="text", format="jsonl", path="x")


def measures(**columns):
    """Two rows at the least value that no rule objects to, but for the columns given."""
    least = {rule.measure: 0.0 for rule in TEXT_RULES}
    for rule in TEXT_RULES:
        if rule.comparison is Comparison.AT_LEAST:
            least[rule.measure] = rule.threshold(Config())
    good = {
        **{name: [value, value] for name, value in least.items()},
        "language": ["en", "en"],
        "language_score": [0.9, 0.9],
        "safesearch_score": [0.0, 0.0],
        "opt_out_signals": [[], []],
        "license": ["mit", "mit"],
    }
    return pa.RecordBatch.from_pydict({**good, **columns})


@pytest.mark.parametrize("rule", TEXT_RULES, ids=lambda rule: rule.name)
def test_a_measure_at_its_threshold_stays(rule):
    threshold = float(rule.threshold(Config()))
    worse = -np.inf if rule.comparison is Comparison.AT_LEAST else np.inf
    beyond = np.nextafter(threshold, worse)
    batch = measures(**{rule.measure: [threshold, beyond]})
    assert judge(batch, Config()).to_pylist() == [[], [rule.name]]


@pytest.mark.parametrize(
    ("rule", "column"),
    [
        ("language.keep", {"language": ["EN", "de"]}),
        ("language.keep", {"language": ["en", None]}),
        ("language.min_score", {"language_score": [0.25, 0.2499]}),
        ("safesearch.max_score", {"safesearch_score": [0.5, 0.5001]}),
        ("source.licenses", {"license": ["MIT", "gpl-3.0"]}),
        ("source.licenses", {"license": ["Apache-2.0", None]}),
    ],
)
def test_content_rules(rule, column):
    config = Config(language=Language(min_score=0.25))
    source = dataclasses.replace(WEB, licenses=("mit", "apache-2.0"))
    assert judge(measures(**column), config, source).to_pylist() == [[], [rule]]


def test_a_star_keeps_every_language():
    config = Config(language=Language(keep=("*",)))
    assert judge(measures(language=["de", None]), config, WEB).to_pylist() == [[], []]


def test_a_missing_number_is_no_pass():
    batch = measures(mean_word_length=[None, float("nan")])
    failed = ["quality.min_mean_word_length", "quality.max_mean_word_length"]
    assert judge(batch, Config()).to_pylist() == [failed, failed]


def test_all_reasons_are_given_and_the_first_stage_is_the_papers():
    batch = measures(
        language=["de", "en"], words=[10, 10], duplicate_line_fraction=[0.5, 0.1], stop_words=[0, 2]
    )
    reasons = judge(batch, Config(), WEB)
    assert reasons.to_pylist() == [
        [
            "language.keep",
            "quality.min_words",
            "quality.min_stop_words",
            "repetition.max_duplicate_line_fraction",
        ],
        ["quality.min_words"],
    ]
    assert first_stages(reasons).to_pylist() == ["content", "quality"]
    assert first_stages(judge(measures(), Config(), WEB)).to_pylist() == [None, None]


def test_web_pages_meet_every_rule_and_texts_the_language_only():
    licenses = dataclasses.replace(TEXT, licenses=("mit",), language=False)
    assert [rule.name for rule in rules_for(Config(), TEXT)] == [
        "language.keep",
        "language.min_score",
        "opt_outs.reject",
    ]
    assert [rule.name for rule in rules_for(Config(), licenses)] == [
        "source.licenses",
        "opt_outs.reject",
    ]
    assert {rule.name for rule in rules_for(Config(), WEB)} == set(RULES) - {"source.licenses"}
    assert judge(measures(words=[1, 1]), Config(), TEXT).to_pylist() == [[], []]


def test_a_column_with_verdicts_makes_texts_meet_their_rule():
    stated = dataclasses.replace(TEXT, fields={"safesearch": "nsfw"})
    assert "safesearch.max_score" in {rule.name for rule in rules_for(Config(), stated)}


@pytest.mark.parametrize(
    ("reject", "expected"),
    [
        ((), [[], []]),
        (("noml",), [[], []]),
        (("noai", "noml"), [["opt_outs.reject"], []]),
        (("*",), [["opt_outs.reject"], []]),
    ],
)
def test_opt_outs_reject_what_the_config_names(reject, expected):
    batch = measures(opt_out_signals=[["noai", "tdm_policy"], []])
    assert judge(batch, Config(opt_outs=OptOuts(reject)), WEB).to_pylist() == expected


def test_thresholds_come_from_the_config():
    config = Config(repetition=Repetition(max_duplicate_line_fraction=0.6))
    batch = measures(duplicate_line_fraction=[0.6, 0.7])
    rule = "repetition.max_duplicate_line_fraction"
    assert judge(batch, config).to_pylist() == [[], [rule]]
    assert "0.6" in RULES[rule].describe(config)


def test_stored_documents_are_judged_like_fresh_ones():
    table = pa.table(measures(words=[10, 60])).replace_schema_metadata({"read": "back"})
    assert judge(table, Config()).to_pylist() == [["quality.min_words"], []]


def test_no_rows_are_no_reasons():
    assert judge(measures().slice(0, 0), Config()).to_pylist() == []


def test_a_missing_column_is_refused():
    with pytest.raises(ValueError, match="words"):
        judge(measures().drop_columns(["words"]), Config())
