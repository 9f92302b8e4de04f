"""Faults of an output folder: files that are not what the manifests say, unbalanced ledgers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import balances, merge_counts
from massivetext.pipeline.phases.manifest import Manifest, read_manifest
from massivetext.pipeline.phases.output_folder import has_results, strangers
from massivetext.pipeline.phases.table import PHASES, manifest_path

_REPAIR: Final = "`massivetext verify {output} --repair` rebuilds it"


def find_faults(
    job: Job, sound: Collection[store.FileEntry] = frozenset()
) -> tuple[int, list[str]]:
    """Returns how many files were checked, and every fault that was found.

    Args:
        job: whose output folder is looked at.
        sound: files whose bytes have just been checked.
    """
    manifests = _manifests(job)
    finished = [manifest.phase for manifest in manifests]
    faults = [
        f"{manifest_path(phase.name)}: missing or damaged, though the phase has results; "
        f"{_REPAIR.format(output=job.output)}"
        for phase in PHASES
        if phase.name not in finished and has_results(job, phase)
    ]
    if not manifests and not faults:
        return 0, [f"no finished phase in {job.output}; is it the output folder of a run?"]
    entries = sorted({entry for manifest in manifests for entry in manifest.all_files})
    unread = (entry for entry in entries if entry not in sound)
    faults += [fault for entry in unread for fault in _file_faults(job, entry)]
    for manifest in manifests:
        faults += _ledger_faults(manifest)
    faults += [
        f"{path}: no phase has written it, but whoever reads the folder reads it too; move it away"
        for path in strangers(job, manifests)
    ]
    return len(entries), faults


def delete_damaged(job: Job) -> set[store.FileEntry]:
    """Deletes the files of finished phases whose bytes are not what the manifests say.

    Returns:
        the others, which are sound.
    """
    entries = {entry for manifest in _manifests(job) for entry in manifest.all_files}
    damaged = {entry for entry in entries if _file_faults(job, entry)}
    store.delete_files(job.output, sorted(entry.path for entry in damaged))
    return entries - damaged


def _manifests(job: Job) -> list[Manifest]:
    return [m for m in (read_manifest(job, phase.name) for phase in PHASES) if m is not None]


def _file_faults(job: Job, entry: store.FileEntry) -> list[str]:
    path, advice = job.path(entry.path), _REPAIR.format(output=job.output)
    if not store.exists(path):
        return [f"{entry.path}: missing; {advice}"]
    size_bytes, digest = store.digest_file(path)
    if (size_bytes, digest) == (entry.size_bytes, entry.xxh3):
        return []
    return [
        f"{entry.path}: {size_bytes} bytes with xxh3 {digest}, the manifest says "
        f"{entry.size_bytes} bytes with {entry.xxh3}; {advice}"
    ]


def _ledger_faults(manifest: Manifest) -> Iterator[str]:
    """Checks the balance of every item, and of the sum of the items."""
    parts = {name: result.ledger for name, result in manifest.items.items()}
    total = merge_counts(parts.values())
    if manifest.items and dict(manifest.ledger) != total:
        yield f"{manifest.phase}: the ledger says {dict(manifest.ledger)}, its items sum to {total}"
    for name, ledger in parts.items():
        if not balances(ledger):
            yield f"{manifest.phase}: the ledger of {name} does not balance: {dict(ledger)}"
