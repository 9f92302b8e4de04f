"""What happened to one record of a run: the one answer behind explanations, reports and examples.

A record is asked for by its place: a folder of the output, a work item, a row. Nothing is inferred
from ids, which copies share, nor from defaults: the verdict is what the tables state at that place,
and the rules are those in force for the record's source.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc

from massivetext.config import Config, Source, fingerprint
from massivetext.config_file import decode_settings
from massivetext.filters.rule import Rule, Threshold
from massivetext.filters.rules import rules_for
from massivetext.own_steps import is_own
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.phases.document_names import NAME_COLUMNS
from massivetext.pipeline.phases.manifest import manifest_in
from massivetext.pipeline.phases.plan import source_of
from massivetext.pipeline.phases.table import (
    PHASES,
    REMOVING,
    manifest_path,
    phase_named,
    settings_path,
)
from massivetext.records import MEASURES, REMOVED_SCHEMA

Folder = Literal["documents", "rejected", "failed", "skipped"]
FOLDERS: Final[tuple[Folder, ...]] = ("documents", "rejected", "failed", "skipped")
"""Where the records of an input lie, each in one of them: in = kept + rejected + failed +
skipped."""


def columns_of(folder: Folder) -> list[str]:
    """Returns the columns of a folder that hold names; only documents have an id."""
    return [c for c in NAME_COLUMNS if c != "id" or folder in ("documents", "rejected")]


Fate = Literal["kept", "removed", "rejected", "failed", "skipped"]


@dataclass(frozen=True, order=True)
class RecordPlace:
    """Where a record lies: folder, work item, row of the item's file in that folder."""

    folder: Folder
    item: str
    row: int


@dataclass(frozen=True)
class RuleOutcome:
    """What one rule in force says of a document.

    Attributes:
        rule: its name.
        stage: the filter that it belongs to.
        measure: the column that it judges, or `license`, which the metadata hold.
        value: of the measure; None if the record states none.
        comparison: how the value must stand to the threshold.
        threshold: the bound, or the values to keep or to reject.
        fails: whether the rule objects.
    """

    rule: str
    stage: str
    measure: str
    value: Any
    comparison: str
    threshold: Threshold
    fails: bool


@dataclass(frozen=True)
class OtherDocument:
    """A document that another one points to.

    Attributes:
        id: its id; the same as the other's if both are copies of one record.
        source_id: its name in its source.
        item: its work item; None if it lies in an older corpus (`--against`).
        row: its row in `documents/`, or None.
    """

    id: str
    source_id: str
    item: str | None
    row: int | None


@dataclass(frozen=True)
class TestMatch:
    """A test item that a document is a copy of; by title there is nothing to measure."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    test_set: str
    test_item: str
    jaccard: float | None
    containment: float | None


@dataclass(frozen=True)
class Removal:
    """Why a document left `documents/` on the way to `corpus/`.

    Attributes:
        reasons: all that hold, in the paper's order.
        partner: the document that it resembles, if that is a reason; it may have gone as well.
        jaccard: with the partner.
        survivor: the document at the end of the chain of partners that is in `corpus/`, if one is.
        is_survivor_known: whether the phase `corpus` has followed the chain.
        test: the test item that it matches, if that is a reason.
        excluded_by: the entry of a list of take-downs that names it, if that is a reason.
    """

    reasons: tuple[str, ...]
    partner: OtherDocument | None
    jaccard: float | None
    survivor: OtherDocument | None
    is_survivor_known: bool
    test: TestMatch | None
    excluded_by: str | None


@dataclass(frozen=True)
class RecordOutcome:
    """What happened to one record.

    Attributes:
        place: where it lies.
        verdict: what became of it.
        stage: where it left: a filter of the paper, or the first phase that removed it; "read" if
            it was no document; None if it stays.
        reasons: every failed rule, or every reason of its removal.
        row: the columns of its row.
        rules: what every rule in force for its source says; empty if it is not a document.
        removal: why it was removed, if it was.
        finished: the phases that are done; a verdict is final when `corpus` is among them.
    """

    place: RecordPlace
    verdict: Fate
    stage: str | None
    reasons: tuple[str, ...]
    row: Mapping[str, Any]
    rules: tuple[RuleOutcome, ...] = ()
    removal: Removal | None = None
    finished: tuple[str, ...] = ()

    @property
    def in_corpus(self) -> bool | None:
        """Whether it is in `corpus/`; None while that is not decided."""
        if self.verdict == "kept":
            return True if "corpus" in self.finished else None
        return False

    @property
    def measures(self) -> dict[str, Any]:
        """Every measure by name, judged or not."""
        return {n: self.row[n] for n in (*MEASURES, *filter(is_own, self.row)) if n in self.row}

    @property
    def metadata(self) -> dict[str, Any]:
        """The facts that its source states."""
        return metadata_of(self.row)


def metadata_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the facts in a row's metadata; none if it is not a JSON object."""
    try:
        facts = json.loads(row.get("metadata") or "{}")
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def rule_outcomes(
    row: Mapping[str, Any], reasons: tuple[str, ...], config: Config, source: Source
) -> tuple[RuleOutcome, ...]:
    """Returns what every rule in force for a source says of a document, in the table's order."""
    values = {**row, "license": metadata_of(row).get("license")}
    rules = rules_for(config, source)
    return tuple(_rule_outcome(r, values, reasons, r.threshold(config, source)) for r in rules)


def _rule_outcome(
    rule: Rule, values: Mapping[str, Any], reasons: tuple[str, ...], threshold: Threshold
) -> RuleOutcome:
    return RuleOutcome(
        rule=rule.name,
        stage=rule.stage.value,
        measure=rule.measure,
        value=values.get(rule.measure),
        comparison=rule.comparison.value,
        threshold=threshold,
        fails=rule.name in reasons,
    )


def removal_of(row: Mapping[str, Any], is_survivor_known: bool) -> Removal:
    """Returns what a row of `removed/` states."""
    test = None
    if row["test_set"] is not None:
        measured = (row["test_jaccard"], row["containment"])
        test = TestMatch(row["test_set"], row["test_item"], *measured)
    return Removal(
        reasons=tuple(row["reasons"]),
        partner=_other(row, "partner"),
        jaccard=row["jaccard"],
        survivor=_other(row, "survivor"),
        is_survivor_known=is_survivor_known,
        test=test,
        excluded_by=row.get("excluded_by"),
    )


def _other(row: Mapping[str, Any], which: str) -> OtherDocument | None:
    names = (row[f"{which}_{part}"] for part in ("id", "source_id", "item", "row"))
    return None if row[f"{which}_id"] is None else OtherDocument(*names)


def _removing_phase(reasons: tuple[str, ...]) -> str:
    """Returns the first phase that states one of these reasons."""
    return next(
        phase for phase, removes in REMOVING.items() if not set(removes.reasons).isdisjoint(reasons)
    )


def finished_phases(output: str) -> tuple[str, ...]:
    """Returns the phases that are finished and follow from those before them as they are now."""
    keys: dict[str, str] = {}
    for phase in PHASES:
        settings = store.read_record(store.below(output, settings_path(phase.name)))
        if settings is None or not store.exists(store.below(output, manifest_path(phase.name))):
            continue
        upstream = settings.get("upstream") or {}
        if all(keys.get(name) == key for name, key in upstream.items()):
            keys[phase.name] = fingerprint(phase.name, settings)
    return tuple(keys)


@dataclass(frozen=True)
class FinishedRun:
    """An output folder that is asked what happened.

    Attributes:
        output: the folder.
        config: the settings that its documents were judged by.
        finished: the phases that are finished.
    """

    output: str
    config: Config
    finished: tuple[str, ...]
    _tables: dict[str, pa.Table] = field(default_factory=dict, init=False, repr=False)
    _groups: dict[str, tuple[str, int, pa.Table]] = field(
        default_factory=dict, init=False, repr=False
    )
    """The last row group that was read of each folder: path, first row, rows."""

    @classmethod
    def open(cls, output: str) -> FinishedRun:
        """Returns the run in an output folder.

        Raises:
            UsageError: if it holds none, or one whose tables have other columns than ours.
        """
        path = store.below(output, settings_path("curate"))
        if not store.exists(path):
            raise UsageError(
                f"expected the output folder of a run, but {output} has no phases/curate"
            )
        settings = store.read_record(path)
        if settings is None:
            raise UsageError(
                f"{path} is damaged; `massivetext run` with the run's configuration rebuilds it"
            )
        if (settings.get("results") or {}).get("curate") != phase_named("curate").results:
            raise UsageError(
                f"the documents in {output} are from another version of the program; "
                "`massivetext run` rebuilds them"
            )
        config = decode_settings(settings)
        return cls(output, config, finished_phases(output))

    def require(self, phase: str) -> None:
        """Checks that a phase is finished.

        Raises:
            UsageError: if it is not.
        """
        if phase not in self.finished:
            raise UsageError(
                f"the run in {self.output} has no finished phase '{phase}' (finished: "
                f"{', '.join(self.finished) or 'none'}); `massivetext run` finishes it"
            )

    def items(self) -> tuple[str, ...]:
        """Returns the names of the work items, in order; the phase `curate` must be finished.

        Raises:
            UsageError: if its manifest is damaged.
        """
        manifest = manifest_in(self.output, "curate")
        if manifest is None:
            raise UsageError(
                f"the manifest of the phase 'curate' in {self.output} is damaged; "
                f"`massivetext verify {self.output} --repair` rebuilds it"
            )
        return tuple(sorted(manifest.items))

    def outcome(self, place: RecordPlace) -> RecordOutcome:
        """Returns what happened to the record at a place.

        Raises:
            KeyError: if there is no such row.
        """
        return self.outcome_of(place, self.row(place))

    def outcome_of(self, place: RecordPlace, row: Mapping[str, Any]) -> RecordOutcome:
        """Does what `outcome` does, of a row that was read already."""
        if place.folder in ("failed", "skipped"):
            reason = row["error"] if place.folder == "failed" else row["kind"]
            return RecordOutcome(
                place, place.folder, "read", (reason,), row, finished=self.finished
            )
        source = self.config.sources[source_of(self.config, place.item)]
        failed = tuple(row.get("reasons") or ())
        rules = rule_outcomes(row, failed, self.config, source)
        if place.folder == "rejected":
            stage = row["stage"]
            return RecordOutcome(
                place, "rejected", stage, failed, row, rules, finished=self.finished
            )
        removal = self._removal(place)
        if removal is None:
            return RecordOutcome(place, "kept", None, (), row, rules, None, self.finished)
        stage, reasons = _removing_phase(removal.reasons), removal.reasons
        return RecordOutcome(place, "removed", stage, reasons, row, rules, removal, self.finished)

    def row(self, place: RecordPlace) -> dict[str, Any]:
        """Returns the columns of a row.

        Raises:
            KeyError: if there is no such row.
        """
        path = self._path(place.folder, place.item)
        read_path, first_row, table = self._groups.get(place.folder, ("", 0, None))
        if table is None or read_path != path or not 0 <= place.row - first_row < table.num_rows:
            first_row, table = _row_group_of(path, place.row)
            self._groups[place.folder] = path, first_row, table
        (row,) = table.slice(place.row - first_row, 1).to_pylist()
        return dict(row)

    def _removal(self, place: RecordPlace) -> Removal | None:
        """Returns why a document was removed, if `removed/` says so."""
        table = self._removed(place.item)
        index = pc.index(table["row"], place.row).as_py()
        if index < 0:
            return None
        (row,) = table.slice(index, 1).to_pylist()
        return removal_of(row, "corpus" in self.finished)

    def _removed(self, item: str) -> pa.Table:
        """Returns the rows of `removed/` of an item; one item is kept at a time."""
        if item not in self._tables:
            path = self._path("removed", item)
            is_there = store.exists(path)
            self._tables.clear()
            self._tables[item] = (
                store.read_table(path) if is_there else REMOVED_SCHEMA.empty_table()
            )
        return self._tables[item]

    def _path(self, folder: str, item: str) -> str:
        return store.below(self.output, f"{folder}/{item}.parquet")


def _row_group_of(path: str, row: int) -> tuple[int, pa.Table]:
    """Returns the row group that holds a row, behind the number of its first one.

    Raises:
        KeyError: if there is no such row.
    """
    for group in store.row_groups(path) if store.exists(path) else ():
        if 0 <= row - group.first_row < group.metadata.num_rows:
            return group.first_row, group.read()
    raise KeyError(f"{path} has no row {row}")
