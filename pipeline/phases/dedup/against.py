"""Finished corpora that new documents are compared with (`--against`); nothing old is removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from massivetext import __version__
from massivetext.config import fingerprint, plain
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.dedup.files import StoredItem, keys_path
from massivetext.pipeline.phases.phase import read_manifest
from massivetext.pipeline.phases.table import REMOVING

_KEY_SETTINGS = ("ngram", "bands", "rows", "fold_case", "scope")
"""What two runs must agree in, so that their keys can be compared."""


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
    if output == job.output:
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
    path = old.path("phases/dedup/settings.json")
    settings = json.loads(store.read_bytes(path))
    made = {"massivetext": settings["massivetext"], **settings["dedup"]}
    wanted = {"massivetext": __version__, **asked}
    for name in ("massivetext", *_KEY_SETTINGS):
        if made[name] != wanted[name]:
            raise UsageError(
                f"--against {old.output}: its keys use {name} = {made[name]!r}, this run's "
                f"{wanted[name]!r}; both must agree"
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
