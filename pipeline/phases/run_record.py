"""`report/run.json`: times, throughput and versions: what differs from run to run.

All else in the output folder is the same bytes for the same input and settings. This file is told
by no manifest, so that nothing depends on it, and nobody misses it.
"""

from __future__ import annotations

import json
import os
import platform
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, Final

from massivetext import __version__
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.manifest import Manifest, require_manifest
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import PHASES, RUN_RECORD, Phase

_DISTRIBUTION: Final = "massivetext"
_NAME: Final = re.compile(r"[\w.-]+")


@contextmanager
def timed(job: Job, phase: Phase, items: Sequence[WorkItem]) -> Iterator[None]:
    """Adds to the record how long the work of a phase took, which the block does and commits.

    Args:
        job: the run.
        phase: its row in the table.
        items: the work items of the run.
    """
    began_at, began = datetime.now(UTC), time.monotonic()
    yield
    seconds = round(time.monotonic() - began, 3)
    facts = {
        "began": began_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "seconds": seconds,
        **_volumes(require_manifest(job, phase.name), phase, items, seconds),
    }
    _add(job, phase.name, facts)


def _volumes(
    manifest: Manifest, phase: Phase, items: Sequence[WorkItem], seconds: float
) -> dict[str, Any]:
    """Returns how much a phase has done, and how fast."""
    told: dict[str, Any] = {"items": len(items), "ledger": dict(sorted(manifest.ledger.items()))}
    if phase is PHASES[0]:
        input_bytes = sum({item.file: item.size_bytes for item in items}.values())
        told["input_bytes"] = input_bytes
        if seconds:
            told["records_per_second"] = round(manifest.ledger.get("in", 0) / seconds, 1)
            told["input_bytes_per_second"] = round(input_bytes / seconds)
    return told


def _add(job: Job, name: str, facts: dict[str, Any]) -> None:
    """Writes what is known of a phase beside what the record holds of the others."""
    known = store.read_record(job.path(RUN_RECORD)) or {}
    phases = known.get("phases")
    kept = phases if isinstance(phases, dict) else {}
    ordered = {p.name: kept.get(p.name) for p in PHASES} | {name: facts}
    record = {
        "massivetext": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "runner": job.engine.runner_name,
        "processes": job.engine.process_count,
        "packages": dict(_packages()),
        "phases": {name: told for name, told in ordered.items() if told is not None},
    }
    content = json.dumps(record, indent=1) + "\n"
    store.write_bytes(job.output, RUN_RECORD, content.encode())


def _packages() -> Iterator[tuple[str, str]]:
    """Yields the installed packages that this one asks for, by name, with their versions."""
    try:
        required = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:  # run from a folder, without an installation
        return
    found = (_NAME.match(line) for line in required)
    for name in sorted({match.group().lower() for match in found if match}):
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:  # of an extra that is not installed
            continue
