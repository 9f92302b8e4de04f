"""Which settings `whatif` can answer for, and why not all: stated in words, never guessed."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from massivetext.config import Config
from massivetext.config_file import decode_settings, with_values
from massivetext.filters.rule import Comparison, Rule, Threshold
from massivetext.filters.rules import RULES, rules_of
from massivetext.own_bounds import own_bound
from massivetext.own_steps import bounds_of, is_own
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.phases.outcome import FinishedRun
from massivetext.pipeline.phases.table import settings_path

MOST_POINTS: Final = 1_000
"""Our choice: values of one sweep; more of them is a step that was meant to be larger."""

DEDUP_KEYS: Final = ("dedup.threshold", "dedup.rule")
"""What decides about verified pairs; all else of `[dedup]` decides which pairs there are."""

_AGAIN: Final[Mapping[str, str]] = {
    "seed": "it decides which of two duplicates stays",
    "output": "it decides no verdict",
    "limits": "records would have to be read again",
    "source": "records would have to be read again",
    "extraction": "pages would have to be extracted again",
    "language": "languages would have to be recognized again",
    "safesearch": "signals would have to be looked for again",
    "repetition": "repetitions would have to be counted again",
    "dedup": "the keys of all documents would have to be made again",
    "decontamination": "documents would have to be compared with the test sets again",
    "tokenizer": "it decides no verdict",
    "sequence": "it decides no verdict",
}
"""Why a setting cannot be foreseen from what a run has stored, by section."""


@dataclass(frozen=True)
class Sweep:
    """Values of one setting, each of which is asked for by itself.

    Attributes:
        key: `section.key`.
        values: as TOML has them.
    """

    key: str
    values: tuple[float, ...]


def settings_of_run(output: str) -> Config:
    """Returns the settings that a finished run was made with; sources have no paths.

    Raises:
        UsageError: if there is no run, or the settings of one of its phases are missing or damaged.
    """
    merged: dict[str, Any] = {}
    for phase, sections in (
        ("curate", None),
        ("dedup", ("seed", "dedup")),
        ("decontaminate", ("decontamination",)),
    ):
        found = store.read_record(store.below(output, settings_path(phase)))
        if found is None:
            FinishedRun.open(output)  # says if there is no run at all
            raise UsageError(
                f"{output}: phases/{phase}/settings.json is missing or damaged; `massivetext run` "
                "with the run's configuration rebuilds it"
            )
        merged |= {name: found[name] for name in sections or found if name in found}
    asked = dict(merged.get("decontamination", {}))
    asked["test_set"] = asked.pop("test_sets", [])  # TOML's name of one of them
    return decode_settings({**merged, "decontamination": asked})


def asked_settings(config: Config, assignments: Sequence[str]) -> dict[str, object]:
    """Returns the values that `--set KEY=VALUE` asks for, by key, in the form of TOML.

    Raises:
        UsageError: if one is not of this form, sets a key twice, or cannot be foreseen.
    """
    values: dict[str, object] = {}
    for assignment in assignments:
        key, is_set, value = assignment.partition("=")
        key = key.strip()
        if not is_set or not key:
            raise UsageError(f"--set {assignment!r}: expected KEY=VALUE, e.g. quality.min_words=30")
        if key in values:
            raise UsageError(f"--set {key} stands twice; a key has one value")
        values[key] = _value(config, key, value.strip())
        require_foreseeable(key)
    return values


def _value(config: Config, key: str, text: str) -> object:
    """Returns what a value means as TOML; names need no quotes, and lists no brackets."""
    try:
        value: object = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        value = text
    section, _, name = key.partition(".")
    is_list = isinstance(getattr(getattr(config, section, None), name, None), tuple)
    if is_list and isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def sweep_of(text: str) -> Sweep:
    """Returns what `--sweep KEY=FROM:TO:STEP` asks for; TO is a value too if steps reach it.

    Raises:
        UsageError: if it is not of this form, asks for too much, or cannot be foreseen.
    """
    key, _, range_ = text.partition("=")
    found = _range_of(range_)
    if found is None:
        raise UsageError(
            f"--sweep {text!r}: expected KEY=FROM:TO:STEP with FROM <= TO and STEP > 0, "
            "e.g. quality.min_words=20:80:10"
        )
    first, step, count = found
    if count > MOST_POINTS:
        raise UsageError(f"--sweep {text!r}: more than {MOST_POINTS:,} values; give a larger STEP")
    require_foreseeable(key.strip())
    return Sweep(key.strip(), tuple(_number(first + step * n) for n in range(count)))


def _range_of(text: str) -> tuple[Decimal, Decimal, int] | None:
    """Returns the first value, the step and the number of values; None if that makes no sense."""
    try:
        first, last, step = (Decimal(part.strip()) for part in text.split(":"))
        if not (first <= last and step > 0 and last.is_finite() and step.is_finite()):
            return None
        return first, step, min(int((last - first) / step), MOST_POINTS) + 1
    except (ArithmeticError, ValueError):  # no number, NaN, or beyond all bounds
        return None


def _number(value: Decimal) -> float:
    """Returns a whole number as an int, and any other as the float that is nearest to it."""
    return int(value) if value == value.to_integral_value() else float(value)


def require_foreseeable(key: str) -> None:
    """Checks that the results of another value of a key follow from what a run stores.

    Keys that a section does not have are for `with_values` to refuse.

    Raises:
        UsageError: saying what would have to be done again.
    """
    if is_own(key):  # for `with_values` to refuse, which knows the run's
        return
    section = key.partition(".")[0]
    known = [name for name in (*RULES, *DEDUP_KEYS) if not name.startswith("source.")]
    if key in known:
        return
    if section not in _AGAIN:
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "filters/RULES.md names those of rules"
        raise UsageError(f"unknown key {key!r}; {hint}")
    raise UsageError(
        f"whatif cannot foresee {key!r}: {_AGAIN[section]}; run with the other value into another "
        "folder, and compare with `massivetext diff`"
    )


def with_asked(config: Config, values: Mapping[str, object]) -> Config:
    """Returns the settings with the values that are asked for.

    Raises:
        ConfigError: if a key does not exist or a value makes no sense.
    """
    whole = {
        key: int(value)
        if isinstance(value, float) and value.is_integer() and _is_whole(config, key)
        else value
        for key, value in values.items()
    }
    return with_values(config, whole)


def _is_whole(config: Config, key: str) -> bool:
    """Whether a key's value is a whole number."""
    section, _, name = key.partition(".")
    return isinstance(getattr(getattr(config, section, None), name, None), int)


def changed_rules(before: Config, after: Config) -> list[Rule]:
    """Returns the rules whose thresholds differ between two settings of the same sources."""
    return [
        rule
        for rule in rules_of(before).values()
        if not rule.name.startswith("source.") and rule.thresholds(before) != rule.thresholds(after)
    ]


def is_looser(rule: Rule, before: Config, after: Config) -> bool:
    """Whether a rule may keep under other settings what it rejects now."""
    pairs = zip(rule.thresholds(before), rule.thresholds(after), strict=True)
    return any(_is_looser(rule, old, new) for old, new in pairs)


def _is_looser(rule: Rule, old: Threshold, new: Threshold) -> bool:
    if isinstance(old, tuple) or isinstance(new, tuple):
        return old != new
    return new < old if rule.comparison is Comparison.AT_LEAST else new > old


def shown_value(config: Config, key: str) -> Any:
    """Returns the value of a key, as JSON has it; several of an own rule whose subsets differ."""
    if is_own(key):
        column, bound = own_bound(config, key)
        found = list(dict.fromkeys(value for _, value in bounds_of(config.rules, column, bound)))
        return found[0] if len(found) == 1 else found
    section, _, name = key.partition(".")
    value = getattr(getattr(config, section), name)
    return json.loads(json.dumps(value))
