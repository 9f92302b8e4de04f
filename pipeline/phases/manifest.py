"""Manifests: what a finished phase says of itself (`phases/<phase>/manifest.json`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import xxhash

from massivetext.config import plain
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult, result_from_json
from massivetext.pipeline.phases.table import manifest_path

_DIGEST: Final = "xxh3"
"""Of all else that a manifest says; early releases had none."""


@dataclass(frozen=True)
class Manifest:
    """A finished phase: its key, its items and files, its ledger and its findings.

    Attributes:
        phase: its name.
        key: changes with everything that its results depend on.
        items: what was done, by the names of the work items or steps.
        files: those that belong to no item.
        ledger: the sum of the items' ledgers.
        findings: counts of the phase as a whole.
        item_key: changes with everything that the results of one item depend on, but its input.
    """

    phase: str
    key: str
    items: Mapping[str, ItemResult[Any]]
    files: tuple[store.FileEntry, ...]
    ledger: Mapping[str, int]
    findings: Mapping[str, Any]
    item_key: str = ""

    @property
    def all_files(self) -> list[store.FileEntry]:
        """Every file the phase vouches for, by path."""
        return sorted([*self.files, *(f for r in self.items.values() for f in r.files)])


def read_manifest(job: Job, name: str) -> Manifest | None:
    """Returns the manifest of a finished phase, or None; one that is damaged says nothing."""
    return manifest_in(job.output, name)


def manifest_in(output: str, name: str) -> Manifest | None:
    """Does what `read_manifest` does, for an output folder."""
    record = store.read_record(store.below(output, manifest_path(name)))
    try:
        if record is None or (_DIGEST in record and record[_DIGEST] != _digest(record)):
            return None
        return _manifest_from_json(record)
    except (KeyError, TypeError, AttributeError):  # of an early release, or damaged
        return None


def _manifest_from_json(record: Mapping[str, Any]) -> Manifest:
    return Manifest(
        phase=record["phase"],
        key=record["key"],
        items={name: result_from_json(result) for name, result in record["items"].items()},
        files=tuple(store.FileEntry(**entry) for entry in record["files"]),
        ledger=record["ledger"],
        findings=record["findings"],
        item_key=record.get("item_key", record["key"]),  # early releases had none
    )


def read_intact(output: str, manifest: Manifest, path: str) -> bytes | None:
    """Returns a file that a phase vouches for, whole; None if it is missing or damaged.

    Args:
        output: the output folder.
        manifest: of the phase.
        path: of the file, below the output folder.
    """
    entry = next((file for file in manifest.files if file.path == path), None)
    place = store.below(output, path)
    if entry is None or not store.exists(place):
        return None
    content = store.read_bytes(place)
    is_whole = (len(content), xxhash.xxh3_64_hexdigest(content)) == (entry.size_bytes, entry.xxh3)
    return content if is_whole else None


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


def dump_record(record: Any) -> bytes:
    """Returns a record as JSON that is the same for the same content."""
    return json.dumps(plain(record), indent=1, sort_keys=True, ensure_ascii=False).encode()


def _digest(record: Mapping[str, Any]) -> str:
    content = {name: value for name, value in record.items() if name != _DIGEST}
    return xxhash.xxh3_64_hexdigest(dump_record(content))


def dump_manifest(manifest: Manifest) -> bytes:
    """Returns a manifest as JSON.

    What items have found is for their own phase only, and their statistics are summed up in the
    findings: there are as many items as inputs, so each is told in few words.
    """
    items = {
        name: replace(result, found=(), statistics={}).to_json()
        for name, result in manifest.items.items()
    }
    content = json.loads(dump_record({**asdict(replace(manifest, items={})), "items": items}))
    return dump_record({**content, _DIGEST: _digest(content)})
