"""`hosts/`: every host of every subset, with the documents and bytes of each verdict.

Exact: items count their own hosts, and whoever owns a part of the hosts adds them up. What travels
is names and counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.pvalue import PCollection

from massivetext.dedup.beam import KeyedBytes
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.redistribute import Redistribute
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.audit.name_index import hash_of_name
from massivetext.pipeline.phases.audit.parts import Parts
from massivetext.pipeline.phases.dedup.removal_rows import from_bytes, to_bytes
from massivetext.pipeline.phases.dedup.shuffles import ByBlock
from massivetext.pipeline.phases.plan import WorkItem

VERDICTS: Final = ("rejected", "removed", "corpus")

_COUNTS: Final = tuple(
    f"{verdict}_{unit}" for verdict in VERDICTS for unit in ("documents", "bytes")
)

HOST_SCHEMA: Final = pa.schema(
    [
        ("subset", pa.string()),
        ("host", pa.string()),
        ("documents", pa.int64()),
        ("text_bytes", pa.int64()),
        *((name, pa.int64()) for name in _COUNTS),
    ]
)
"""`hosts/`: by subset and host. `documents` and `text_bytes` are the sums over all verdicts; the
host of documents without one is empty."""

HOST_BYTES: Final = 100
"""Our estimate of what the hosts of a document cost on their way, at most: a name and counts."""

TOP_HOSTS: Final = 20
"""Our choice: of each subset, and of each of two orders, what a report can show."""

ALL_SUBSETS: Final = ""
"""Stands in `TopHost.subset` for the sum over all of them."""

_PLAIN_URL: Final = re.compile(r"https?://([a-z0-9.-]+)(?:[/?#]|\Z)")
"""The host of nearly every URL of a crawl, in a tenth of the time that taking it apart needs."""


def host_of_url(url: str) -> str:
    """Returns the host of a URL in lower case; "" if it has none."""
    if plain := _PLAIN_URL.match(url):
        return plain[1]
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # a URL that no parser takes
        return ""


@dataclass(frozen=True)
class TopHost:
    """One of the hosts with most documents of a part.

    Attributes:
        subset: whose documents count.
        host: its name.
        counts: the other columns of `HOST_SCHEMA`.
    """

    subset: str
    host: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class CountHosts:
    """Writes `hosts/`: the transforms of a round of parts.

    Attributes:
        output: the output folder.
        items: the work items of the run.
        counts_path: where the counts of an item lie, by its name.
        stamp: what the footers state.
    """

    output: str
    items: Sequence[WorkItem]
    counts_path: Callable[[str], str]
    stamp: Mapping[str, str]

    def __call__(self, start: PCollection, part: list[int]) -> Any:
        """Returns the outcomes of a round."""
        parts, items = Parts(*part), self.items
        sent = (
            start
            | "Host items" >> Redistribute(lambda: items)
            | "Send counts" >> beam.FlatMap(self._send, parts).with_output_types(KeyedBytes)
        )
        return (
            (start, sent)
            | "By part of hosts" >> ByBlock(parts.numbers)
            | "Write hosts" >> beam.Map(self._write, parts)
        )

    def _send(self, item: WorkItem, parts: Parts) -> Iterator[KeyedBytes]:
        path = store.below(self.output, self.counts_path(item.name))
        table = from_bytes(store.read_bytes(path))
        hashes = np.fromiter(
            map(hash_of_name, table["host"].to_pylist()), np.uint64, table.num_rows
        )
        for number, rows in parts.split(hashes):
            yield number, to_bytes(table.take(rows))

    def _write(self, element: tuple[int, Iterable[bytes]], parts: Parts) -> ItemResult[TopHost]:
        number, packed = element
        table = add_up([from_bytes(part) for part in packed if part])
        path = f"hosts/{parts.file_name(number)}.parquet"
        entry = store.write_table(self.output, path, table, self.stamp)
        return ItemResult(
            (entry,),
            statistics={"hosts": _distinct(table)},
            found=tuple(top_hosts(table)),
        )


def host_counts(output: str, item: WorkItem) -> pa.Table:
    """Returns the counts of the hosts of an item's documents (`HOST_SCHEMA`)."""
    counts: dict[str, Counter[str]] = {}
    for verdict, table in _judged(output, item):
        for url, size_bytes in zip(*(table[c].to_pylist() for c in _COLUMNS), strict=True):
            found = counts.setdefault(host_of_url(url), Counter())
            found[f"{verdict}_documents"] += 1
            found[f"{verdict}_bytes"] += size_bytes
    rows = [{"subset": item.subset, "host": host, **_sums(found)} for host, found in counts.items()]
    return pa.Table.from_pylist(rows, HOST_SCHEMA)


_COLUMNS: Final = ["url", "text_bytes"]


def _judged(output: str, item: WorkItem) -> Iterator[tuple[str, pa.Table]]:
    """Yields the documents of an item by what became of them."""

    def read(folder: str, columns: list[str]) -> pa.Table:
        return store.read_table(store.below(output, f"{folder}/{item.name}.parquet"), columns)

    yield "rejected", read("rejected", _COLUMNS)
    documents, removed = read("documents", [*_COLUMNS, "row"]), read("removed", ["row"])["row"]
    is_removed = np.isin(documents["row"].to_numpy(), removed.to_numpy())
    yield "removed", documents.filter(pa.array(is_removed))
    yield "corpus", documents.filter(pa.array(~is_removed))


def _sums(found: Mapping[str, int]) -> dict[str, int]:
    counts = {name: found.get(name, 0) for name in _COUNTS}
    return {
        "documents": sum(counts[f"{verdict}_documents"] for verdict in VERDICTS),
        "text_bytes": sum(counts[f"{verdict}_bytes"] for verdict in VERDICTS),
        **counts,
    }


def add_up(tables: Sequence[pa.Table], by: Sequence[str] = ("subset", "host")) -> pa.Table:
    """Returns the sums of counts over equal subsets and hosts, by subset and host."""
    joined = pa.concat_tables([HOST_SCHEMA.empty_table(), *tables])
    numbers = [name for name in HOST_SCHEMA.names if name not in ("subset", "host")]
    sums = joined.group_by(list(by)).aggregate([(name, "sum") for name in numbers])
    columns = {name: sums[f"{name}_sum"] for name in numbers}
    columns |= {name: sums[name] for name in by}
    if "subset" not in by:
        columns["subset"] = pa.repeat(ALL_SUBSETS, sums.num_rows)
    table = pa.table({name: columns[name] for name in HOST_SCHEMA.names}).cast(HOST_SCHEMA)
    return table.sort_by([("subset", "ascending"), ("host", "ascending")])


def _distinct(table: pa.Table) -> int:
    return len(set(table["host"].to_pylist()) - {""})


def top_hosts(table: pa.Table) -> Iterator[TopHost]:
    """Yields the hosts with most documents, and those with most in the corpus, of each subset.

    Of all hosts of a part, those of all parts' lists have the longest ones of all; ties go by name.
    """
    everywhere = add_up([table], by=("host",))
    for group in (everywhere, table):
        for subset in sorted(set(group["subset"].to_pylist())):
            own = _compared(group, "subset", "equal", subset)
            yield from _top_of(_compared(own, "host", "not_equal", ""))


def _compared(table: pa.Table, column: str, how: str, value: str) -> pa.Table:
    """Returns the rows of a table whose column is equal or not equal to a value."""
    return table.filter(pc.call_function(how, [table[column], pa.scalar(value)]))


def _top_of(table: pa.Table) -> Iterator[TopHost]:
    chosen: dict[str, dict[str, Any]] = {}
    for order in ("documents", "corpus_documents"):
        ordered = table.sort_by([(order, "descending"), ("host", "ascending")])
        chosen |= {row["host"]: row for row in ordered.slice(0, TOP_HOSTS).to_pylist()}
    for host, row in sorted(chosen.items()):
        yield TopHost(row.pop("subset"), host, {k: v for k, v in row.items() if k != "host"})


def merge_top(found: Iterable[TopHost]) -> dict[str, dict[str, dict[str, int]]]:
    """Returns the hosts with most documents, by subset and host; ALL_SUBSETS has its own."""
    rows = [{"subset": top.subset, "host": top.host, **top.counts} for top in found]
    table = pa.Table.from_pylist(rows, HOST_SCHEMA)
    merged: dict[str, dict[str, dict[str, int]]] = {}
    for subset in sorted(set(table["subset"].to_pylist())):
        own = _compared(table, "subset", "equal", subset)
        merged[subset] = {top.host: dict(top.counts) for top in _top_of(own)}
    return merged
