"""The largest clusters of duplicates: how their text begins, and from which hosts they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from massivetext.filters.hosts import host_of
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.phases.outcome import FinishedRun, RecordPlace
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.report.clusters import Cluster

SITES_SHOWN: Final = 5
"""Our choice: hosts that a cluster is told with; their number is told as well."""

_MOST_HOSTS: Final = 1_000
"""Our choice: hosts of a cluster that an item tells, those with most documents: what is kept of a
run must not grow with its documents."""

_CHARACTERS: Final = 200
"""Our choice: of the beginning of a text, and of a name."""


@dataclass(frozen=True)
class CountSites:
    """Counts the documents of an item that belong to one of the largest clusters, by host.

    Attributes:
        output: the output folder.
        clusters: the largest ones.
    """

    output: str
    clusters: Sequence[Cluster]

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the counts as statistics, by the number of the cluster."""
        members = list(self._members(item))
        if not members:
            return ItemResult(statistics={})
        path = store.below(self.output, f"documents/{item.name}.parquet")
        table = store.read_table(path, ["row", "url"])
        urls = dict(zip(table["row"].to_pylist(), table["url"].to_pylist(), strict=True))
        hosts: dict[str, Counter[str]] = {}
        for number, row in members:
            hosts.setdefault(str(number), Counter())[host_of(urls[row] or "")[:_CHARACTERS]] += 1
        told = {number: dict(_most_common(found, _MOST_HOSTS)) for number, found in hosts.items()}
        return ItemResult(statistics={"sites": told})

    def _members(self, item: WorkItem) -> Iterator[tuple[int, int]]:
        """Yields number of the cluster and row of each document: survivors, then the removed."""
        numbers = {(c.item, c.row): number for number, c in enumerate(self.clusters)}
        for (name, row), number in numbers.items():
            if name == item.name:
                yield number, row
        path = store.below(self.output, f"removed/{item.name}.parquet")
        table = store.read_table(path, ["row", "survivor_item", "survivor_row"])
        for row, *survivor in zip(*(column.to_pylist() for column in table.columns), strict=True):
            place = survivor[0], survivor[1]
            if place in numbers:
                yield numbers[place], row


def _most_common(counts: Mapping[str, int], most: int) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]


def clusters_record(
    run: FinishedRun, clusters: Sequence[Cluster], sites: Mapping[str, Mapping[str, int]]
) -> list[dict[str, Any]]:
    """Returns `clusters.largest` of `funnel.json`.

    Args:
        run: whose clusters they are; a row of each is read.
        clusters: the largest, in order.
        sites: the statistics of `CountSites`: documents by host, by the number of the cluster.
    """
    return [
        {
            **vars(cluster),
            **_survivor(run, cluster),
            "hosts": len(sites.get(str(number), {})),
            "sites": dict(_most_common(sites.get(str(number), {}), SITES_SHOWN)),
        }
        for number, cluster in enumerate(clusters)
    ]


def _survivor(run: FinishedRun, cluster: Cluster) -> dict[str, Any]:
    row = run.outcome(RecordPlace("documents", cluster.item, cluster.row)).row
    return {
        "id": row["id"],
        "name": (row["title"] or row["url"] or row["id"])[:_CHARACTERS],
        "beginning": " ".join(row["text"][: 2 * _CHARACTERS].split())[:_CHARACTERS],
    }
