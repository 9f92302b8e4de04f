"""Phases: the units of commitment. A phase does its work once, and says what it did.

A phase's manifest (`phases/<phase>/manifest.json`) is its commit point. Within a phase each work
item commits its own record when its files stand, so a crash costs the items in flight and no more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from massivetext.config import fingerprint, plain
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult, result_from_json
from massivetext.pipeline.engine.steps import Steps


@dataclass(frozen=True)
class Phase:
    """One phase of a run.

    Attributes:
        name: `curate`, `dedup`, ...
        folders: what it writes below the output folder; deleted when it starts anew.
        settings: everything its results depend on, by a name that a user understands.
    """

    name: str
    folders: tuple[str, ...]
    settings: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Changes when anything changes that the phase's results depend on."""
        return fingerprint(self.name, self.settings)


@dataclass(frozen=True)
class Manifest:
    """A finished phase: its key, its items and files, its ledger and its findings."""

    phase: str
    key: str
    items: Mapping[str, ItemResult[Any]]
    files: tuple[store.FileEntry, ...]
    ledger: Mapping[str, int]
    findings: Mapping[str, Any]

    @property
    def all_files(self) -> list[store.FileEntry]:
        """Every file the phase vouches for, by path."""
        return sorted([*self.files, *(f for r in self.items.values() for f in r.files)])


def run_phase(job: Job, phase: Phase, work: Callable[[Steps], Manifest]) -> Manifest:
    """Returns the manifest of a phase: the committed one, or that of `work`, then committed.

    Args:
        job: the run.
        phase: with everything that its results depend on.
        work: runs its steps.

    Raises:
        UsageError: if the output folder holds the phase with other settings and the job may not
            restart it.
    """
    _refuse_or_restart(job, phase)
    finished = read_manifest(job, phase.name)
    if finished is not None:
        return finished
    store.write_bytes(job.output, f"phases/{phase.name}/settings.json", _dump(phase.settings))
    manifest = work(steps_of(job, phase))
    store.write_bytes(job.output, f"phases/{phase.name}/manifest.json", _dump_manifest(manifest))
    return manifest


def steps_of(job: Job, phase: Phase) -> Steps:
    """Returns what runs the steps of a phase."""
    return Steps(job.engine, job.output, phase.name, phase.key, job.quiet)


def read_manifest(job: Job, name: str) -> Manifest | None:
    """Returns the manifest of a finished phase, or None."""
    record = store.read_record(job.path(f"phases/{name}/manifest.json"))
    if record is None:
        return None
    return Manifest(
        phase=record["phase"],
        key=record["key"],
        items={name: result_from_json(result) for name, result in record["items"].items()},
        files=tuple(store.FileEntry(**entry) for entry in record["files"]),
        ledger=record["ledger"],
        findings=record["findings"],
    )


def require_manifest(job: Job, name: str) -> Manifest:
    """Returns the manifest of a phase that must have been run before.

    Raises:
        UsageError: if it was not.
    """
    manifest = read_manifest(job, name)
    if manifest is None:
        raise UsageError(
            f"{job.output} holds no finished phase '{name}', which this one builds on; "
            f"run `massivetext {name}` or `massivetext run` first"
        )
    return manifest


def _refuse_or_restart(job: Job, phase: Phase) -> None:
    """Compares a phase's settings with those it was begun with in the same output folder."""
    begun = store.read_record(job.path(f"phases/{phase.name}/settings.json"))
    if begun is None:
        return
    asked = json.loads(_dump(phase.settings))
    if begun == asked:
        return
    if not job.restart:
        raise UsageError(
            f"{job.output} holds the phase '{phase.name}' of another run: "
            f"{_difference(begun, asked)}; use another --output, or --restart to compute it anew"
        )
    for folder in (*phase.folders, f"phases/{phase.name}"):
        store.delete(job.path(folder))


def _difference(begun: Any, asked: Any, where: str = "") -> str:
    """Names the first setting in which two runs differ."""
    if isinstance(begun, dict) and isinstance(asked, dict):
        for key in sorted({*begun, *asked}):
            if begun.get(key) != asked.get(key):
                place = f"{where}.{key}" if where else key
                return _difference(begun.get(key), asked.get(key), place)
    return f"{where} was {_short(begun)} and is {_short(asked)} now"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else text[:197] + "..."


def _dump(record: Any) -> bytes:
    return json.dumps(plain(record), indent=1, sort_keys=True, ensure_ascii=False).encode()


def _dump_manifest(manifest: Manifest) -> bytes:
    items = {name: replace(result, found=()).to_json() for name, result in manifest.items.items()}
    return _dump({**asdict(replace(manifest, items={})), "items": items})
