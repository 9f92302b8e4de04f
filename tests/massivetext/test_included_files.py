"""Included files: what counts, and what they may say."""

from pathlib import Path

import pytest

from massivetext.config import ConfigError
from massivetext.config_file import load_config
from massivetext.step_code import code_told

SOURCE = """
[[source]]
subset = "books"
kind = "text"
format = "jsonl"
path = "x.jsonl"
"""
CODE = "def f(texts):\n    return texts\n"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.toml").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.toml").write_text(text)
    return folder / "config.toml"


def test_of_two_files_the_later_counts_and_the_including_one_most(tmp_path: Path) -> None:
    config = load_config(
        write(
            tmp_path,
            config='include = ["a.toml", "b.toml"]\n[quality]\nmin_words = 3\n' + SOURCE,
            a="[quality]\nmin_words = 1\nmax_words = 10\nmin_stop_words = 0\n",
            b="[quality]\nmin_words = 2\nmax_words = 20\n",
        )
    )
    quality = config.quality
    assert (quality.min_words, quality.max_words, quality.min_stop_words) == (3, 20, 0)


def test_steps_stand_one_behind_another_and_rules_replace_earlier_ones(tmp_path: Path) -> None:
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc/inc_rules.py").write_text(CODE)
    (tmp_path / "own_rules.py").write_text(CODE)
    measure = '[[measure]]\nname = "{}"\ncall = "{}:f"\n'
    rule = '[[rule]]\nmeasure = "{}"\nmax = {}\n'
    included = (measure * 2).format("a", "inc_rules", "b", "inc_rules")
    config = load_config(
        write(
            tmp_path,
            config='include = ["inc/a.toml"]\n'
            + SOURCE
            + measure.format("c", "own_rules")
            + rule.format("a", 5),
            **{"inc/a": included + rule.format("a", 1) + rule.format("b", 2)},
        )
    )
    assert [measure.name for measure in config.measures] == ["a", "b", "c"]
    assert [(rule.measure, rule.max) for rule in config.rules] == [("b", 2.0), ("a", 5.0)]
    assert [module.name for module in config.step_modules] == ["inc_rules", "own_rules"]
    told = "runs code of inc_rules (named by inc/a.toml), own_rules (beside the configuration)"
    assert code_told(config) == told


def test_a_file_that_two_others_include_counts_once(tmp_path: Path) -> None:
    (tmp_path / "own_rules.py").write_text(CODE)
    base = '[[measure]]\nname = "a"\ncall = "own_rules:f"\n[[rule]]\nmeasure = "a"\nmin = 1\n'
    config = load_config(
        write(
            tmp_path,
            config='include = ["a.toml", "b.toml"]\n' + SOURCE,
            a='include = ["base.toml"]\n',
            b='include = ["base.toml"]\n',
            base=base,
        )
    )
    assert len(config.measures) == len(config.rules) == 1


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"config": 'include = "a.toml"'}, "include in .* is 'a.toml'; expected a list of files"),
        ({"config": 'include = ["none.toml"]'}, "includes none.toml, which is not beside it"),
        ({"config": 'include = ["a.toml"]', "a": "x = "}, "included file .*a.toml cannot be read"),
        (
            {"config": 'include = ["a.toml"]', "a": '[output]\npath = "x"\n'},
            "included file .*a.toml has 'output'; it may have measure, rule, edit",
        ),
        ({"config": 'include = ["a.toml"]', "a": SOURCE}, "has 'source'"),
        (
            {"config": 'include = ["a.toml"]', "a": 'include = ["config.toml"]'},
            "includes config.toml, which includes it in turn",
        ),
        ({"config": "step_modules = []" + SOURCE}, "unknown key 'step_modules'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        load_config(write(tmp_path, **files))
    assert "\n" not in str(refused.value)
