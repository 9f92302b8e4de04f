"""The bounds of own rules as keys: `own.<measure>.max`, for other values of them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from massivetext.config import Config, ConfigError
from massivetext.step_validation import BOUNDS


def own_bound(config: Config, key: str) -> tuple[str, str]:
    """Returns the column and the bound, `min` or `max`, that a key of own rules means.

    `own.<measure>.max` is a bound; `own.<measure>` is the only one that the measure has.

    Raises:
        ConfigError: if no rule of the configuration has it.
    """
    known = {
        f"{rule.column}.{bound}": (rule.column, bound)
        for rule in config.rules
        for bound in BOUNDS
        if getattr(rule, bound) is not None
    }
    fitting = [place for name, place in known.items() if key in (name, place[0])]
    if len(fitting) > 1:
        both = " or ".join(f"{column}.{bound}" for column, bound in fitting)
        raise ConfigError(f"'{key}' has two bounds; write {both}")
    if not fitting:
        near = difflib.get_close_matches(key, known, n=1) or sorted(known)
        raise ConfigError(f"unknown key '{key}'; own rules have {', '.join(near) or 'no bounds'}")
    return fitting[0]


def set_bounds(rules: list[dict[str, Any]], config: Config, values: Mapping[str, object]) -> None:
    """Gives rules, as tables in the order of the configuration, other bounds.

    Args:
        rules: changed in place.
        config: that they are of.
        values: of the bounds, by key; of a key that several subsets have, for each of them.

    Raises:
        ConfigError: as `own_bound`.
    """
    for key, value in values.items():
        column, bound = own_bound(config, key)
        for rule, row in zip(config.rules, rules, strict=True):
            if rule.column == column and bound in row:
                row[bound] = value
