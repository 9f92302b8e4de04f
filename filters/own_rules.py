"""The `[[rule]]`s of a configuration as rules like the paper's: one reason for each bound.

A measure that the configuration bounds on one side only gives the reason `own.<measure>`; one that
it bounds on both sides gives `own.<measure>.min` and `own.<measure>.max`. Rules on one measure that
name different subsets are one rule, whose threshold depends on the source.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from massivetext.config import Config
from massivetext.filters.rule import Comparison, Rule, Stage
from massivetext.own_steps import RuleStep, bounds_of

_SIDES: Final = {
    "min": (Comparison.AT_LEAST, "at least"),
    "max": (Comparison.AT_MOST, "at most"),
}


def own_rules(config: Config) -> tuple[Rule, ...]:
    """Returns the user's own rules, in the order of the configuration."""
    columns = dict.fromkeys(rule.column for rule in config.rules)
    return tuple(rule for column in columns for rule in _rules_on(column, config))


def _rules_on(column: str, config: Config) -> Iterable[Rule]:
    bounded = {bound: bounds_of(config.rules, column, bound) for bound in _SIDES}
    sides = [bound for bound, found in bounded.items() if found]
    for bound in sides:
        steps = [step for step, _ in bounded[bound]]
        comparison, words = _SIDES[bound]
        yield Rule(
            column if len(sides) == 1 else f"{column}.{bound}",
            Stage.OWN,
            column,
            comparison,
            unit="as its function counts",
            range="finite numbers",
            quote="(a rule of the configuration)",
            source="; ".join(dict.fromkeys(step.source for step in steps)),
            meaning=f"The measure {column} is {words} {{threshold}}.{_told(steps)}",
        )


def _told(steps: Iterable[RuleStep]) -> str:
    """Returns what the configuration says of rules, for `str.format`, which minds braces."""
    meanings = dict.fromkeys(step.meaning for step in steps if step.meaning)
    return "".join(f" {meaning}" for meaning in meanings).replace("{", "{{").replace("}", "}}")


def own_rule_keys(config: Config) -> tuple[str, ...]:
    """Returns the keys that set the bounds of own rules, `own.<measure>.max` and the like."""
    return tuple(f"{rule.measure}.{rule.bound}" for rule in own_rules(config))
