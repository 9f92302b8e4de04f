"""Phase AUDIT: `hosts/` and `index/`, once a run, from the tables alone; no text is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import join_results
from massivetext.pipeline.engine.steps import Shuffle
from massivetext.pipeline.phases.audit.hosts import HOST_BYTES, CountHosts, TopHost, merge_top
from massivetext.pipeline.phases.audit.names import RECORD_BYTES, IndexNames
from massivetext.pipeline.phases.audit.parts import plan_parts
from massivetext.pipeline.phases.costs import Costs
from massivetext.pipeline.phases.manifest import Manifest, dump_record
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork
from massivetext.pipeline.phases.plan import WorkItem

INDEX_DESCRIPTION: Final = "index/index.json"
INDEX_SCHEMA_VERSION: Final = 1


def settings(job: Job, items: Sequence[WorkItem]) -> dict[str, Any]:
    """Returns nothing: the results follow from those of the phases before."""
    del job, items
    return {}


def audit(run: PhaseRun) -> Manifest:
    """Writes `hosts/` and `index/`."""
    job, items = run.job, tuple(run.items)
    ledger = run.upstream["curate"].ledger
    documents = ledger["kept"] + ledger["rejected"]
    host_parts = plan_parts(job.engine, HOST_BYTES * documents)
    index_parts = plan_parts(job.engine, RECORD_BYTES * ledger["in"])
    hosts = Shuffle("hosts", host_parts, CountHosts(job.output, items, run.stamp), TopHost)
    index: Shuffle[list[int], None] = Shuffle("index", index_parts, IndexNames(job.output, items))
    if len(host_parts) == len(index_parts) == 1:
        run.steps.run_together(hosts, index)
    counted = join_results(run.steps.run(hosts).values())
    indexed = join_results(run.steps.run(index).values())
    described = store.write_bytes(
        job.output,
        INDEX_DESCRIPTION,
        dump_record(
            {
                "schema_version": INDEX_SCHEMA_VERSION,
                "parts": index_parts[0][0],
                "items": [item.name for item in items],
            }
        ),
    )
    findings = {**counted.statistics, **indexed.statistics, "top_hosts": merge_top(counted.found)}
    return run.manifest({}, findings, (*counted.files, *indexed.files, described))


COSTS: Final = Costs(
    reads=lambda forecast: forecast.footers("documents"),
    shuffles=lambda forecast: (HOST_BYTES + RECORD_BYTES) * forecast.volumes.total("records"),
)

PHASE: Final = PhaseWork(settings, audit, COSTS)
