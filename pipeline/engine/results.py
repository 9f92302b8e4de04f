"""What is known of a finished piece of work: its files, its ledger, its counts, its findings."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar, get_args, get_origin

from massivetext.config import plain
from massivetext.pipeline.engine.store import FileEntry

FoundT = TypeVar("FoundT")

Statistics = Mapping[str, Any]
"""Counts in nested mappings: JSON-able, and merged by adding (see `merge_counts`)."""


@dataclass(frozen=True)
class Figures:
    """What people may watch while a step is at work, beside its ledger; nothing is made of it.

    Attributes:
        counts: by name.
        seconds: by what took them.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ItemResult(Generic[FoundT]):
    """What was done for one work item, or in one round of a shuffle.

    Attributes:
        files: what was committed, below the output folder.
        ledger: records by what became of them.
        statistics: nested counts for the report.
        found: what later steps of the phase must know: frozen dataclasses of JSON-able fields, one
            for each piece of the work.
        figures: for Beam's metrics alone: they are in no record, and no two results differ by them.
    """

    files: tuple[FileEntry, ...] = ()
    ledger: Mapping[str, int] = field(default_factory=dict)
    statistics: Statistics = field(default_factory=dict)
    found: tuple[FoundT, ...] = ()
    figures: Figures = field(default=Figures(), compare=False)

    @property
    def only(self) -> FoundT:
        """What was found, of a piece of work that finds one thing."""
        (found,) = self.found
        return found

    def to_json(self) -> dict[str, Any]:
        """Returns the result as a JSON-able mapping, without figures."""
        told: dict[str, Any] = plain(replace(self, figures=Figures()))
        del told["figures"]
        return told if self.found else {k: told[k] for k in told if k != "found"}


def result_from_json(
    record: Mapping[str, Any], finds: type[FoundT] | None = None
) -> ItemResult[FoundT]:
    """Returns the result that `ItemResult.to_json` described.

    Args:
        record: the mapping; other keys are ignored.
        finds: the type of what was found; without it, that is left out.
    """
    files = tuple(FileEntry(**entry) for entry in record["files"])
    found = tuple(from_plain(finds, value) for value in record.get("found", ()) if finds)
    return ItemResult(files, record["ledger"], record["statistics"], found)


def from_plain(kind: type[FoundT], value: Any) -> FoundT:
    """Returns the value of a type that `massivetext.config.plain` made JSON-able.

    Args:
        kind: a dataclass of numbers, strings, tuples, mappings and dataclasses.
        value: as JSON gives it back.
    """
    return typing.cast(FoundT, _from_plain(kind, value))


def _from_plain(kind: Any, value: Any) -> Any:
    arguments = get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return typing.cast(type, kind)(**{k: _from_plain(hints[k], v) for k, v in value.items()})
    if get_origin(kind) in (types.UnionType, typing.Union):
        return None if value is None else _from_plain(arguments[0], value)
    if get_origin(kind) is tuple:
        return tuple(_from_plain(arguments[0], part) for part in value)
    if get_origin(kind) is not None and issubclass(get_origin(kind), Mapping):
        key_kind, value_kind = arguments
        return {key_kind(k): _from_plain(value_kind, v) for k, v in value.items()}
    return value


def join_results(results: Iterable[ItemResult[FoundT]]) -> ItemResult[FoundT]:
    """Returns one result for several: files by path, counts added, findings in a fixed order."""
    every = list(results)
    return ItemResult(
        files=tuple(sorted(file for result in every for file in result.files)),
        ledger=merge_counts(result.ledger for result in every),
        statistics=merge_counts(result.statistics for result in every),
        found=tuple(sorted((f for result in every for f in result.found), key=repr)),
    )


def merge_counts(parts: Iterable[Statistics]) -> dict[str, Any]:
    """Adds up nested counts; keys come out sorted, whatever the order of the parts."""
    values: dict[str, list[Any]] = {}
    for part in parts:
        for key, value in part.items():
            values.setdefault(key, []).append(value)
    return {
        key: merge_counts(found) if isinstance(found[0], Mapping) else sum(found)
        for key, found in sorted(values.items())
    }


def balances(ledger: Mapping[str, int]) -> bool:
    """Whether in = kept + rejected + failed + skipped and documents = corpus + removed."""
    read = sum(ledger.get(name, 0) for name in ("kept", "rejected", "failed", "skipped"))
    written = ledger.get("corpus", 0) + ledger.get("removed", 0)
    return ledger.get("in", read) == read and ledger.get("documents", written) == written
