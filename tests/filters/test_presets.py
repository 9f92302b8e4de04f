"""Presets against slow versions of the published rules, verdict by verdict."""

from dataclasses import replace
from importlib import resources
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from massivetext.config import Config
from massivetext.config_file import load_config
from massivetext.filters.rules import TEXT_RULES, rules_of
from massivetext.filters.step_functions import edit_texts, load_steps, measure_texts
from massivetext.own_steps import outputs_of
from massivetext.step_code import code_told
from tests.reference.presets import c4_verdict, fineweb_verdict

SOURCE = """
[[source]]
subset = "massiveweb"
kind = "web"
format = "warc"
path = "x.warc"
"""
PRESETS = ("gopher", "c4", "fineweb", "personal_data")
PIECES = st.sampled_from(
    [
        *("A line of words that ends well. ", "Is it so? ", "no end here ", "Wait... ", '"Yes!" '),
        *(
            "We use cookies ",
            "privacy policy",
            "JavaScript ",
            "Lorem Ipsum ",
            "{",
            "}",
            "[1]",
            "[edit] ",
        ),
        *("\n", "\n", "\n", "\r\n", "\u2028", " ", "\t", "x" * 1001, "x " * 20, "e.g. ", "'"),
    ]
)
TEXTS = st.lists(PIECES, max_size=40).map("".join)


def included(folder: Path, name: str) -> Config:
    (folder / "config.toml").write_text(f'include = ["{name}.toml"]\n{SOURCE}')
    return load_config(folder / "config.toml")


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Config]:
    return {name: included(tmp_path_factory.mktemp(name), name) for name in PRESETS}


def judged(config: Config, texts: list[str]) -> tuple[list[str], list[list[str]]]:
    """Texts as the preset's edits leave them, and the own rules that object."""
    steps = load_steps(config)
    array = pa.array(texts, pa.large_string())
    for edit in steps.edits:
        array = edit_texts(edit, array, pa.table({}))
    columns = {}
    for measure in steps.measures:
        found = measure_texts(measure, array, pa.table({}))
        columns |= dict(zip(outputs_of([measure.step]), found, strict=True))
    reasons: list[list[str]] = [[] for _ in texts]
    for name, rule in rules_of(config).items():
        if name.startswith("own."):
            objects = rule.objects(columns[rule.measure], rule.threshold(config))
            for row in objects.nonzero()[0]:
                reasons[row].append(name.removeprefix("own.").removeprefix("c4_"))
    return array.to_pylist(), reasons


@given(st.lists(TEXTS, min_size=1, max_size=3))
@example(["One. Two. Three. Four. Five.", "One two. Two. Three. Four. Five...", ""])
@example(["A good line is here. " * 5, "A good line is here.\n" * 4 + "Use {this} one please."])
def test_c4_drops_the_pages_that_the_published_rules_drop(
    configs: dict[str, Config], texts: list[str]
) -> None:
    edited, reasons = judged(configs["c4"], texts)
    for text, left, found in zip(texts, edited, reasons, strict=True):
        why, expected = c4_verdict(text)
        if why is None:
            assert (found, left) == ([], expected)
        else:
            assert why in found


@given(st.lists(TEXTS, min_size=1, max_size=3))
@example(["\n".join(["A line without an end that is long enough"] * 22 + ["An end." * 5] * 3)])
@example(["x" * 990 + "\n" + "y" * 10 + "\n" + "y" * 10])
def test_fineweb_drops_the_pages_that_the_published_rules_drop(
    configs: dict[str, Config], texts: list[str]
) -> None:
    edited, reasons = judged(configs["fineweb"], texts)
    for text, left, found in zip(texts, edited, reasons, strict=True):
        why, _ = c4_verdict(text, needs_punctuation=False)
        expected = fineweb_verdict(left)
        assert [name for name in found if name.startswith("fineweb")] == [
            f"fineweb.{name}" for name in expected
        ]
        assert (why is None) == (not [name for name in found if not name.startswith("fineweb")])


def test_gophers_preset_is_the_default(configs: dict[str, Config]) -> None:
    defaults = Config()
    for section in ("language", "quality", "repetition", "dedup"):
        assert getattr(configs["gopher"], section) == getattr(defaults, section)
    assert configs["gopher"].measures == ()
    assert replace(configs["fineweb"].language, min_score=0.0) == defaults.language
    assert configs["fineweb"].quality == defaults.quality


def test_c4_asks_none_of_gophers_rules_and_gopher_brings_them_back(
    configs: dict[str, Config], tmp_path: Path
) -> None:
    (source,) = configs["c4"].sources
    assert [r.name for r in TEXT_RULES if not r.is_off(configs["c4"], source)] == []
    both = included(tmp_path, 'c4.toml", "gopher')
    assert both.quality == Config().quality
    assert both.measures[0].name == "c4_sentences"


@pytest.mark.parametrize("name", PRESETS)
def test_every_rule_has_its_source_and_no_stranger_is_named(
    configs: dict[str, Config], name: str
) -> None:
    assert all("arXiv" in r.source or "published" in r.source for r in configs[name].rules)
    assert code_told(configs[name]) == ""
    assert load_steps(configs[name]) is not None


def test_these_are_all_presets() -> None:
    folder = resources.files("massivetext.filters.presets")
    files = {file.name for file in folder.iterdir() if file.name.endswith(".toml")}
    assert files == {f"{name}.toml" for name in PRESETS}
