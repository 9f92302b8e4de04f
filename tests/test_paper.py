"""docs/paper.md says what the code does: its defaults, weights, model shapes and files."""

import re
from pathlib import Path
from typing import Final

import pytest

from massivetext.config import Config
from massivetext.filters.rules import RULES
from massivetext.model.configs import PRESETS
from massivetext.sequencing.mixture import NAMED_WEIGHTS

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = (ROOT / "docs/paper.md").read_text(encoding="utf-8")
ROWS: Final = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|")
]
FILES: Final = sorted(set(re.findall(r"`((?:[\w-]+/)+(?:[\w-]+\.\w+)?)`", PAGE)))
DEFAULTS: Final = {
    key[0]: row[1] for row in ROWS if (key := re.findall(r"^`([a-z_]+\.[a-z_0-9]+)`$", row[0]))
}
MIB: Final = 2**20


def number(cell: str) -> float:
    return float(cell.replace(",", ""))


def default_of(key: str) -> object:
    section, name = key.split(".")
    return getattr(getattr(Config(), section), name)


@pytest.mark.parametrize("file", FILES)
def test_the_files_that_the_page_names_exist(file: str) -> None:
    assert (ROOT / file).exists()


def test_every_decision_names_its_file() -> None:
    tables = re.findall(r"^\| question \|.*\n\|---.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    decisions = [line for table in tables for line in table.splitlines()]
    assert len(decisions) > 40
    without = [line for line in decisions if line.split("|")[-2].strip(" `") not in FILES]
    assert without == []


@pytest.mark.parametrize("key", DEFAULTS)
def test_the_defaults_are_those_of_the_configuration(key: str) -> None:
    stated, actual = DEFAULTS[key], default_of(key)
    if isinstance(actual, bool):
        assert stated == f"`{str(actual).lower()}`"
    elif isinstance(actual, int | float):
        assert number(stated) == actual
    elif actual == ():
        assert stated == "none"
    else:
        expected = (actual,) if isinstance(actual, str) else actual
        named = () if stated == "none" else tuple(stated.strip("`").split(", "))
        assert named == expected


def test_the_threshold_of_every_rule_is_stated() -> None:
    thresholds = {name for name in RULES if not name.startswith("source.")}
    assert thresholds - set(DEFAULTS) == set()


def test_the_mixtures_are_those_that_a_configuration_can_name() -> None:
    header = ["subset", *(f"`{name}`" for name in NAMED_WEIGHTS)]
    first = ROWS.index(header) + 2
    stated: dict[str, dict[str, int]] = {name: {} for name in NAMED_WEIGHTS}
    for subset, *weights in ROWS[first : first + 6]:
        for name, weight in zip(NAMED_WEIGHTS, weights, strict=True):
            if weight != "-":
                stated[name][subset.strip("`")] = int(weight)
    assert stated == NAMED_WEIGHTS


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "tiny"])
def test_the_models_are_those_of_the_presets(name: str) -> None:
    (row,) = [row for row in ROWS if row[0] == f"`{name}`"]
    preset = PRESETS[name]
    model, optimiser = preset.model, preset.optimiser
    shape = [model.layers, model.heads, model.key_size, model.d_model]
    assert [number(cell) for cell in row[1:5]] == shape
    assert number(row[5]) == optimiser.max_learning_rate
    assert [number(batch) for batch in row[6].split(", later ")] == [
        preset.batch_tokens / MIB * factor for factor in ((1, 2) if preset.batch_doubles else (1,))
    ]
    assert number(row[7]) == optimiser.clip_norm
