"""A rule: one reason to drop a document, and when a measure gives it.

Every comparison is strict, as in the paper ("greater than", "more than", "exceeds"): a document
exactly at a threshold stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pyarrow as pa

from massivetext.config import Config, ConfigError, Source
from massivetext.filters.passages import Finder, whole_text
from massivetext.own_steps import bounds_of

OUR_CHOICE: Final = "our choice"
"""How the source of a rule begins that the paper does not state."""

KEEP_ALL: Final = "*"
"""In a list of values to keep: keep everything; in one of values to reject: reject any."""


Threshold = float | tuple[str, ...]
"""A bound, the values to keep, or (NONE_OF) those to reject."""


class Stage(StrEnum):
    """A filter of A.1.1, in the paper's order; the user's own rules stand behind the paper's."""

    CONTENT = "content"
    QUALITY = "quality"
    REPETITION = "repetition"
    OWN = "own"


class Comparison(StrEnum):
    """What a measure must do to be kept."""

    AT_LEAST = "at least"
    AT_MOST = "at most"
    ONE_OF = "one of"
    NONE_OF = "none of"


@dataclass(frozen=True)
class Rule:
    """One reason to drop a document.

    Attributes:
        name: the configuration key of the threshold, `section.key`; of an own rule its column,
            followed by `.min` or `.max` if the configuration bounds that on both sides.
        stage: the filter that the rule belongs to.
        measure: the column that it judges.
        comparison: how the measure must stand to the threshold for the document to stay.
        unit: what the measure counts.
        range: the values that the measure can take.
        quote: the words of the source; in brackets where they are ours.
        source: section or table of the paper, or OUR_CHOICE and why.
        meaning: one sentence for reports and documentation; `{threshold}` is filled in.
        evidence: finds the passages that the rule objects to, for people; the whole text unless
            the row says otherwise.
    """

    name: str
    stage: Stage
    measure: str
    comparison: Comparison
    unit: str
    range: str
    quote: str
    source: str
    meaning: str
    evidence: Finder = whole_text

    @property
    def is_of_the_paper(self) -> bool:
        """Whether the paper states the rule and, but for the content filter, its threshold."""
        return not self.source.startswith(OUR_CHOICE) and self.stage is not Stage.OWN

    @property
    def bound(self) -> str:
        """Which bound of a `[[rule]]` an own rule is: `min` or `max`."""
        return "min" if self.comparison is Comparison.AT_LEAST else "max"

    def threshold(self, config: Config, source: Source | None = None) -> Threshold:
        """Returns the value of the rule's key: a number, or a tuple of values to keep.

        Raises:
            ConfigError: if the value depends on the source, and none is given.
        """
        if self.stage is Stage.OWN:
            return self._own_threshold(config, source)
        section, key = self.name.split(".")
        if section == "source" and source is None:
            raise ConfigError(f"{self.name} is a key of a [[source]]; name the source")
        threshold: Threshold = getattr(
            source if section == "source" else getattr(config, section), key
        )
        return threshold

    def _own_threshold(self, config: Config, source: Source | None) -> float:
        found = {
            value
            for rule, value in bounds_of(config.rules, self.measure, self.bound)
            if source is None or rule.judges(source.subset)
        }
        if len(found) != 1:
            raise ConfigError(f"{self.name} has a bound for each of several subsets; name a source")
        return found.pop()

    def thresholds(self, config: Config) -> tuple[Threshold, ...]:
        """Returns every value that the rule has: an own one may have several, by subset."""
        if self.stage is not Stage.OWN:
            return (self.threshold(config),)
        return tuple(value for _, value in bounds_of(config.rules, self.measure, self.bound))

    def strictest(self, config: Config) -> Threshold:
        """Returns the value that lets fewest documents stay, of those that subsets have."""
        found = self.thresholds(config)
        numbers = [value for value in found if not isinstance(value, tuple)]
        if len(numbers) < len(found):
            return found[0]
        return max(numbers) if self.comparison is Comparison.AT_LEAST else min(numbers)

    def is_off(self, config: Config, source: Source | None = None) -> bool:
        """Whether the threshold lets every document pass, whatever its measure."""
        if self.stage is Stage.OWN:  # whose measures may be any numbers
            return False
        threshold = self.threshold(config, source)
        if isinstance(threshold, tuple):
            return KEEP_ALL in threshold if self.comparison is Comparison.ONE_OF else not threshold
        if self.comparison is Comparison.AT_LEAST:
            return threshold <= 0
        most = 1 if self.range.startswith("[0, 1]") else config.limits.record_bytes
        return threshold >= most  # a text has no more of anything than its record has bytes

    def describe(self, config: Config, source: Source | None = None) -> str:
        """Returns the meaning with the threshold in force, or with those of all subsets."""
        if self.stage is Stage.OWN and source is None:
            return self.meaning.format(threshold=self._own_thresholds_shown(config))
        return self.meaning.format(threshold=_shown(self.threshold(config, source)))

    def _own_thresholds_shown(self, config: Config) -> str:
        found = bounds_of(config.rules, self.measure, self.bound)
        if len(found) == 1:
            return _shown(found[0][1])
        return "; ".join(f"{_shown(value)} ({', '.join(r.subsets)})" for r, value in found)

    def objects(self, column: pa.Array | pa.ChunkedArray, threshold: Threshold) -> np.ndarray:
        """Returns, a row each, whether the measure breaks the threshold (bool array).

        Numbers compare as float64, strictly; a measure that is null or NaN breaks its rule.
        """
        if isinstance(threshold, tuple):
            is_keeping = self.comparison is Comparison.ONE_OF
            return _outside(column, threshold) if is_keeping else _among(column, threshold)
        values = np.asarray(column.cast(pa.float64()), dtype=np.float64)
        if self.comparison is Comparison.AT_LEAST:
            return ~(values >= threshold)
        return ~(values <= threshold)


def _shown(threshold: Threshold) -> str:
    if isinstance(threshold, tuple):
        return ", ".join(threshold) or "none"
    return f"{threshold:,}" if isinstance(threshold, int) else f"{threshold:,g}"


def _outside(column: pa.Array | pa.ChunkedArray, keep: tuple[str, ...]) -> np.ndarray:
    """Returns whether each value is none of those to keep, whatever their case."""
    if KEEP_ALL in keep:
        return np.zeros(len(column), dtype=bool)
    kept = {value.lower() for value in keep}
    values = column.to_pylist()
    return np.array([v is None or v.lower() not in kept for v in values], dtype=bool)


def _among(column: pa.Array | pa.ChunkedArray, reject: tuple[str, ...]) -> np.ndarray:
    """Returns whether one of the values in each list is to be rejected, whatever their case."""
    rejected = {value.lower() for value in reject}
    rows = ([value.lower() for value in values or ()] for values in column.to_pylist())
    found = (bool(row) and (KEEP_ALL in rejected or not rejected.isdisjoint(row)) for row in rows)
    return np.fromiter(found, bool, len(column))
