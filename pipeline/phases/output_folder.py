"""The folder of a run: whether it is one, what in it is not ours, and which run it belongs to."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from typing import Final

from massivetext.config import Config, ConfigError
from massivetext.config_file import parse_config, to_table
from massivetext.pipeline.engine import lock, store
from massivetext.pipeline.engine.engine import Engine
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.patterns import parse_pattern
from massivetext.pipeline.phases.manifest import Manifest, dump_record
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import (
    PHASES,
    RUN_RECORD,
    Phase,
    manifest_path,
    phase_named,
    settings_path,
)

_JOB: Final = "phases/job.json"
"""The configuration that the results were made with, for `verify --repair`."""

ESTIMATE: Final = "estimate.json"
"""What `massivetext estimate` writes; a run may follow in the same folder."""


def require_own(output: str) -> None:
    """Checks that a folder is empty or missing, or holds a run.

    Raises:
        UsageError: if others have put something there.
    """
    marks = (
        lock.PATH,
        *(path for p in PHASES for path in (settings_path(p.name), manifest_path(p.name))),
    )
    if any(store.exists(store.below(output, mark)) for mark in marks):
        return
    stranger = next((path for path in _files_of(output) if not _is_hidden(path)), None)
    if stranger is not None:
        raise UsageError(
            f"{output} is not empty and holds no run: {stranger} is not ours; "
            "name a new or empty folder as --output"
        )


def _files_of(output: str) -> Iterator[str]:
    """Yields files of a folder, but an estimate's; of a local one without listing it whole."""
    found = store.sizes_below(output, "") if "://" in output else _local_files(output)
    return (path for path in found if path != ESTIMATE)


def _local_files(output: str) -> Iterator[str]:
    for folder, folders, names in os.walk(output):
        folders.sort()  # the walk goes on in their order
        for name in sorted(names):
            yield os.path.relpath(os.path.join(folder, name), output).replace(os.sep, "/")


def require_apart(output: str, config: Config, items: Sequence[WorkItem]) -> None:
    """Checks that no input is a result, and that no pattern of a source will match one.

    Raises:
        UsageError: if one does: the next run would read what this one wrote.
    """
    root = _real(output).rstrip("/") + "/"
    for item in items:
        if _real(item.file).startswith(root):
            raise UsageError(
                f"source '{item.subset}' reads {item.file}, which lies in the output folder; "
                "name another --output"
            )
    results = [root + path for path in _examples(items)]
    for source in config.sources:
        for pattern in source.patterns:
            whole = parse_pattern(pattern).whole
            if any(whole.fullmatch(path) for path in results):
                raise UsageError(
                    f"the pattern {pattern} of source '{source.subset}' matches what this run "
                    f"writes to {output}; name another --output"
                )


def _examples(items: Sequence[WorkItem]) -> Iterator[str]:
    """Yields paths of files that a run writes, below its output folder: one of each kind."""
    yield RUN_RECORD
    name = items[0].name if items else "item"
    for phase in PHASES:
        yield settings_path(phase.name)
        for folder in phase.folders:
            for pattern in phase.writes:
                yield f"{folder}/{pattern.format(item=name, n='00000', ext='bin')}"


def has_results(job: Job, phase: Phase) -> bool:
    """Whether a phase has been at work here, finished or not."""
    is_marked = store.exists(job.path(manifest_path(phase.name)))
    found = store.sizes_below(job.output, phase.folders[0])
    return is_marked or any(path != RUN_RECORD for path in found)


def strangers(job: Job, manifests: Sequence[Manifest]) -> list[str]:
    """Returns the files in the result folders of finished phases that no phase has written.

    Whoever reads a folder as one data set reads them too; hidden files nobody does.
    """
    ours = {entry.path for manifest in manifests for entry in manifest.all_files}
    folders = sorted({f for manifest in manifests for f in phase_named(manifest.phase).folders})
    found = [path for folder in folders for path in store.sizes_below(job.output, folder)]
    return [path for path in found if path not in ours | {RUN_RECORD} and not _is_hidden(path)]


def record_job(job: Job) -> None:
    """Writes what it takes to make results anew."""
    content = dump_record({"config": to_table(job.config), "against": job.against})
    if store.read_record(job.path(_JOB)) != json.loads(content):
        store.write_bytes(job.output, _JOB, content)


def recorded_job(output: str, engine: Engine) -> Job:
    """Returns the job that an output folder belongs to.

    Raises:
        UsageError: if the folder does not say.
    """
    record = store.read_record(store.below(output, _JOB))
    config, against = None, ()
    if record is not None:
        with contextlib.suppress(KeyError, TypeError, ConfigError):  # damaged
            config, against = parse_config(record["config"]), tuple(record["against"])
    if config is None:
        raise UsageError(
            f"{output} does not say what it was made with ({_JOB}); run `massivetext run` with its "
            "configuration once more"
        )
    return Job(config, output, engine, against=against)


def _real(path: str) -> str:
    """Returns a path without symbolic links."""
    return path if "://" in path else os.path.realpath(path)


def _is_hidden(path: str) -> bool:
    return any(part.startswith((".", "_")) for part in path.split("/"))
