"""The table of rules: complete, in the paper's order, with the paper's thresholds."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from massivetext.config import (
    Config,
    ConfigError,
    Language,
    OptOuts,
    Quality,
    Repetition,
    SafeSearch,
)
from massivetext.filters.rule import Comparison, Stage
from massivetext.filters.rules import RULES, TEXT_RULES
from massivetext.filters.rules_document import rules_as_markdown
from massivetext.records import MEASURES, QUALITY_MEASURES, REPETITION_MEASURES

NOT_THRESHOLDS = {
    "language.model",
    "safesearch.domains",
    "safesearch.exceptions",
    "safesearch.model",
    "repetition.count",
    "repetition.characters",
}

# Of A.1.1 and Table A1; rules that are not the paper's have no place here.
PAPER = {
    "quality.min_words": 50,
    "quality.max_words": 100_000,
    "quality.min_mean_word_length": 3,
    "quality.max_mean_word_length": 10,
    "quality.max_hash_to_word_ratio": 0.1,
    "quality.max_ellipsis_to_word_ratio": 0.1,
    "quality.max_bullet_line_fraction": 0.9,
    "quality.max_ellipsis_line_fraction": 0.3,
    "quality.min_alphabetic_word_fraction": 0.8,
    "quality.min_stop_words": 2,
    "repetition.max_duplicate_line_fraction": 0.30,
    "repetition.max_duplicate_paragraph_fraction": 0.30,
    "repetition.max_duplicate_line_character_fraction": 0.20,
    "repetition.max_duplicate_paragraph_character_fraction": 0.20,
    "repetition.max_top_2_gram_character_fraction": 0.20,
    "repetition.max_top_3_gram_character_fraction": 0.18,
    "repetition.max_top_4_gram_character_fraction": 0.16,
    "repetition.max_duplicate_5_gram_character_fraction": 0.15,
    "repetition.max_duplicate_6_gram_character_fraction": 0.14,
    "repetition.max_duplicate_7_gram_character_fraction": 0.13,
    "repetition.max_duplicate_8_gram_character_fraction": 0.12,
    "repetition.max_duplicate_9_gram_character_fraction": 0.11,
    "repetition.max_duplicate_10_gram_character_fraction": 0.10,
}


def test_every_threshold_of_the_config_has_exactly_one_rule():
    sections = {
        "quality": Quality,
        "repetition": Repetition,
        "language": Language,
        "safesearch": SafeSearch,
        "opt_outs": OptOuts,
    }
    keys = {f"{name}.{f.name}" for name, kind in sections.items() for f in dataclasses.fields(kind)}
    assert keys - NOT_THRESHOLDS | {"source.licenses"} == set(RULES)
    assert keys >= NOT_THRESHOLDS


def test_thresholds_are_those_of_the_paper():
    found = {rule.name: rule.threshold(Config()) for rule in TEXT_RULES if rule.is_of_the_paper}
    assert found == PAPER


def test_every_rule_judges_a_column_of_the_documents():
    columns = {rule.measure for rule in RULES.values()}
    assert columns - {"license"} == set(MEASURES) - {"safesearch_signals"}


def test_a_text_rule_is_named_by_its_measure():
    for rule in TEXT_RULES:
        bound = "min" if rule.comparison is Comparison.AT_LEAST else "max"
        assert rule.name == f"{rule.stage}.{bound}_{rule.measure}"


def test_rules_stand_in_the_papers_order():
    stages = [list(Stage).index(rule.stage) for rule in RULES.values()]
    assert stages == sorted(stages)
    assert [rule.measure for rule in TEXT_RULES if rule.stage is Stage.REPETITION] == list(
        REPETITION_MEASURES
    )
    quality = [rule.measure for rule in TEXT_RULES if rule.stage is Stage.QUALITY]
    assert list(dict.fromkeys(quality)) == list(QUALITY_MEASURES)


def test_a_key_of_a_source_needs_the_source():
    with pytest.raises(ConfigError, match=r"source\.licenses"):
        RULES["source.licenses"].threshold(Config())


def test_the_page_of_rules_is_the_table():
    page = Path(__file__).parents[2] / "filters/RULES.md"
    assert page.read_text(encoding="utf-8") == rules_as_markdown(), (
        "the table changed: python -m massivetext.filters.rules_document > filters/RULES.md"
    )
    assert all(f"`{name}`" in rules_as_markdown() for name in RULES)


def test_the_table_needs_no_compiler() -> None:
    """Reports and the command line read it; numba alone takes most of a second."""
    code = (
        "import sys, massivetext.filters.evidence, massivetext.filters.verdicts\n"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
