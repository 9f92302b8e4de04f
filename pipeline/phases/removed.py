"""`removed/`: one row a removed document, with the reasons of all phases that had their say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from massivetext.config import fingerprint
from massivetext.dedup.removal import merge_removals
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.engine.steps import Map, Steps
from massivetext.pipeline.phases.manifest import read_manifest
from massivetext.pipeline.phases.outcome import finished_phases
from massivetext.pipeline.phases.phase import table_stamp
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import REMOVING, phase_named
from massivetext.records import REMOVAL_SCHEMA, REMOVED_SCHEMA

_SURVIVOR_COLUMNS: Final = tuple(n for n in REMOVED_SCHEMA.names if n.startswith("survivor_"))


def read_removals(output: str, name: str, phases: Iterable[str] = tuple(REMOVING)) -> pa.Table:
    """Returns the removals of an item (`REMOVAL_SCHEMA`), the verdicts of some phases merged."""
    merged = REMOVAL_SCHEMA.empty_table()
    for phase in phases:
        path = store.below(output, f"{REMOVING[phase].folder}/{name}.parquet")
        table = store.read_columns(path, REMOVAL_SCHEMA.names)
        if table.num_rows:
            merged = merge_removals(merged, table)
    return merged


def write_removed(
    output: str,
    name: str,
    removals: pa.Table,
    survivors: pa.Table | None,
    stamp: Mapping[str, str],
) -> store.FileEntry:
    """Writes `removed/<name>.parquet` of an item; a document without a reason has no row.

    Args:
        output: the output folder.
        name: of the item.
        removals: `REMOVAL_SCHEMA`, by row.
        survivors: `survivors.SURVIVOR_SCHEMA`, one for each removal; None while nobody knows.
        stamp: what the footer states.
    """
    known = {
        column: pa.nulls(removals.num_rows, REMOVED_SCHEMA.field(column).type)
        if survivors is None
        else survivors[column]
        for column in _SURVIVOR_COLUMNS
    }
    known["item"] = pa.repeat(name, removals.num_rows)
    columns = [known[n] if n in known else removals[n] for n in REMOVED_SCHEMA.names]
    removed = pa.table(columns, names=REMOVED_SCHEMA.names).cast(REMOVED_SCHEMA)
    return store.write_table(output, f"removed/{name}.parquet", removed, stamp)


@dataclass(frozen=True)
class PublishRemoved:
    """Writes `removed/<name>.parquet` of an item, before anybody knows who survives."""

    output: str
    phases: tuple[str, ...]
    stamp: Mapping[str, str]

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the file."""
        removals = read_removals(self.output, item.name, self.phases)
        return ItemResult((write_removed(self.output, item.name, removals, None, self.stamp),))


def publish_removed(job: Job, items: Sequence[WorkItem]) -> None:
    """Writes `removed/` from the phases that are finished.

    It shows what is known so far: after `massivetext dedup` the duplicates, after `massivetext
    decontaminate` the test-set copies too. The phase `corpus` writes it with all reasons, and who
    survives: where it is finished and nothing has changed since, there is nothing to add.
    """
    finished = finished_phases(job.output)
    if "corpus" in finished:
        return
    # Verdicts on inputs that have changed since do not count.
    keys = {
        phase: manifest.key
        for phase in REMOVING
        if phase in finished and (manifest := read_manifest(job, phase)) is not None
    }
    steps = Steps(job.engine, job.output, "removed", fingerprint("removed", keys), job.quiet)
    stamp = table_stamp(job.config, phase_named("corpus"))
    steps.run(Map("publish", items, PublishRemoved(job.output, tuple(keys), stamp)))
