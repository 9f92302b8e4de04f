"""All phases of a run, or one of them, on the same inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.steps import Link
from massivetext.pipeline.phases.output_folder import has_results, record_job
from massivetext.pipeline.phases.phase import (
    PhaseRun,
    begin_phase,
    load_phase,
    require_same_inputs,
    run_phase,
)
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.removed import publish_removed
from massivetext.pipeline.phases.run_record import timed
from massivetext.pipeline.phases.table import PHASES, REMOVING, Phase, phases_of


def run_phases(job: Job, items: Sequence[WorkItem], command: str) -> None:
    """Runs all phases (`run`), or the one that the command names.

    Raises:
        UsageError: if a phase is missing or was run with other settings, or if a single phase is
            asked for and its documents were curated with other settings or from other inputs.
    """
    phases = phases_of(command)
    if phases[0] is not PHASES[0]:
        require_same_inputs(job, items)
    for number, phase in enumerate(phases):
        work = load_phase(phase)
        begun = begin_phase(job, phase, items, work)
        if phase is phases[0]:
            record_job(job)
        if begun is not None:
            then = _first_steps(begun, phases[number + 1 :])
            with timed(job, phase, items):
                begun.commit(work.work(replace(begun, then=then)))
    if command in REMOVING:
        publish_removed(job, items)


def _first_steps(begun: PhaseRun, following: Sequence[Phase]) -> list[Link]:
    """Returns what of the phases that come next can be done before the one at work is finished.

    A phase that is one step is done whole, so that the phase behind it can begin as well.
    """
    at_work, links = [begun], []
    for phase in following:
        work = load_phase(phase)
        if work.first_step is None:
            break
        run = begin_phase(begun.job, phase, begun.items, work, before=at_work)
        if run is None:
            break
        links.append(run.steps.left(work.first_step(run)))
        if not work.is_one_step:
            break
        at_work.append(run)
    return links


def repair(job: Job, items: Sequence[WorkItem]) -> None:
    """Makes what is missing or damaged anew, of the phases that have results."""
    for phase in PHASES:
        if has_results(job, phase):
            run_phase(job, phase, items)
