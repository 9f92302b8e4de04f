"""Which document stays in the end for each removed one: partners may have been removed as well.

Removals of all phases count here, so that a document whose partner is a copy of a test item has no
survivor. Blocks of rows exchange what they know of their removed documents (`dedup.chains`); text
is never read.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.pvalue import PCollection
from numpy.typing import NDArray

from massivetext.dedup import chains
from massivetext.dedup.beam import RecordAnswers
from massivetext.dedup.groups import Records
from massivetext.dedup.packed import row_of
from massivetext.dedup.row_blocks import RowBlocks
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.engine.steps import Shuffle, Steps
from massivetext.pipeline.phases.dedup.files import read_array, write_array
from massivetext.pipeline.phases.dedup.removal_rows import Names, from_bytes, to_bytes
from massivetext.pipeline.phases.dedup.shuffles import Exchange, join_records
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import phase_named
from massivetext.records import REMOVED_SCHEMA, address

(_FOLDER,) = phase_named("corpus").scratch

_PARTS: Final = ("id", "source_id", "item", "row")

SURVIVOR_SCHEMA: Final = pa.schema(
    [("row", pa.int64()), *(REMOVED_SCHEMA.field(f"survivor_{part}") for part in _PARTS)]
)
"""The survivors of one block's removed documents."""


@dataclass(frozen=True)
class OpenLinks:
    """What a block leaves for the next round.

    Attributes:
        block: its number.
        count: links that are still to be followed.
    """

    block: int
    count: int


@dataclass(frozen=True)
class RemovedFiles:
    """The removals of a run, by blocks of rows.

    Attributes:
        output: the output folder.
        items: the run's work items.
        blocks: their blocks.
        removals: gives the `REMOVAL_SCHEMA` table of an item: its output folder, its name.
        key: of the phase; changes when the removals do.
    """

    output: str
    items: tuple[WorkItem, ...]
    blocks: RowBlocks
    removals: Callable[[str, str], pa.Table]
    key: str

    @functools.cached_property
    def _numbers(self) -> dict[str, int]:
        return {item.name: item.number for item in self.items}

    def of_block(self, block: int) -> tuple[pa.Table, NDArray[np.uint64]]:
        """Returns the removals of a block by row, and their addresses."""
        number, start, stop = self.blocks.place(block)
        table = _of_item(self.removals, self.output, self.items[number].name, self.key)
        rows = table["row"].to_numpy()
        first, last = np.searchsorted(rows, [start, stop])
        addresses = np.uint64(address(number, 0)) + rows[first:last].astype(np.uint64)
        return table.slice(first, last - first), addresses

    def links(self, block: int, number: int) -> Records:
        """Returns the links of a block before a round."""
        if number:
            return read_array(self.output, _links_path(number, block))
        table, addresses = self.of_block(block)
        return chains.chain_start(addresses, self._next(table))

    def _next(self, table: pa.Table) -> NDArray[np.uint64]:
        """Returns the addresses of what is next; NO_DOCUMENT for no document of this run."""
        places = zip(table["next_item"].to_pylist(), table["next_row"].to_pylist(), strict=True)
        found = (
            chains.NO_DOCUMENT if item is None else address(self._numbers[item], row)
            for item, row in places
        )
        return np.fromiter(found, np.uint64, table.num_rows)


@functools.lru_cache(maxsize=1)  # the blocks of an item come one after the other
def _of_item(
    removals: Callable[[str, str], pa.Table], output: str, name: str, key: str
) -> pa.Table:
    del key  # which makes another entry of it
    return removals(output, name)


def find_survivors(steps: Steps, files: RemovedFiles) -> Shuffle[list[int], None]:
    """Follows the links of all removed documents; returns the step that names who survives.

    Raises:
        RunError: if documents point to each other in a ring.
    """
    blocks = list(range(files.blocks.count))
    for number in range(chains.MOST_ROUNDS):
        build = FollowLinks(files, number)
        step = Shuffle(f"survivors-{number:03d}", [blocks] if blocks else [], build, OpenLinks)
        found = [left for result in steps.run(step).values() for left in result.found]
        if not any(left.count for left in found):
            naming = [blocks] if blocks else []
            return Shuffle("survivors", naming, NameSurvivors(files, number + 1))
    raise RunError("removed documents point to each other in a ring: a phase's removals are wrong")


@dataclass(frozen=True)
class FollowLinks:
    """One round: `dedup.chains.chain_round` in every block."""

    files: RemovedFiles
    number: int

    def __call__(self, start: PCollection, blocks: list[int]) -> Any:
        """Returns the outcomes of a round."""
        return (
            start
            | Exchange(self.files.blocks, blocks, self._asked, self._answer)
            | "Follow" >> beam.Map(self._follow)
        )

    def _asked(self, block: int) -> NDArray[np.uint64]:
        return chains.chain_asked(self.files.links(block, self.number))

    def _answer(self, block: int, addresses: NDArray[np.uint64]) -> Iterator[RecordAnswers]:
        links = self.files.links(block, self.number)
        yield RecordAnswers(chains.chain_answers(links, addresses))

    def _follow(self, element: tuple[int, Iterable[bytes]]) -> ItemResult[OpenLinks]:
        block, packed = element
        answers = np.sort(join_records(packed, chains.CHAIN_LINK), order="address")
        links = chains.chain_round(self.files.links(block, self.number), answers)
        write_array(self.files.output, _links_path(self.number + 1, block), links)
        return ItemResult(found=(OpenLinks(block, int(links["open"].sum())),))


@dataclass(frozen=True)
class NameSurvivors:
    """Looks up, where the last removed document of each chain lies, whom that one points to."""

    files: RemovedFiles
    number: int

    def __call__(self, start: PCollection, blocks: list[int]) -> Any:
        """Returns the outcomes of a round."""
        return (
            start
            | Exchange(self.files.blocks, blocks, self._asked, self._answer)
            | "Write survivors" >> beam.Map(self._write)
        )

    def _asked(self, block: int) -> NDArray[np.uint64]:
        return np.unique(self.files.links(block, self.number)["last"])

    def _answer(self, block: int, addresses: NDArray[np.uint64]) -> Iterator[Names]:
        table, own = self.files.of_block(block)
        asked = table.take(np.searchsorted(own, addresses))
        yield Names(addresses, asked.select([f"next_{part}" for part in _PARTS]))

    def _write(self, element: tuple[int, Iterable[bytes]]) -> ItemResult[None]:
        block, parts = element
        packed = [part for part in parts if part]
        links = self.files.links(block, self.number)
        table = SURVIVOR_SCHEMA.empty_table()
        if packed:
            names = pa.concat_tables([from_bytes(part) for part in packed]).sort_by("address")
            found = names.take(np.searchsorted(names["address"], links["last"]))
            columns = [row_of(links["address"]), *(found[f"next_{part}"] for part in _PARTS)]
            table = pa.Table.from_arrays(columns, schema=SURVIVOR_SCHEMA)
        store.write_bytes(self.files.output, _survivors_path(block), to_bytes(table))
        return ItemResult()


def read_survivors(files: RemovedFiles, item: WorkItem) -> pa.Table:
    """Returns the survivors of an item's removed documents, by row."""
    tables = [SURVIVOR_SCHEMA.empty_table()]
    for block in files.blocks.of_item(item.number):
        path = store.below(files.output, _survivors_path(block))
        tables.append(from_bytes(store.read_bytes(path)))
    return pa.concat_tables(tables)


def _links_path(number: int, block: int) -> str:
    return f"{_FOLDER}/links/{number:03d}/{block:06d}.npy"


def _survivors_path(block: int) -> str:
    return f"{_FOLDER}/survivors/{block:06d}.arrow"
