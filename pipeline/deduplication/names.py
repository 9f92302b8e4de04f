"""The last steps of the dedup phase: removals get their partners' names and become rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apache_beam as beam
import numpy as np
import pyarrow as pa

from massivetext.dedup.beam import Packed, split_by_item
from massivetext.dedup.groups import Records
from massivetext.dedup.packed import item_of, row_of
from massivetext.dedup.removal import EXACT, REASONS, REMOVAL
from massivetext.pipeline import store
from massivetext.pipeline.deduplication.files import FOLDER, DedupFiles, read_array
from massivetext.pipeline.deduplication.shuffles import Spread, join_records, with_empty
from massivetext.pipeline.phase import ItemResult
from massivetext.pipeline.plan import WorkItem
from massivetext.pipeline.rounds import Outcome
from massivetext.records import REMOVAL_SCHEMA

NAMED_SCHEMA: Final = pa.schema(
    [
        ("row", pa.int64()),
        ("kind", pa.uint8()),
        ("jaccard", pa.float64()),
        ("partner_id", pa.string()),
        ("partner_source_id", pa.string()),
    ]
)
"""A removal of one item, with its partner's names."""

NAMED_BYTES: Final = 150
"""Our estimate of what a removal costs on its way: record, id and source id."""

HISTOGRAM_BINS: Final = 20
"""Our choice: bins of the Jaccard histogram, 0.05 wide."""


@dataclass(frozen=True)
class NamePartners:
    """Looks up the partners' ids where the partners lie; a round does a range of items."""

    files: DedupFiles
    exact_rounds: int
    near_files: tuple[str, ...]

    def __call__(self, pipeline: beam.Pipeline, items: list[int]) -> Any:
        """Returns the outcomes of a round: of the items [first, last)."""
        sources: Sequence[int | str] = [*range(*items), *self.near_files]
        named = (
            pipeline
            | Spread(sources)
            | "Removals" >> beam.FlatMap(self._removals, items).with_output_types(Packed)
            | "By partner" >> beam.GroupByKey()
            | "Names" >> beam.FlatMap(self._names).with_output_types(Packed)
        )
        return with_empty(pipeline, named, range(*items)) | "Write" >> beam.Map(self._write)

    def _removals(self, source: int | str, items: list[int]) -> Iterator[Packed]:
        """Yields removals of the round's items, by the item of the partner."""
        if isinstance(source, int):
            removals = self.files.exact_removals(source, self.exact_rounds)
        else:
            removals = read_array(self.files.output, source)
            numbers = item_of(removals["address"])
            removals = removals[(numbers >= items[0]) & (numbers < items[1])]
        yield from split_by_item(removals, "partner")

    def _names(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Packed]:
        """Yields `NAMED_SCHEMA` tables by the item of the removed documents."""
        removals = join_records(element[1], REMOVAL)
        partners = self.files.identities(element[0])
        for number, packed in split_by_item(removals, "address"):
            mine: Records = np.frombuffer(packed, REMOVAL)
            names = partners.take(row_of(mine["partner"]))
            columns = [row_of(mine["address"]), mine["kind"], mine["jaccard"], *names.columns]
            yield number, _to_bytes(pa.Table.from_arrays(columns, schema=NAMED_SCHEMA))

    def _write(self, element: tuple[int, Iterable[bytes]]) -> Outcome:
        number, parts = element
        tables = [NAMED_SCHEMA.empty_table(), *(_from_bytes(part) for part in parts if part)]
        table = pa.concat_tables(tables).sort_by("row")
        store.write_bytes(self.files.output, named_path(self.files.names[number]), _to_bytes(table))
        return Outcome(statistics={"removed": table.num_rows})


def named_path(name: str) -> str:
    """Returns the path of an item's `NAMED_SCHEMA` table."""
    return f"{FOLDER}/named/{name}.arrow"


def _to_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()


def _from_bytes(packed: bytes) -> pa.Table:
    return pa.ipc.open_stream(packed).read_all()


@dataclass(frozen=True)
class WriteRemovals:
    """Writes `dedup/<name>.parquet` of an item; an item without removals gets an empty file."""

    files: DedupFiles

    def __call__(self, item: WorkItem) -> ItemResult:
        """Returns the ledger of the item, and why documents go."""
        path = store.join(self.files.output, *named_path(item.name).split("/"))
        named = _from_bytes(store.read_bytes(path))
        identities = self.files.identities(item.number)
        documents = identities.num_rows
        identities = identities.take(named["row"])
        entry = store.write_table(
            self.files.output, f"dedup/{item.name}.parquet", _rows(named, identities, item.subset)
        )
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


def _rows(named: pa.Table, identities: pa.Table, subset: str) -> pa.Table:
    """Returns rows of `REMOVAL_SCHEMA`."""
    stated = {
        **{name: named[name] for name in ("row", "partner_id", "partner_source_id", "jaccard")},
        "id": identities["id"],
        "source_id": identities["source_id"],
        "subset": pa.repeat(subset, named.num_rows),
        "reasons": pa.array(
            [[REASONS[k]] for k in named["kind"].to_pylist()], pa.list_(pa.string())
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
