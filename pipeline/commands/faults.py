"""Faults of an output folder: files that are not what the manifests say, unbalanced ledgers."""

from __future__ import annotations

from collections.abc import Iterator

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import balances, merge_counts
from massivetext.pipeline.phases.manifest import Manifest, read_manifest
from massivetext.pipeline.phases.table import PHASES


def find_faults(job: Job) -> tuple[int, list[str]]:
    """Returns how many files were checked, and every fault that was found."""
    manifests = [m for m in (read_manifest(job, phase.name) for phase in PHASES) if m is not None]
    if not manifests:
        return 0, [f"no finished phase in {job.output}; is it the output folder of a run?"]
    entries = sorted({entry for manifest in manifests for entry in manifest.all_files})
    faults = [fault for entry in entries for fault in _file_faults(job, entry)]
    for manifest in manifests:
        faults += _ledger_faults(manifest)
    return len(entries), faults


def _file_faults(job: Job, entry: store.FileEntry) -> Iterator[str]:
    path = job.path(entry.path)
    if not store.exists(path):
        yield f"{entry.path}: missing; run the same command again to recreate it"
        return
    size_bytes, digest = store.digest_file(path)
    if (size_bytes, digest) != (entry.size_bytes, entry.xxh3):
        yield (
            f"{entry.path}: {size_bytes} bytes with xxh3 {digest}, "
            f"the manifest says {entry.size_bytes} bytes with {entry.xxh3}"
        )


def _ledger_faults(manifest: Manifest) -> Iterator[str]:
    """Checks the balance of every item, and of the sum of the items."""
    parts = {name: result.ledger for name, result in manifest.items.items()}
    total = merge_counts(parts.values())
    if manifest.items and dict(manifest.ledger) != total:
        yield f"{manifest.phase}: the ledger says {dict(manifest.ledger)}, its items sum to {total}"
    for name, ledger in parts.items():
        if not balances(ledger):
            yield f"{manifest.phase}: the ledger of {name} does not balance: {dict(ledger)}"
