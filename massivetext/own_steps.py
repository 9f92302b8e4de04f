"""Steps of one's own, as a configuration names them: measures, rules on them, and edits of texts.

A step names a function by `module:function`, or by an entry point of the group ENTRY_POINTS. How
the code is found and carried stands in `massivetext.step_code`, how it is called in
`massivetext.filters.step_functions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

OWN: Final = "own"
"""Begins the names of own measures, of their columns and of the rules on them."""

ENTRY_POINTS: Final = "massivetext.steps"
"""The group of entry points by whose names an installed package offers steps."""

GIVEN: Final = "given"
"""Mark of a field that is no part of settings and fingerprints while it is empty: runs that do not
use it keep the keys that they had before there was such a field."""

CARRIED: Final = "carried"
"""Mark of a field that fingerprints leave out: another one stands for it."""


def is_own(name: str) -> bool:
    """Whether a column or a rule is one of the user's."""
    return name.startswith(f"{OWN}.")


@dataclass(frozen=True)
class MeasureStep:
    """A `[[measure]]`: numbers about texts, by a function of one's own.

    Attributes:
        name: of the measure; its column is `own.<name>`.
        call: the function.
        gives: the columns of the table that it returns, `own.<name>.<column>` in ours; none if it
            returns one column.
        columns: what it is handed beside the texts, as a table.
        settings: its further arguments, by name.
    """

    name: str
    call: str
    gives: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The columns of `documents/` that it fills."""
        if not self.gives:
            return (f"{OWN}.{self.name}",)
        return tuple(f"{OWN}.{self.name}.{column}" for column in self.gives)


@dataclass(frozen=True)
class RuleStep:
    """A `[[rule]]`: the bounds of an own measure; at a bound a document stays.

    Attributes:
        measure: its name, or `<name>.<column>`.
        min: the least value that stays, if there is one.
        max: the greatest value that stays, if there is one.
        subsets: where it is in force; everywhere if none is named.
        source: where the bounds are from.
        meaning: a sentence for people; without one, the bounds are told.
    """

    measure: str
    min: float | None = None
    max: float | None = None
    subsets: tuple[str, ...] = ()
    source: str = "our choice: the configuration"
    meaning: str = ""

    @property
    def column(self) -> str:
        """The column that it judges."""
        return f"{OWN}.{self.measure}"

    def judges(self, subset: str) -> bool:
        """Whether it is in force for a subset."""
        return not self.subsets or subset in self.subsets


@dataclass(frozen=True)
class EditStep:
    """An `[[edit]]`: other texts for texts, by a function of one's own, before they are measured.

    Attributes:
        name: of the edit.
        call: the function.
        columns: what it is handed beside the texts, as a table.
        settings: its further arguments, by name.
        subsets: where it is in force; everywhere if none is named.
    """

    name: str
    call: str
    columns: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    subsets: tuple[str, ...] = ()

    def edits(self, subset: str) -> bool:
        """Whether it is in force for a subset."""
        return not self.subsets or subset in self.subsets


@dataclass(frozen=True)
class StepModule:
    """The code of a module that steps name, or of one that such a module imports.

    Attributes:
        name: as it is imported.
        digest: of its code.
        text: its code, if it lies beside the configuration: it travels with that to every worker.
            None if the module is installed, as it must be wherever there are workers.
        is_package: whether the code is that of a package's `__init__.py`.
        included_from: the included file that names it; "" for the configuration itself.
    """

    name: str
    digest: str
    text: str | None = field(default=None, metadata={CARRIED: True})
    is_package: bool = False
    included_from: str = ""


def outputs_of(measures: Iterable[MeasureStep]) -> tuple[str, ...]:
    """Returns the columns that own measures fill, in their order."""
    return tuple(column for measure in measures for column in measure.outputs)


def bounds_of(
    rules: Iterable[RuleStep], column: str, bound: str
) -> tuple[tuple[RuleStep, float], ...]:
    """Returns the rules on a column that have a bound, `min` or `max`, each with the bound."""
    found = ((rule, getattr(rule, bound)) for rule in rules if rule.column == column)
    return tuple((rule, value) for rule, value in found if value is not None)
