"""What a configuration says of own steps is refused, in one clear line, where it makes no sense."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from massivetext.config import Config, ConfigError
from massivetext.own_steps import EditStep, MeasureStep, RuleStep, outputs_of
from massivetext.records import DOCUMENT_SCHEMA, MEASURES

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")

_CALL: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*|[^:\s]+")
"""`module:function`, or the name of an entry point."""

BOUNDS: Final = ("min", "max")
"""Of a rule; a rule with both is two reasons, `own.<measure>.min` and `own.<measure>.max`."""

EDIT_COLUMNS: Final = ("id", "source_id", "subset", "url", "title", "metadata")
"""What is known of a document before it is measured."""

MEASURE_COLUMNS: Final = tuple(
    name for name in DOCUMENT_SCHEMA.names if name not in ("item", "row", "text")
)
"""What an own measure may ask for beside the texts."""


def validate_steps(config: Config) -> None:
    """Checks the own steps of a configuration.

    Raises:
        ConfigError: naming the first that makes no sense.
    """
    for measure in config.measures:
        _validate_measure(measure)
    for edit in config.edits:
        where = f"edit '{edit.name}'"
        _validate_step(edit, where, EDIT_COLUMNS)
        _require_subsets(edit.subsets, where, config.subsets)
    for kind, names in (
        ("measures", [measure.name for measure in config.measures]),
        ("edits", [edit.name for edit in config.edits]),
    ):
        _require_apart(names, f"two {kind} are named")
    judged = [column.partition(".")[2] for column in outputs_of(config.measures)]
    for rule in config.rules:
        _validate_bounds(rule)
        _validate_rule(rule, config, judged)
    _require_one_rule_each(config)


def _validate_bounds(rule: RuleStep) -> None:
    """Checks that a rule has bounds, and that they leave something between them."""
    where = f"rule on '{rule.measure}'"
    if rule.min is None and rule.max is None:
        raise ConfigError(f"{where} has no bound; give it min, max or both")
    for bound in BOUNDS:
        value = getattr(rule, bound)
        if value is not None and not math.isfinite(value):
            raise ConfigError(f"{where}: {bound} is {value}; expected a finite number")
    if rule.min is not None and rule.max is not None and rule.min > rule.max:
        raise ConfigError(f"{where}: min is {rule.min:g}, above max, which is {rule.max:g}")


def _validate_measure(measure: MeasureStep) -> None:
    where = f"measure '{measure.name}'"
    _validate_step(measure, where, MEASURE_COLUMNS)
    if measure.name in MEASURES:
        raise ConfigError(f"{where} is the name of a measure of ours; choose another")
    for column in measure.gives:
        if not _NAME.fullmatch(column) or column in BOUNDS:
            raise ConfigError(
                f"{where} gives '{column}'; expected small letters, digits and _, and neither "
                "min nor max"
            )
    _require_apart(measure.gives, f"{where} gives twice")


def _validate_step(step: MeasureStep | EditStep, where: str, columns: Collection[str]) -> None:
    if not _NAME.fullmatch(step.name):
        raise ConfigError(f"{where}: a name has small letters, digits and _, first a letter")
    if not _CALL.fullmatch(step.call):
        raise ConfigError(
            f"{where}: call is {step.call!r}; expected 'module:function', or the name of an entry "
            "point"
        )
    for column in step.columns:
        if column not in columns:
            raise ConfigError(
                f"{where}: columns names '{column}'; {_hint(column, columns, 'known columns')}"
            )
    _require_plain(step.settings, f"{where}: settings")


def _require_plain(value: Any, where: str) -> None:
    """Checks that settings are what JSON can hold: they are recorded with the run."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            _require_plain(part, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for part in value:
            _require_plain(part, where)
    else:
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            raise ConfigError(
                f"{where} is {value}; expected strings, finite numbers, true or false, lists or "
                "tables"
            ) from None


def _validate_rule(rule: RuleStep, config: Config, judged: Collection[str]) -> None:
    where = f"rule on '{rule.measure}'"
    if rule.measure not in judged:
        several = [name for name in judged if name.startswith(f"{rule.measure}.")]
        hint = f"name one of its columns: {', '.join(several)}" if several else ""
        hint = hint or _hint(rule.measure, judged, "own measures")
        raise ConfigError(f"{where}: no [[measure]] has this name; {hint}")
    _require_subsets(rule.subsets, where, config.subsets)


def _require_one_rule_each(config: Config) -> None:
    """Checks that no two rules judge the same measure of the same subset."""
    for number, rule in enumerate(config.rules):
        for subset in config.subsets:
            others = config.rules[:number]
            if rule.judges(subset) and any(
                other.measure == rule.measure and other.judges(subset) for other in others
            ):
                raise ConfigError(
                    f"two rules on '{rule.measure}' judge the subset '{subset}'; make them one, or "
                    "give each its own subsets"
                )


def _require_subsets(named: Iterable[str], where: str, subsets: Collection[str]) -> None:
    for subset in named:
        if subset not in subsets:
            raise ConfigError(
                f"{where}: subsets names '{subset}', but no [[source]] has that subset; "
                f"{_hint(subset, subsets, 'subsets of the sources')}"
            )


def _require_apart(names: Collection[str], problem: str) -> None:
    twice = [name for name in names if list(names).count(name) > 1]
    if twice:
        raise ConfigError(f"{problem} '{twice[0]}'; give each its own name")


def _hint(name: str, names: Collection[str], kind: str) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean '{near[0]}'?" if near else f"{kind}: {', '.join(names) or 'none'}"
