"""Finished corpora that new documents are compared with (`--against`); nothing old is removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from massivetext.config import fingerprint, plain
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.dedup.files import StoredItem, keys_path
from massivetext.pipeline.phases.manifest import read_manifest
from massivetext.pipeline.phases.table import REMOVING, settings_path

_KEY_SETTINGS = ("ngram", "bands", "rows", "fold_case", "scope")
"""What two runs must agree in, so that their keys can be compared."""

_READABLE: Final = (0, 1, 2, 3)
"""Versions of dedup's results whose keys are like ours; 0 is from before they were counted."""


@dataclass(frozen=True)
class OldCorpus:
    """What an older run has kept.

    Attributes:
        key: changes when its documents or removals do.
        items: its work items.
        documents: how many documents each has, with those that were removed.
    """

    key: str
    items: tuple[StoredItem, ...]
    documents: tuple[int, ...]


def read_old_corpora(job: Job) -> list[OldCorpus]:
    """Returns the corpora that a job names, in the order of its command line.

    Raises:
        UsageError: if one of them is unfinished or was made with other keys.
    """
    return [_read_old_corpus(job, output) for output in job.against]


def _read_old_corpus(job: Job, output: str) -> OldCorpus:
    if store.is_same_folder(output, job.output):
        raise UsageError(f"--against {output} is this run's own output; name an older one")
    old = replace(job, output=output)
    manifests = {
        phase: manifest for phase in REMOVING if (manifest := read_manifest(old, phase)) is not None
    }
    if "dedup" not in manifests:
        raise UsageError(
            f"--against {output}: it holds no finished phase 'dedup', whose keys are compared; "
            "name the output folder of a finished run"
        )
    _check_settings(old, plain(job.config.dedup))
    items = manifests["dedup"].items
    removed_by = tuple(manifests)
    _check_files(old, list(items))
    return OldCorpus(
        fingerprint({phase: manifest.key for phase, manifest in manifests.items()}),
        tuple(StoredItem(output, name, removed_by) for name in sorted(items)),
        tuple(items[name].ledger["documents"] for name in sorted(items)),
    )


def _check_settings(old: Job, asked: dict[str, Any]) -> None:
    settings = store.read_record(old.path(settings_path("dedup"))) or {}
    version = settings.get("results", {}).get("dedup", 0)
    if version not in _READABLE:
        raise UsageError(
            f"--against {old.output}: its keys are of version {version}, this program reads "
            f"{', '.join(map(str, _READABLE))}; run `massivetext run` with that output's "
            "configuration once more"
        )
    made = settings.get("dedup", {})
    for name in _KEY_SETTINGS:
        if made.get(name) != asked[name]:
            raise UsageError(
                f"--against {old.output}: its keys use {name} = {made.get(name)!r}, this run's "
                f"{asked[name]!r}; both must agree"
            )


def _check_files(old: Job, names: list[str]) -> None:
    for path in _needed(names):
        if not store.exists(old.path(path)):
            raise UsageError(
                f"--against {old.output}: {path} is missing; the older run must be complete"
            )


def _needed(names: list[str]) -> Iterator[str]:
    for name in names:
        yield keys_path(name)
        yield f"documents/{name}.parquet"
