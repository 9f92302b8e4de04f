"""`removed/`: one row a removed document, with the reasons of all phases that had their say."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from massivetext.dedup.removal import merge_removals
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.phase import Phase, read_manifest, steps_of
from massivetext.pipeline.engine.results import ItemResult
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


@dataclass(frozen=True)
class PublishRemoved:
    """Writes `removed/<name>.parquet` of an item."""

    output: str
    folders: tuple[str, ...]

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the file; a document without a reason has no row."""
        removals = read_removals(self.output, item.name, self.folders)
        removed = removals.select(REMOVED_SCHEMA.names).cast(REMOVED_SCHEMA)
        entry = store.write_table(self.output, f"removed/{item.name}.parquet", removed)
        return ItemResult((entry,))


def publish_removed(job: Job, items: list[WorkItem]) -> tuple[store.FileEntry, ...]:
    """Writes `removed/` from the phases that are finished, and returns its files.

    It shows what is known so far: after `massivetext dedup` the duplicates, at the end of a run
    the test-set copies too.
    """
    keys, folders = {}, []
    for phase, folder in REMOVING_PHASES.items():
        manifest = read_manifest(job, phase)
        if manifest is not None:
            keys[phase] = manifest.key
            folders.append(folder)
    view = Phase("removed", ("removed",), keys)
    results = steps_of(job, view).map("publish", items, PublishRemoved(job.output, tuple(folders)))
    return tuple(entry for result in results.values() for entry in result.files)
