"""The rows that other settings may keep or drop: all documents, and rejected ones that may return.

Only the columns that the question needs are read. Of rejected documents those are left out that a
rule rejects whose threshold stays: no answer depends on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from massivetext.config import Config
from massivetext.filters.rule import Rule
from massivetext.filters.rules import rules_for
from massivetext.own_steps import is_own
from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.outcome import Folder, RecordPlace
from massivetext.pipeline.phases.plan import source_of
from massivetext.pipeline.phases.table import REMOVING
from massivetext.records import address, document_schema

TABLE_FOLDERS: Final[tuple[Folder, Folder]] = ("documents", "rejected")
"""Each item counts twice in addresses: its rows of `documents/`, then those of `rejected/`."""


@dataclass(frozen=True)
class StoredRun:
    """What whatif asks: the work items of a run, in the order of their numbers.

    Attributes:
        output: the output folder.
        config: the settings that the run was made with.
        items: names of the work items.
    """

    output: str
    config: Config
    items: tuple[str, ...]

    def path(self, folder: str, number: int) -> str:
        """Returns the path of an item's table."""
        return store.below(self.output, f"{folder}/{self.items[number]}.parquet")

    def subset(self, number: int) -> str:
        """Returns the subset of an item."""
        return self.items[number].partition("/")[0]

    def source(self, number: int) -> int:
        """Returns the number of an item's source."""
        return source_of(self.config, self.items[number])


@dataclass(frozen=True)
class Rows:
    """Documents, and rejected ones that may return, by address.

    Attributes:
        addresses: uint64 (rows,), ascending: an item's number doubled, and one more for a row of
            `rejected/`; then the row.
        was_document: bool, whether it lies in `documents/`.
        is_duplicate: bool, whether the phase `dedup` has removed it.
        is_test_copy: bool, whether the phase `decontaminate` has.
        is_excluded: bool, whether the phase `exclude` has.
        text_bytes: int64, of what `corpus/` holds or would hold.
        tokens: int64, 0 where they are not known.
        measures: the columns that rules judge.
    """

    addresses: NDArray[np.uint64]
    was_document: NDArray[np.bool_]
    is_duplicate: NDArray[np.bool_]
    is_test_copy: NDArray[np.bool_]
    is_excluded: NDArray[np.bool_]
    text_bytes: NDArray[np.int64]
    tokens: NDArray[np.int64]
    measures: pa.Table

    @property
    def in_corpus(self) -> NDArray[np.bool_]:
        """Whether each is in `corpus/`."""
        return self.was_document & ~self.is_duplicate & ~self.is_test_copy & ~self.is_excluded

    @property
    def items(self) -> NDArray[np.int64]:
        """int64 (rows,): the number of each one's work item."""
        return items_of(self.addresses)


def items_of(addresses: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Returns the numbers of the work items in addresses."""
    return (addresses >> np.uint64(33)).astype(np.int64)


def by_place(addresses: NDArray[np.uint64]) -> Iterator[tuple[int, NDArray[np.uint64]]]:
    """Yields (an item's number doubled, and one more for `rejected/`; its addresses, in order)."""
    places, starts = np.unique(addresses >> np.uint64(32), return_index=True)
    yield from zip(places.tolist(), np.split(addresses, starts)[1:], strict=True)


def place_at(run: StoredRun, address_: int) -> RecordPlace:
    """Returns the place of a document."""
    folder = TABLE_FOLDERS[address_ >> 32 & 1]
    return RecordPlace(folder, run.items[address_ >> 33], address_ & 0xFFFFFFFF)


def read_rows(run: StoredRun, rules: Sequence[Rule], with_rejected: bool) -> Rows:
    """Returns the rows that other thresholds of some rules may keep or drop.

    Args:
        run: to read.
        rules: those whose thresholds may be others.
        with_rejected: whether one of them may be looser, so that rejected documents may return.
    """
    parts: list[Rows] = []
    for number in range(len(run.items)):
        parts.append(_documents(run, number, rules))
        if with_rejected:
            parts.append(_rejected(run, number, rules))
    return _joined(parts, _columns(rules))


def _joined(parts: Sequence[Rows], columns: Sequence[str]) -> Rows:
    def join(field: Callable[[Rows], NDArray[Any]], dtype: type) -> NDArray[Any]:
        return np.concatenate([np.empty(0, dtype), *(field(part) for part in parts)])

    schema = document_schema(name for name in columns if is_own(name))
    nothing = pa.schema([schema.field(name) for name in columns]).empty_table()
    return Rows(
        addresses=join(lambda rows: rows.addresses, np.uint64),
        was_document=join(lambda rows: rows.was_document, np.bool_),
        is_duplicate=join(lambda rows: rows.is_duplicate, np.bool_),
        is_test_copy=join(lambda rows: rows.is_test_copy, np.bool_),
        is_excluded=join(lambda rows: rows.is_excluded, np.bool_),
        text_bytes=join(lambda rows: rows.text_bytes, np.int64),
        tokens=join(lambda rows: rows.tokens, np.int64),
        measures=pa.concat_tables([nothing, *(part.measures for part in parts)]),
    )


def _columns(rules: Iterable[Rule]) -> list[str]:
    return list(dict.fromkeys(rule.measure for rule in rules))


def _documents(run: StoredRun, number: int, rules: Sequence[Rule]) -> Rows:
    columns = _columns(rules)
    is_markdown = run.config.extraction.format == "markdown"
    sizes = ["text_bytes", "tokens", *(("text", "markdown") if is_markdown else ())]
    table = store.read_columns(run.path("documents", number), [*columns, *sizes])
    removed = store.read_columns(run.path("removed", number), ["row", "reasons"])
    return Rows(
        addresses=np.uint64(address(2 * number, 0)) + np.arange(table.num_rows, dtype=np.uint64),
        was_document=np.ones(table.num_rows, np.bool_),
        is_duplicate=_removed_by("dedup", removed, table.num_rows),
        is_test_copy=_removed_by("decontaminate", removed, table.num_rows),
        is_excluded=_removed_by("exclude", removed, table.num_rows),
        text_bytes=_chosen_bytes(table) if is_markdown else table["text_bytes"].to_numpy(),
        tokens=_known(table["tokens"]),
        measures=table.select(columns),
    )


def _rejected(run: StoredRun, number: int, rules: Sequence[Rule]) -> Rows:
    columns = _columns(rules)
    path = run.path("rejected", number)
    table = store.read_columns(path, [*columns, "reasons", "text_bytes", "tokens"])
    source = run.config.sources[run.source(number)]
    asked = {rule.name for rule in rules} & {rule.name for rule in rules_for(run.config, source)}
    others = _has(table["reasons"], lambda names: ~np.isin(names, list(asked)))
    rows = np.flatnonzero(~others)
    table = table.take(rows)
    nothing = np.zeros(rows.size, np.bool_)
    return Rows(
        addresses=np.uint64(address(2 * number + 1, 0)) + rows.astype(np.uint64),
        was_document=nothing,
        is_duplicate=nothing,
        is_test_copy=nothing,
        is_excluded=nothing,
        text_bytes=table["text_bytes"].to_numpy(),
        tokens=_known(table["tokens"]),
        measures=table.select(columns),
    )


def _has(
    lists: pa.ChunkedArray, is_meant: Callable[[NDArray[Any]], NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """Returns whether each list of names has one that is meant."""
    counts = pc.call_function("list_value_length", [lists]).fill_null(0).to_numpy()
    encoded = pc.call_function("list_flatten", [lists]).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):  # of no chunk
        encoded = pa.array([], pa.string()).dictionary_encode()
    names = np.array(encoded.dictionary.to_pylist(), np.str_)
    meant = is_meant(names)[encoded.indices.to_numpy()] if names.size else np.empty(0, np.bool_)
    sums = np.concatenate([[0], np.cumsum(meant)])
    ends = np.cumsum(counts)
    found: NDArray[np.bool_] = sums[ends] > sums[ends - counts]
    return found


def _removed_by(phase: str, removed: pa.Table, documents: int) -> NDArray[np.bool_]:
    """Returns bool (documents,): which documents of an item a phase has removed."""
    reasons = list(REMOVING[phase].reasons)
    is_reason = _has(removed["reasons"], lambda names: np.isin(names, reasons))
    marks = np.zeros(documents, np.bool_)
    marks[removed["row"].to_numpy()[is_reason]] = True
    return marks


def _known(tokens: pa.ChunkedArray) -> NDArray[np.int64]:
    return tokens.fill_null(0).to_numpy()


def _chosen_bytes(table: pa.Table) -> NDArray[np.int64]:
    """Returns the sizes of the texts that `corpus/` holds of a run that asks for Markdown."""
    chosen = pc.call_function("coalesce", [table["markdown"], table["text"]])
    return pc.call_function("binary_length", [chosen]).to_numpy()
