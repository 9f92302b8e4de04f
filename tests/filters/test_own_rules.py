"""Own rules judge as the paper's do, and bear the names that the configuration gives them."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.config import Config, ConfigError, Source
from massivetext.filters.evidence import first_passages, gather_evidence
from massivetext.filters.rule import Comparison, Stage
from massivetext.filters.rules import RULES, rules_for, rules_of, stages_of
from massivetext.filters.verdicts import first_stage, judge
from massivetext.own_steps import MeasureStep, RuleStep

BOOKS, C4 = (Source(subset, "text", "jsonl", language=False) for subset in ("books", "c4"))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)


def config_of(*rules: RuleStep) -> Config:
    return Config(sources=(BOOKS, C4), measures=(MeasureStep("m", "a:b"),), rules=rules)


def judged(config: Config, source: Source, values: list[float]) -> list[list[str]]:
    signals = pa.array([[]] * len(values), pa.list_(pa.string()))
    table = pa.table({"opt_out_signals": signals, "own.m": pa.array(values, pa.float64())})
    found: list[list[str]] = judge(table, config, source).to_pylist()
    return found


@given(st.lists(NUMBERS, max_size=8), NUMBERS, NUMBERS)
def test_bounds_are_kept_and_all_beyond_is_named(
    values: list[float], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    both = judged(config_of(RuleStep("m", low, high)), BOOKS, [*values, low, high])
    assert both == [
        ["own.m.min"] * (value < low) + ["own.m.max"] * (value > high)
        for value in [*values, low, high]
    ]
    one_sided = judged(config_of(RuleStep("m", max=high)), C4, values)
    assert one_sided == [["own.m"] * (value > high) for value in values]


def test_subsets_have_their_own_bounds() -> None:
    config = config_of(
        RuleStep("m", max=1, subsets=("books",)), RuleStep("m", max=2, subsets=("c4",))
    )
    rule = rules_of(config)["own.m"]
    assert rule.threshold(config, BOOKS) == 1
    assert rule.threshold(config, C4) == 2
    assert rule.thresholds(config) == (1, 2)
    assert rule.strictest(config) == 1
    assert rule.describe(config) == "The measure own.m is at most 1 (books); 2 (c4)."
    with pytest.raises(ConfigError, match=r"own\.m has a bound for each of several subsets"):
        rule.threshold(config)
    assert judged(config, BOOKS, [1, 1.5, 3]) == [[], ["own.m"], ["own.m"]]
    assert judged(config, C4, [1, 1.5, 3]) == [[], [], ["own.m"]]


def test_a_rule_of_one_subset_judges_no_other() -> None:
    config = config_of(RuleStep("m", min=1, subsets=("c4",)))
    assert [rule.name for rule in rules_for(config, C4)][-1] == "own.m"
    assert "own.m" not in [rule.name for rule in rules_for(config, BOOKS)]
    (rule,) = (rule for rule in rules_of(config).values() if rule.stage is Stage.OWN)
    assert rule.comparison is Comparison.AT_LEAST
    assert not rule.is_of_the_paper
    assert not rule.is_off(config, C4)


def test_nothing_changes_without_own_rules() -> None:
    assert rules_of(Config()) is RULES
    assert stages_of(Config()) == (Stage.CONTENT, Stage.QUALITY, Stage.REPETITION)
    assert stages_of(config_of(RuleStep("m", max=1)))[-1] is Stage.OWN


def test_own_rules_stand_behind_the_papers() -> None:
    assert first_stage(["quality.min_words", "own.m"]) is Stage.QUALITY
    assert first_stage(["own.m.max"]) is Stage.OWN


@pytest.mark.parametrize("meaning", ["", "A page of {braces} is code.", "100 % {threshold"])
def test_a_meaning_is_told_as_it_stands(meaning: str) -> None:
    config = config_of(RuleStep("m", max=1234.5, meaning=meaning))
    expected = f"The measure own.m is at most 1,234.5. {meaning}".strip()
    assert rules_of(config)["own.m"].describe(config) == expected


def test_the_evidence_is_the_text() -> None:
    text = " some words "
    (passage,) = first_passages(text, ["own.m.max"], Config().repetition)
    assert (passage.rule, passage.passage) == ("own.m.max", "some words")
    (evidence,) = gather_evidence(text, ["own.m"])
    assert evidence.spans[0].text == "some words"


def test_a_missing_value_breaks_a_rule() -> None:
    config: Any = config_of(RuleStep("m", max=1))
    column = pa.array([None, math.nan, 0.0], pa.float64())
    fails = rules_of(config)["own.m"].objects(column, 1.0)
    assert np.array_equal(fails, [True, True, False])
