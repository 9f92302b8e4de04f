"""The last steps of the dedup phase: removals get their partners' names and become rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.pvalue import PCollection
from numpy.typing import NDArray

from massivetext.dedup.beam import ASK
from massivetext.dedup.groups import Records
from massivetext.dedup.packed import item_of, row_of
from massivetext.dedup.removal import EXACT, KIND_NAMES
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.dedup.files import SCRATCH_FOLDER, DedupFiles, read_array
from massivetext.pipeline.phases.dedup.resolution import NearRemovals
from massivetext.pipeline.phases.dedup.shuffles import Exchange
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.records import REMOVAL_SCHEMA

_OTHERS: Final = ("partner", "next")
_PARTS: Final = ("id", "source_id", "item", "row")

NAMED_SCHEMA: Final = pa.schema(
    [
        ("row", pa.int64()),
        ("kind", pa.uint8()),
        ("jaccard", pa.float64()),
        *(REMOVAL_SCHEMA.field(f"{other}_{part}") for other in _OTHERS for part in _PARTS),
    ]
)
"""A removal of one block, with the names and the place of its partner and of what is next."""

NAMED_BYTES: Final = 150
"""Our estimate of what a removal costs on its way: address, id and source id; what is next is
nearly always the partner."""

HISTOGRAM_BINS: Final = 20
"""Our choice: bins of the Jaccard histogram, 0.05 wide."""


@dataclass(frozen=True)
class Names:
    """Names of some documents, to be sent to those who asked.

    Attributes:
        addresses: of the documents, ascending.
        identities: a row for each of them.
    """

    addresses: NDArray[np.uint64]
    identities: pa.Table

    def packed(self, chosen: NDArray[np.int64]) -> bytes:
        """Returns the rows with these indices, and the addresses, as bytes."""
        table = self.identities.take(chosen)
        return to_bytes(table.append_column("address", pa.array(self.addresses[chosen])))


@dataclass(frozen=True)
class NamePartners:
    """Looks up the partners' names where the partners lie; a round does a range of blocks.

    Attributes:
        files: the files of the phase.
        near: the near removals of blocks.
    """

    files: DedupFiles
    near: NearRemovals

    def __call__(self, start: PCollection, blocks: list[int]) -> Any:
        """Returns the outcomes of a round: of the blocks [first, last)."""
        return (
            start
            | Exchange(self.files.blocks, range(*blocks), self._partners, self._answer)
            | "Write" >> beam.Map(self._write)
        )

    def _removals(self, block: int) -> Records:
        """Returns all removals of a block by address."""
        exact = read_array(self.files.output, self.files.exact_path(block))
        removals = np.concatenate([exact, self.near(block)])
        return removals[np.argsort(removals["address"])]

    def _partners(self, block: int) -> NDArray[np.uint64]:
        removals = self._removals(block)
        return np.unique(np.concatenate([removals["partner"], removals["next"]]))

    def _answer(self, block: int, addresses: NDArray[np.uint64]) -> Iterator[Names]:
        item, _, _ = self.files.blocks.place(block)
        yield Names(addresses, self.files.identities(item).take(row_of(addresses)))

    def _write(self, element: tuple[int, Iterable[bytes]]) -> ItemResult[None]:
        block, parts = element
        packed = [part for part in parts if part]
        removals = self._removals(block)
        table = NAMED_SCHEMA.empty_table()
        if packed:
            names = pa.concat_tables([from_bytes(part) for part in packed]).sort_by("address")
            columns = [row_of(removals["address"]), removals["kind"], removals["jaccard"]]
            for other in _OTHERS:
                named = names.take(np.searchsorted(names["address"], removals[other]))
                columns += [named["id"], named["source_id"], *self._places(removals[other])]
            table = pa.Table.from_arrays(columns, schema=NAMED_SCHEMA)
        store.write_bytes(self.files.output, named_path(block), to_bytes(table))
        sent_bytes = sum(map(len, packed)) + ASK.itemsize * self._partners(block).size
        return ItemResult(statistics={"removed": table.num_rows, "shuffled_bytes": sent_bytes})

    def _places(self, addresses: NDArray[np.uint64]) -> tuple[pa.Array, pa.Array]:
        """Returns items and rows of documents; null for those of older corpora."""
        numbers = item_of(addresses)
        is_old = numbers >= self.files.new_items
        names = [
            None if old else self.files.items[number].name
            for number, old in zip(numbers.tolist(), is_old.tolist(), strict=True)
        ]
        return pa.array(names, pa.string()), pa.array(row_of(addresses), pa.int64(), mask=is_old)


def named_path(block: int) -> str:
    """Returns the path of a block's `NAMED_SCHEMA` table."""
    return f"{SCRATCH_FOLDER}/named/{block:06d}.arrow"


def to_bytes(table: pa.Table) -> bytes:
    """Returns a table as bytes that Beam moves."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()


def from_bytes(packed: bytes) -> pa.Table:
    """Returns the table that `to_bytes` packed."""
    return pa.ipc.open_stream(packed).read_all()


@dataclass(frozen=True)
class WriteRemovals:
    """Writes `dedup/<name>.parquet` of an item; an item without removals gets an empty file."""

    files: DedupFiles
    stamp: Mapping[str, str]

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the ledger of the item, and why documents go."""
        named = self._named(item)
        identities = self.files.identities(item.number)
        documents = identities.num_rows
        identities = identities.take(named["row"])
        rows = _rows(named, identities, item.subset)
        path = f"dedup/{item.name}.parquet"
        entry = store.write_table(self.files.output, path, rows, self.stamp)
        exact = int((named["kind"].to_numpy() == EXACT).sum())
        ledger = {
            "documents": documents,
            "corpus": documents - named.num_rows,
            "removed": named.num_rows,
        }
        statistics = {
            "removed": {"exact": exact, "near": named.num_rows - exact},
            "jaccard": _histogram(named["jaccard"].to_numpy()),
        }
        return ItemResult((entry,), ledger, statistics)

    def _named(self, item: WorkItem) -> pa.Table:
        """Returns the named removals of all blocks of an item, by row."""
        tables = [NAMED_SCHEMA.empty_table()]
        for block in self.files.blocks.of_item(item.number):
            path = store.below(self.files.output, named_path(block))
            tables.append(from_bytes(store.read_bytes(path)))
        return pa.concat_tables(tables)


def _rows(named: pa.Table, identities: pa.Table, subset: str) -> pa.Table:
    """Returns rows of `REMOVAL_SCHEMA`."""
    stated = {
        **{name: named[name] for name in NAMED_SCHEMA.names if name != "kind"},
        "id": identities["id"],
        "source_id": identities["source_id"],
        "subset": pa.repeat(subset, named.num_rows),
        "reasons": pa.array(
            [[KIND_NAMES[k]] for k in named["kind"].to_pylist()], pa.list_(pa.string())
        ),
    }
    nothing = {
        field.name: pa.nulls(named.num_rows, field.type)
        for field in REMOVAL_SCHEMA
        if field.name not in stated
    }
    return pa.table({**stated, **nothing}).select(REMOVAL_SCHEMA.names).cast(REMOVAL_SCHEMA)


def _histogram(jaccards: np.ndarray) -> dict[str, int]:
    """Counts Jaccard values in bins; what is exactly 1 has a bin of its own."""
    bins = np.floor(jaccards * HISTOGRAM_BINS).astype(int)
    counts = np.bincount(bins, minlength=HISTOGRAM_BINS + 1)
    edges = [f"{edge / HISTOGRAM_BINS:.2f}" for edge in range(HISTOGRAM_BINS + 1)]
    labels = [f"{lower} to {upper}" for lower, upper in itertools.pairwise(edges)]
    return {
        label: int(count) for label, count in zip([*labels, "1.00"], counts, strict=True) if count
    }
