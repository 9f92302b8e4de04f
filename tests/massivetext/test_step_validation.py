"""What a configuration may say of own steps, and the line that refuses all else."""

import datetime
import json
from typing import Any

import pytest

from massivetext.config import Config, ConfigError, fingerprint, plain, run_fingerprint
from massivetext.config_file import decode_settings, parse_config, to_table, with_values
from massivetext.own_steps import EditStep, MeasureStep, RuleStep
from massivetext.step_code import stated_steps

SOURCES = [
    {"subset": subset, "kind": "text", "format": "jsonl", "path": "x.jsonl"}
    for subset in ("books", "c4")
]
BRACES = {"name": "braces", "call": "my_rules:braces"}
SHAPE = {"name": "shape", "call": "my_rules:shape", "gives": ["share", "lines"]}


def parsed(**tables: Any) -> Config:
    return parse_config({"source": SOURCES, **tables})


def test_the_tables_of_own_steps_are_read() -> None:
    config = parsed(
        measure=[{**BRACES, "columns": ["url", "language"], "settings": {"most": [1, 2.5]}}],
        rule=[{"measure": "braces", "max": 1, "subsets": ["books"], "source": "ours: x"}],
        edit=[{"name": "mask", "call": "masks"}],
    )
    settings = {"most": [1, 2.5]}
    columns = ("url", "language")
    assert config.measures == (MeasureStep("braces", "my_rules:braces", (), columns, settings),)
    assert config.rules == (RuleStep("braces", None, 1.0, ("books",), "ours: x"),)
    assert config.edits == (EditStep("mask", "masks"),)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"measure": [{"name": "a"}]}, r"\[\[measure\]\] lacks the key 'call'"),
        ({"measure": [{**BRACES, "colums": []}]}, "unknown key 'colums'.*did you mean 'columns'"),
        ({"measure": [{**BRACES, "name": "A b"}]}, "measure 'A b': a name has small letters"),
        ({"measure": [{**BRACES, "name": "words"}]}, "'words' is the name of a measure of ours"),
        ({"measure": [{**BRACES, "call": "a:"}]}, "call is 'a:'; expected 'module:function'"),
        ({"measure": [{**BRACES, "call": ""}]}, "call is ''"),
        ({"measure": [BRACES, BRACES]}, "two measures are named 'braces'"),
        ({"measure": [{**BRACES, "columns": ["urls"]}]}, "names 'urls'; did you mean 'url'"),
        ({"measure": [{**BRACES, "columns": ["text"]}]}, "names 'text'"),
        ({"measure": [{**BRACES, "gives": ["max"]}]}, "gives 'max'; expected"),
        ({"measure": [{**BRACES, "gives": ["a", "a"]}]}, "gives twice 'a'"),
        (
            {"measure": [{**BRACES, "settings": {"x": {"y": datetime.date(2026, 1, 1)}}}]},
            "measure 'braces': settings.x.y is 2026-01-01; expected strings",
        ),
        ({"measure": [{**BRACES, "settings": {"x": float("nan")}}]}, "settings.x is nan"),
        ({"rule": [{"measure": "braces", "max": 1}]}, "no .*measure.* has this name; own measures"),
        (
            {"measure": [BRACES], "rule": [{"measure": "brace", "max": 1}]},
            "rule on 'brace': .* did you mean 'braces'",
        ),
        (
            {"measure": [SHAPE], "rule": [{"measure": "shape", "max": 1}]},
            "name one of its columns: shape.share, shape.lines",
        ),
        ({"measure": [BRACES], "rule": [{"measure": "braces"}]}, "has no bound; give it min, max"),
        (
            {"measure": [BRACES], "rule": [{"measure": "braces", "min": 2, "max": 1}]},
            "min is 2, above max, which is 1",
        ),
        (
            {"measure": [BRACES], "rule": [{"measure": "braces", "max": float("inf")}]},
            "max is inf; expected a finite number",
        ),
        (
            {"measure": [BRACES], "rule": [{"measure": "braces", "max": "1"}]},
            "rule.max is '1'; expected a number",
        ),
        (
            {"measure": [BRACES], "rule": [{"measure": "braces", "max": 1, "subsets": ["book"]}]},
            r"subsets names 'book', but no \[\[source\]\] has that subset; did you mean 'books'",
        ),
        (
            {
                "measure": [BRACES],
                "rule": [
                    {"measure": "braces", "max": 1},
                    {"measure": "braces", "min": 0, "subsets": ["c4"]},
                ],
            },
            "two rules on 'braces' judge the subset 'c4'",
        ),
        ({"edit": [{"name": "a", "call": "b:c", "columns": ["words"]}]}, "edit 'a': .* 'words'"),
        ({"edit": [{"name": "a", "call": "b:c", "subsets": ["x"]}]}, "edit 'a': subsets names 'x'"),
        ({"edits": []}, "unknown key 'edits' at the top level; did you mean 'edit'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        parsed(**tables)
    assert "\n" not in str(refused.value)


def test_a_configuration_without_own_steps_has_the_keys_that_it_had_before() -> None:
    assert run_fingerprint(Config()) == "a9f3a7942e1ee60e5ed2e13365e40680"
    assert not {"measures", "rules", "edits", "step_modules"} & set(plain(Config()))
    assert "measure" not in to_table(Config())
    assert stated_steps(Config()) == {}


def test_own_steps_survive_the_record_of_a_run() -> None:
    config = parsed(
        measure=[BRACES, SHAPE],
        rule=[{"measure": "braces", "max": 0.5}, {"measure": "shape.share", "min": 1, "max": 2}],
        edit=[{"name": "mask", "call": "m:f", "settings": {"with": "x"}}],
    )
    recorded = json.loads(json.dumps(plain(stated_steps(config))))
    again = decode_settings(recorded)
    assert (again.measures, again.rules, again.edits) == (
        config.measures,
        config.rules,
        config.edits,
    )
    assert parse_config(json.loads(json.dumps(to_table(config)))) == parse_config(to_table(config))
    assert fingerprint(again.rules) == fingerprint(config.rules)


def test_bounds_of_own_rules_are_keys() -> None:
    config = parsed(
        measure=[BRACES, SHAPE],
        rule=[
            {"measure": "braces", "max": 0.5, "subsets": ["books"]},
            {"measure": "braces", "max": 0.7, "subsets": ["c4"]},
            {"measure": "shape.share", "min": 1, "max": 2},
        ],
    )
    changed = with_values(config, {"own.braces": 0.9, "own.shape.share.min": 2})
    assert [rule.max for rule in changed.rules] == [0.9, 0.9, 2.0]
    assert changed.rules[2].min == 2.0
    for key, value, message in (
        ("own.shape.share", 1, "two bounds; write own.shape.share.min or own.shape.share.max"),
        ("own.brace.max", 1, "own rules have own.braces.max"),
        ("own.braces.min", 1, "unknown key"),
        ("own.shape.share.min", 3, "min is 3, above max, which is 2"),
        ("own.braces", "x", "expected a number"),
    ):
        with pytest.raises(ConfigError, match=message):
            with_values(config, {key: value})
    with pytest.raises(ConfigError, match="own rules have no bounds"):
        with_values(parsed(), {"own.x": 1})
