"""The phases of a run, in order: the table of contents of the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.phase import Manifest, require_manifest
from massivetext.pipeline.phases.corpus import run_corpus
from massivetext.pipeline.phases.curate import curate_phase, run_curate
from massivetext.pipeline.phases.decontaminate import run_decontaminate
from massivetext.pipeline.phases.dedup.phase import run_dedup
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.removed import REMOVING_PHASES, publish_removed
from massivetext.pipeline.phases.report.phase import run_report
from massivetext.pipeline.phases.sequence.phase import run_sequence


@dataclass(frozen=True)
class NamedPhase:
    """A phase as the command line knows it."""

    name: str
    run: Callable[[Job, list[WorkItem]], Manifest]


PHASES = (
    NamedPhase("curate", run_curate),
    NamedPhase("dedup", run_dedup),
    NamedPhase("decontaminate", run_decontaminate),
    NamedPhase("corpus", run_corpus),
    NamedPhase("sequence", run_sequence),
    NamedPhase("report", run_report),
)


def run_phases(job: Job, items: list[WorkItem], command: str) -> None:
    """Runs all phases (`run`), or the one that the command names.

    Raises:
        UsageError: if a single phase is asked for and the documents it would work on were curated
            with other settings or from other inputs.
    """
    if command not in ("run", "curate"):
        curated = require_manifest(job, "curate")
        if curated.key != curate_phase(job.config, items).key:
            raise UsageError(
                f"the documents in {job.output} were curated with other settings or inputs; "
                "`massivetext run` says which, and with --restart computes them anew"
            )
    for phase in PHASES:
        if command in ("run", phase.name):
            phase.run(job, items)
    if command in REMOVING_PHASES:
        publish_removed(job, items)
