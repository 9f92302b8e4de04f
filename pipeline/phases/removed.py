"""`removed/`: one row a removed document, with the reasons of all phases that had their say."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from massivetext.dedup.removal import merge_removals
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.phase import Phase, read_manifest, steps_of
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.engine.steps import Map
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.records import REMOVAL_SCHEMA, REMOVED_SCHEMA

REMOVING_PHASES = {"dedup": "dedup", "decontaminate": "decontamination"}
"""Phases that remove documents, in the paper's order, and the folders of their verdicts."""


def read_removals(output: str, name: str, folders: tuple[str, ...]) -> pa.Table:
    """Returns the removals of an item (`REMOVAL_SCHEMA`), the verdicts of all folders merged."""
    merged = REMOVAL_SCHEMA.empty_table()
    for folder in folders:
        path = store.below(output, f"{folder}/{name}.parquet")
        merged = merge_removals(merged, store.read_table(path))
    return merged


def write_removed(output: str, name: str, removals: pa.Table) -> store.FileEntry:
    """Writes `removed/<name>.parquet` of an item; a document without a reason has no row."""
    removed = removals.select(REMOVED_SCHEMA.names).cast(REMOVED_SCHEMA)
    return store.write_table(output, f"removed/{name}.parquet", removed)


@dataclass(frozen=True)
class PublishRemoved:
    """Writes `removed/<name>.parquet` of an item."""

    output: str
    folders: tuple[str, ...]

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the file."""
        removals = read_removals(self.output, item.name, self.folders)
        return ItemResult((write_removed(self.output, item.name, removals),))


def publish_removed(job: Job, items: list[WorkItem]) -> None:
    """Writes `removed/` from the phases that are finished.

    It shows what is known so far: after `massivetext dedup` the duplicates, after `massivetext
    decontaminate` the test-set copies too. The phase `corpus` writes it with all reasons.
    """
    keys, folders = {}, []
    for phase, folder in REMOVING_PHASES.items():
        manifest = read_manifest(job, phase)
        if manifest is not None:
            keys[phase] = manifest.key
            folders.append(folder)
    view = Phase("removed", ("removed",), keys)
    steps_of(job, view).run(Map("publish", items, PublishRemoved(job.output, tuple(folders))))
