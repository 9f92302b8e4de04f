"""Which documents stay under other settings: rules, duplicates, test sets, then take-downs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from massivetext.config import Config
from massivetext.dedup.groups import Records
from massivetext.filters.rule import Rule, Threshold
from massivetext.filters.rules import rules_for
from massivetext.pipeline.commands.whatif.duplicates import Duplicates
from massivetext.pipeline.commands.whatif.rows import Rows, StoredRun
from massivetext.pipeline.commands.whatif.settings import DEDUP_KEYS
from massivetext.pipeline.commands.whatif.take_downs import TakeDowns
from massivetext.pipeline.commands.whatif.test_copies import TestCopies
from massivetext.pipeline.engine.errors import UsageError


@dataclass(frozen=True)
class Verdicts:
    """What becomes of `Rows` under some settings.

    Attributes:
        passes: bool (rows,), whether no rule objects.
        removals: `REMOVAL`s of those that do, by address; None if they are those of the run.
        in_corpus: bool (rows,).
    """

    passes: NDArray[np.bool_]
    removals: Records | None
    in_corpus: NDArray[np.bool_]


@dataclass(frozen=True)
class RunJudge:
    """Says what becomes of the documents of a run under other settings.

    Attributes:
        run: whose documents they are.
        rows: the documents.
        rules: those whose thresholds may be others.
        duplicates: finds those among some of them.
        test_copies: finds those among rejected ones.
        take_downs: the same for what lists of take-downs name.
    """

    run: StoredRun
    rows: Rows
    rules: Sequence[Rule]
    duplicates: Duplicates
    test_copies: TestCopies
    take_downs: TakeDowns
    _in_force: dict[tuple[str, Threshold], NDArray[np.bool_]] = field(
        default_factory=dict, init=False, repr=False
    )

    def verdicts(self, config: Config) -> Verdicts:
        """Returns what becomes of every row.

        Raises:
            UsageError: if that does not follow from what the run has stored.
        """
        rows = self.rows
        passes = self._passes(config)
        is_same = np.array_equal(passes, rows.was_document)
        if not is_same:
            self._require_independent_test_sets()
        if is_same and all(_of(config, key) == _of(self.run.config, key) for key in DEDUP_KEYS):
            return Verdicts(passes, None, rows.in_corpus)
        if self.run.config.extraction.format == "markdown" and (passes & ~rows.was_document).any():
            raise UsageError(
                "whatif cannot foresee rejected documents that return to a corpus of Markdown "
                "(extraction.format): theirs is not stored"
            )
        removals = self.duplicates.removals(passes, config)
        stays = passes & ~rows.is_test_copy & ~rows.is_excluded
        stays[np.searchsorted(rows.addresses, removals["address"])] = False
        returned = np.flatnonzero(stays & ~rows.was_document)
        addresses = rows.addresses[returned]
        goes = self.test_copies.are_copies(addresses) | self.take_downs.are_named(addresses)
        stays[returned[goes]] = False
        return Verdicts(passes, removals, stays)

    def _require_independent_test_sets(self) -> None:
        asked = self.run.config.decontamination
        if asked.test_sets and asked.rule != "jaccard":
            raise UsageError(
                f"whatif cannot foresee other rules with decontamination.rule = '{asked.rule}': "
                "which 13-grams of the test sets are frequent depends on all documents"
            )

    def _passes(self, config: Config) -> NDArray[np.bool_]:
        """Returns whether no rule objects to each row.

        Rules whose thresholds are never others need not be asked: documents pass them, and a
        rejected one that fails one of them is no row.
        """
        fails = np.zeros(self.rows.addresses.size, np.bool_)
        for rule in self.rules:
            fails |= self._objects(rule, config)
        return ~fails

    def _objects(self, rule: Rule, config: Config) -> NDArray[np.bool_]:
        """Returns whether a rule objects to each row; its threshold may depend on the source."""
        measures = self.rows.measures[rule.measure]
        fails = np.zeros(self.rows.addresses.size, np.bool_)
        for threshold in dict.fromkeys(rule.thresholds(config)):
            fails |= rule.objects(measures, threshold) & self._where(rule, threshold, config)
        return fails

    def failed_rules(self, index: int, config: Config) -> list[str]:
        """Returns the rules that object to a row under some settings."""
        measures = self.rows.measures.slice(index, 1)
        return [
            rule.name
            for rule in self.rules
            if any(
                rule.objects(measures[rule.measure], threshold)[0]
                and self._where(rule, threshold, config)[index]
                for threshold in rule.thresholds(config)
            )
        ]

    def _where(self, rule: Rule, threshold: Threshold, config: Config) -> NDArray[np.bool_]:
        """Returns whether a rule judges each row by a threshold: that is for its source to say."""
        key = rule.name, threshold
        if key not in self._in_force:
            of_source = [
                rule in rules_for(config, source) and rule.threshold(config, source) == threshold
                for source in config.sources
            ]
            sources = [self.run.source(number) for number in range(len(self.run.items))]
            of_item = np.array([of_source[source] for source in sources], np.bool_)
            self._in_force[key] = of_item[self.rows.items]
        return self._in_force[key]


def _of(config: Config, key: str) -> object:
    section, _, name = key.partition(".")
    return getattr(getattr(config, section), name)
