"""Phase AUDIT: `hosts/` and `index/`, once a run, from the tables alone; no text is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult, join_results
from massivetext.pipeline.engine.steps import Map, Shuffle
from massivetext.pipeline.phases.audit.hosts import (
    HOST_BYTES,
    CountHosts,
    TopHost,
    host_counts,
    merge_top,
)
from massivetext.pipeline.phases.audit.name_index import INDEX
from massivetext.pipeline.phases.audit.names import RECORD_BYTES, IndexNames, item_entries
from massivetext.pipeline.phases.audit.parts import plan_hash_parts
from massivetext.pipeline.phases.costs import Costs
from massivetext.pipeline.phases.dedup.files import write_array
from massivetext.pipeline.phases.dedup.removal_rows import to_bytes
from massivetext.pipeline.phases.manifest import Manifest, dump_record
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import phase_named

(_FOLDER,) = phase_named("audit").scratch

INDEX_SCHEMA_VERSION: Final = 1


def settings(job: Job, items: Sequence[WorkItem]) -> dict[str, Any]:
    """Returns nothing: the results follow from those of the phases before."""
    del job, items
    return {}


@dataclass(frozen=True)
class TallyItem:
    """Counts the hosts of an item's documents, and hashes the names of its records."""

    output: str

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the two files."""
        counts = to_bytes(host_counts(self.output, item))
        hosts = store.write_bytes(self.output, _counts_path(item.name), counts)
        entries = item_entries(self.output, item)
        return ItemResult((hosts, write_array(self.output, _entries_path(item.name), entries)))


def _counts_path(name: str) -> str:
    return f"{_FOLDER}/hosts/{name}.arrow"


def _entries_path(name: str) -> str:
    return f"{_FOLDER}/names/{name}.npy"


def audit(run: PhaseRun) -> Manifest:
    """Writes `hosts/` and `index/`."""
    job, items = run.job, tuple(run.items)
    ledger = run.upstream["curate"].ledger
    documents = ledger["kept"] + ledger["rejected"]
    host_parts = plan_hash_parts(job.engine, HOST_BYTES * documents)
    index_parts = plan_hash_parts(job.engine, RECORD_BYTES * ledger["in"])
    count = CountHosts(job.output, items, _counts_path, run.stamp)
    tally = Map("tally", items, TallyItem(job.output))
    hosts = Shuffle("hosts", host_parts, count, TopHost)
    index: Shuffle[list[int], None] = Shuffle(
        "index", index_parts, IndexNames(job.output, items, _entries_path)
    )
    if len(host_parts) == len(index_parts) == 1:
        run.steps.run_together(tally, hosts, index)
    run.steps.run(tally)
    counted = join_results(run.steps.run(hosts).values())
    indexed = join_results(run.steps.run(index).values())
    described = _describe_index(job.output, index_parts[0][0], items)
    findings = {**counted.statistics, **indexed.statistics, "top_hosts": merge_top(counted.found)}
    return run.manifest({}, findings, (*counted.files, *indexed.files, described))


def _describe_index(output: str, parts: int, items: Sequence[WorkItem]) -> store.FileEntry:
    """Writes how many parts the index has, and the names of the items in their order."""
    description = {
        "schema_version": INDEX_SCHEMA_VERSION,
        "parts": parts,
        "items": [item.name for item in items],
    }
    return store.write_bytes(output, INDEX, dump_record(description))


COSTS: Final = Costs(
    reads=lambda forecast: forecast.footers("documents"),
    shuffles=lambda forecast: (HOST_BYTES + RECORD_BYTES) * forecast.volumes.total("records"),
)

PHASE: Final = PhaseWork(settings, audit, COSTS)
