"""Units of measure, from `units.toml`: names, and what one is in others."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import NamedTuple


class Unit(NamedTuple):
    """A unit.

    Attributes:
        singular, plural, symbol: what it is called.
        kind: of what it measures; units of one kind are converted into each other.
        factor: what one of it is in the base unit of its kind.
        offset: where zero of the base unit lies on its scale (temperatures).
    """

    singular: str
    plural: str
    symbol: str
    kind: str
    factor: float
    offset: float = 0.0


class Pair(NamedTuple):
    """Two units that one measure is told in: `5 feet 10 inches`.

    Attributes:
        share: how many of the smaller one the larger has.
        smaller: its code.
        code: of both together, as a unit to convert to.
        decimals: of the smaller one that a measure in both is taken to be precise to.
    """

    share: int
    smaller: str
    code: str
    decimals: int = 0


class UnitTable(NamedTuple):
    """Units by their codes in Module:Convert.

    Attributes:
        units: the units.
        aliases: other names of units.
        defaults: the unit that one is converted to if none is named.
        together: by the larger unit, those that a measure may be told in together with another.
    """

    units: dict[str, Unit]
    aliases: dict[str, str]
    defaults: dict[str, str]
    together: dict[str, Pair]

    def code(self, name: str) -> str:
        """Returns the code of a unit by any of its names, the name itself if it has none."""
        return name if name in self.units else self.aliases.get(name, name)


@cache
def units_of_measure() -> UnitTable:
    """Returns the units of `units.toml`."""
    path = resources.files(__name__.rpartition(".")[0]).joinpath("units.toml")
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return UnitTable(
        units={code: Unit(*row) for code, row in tables["units"].items()},
        aliases=tables["aliases"],
        defaults=tables["defaults"],
        together={code: Pair(*row) for code, row in tables["together"].items()},
    )
