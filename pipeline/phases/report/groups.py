"""Who is hit: of each group of documents how many were dropped, with intervals, against the mean.

Groups are domains, top-level domains, languages, lengths, and slices of the user's. They are exact:
items send the counts of their own groups, and whoever owns a part of the names adds them up.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.pvalue import PCollection

from massivetext.config import Slice
from massivetext.config_file import SLICE_NAMES
from massivetext.dedup.beam import KeyedBytes
from massivetext.pipeline.engine.redistribute import Redistribute
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.audit.name_index import hash_of_name
from massivetext.pipeline.phases.audit.parts import Parts
from massivetext.pipeline.phases.dedup.removal_rows import from_bytes, to_bytes
from massivetext.pipeline.phases.dedup.shuffles import ByBlock
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.report.group_keys import (
    ORDERED,
    SAFESEARCH,
    STAYED,
    GroupKey,
    bin_order,
    item_groups,
)

LEAST_DOCUMENTS: Final = 30
"""Our choice: of fewer documents the interval is wider than what it is to tell."""

SHOWN_GROUPS: Final = 20
"""Our choice: of each kind, those with most documents; their number is told."""

Z: Final = 1.959964
"""Of the normal distribution: intervals of 95 %."""

SENT_BYTES: Final = 200
"""Our estimate of what a document's groups cost on their way, at most: a domain and counts."""

_COUNTS: Final = ("documents", "rejected", "removed")
_SCHEMA: Final = pa.schema(
    [("kind", pa.string()), ("name", pa.string()), *((name, pa.int64()) for name in _COUNTS)]
)


@dataclass(frozen=True)
class Group:
    """A group of documents.

    Attributes:
        kind: what its documents share: `domain`, `tld`, `language`, or the name of a slice.
        name: what it is for them.
        documents: how many were judged.
        rejected: those that a rule rejects.
        removed: those that left on the way from `documents/` to `corpus/`.
    """

    kind: str
    name: str
    documents: int
    rejected: int
    removed: int


@dataclass(frozen=True)
class CountGroups:
    """Counts documents by group and verdict: the transforms of a round of parts.

    Attributes:
        output: the output folder.
        items: the work items of the run.
        slices: of the user's.
        searched: characters of a text that patterns are searched in; None for all of it.
        has_corpus: whether it is known which documents are removed.
        web_sources: numbers of the sources of web pages.
    """

    output: str
    items: Sequence[WorkItem]
    slices: Sequence[Slice]
    searched: int | None
    has_corpus: bool
    web_sources: Collection[int]

    def __call__(self, start: PCollection, part: list[int]) -> Any:
        """Returns the outcomes of a round."""
        parts, items = Parts(*part), self.items
        sent = (
            start
            | "Group items" >> Redistribute(lambda: items)
            | "Send groups" >> beam.FlatMap(self._send, parts).with_output_types(KeyedBytes)
        )
        return (
            (start, sent)
            | "By part of groups" >> ByBlock(parts.numbers)
            | "Count groups" >> beam.MapTuple(_count)
        )

    def _send(self, item: WorkItem, parts: Parts) -> Iterator[KeyedBytes]:
        is_web = item.source in self.web_sources
        asked = self.slices, self.searched, self.has_corpus, is_web
        found = item_groups(self.output, item, *asked)
        table = counts_table(found)
        names = map("\0".join, zip(*(table[n].to_pylist() for n in ("kind", "name")), strict=True))
        hashes = np.fromiter(map(hash_of_name, names), np.uint64, table.num_rows)
        for number, rows in parts.split(hashes):
            yield number, to_bytes(table.take(rows))


def counts_table(found: Mapping[GroupKey, Counter[str]]) -> pa.Table:
    """Returns counts by kind and name as a table."""
    rows = [
        {"kind": kind, "name": name, **{n: counts[n] for n in _COUNTS}}
        for (kind, name), counts in sorted(found.items())
    ]
    return pa.Table.from_pylist(rows, _SCHEMA)


def _count(number: int, packed: Iterable[bytes]) -> ItemResult[Group]:
    del number
    joined = pa.concat_tables(
        [_SCHEMA.empty_table(), *(from_bytes(part) for part in packed if part)]
    )
    sums = joined.group_by(["kind", "name"]).aggregate([(name, "sum") for name in _COUNTS])
    groups = [
        Group(row["kind"], row["name"], *(row[f"{name}_sum"] for name in _COUNTS))
        for row in sums.to_pylist()
    ]
    by_kind: dict[str, list[Group]] = {}
    for group in groups:
        by_kind.setdefault(group.kind, []).append(group)
    ordered = {kind: found for kind, found in by_kind.items() if kind.startswith(ORDERED)}
    named = {kind: found for kind, found in by_kind.items() if kind not in ordered}
    return ItemResult(
        statistics={
            "ordered": {
                kind: {g.name: {n: getattr(g, n) for n in _COUNTS} for g in found}
                for kind, found in ordered.items()
            },
            "named": {kind: len(found) for kind, found in named.items()},
        },
        found=tuple(group for found in named.values() for group in largest_groups(found)),
    )


def largest_groups(groups: Iterable[Group]) -> list[Group]:
    """Returns the groups of one kind that have enough documents, the largest first.

    Of SafeSearch any will do: there it is the single host that is asked for. So will any of what
    stays, which has no interval.
    """
    enough = [
        g
        for g in groups
        if g.documents >= LEAST_DOCUMENTS or g.kind == SAFESEARCH or g.kind.startswith(STAYED)
    ]
    return sorted(enough, key=lambda group: (-group.documents, group.name))[:SHOWN_GROUPS]


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Returns Wilson's 95 % interval of a share (JASA 22, 1927): of 0 documents, [0, 1]."""
    if not of:
        return 0.0, 1.0
    share, spread = hits / of, Z * Z / of
    middle = (share + spread / 2) / (1 + spread)
    half = Z * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    # what rounding would miss: none or all of them are at the very end
    return (middle - half if hits else 0.0), (middle + half if hits < of else 1.0)


def groups_record(counted: ItemResult[Group], slices: Sequence[Slice]) -> dict[str, Any]:
    """Returns `groups` of `funnel.json`: by kind, the groups beside the mean of all documents.

    A slice whose column no document has is told with no group.
    """
    ordered = {kind[1:]: rows for kind, rows in counted.statistics.get("ordered", {}).items()}
    every = ordered.pop("", {}).get("", dict.fromkeys(_COUNTS, 0))
    mean = (every["rejected"] + every["removed"]) / every["documents"] if every["documents"] else 0
    kinds: dict[str, dict[str, Any]] = {
        kind: {
            "count": len(rows),
            "groups": [_told(name, rows[name], mean) for name in sorted(rows, key=bin_order)],
        }
        for kind, rows in ordered.items()
    }
    named = counted.statistics.get("named", {})
    for kind, count in named.items():
        if kind.startswith(STAYED):
            continue
        found = largest_groups(group for group in counted.found if group.kind == kind)
        kinds[kind] = {"count": count, "groups": [_told(g.name, vars(g), mean) for g in found]}
    asked = (*SLICE_NAMES, *(one.name for one in slices))
    nothing: dict[str, Any] = {"count": 0, "groups": []}
    told = {kind: kinds.get(kind, nothing) for kind in asked}
    return {"mean": mean, **every, "kinds": told | kinds}


def sites_record(counted: ItemResult[Group]) -> dict[str, Any]:
    """Returns `final_set.sites` of `funnel.json`: what the web pages of the corpus come from."""
    named = counted.statistics.get("named", {})
    return {
        kind.removeprefix(STAYED): {
            "count": count,
            "documents": {
                group.name: group.documents
                for group in largest_groups(g for g in counted.found if g.kind == kind)
            },
        }
        for kind, count in named.items()
        if kind.startswith(STAYED)
    }


def _told(name: str, counts: Mapping[str, Any], mean: float) -> dict[str, Any]:
    documents = counts["documents"]
    dropped = counts["rejected"] + counts["removed"]
    low, high = wilson(dropped, documents)
    stands = "above" if low > mean else "below" if high < mean else "within"
    return {
        "name": name,
        **{n: counts[n] for n in _COUNTS},
        "share": round(dropped / documents, 6),
        "low": round(low, 6),
        "high": round(high, 6),
        "stands": stands,
    }
