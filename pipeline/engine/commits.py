"""The one way to commit: an item's files first, then the record that says what they are.

An item is a work item, a shard, or a round of a shuffle, whose work is a pipeline. Its record lies
in `phases/<phase>/<step>/<item>.json`; a crash costs the items without one, and no more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

import apache_beam as beam
from apache_beam.pvalue import PCollection

from massivetext.config import plain
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.counters import figures_of, show
from massivetext.pipeline.engine.errors import InputError
from massivetext.pipeline.engine.laps import Laps
from massivetext.pipeline.engine.results import (
    Figures,
    FoundT,
    ItemResult,
    join_results,
    result_from_json,
)


class Item(Protocol):
    """A unit of work, of commitment and of restart."""

    @property
    def number(self) -> int:
        """Its place among the items of the step."""
        ...

    @property
    def name(self) -> str:
        """Names it among them."""
        ...

    @property
    def identity(self) -> Sequence[Any]:
        """What must be the same for its committed result to count (JSON-able)."""
        ...

    @property
    def weight(self) -> float:
        """How much work it is beside the others of the step."""
        ...


ItemT = TypeVar("ItemT", bound=Item)


@dataclass(frozen=True)
class Commits(Generic[FoundT]):
    """The records of a step's finished items.

    Attributes:
        output: the output folder.
        folder: where the records lie, below the output folder.
        key: of the phase; records of another one do not count.
        finds: the type of what an item's work finds, or None.
    """

    output: str
    folder: str
    key: str
    finds: type[FoundT] | None = None

    @property
    def step(self) -> str:
        """Phase and step."""
        return self.folder.removeprefix("phases/")

    def read(self, item: Item) -> ItemResult[FoundT] | None:
        """Returns the result of an item whose record and files are intact, else None."""
        record = store.read_record(self._path(item))
        made_for = (self.key, list(item.identity))
        if record is None or (record["key"], record["identity"]) != made_for:
            return None
        return self._intact(record)

    def read_any(self, item: Item) -> ItemResult[FoundT] | None:
        """Returns the result of an item of this name whose files are intact, whatever its key.

        It may be of another key or identity: what it found must tell whether it counts.
        """
        record = store.read_record(self._path(item))
        return None if record is None or "files" not in record else self._intact(record)

    def _intact(self, record: Mapping[str, Any]) -> ItemResult[FoundT] | None:
        result = result_from_json(record, self.finds)
        return result if all(store.is_intact(self.output, file) for file in result.files) else None

    def read_all(self, items: Iterable[ItemT]) -> dict[str, ItemResult[FoundT]]:
        """Returns the results of all items that are committed, by their names."""
        folder = store.below(self.output, self.folder)
        listed = {metadata.path for metadata in store.list_folder(folder)}
        candidates = [item for item in items if self._path(item) in listed]
        read = ((item.name, self.read(item)) for item in candidates)
        return {name: result for name, result in read if result is not None}

    def write(self, item: Item, result: ItemResult[FoundT]) -> None:
        """Writes the record of an item; its files must be committed."""
        record = {"key": self.key, "identity": plain(item.identity), **result.to_json()}
        content = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False)
        store.write_bytes(self.output, f"{self.folder}/{item.name}.json", content.encode())

    def write_fault(self, item: Item, fault: str) -> None:
        """Writes why an item could not be done."""
        content = json.dumps({"fault": fault}, ensure_ascii=False)
        store.write_bytes(self.output, f"{self._faults}/{item.name}.json", content.encode())

    def read_fault(self, item: Item) -> str | None:
        """Returns why an item could not be done, or None if nothing is known."""
        record = store.read_record(store.below(self.output, f"{self._faults}/{item.name}.json"))
        return record["fault"] if record else None

    def forget_faults(self) -> None:
        """Deletes what is said of earlier attempts."""
        store.delete(store.below(self.output, self._faults))

    @property
    def _faults(self) -> str:
        return f"{self.folder}-faults"

    def _path(self, item: Item) -> str:
        return store.below(self.output, f"{self.folder}/{item.name}.json")


@dataclass(frozen=True)
class CommitItem(Generic[FoundT]):
    """Does an item's work and commits its record last: what a worker is asked for."""

    work: Callable[[Any], ItemResult[FoundT]]
    commits: Commits[FoundT]

    def __call__(self, item: Item) -> Figures:
        """Does the item's work unless it is committed; returns what there is to show of it.

        An input that cannot be read must not keep the others from being done: it is written down,
        and the step fails in the end for want of a result.
        """
        # A bundle that is tried again does only what its first attempt did not commit.
        if self.commits.read(item) is not None:
            return Figures({"items_done_before": 1})
        laps = Laps()
        try:
            result = self.work(item)
        except InputError as error:
            self.commits.write_fault(item, str(error))
            return Figures({"items_refused": 1})
        self.commits.write(item, result)
        laps.lap("item")
        figures = figures_of(result)
        return replace(figures, seconds={**figures.seconds, **laps.seconds})


class CommitOutcomes(beam.PTransform):
    """(start, results of the pieces of a round) -> one record of the round, written last."""

    def __init__(self, commits: Commits[Any], item: Item) -> None:
        super().__init__()
        self.commits, self.item = commits, item

    def expand(self, input_or_inputs: tuple[PCollection, PCollection]) -> PCollection:
        """Returns nothing that callers use; the record says what was done."""
        start, outcomes = input_or_inputs
        nothing = start | "Nothing" >> beam.Map(_nothing).with_output_types(tuple[int, str])
        told = outcomes | "Tell" >> beam.Map(_told).with_output_types(tuple[int, str])
        return (
            (told, nothing)  # so that a round without pieces is committed too
            | "With nothing" >> beam.Flatten()
            | "All outcomes" >> beam.GroupByKey()
            | "Write record" >> beam.Map(self._write)
        )

    def _write(self, element: tuple[int, Iterable[str]]) -> None:
        pieces = (result_from_json(json.loads(text), self.commits.finds) for text in element[1])
        result = join_results(pieces)
        self.commits.write(self.item, result)
        show(figures_of(result), self.commits.step)


class After(beam.PTransform):
    """(start, what a step gives) -> one element, when the step is done."""

    def expand(self, input_or_inputs: tuple[PCollection, PCollection]) -> PCollection:
        """Returns what the next step starts with."""
        same_key = beam.Map(lambda _: (0, b"")).with_output_types(tuple[int, bytes])
        return (
            tuple(side | f"Key {n}" >> same_key for n, side in enumerate(input_or_inputs))
            | "Both" >> beam.Flatten()
            | "All" >> beam.GroupByKey()
            | "Start" >> beam.Map(lambda _: None)
        )


def _told(result: ItemResult[Any]) -> tuple[int, str]:
    return 0, json.dumps(result.to_json())


def _nothing(start: None) -> tuple[int, str]:
    del start
    return _told(ItemResult())
