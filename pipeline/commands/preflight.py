"""Checks paths and models before any work, so that a wrong path does not fail a run after hours."""

from __future__ import annotations

from collections.abc import Sequence

from massivetext.config import Config, ConfigError
from massivetext.paths import PathKind, paths_of
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.columns import require_columns
from massivetext.pipeline.phases.dedup.against import read_old_corpora
from massivetext.pipeline.phases.output_folder import require_apart
from massivetext.pipeline.phases.phase import load_phase
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import phases_of


def check_job(job: Job, items: Sequence[WorkItem], command: str) -> None:
    """Does `check_config`, looks at older corpora, and writes a file.

    Args:
        job: the run that is about to begin.
        items: its work items.
        command: `run` or the name of a phase.

    Raises:
        ConfigError: as `check_config`.
        UsageError: if the output folder cannot be written to or is read from, or an older corpus
            cannot be compared with.
    """
    check_config(job.config, command)
    if any(phase.name == "curate" for phase in phases_of(command)):
        require_columns(job.config, items)
    require_apart(job.output, job.config, items)
    read_old_corpora(job)
    _check_output(job)


def check_config(config: Config, command: str) -> None:
    """Loads what the configuration names, and finds every file that it names.

    Args:
        config: of the run.
        command: `run` or the name of a phase; only what it needs must be in order.

    Raises:
        ConfigError: if one of them is missing or is not what it should be.
    """
    _check_kinds(config)
    for phase in phases_of(command):
        load_phase(phase).check(config)
    _check_files(config)


def _check_kinds(config: Config) -> None:
    """Checks that nothing is named that a loader would wait for, as for the end of a pipe."""
    for named in paths_of(config):
        kind = store.kind_of_special_file(named.path)
        if kind and named.kind in (PathKind.FILE, PathKind.RECORDS):
            raise ConfigError(f"{named.key}: {named.path} is {kind}; write it to a file first")


def _check_files(config: Config) -> None:
    """Checks the paths that the loaders above do not."""
    for named in paths_of(config):
        # The model is for the phase that loads it; without that phase it need not be there yet.
        is_file = named.kind is PathKind.FILE and not named.key.startswith("tokenizer.")
        if is_file and not (store.exists(named.path) or store.list_folder(named.path)):
            raise ConfigError(f"{named.key}: {named.path} does not exist; name a file")


def _check_output(job: Job) -> None:
    try:
        store.write_bytes(job.output, "phases/writable", b"yes")
        store.delete(job.path("phases/writable"))
    except Exception as error:  # every file system has exceptions of its own
        raise UsageError(f"cannot write to the output folder {job.output}: {error}") from None
