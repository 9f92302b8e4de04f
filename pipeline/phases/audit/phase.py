"""Phase AUDIT: `hosts/`, `index/` and `passages/`, once a run, from the tables and texts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult, join_results, merge_counts
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
from massivetext.pipeline.phases.audit.passages import (
    SHUFFLED_SHARE,
    IndexPassages,
    WriteSamples,
    describe_passages,
)
from massivetext.pipeline.phases.costs import Costs, Files
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
    """Counts the hosts of an item's documents, and hashes names and passages of its records."""

    output: str
    write_samples: WriteSamples

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the three files."""
        counts = to_bytes(host_counts(self.output, item))
        hosts = store.write_bytes(self.output, _counts_path(item.name), counts)
        entries = item_entries(self.output, item)
        names = write_array(self.output, _entries_path(item.name), entries)
        return ItemResult((hosts, names, self.write_samples(item)))


def _counts_path(name: str) -> str:
    return f"{_FOLDER}/hosts/{name}.arrow"


def _entries_path(name: str) -> str:
    return f"{_FOLDER}/names/{name}.npy"


def _samples_path(name: str) -> str:
    return f"{_FOLDER}/passages/{name}.bin"


def audit(run: PhaseRun) -> Manifest:
    """Writes `hosts/`, `index/` and `passages/`."""
    job, items, asked = run.job, tuple(run.items), run.job.config.dedup
    samples = WriteSamples(job.output, asked.ngram, asked.fold_case, _samples_path)
    tally = Map("tally", items, TallyItem(job.output, samples))
    firsts = _first_documents(run)
    builds = (
        CountHosts(job.output, items, _counts_path, run.stamp),
        IndexNames(job.output, items, _entries_path),
        IndexPassages(job.output, items, firsts, _samples_path),
    )
    parts = [plan_hash_parts(job.engine, size) for size in _shuffled_bytes(run)]
    hosts = Shuffle("hosts", parts[0], builds[0], TopHost)
    index: Shuffle[list[int], None] = Shuffle("index", parts[1], builds[1])
    passages: Shuffle[list[int], None] = Shuffle("passages", parts[2], builds[2])
    if all(len(rounds) == 1 for rounds in parts):
        run.steps.run_together(tally, hosts, index, passages)
    run.steps.run(tally)
    counted = join_results(run.steps.run(hosts).values())
    named = join_results(run.steps.run(index).values())
    sampled = join_results(run.steps.run(passages).values())
    described = (
        _describe_index(job.output, parts[1][0][0], items),
        describe_passages(job.output, parts[2][0][0], items, firsts, asked),
    )
    statistics = merge_counts([counted.statistics, named.statistics, sampled.statistics])
    files = (*counted.files, *named.files, *sampled.files)
    findings = {**statistics, "top_hosts": merge_top(counted.found)}
    return run.manifest({}, findings, (*files, *described))


def _shuffled_bytes(run: PhaseRun) -> tuple[int, int, int]:
    """Returns what hosts, names and passages are on their way, at most; it decides the parts."""
    ledger = run.upstream["curate"].ledger
    text_bytes = sum(found["text_bytes"] for found in run.upstream["corpus"].findings.values())
    documents = ledger["kept"] + ledger["rejected"]
    return (
        HOST_BYTES * documents,
        RECORD_BYTES * ledger["in"],
        round(SHUFFLED_SHARE * text_bytes),
    )


def _first_documents(run: PhaseRun) -> list[int]:
    """Returns the number of the first document of each item, of all documents of the run."""
    curated = run.upstream["curate"].items
    sizes = [curated[item.name].ledger["kept"] for item in run.items]
    return list(itertools.accumulate(sizes[:-1], initial=0))


def _describe_index(output: str, parts: int, items: Sequence[WorkItem]) -> store.FileEntry:
    """Writes how many parts the index has, and the names of the items in their order."""
    description = {
        "schema_version": INDEX_SCHEMA_VERSION,
        "parts": parts,
        "items": [item.name for item in items],
    }
    return store.write_bytes(output, INDEX, dump_record(description))


COSTS: Final = Costs(
    files=(
        Files("passages", "corpus_bytes"),
        Files(f"{_FOLDER}/passages", "corpus_bytes"),
    ),
    reads=lambda forecast: forecast.footers("documents") + forecast.texts("documents"),
    shuffles=lambda forecast: (
        (HOST_BYTES + RECORD_BYTES) * forecast.volumes.total("records")
        + SHUFFLED_SHARE * forecast.volumes.total("corpus_bytes")
    ),
)

PHASE: Final = PhaseWork(settings, audit, COSTS)
