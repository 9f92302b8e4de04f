"""Phases: the units of commitment. A phase does its work once, and says what it did.

A phase's manifest (`phases/<phase>/manifest.json`) is its commit point. Within a phase each work
item commits its own record when its files stand, so a crash costs the items in flight and no more.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from massivetext.config import Config, fingerprint, plain, without_places
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult, merge_counts
from massivetext.pipeline.engine.steps import Link, Map, Steps
from massivetext.pipeline.phases.cards import write_card
from massivetext.pipeline.phases.costs import Costs
from massivetext.pipeline.phases.manifest import (
    Manifest,
    dump_manifest,
    read_manifest,
    require_manifest,
)
from massivetext.pipeline.phases.outcome import finished_phases
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.standing import (
    adopt_settings,
    change_by_user,
    difference,
    forget_lost_scratch,
    is_grown,
    is_whole,
    lasting_settings,
    require_current,
    require_whole,
    told_growth,
)
from massivetext.pipeline.phases.table import (
    PHASES,
    Phase,
    manifest_path,
    phase_named,
    results_versions,
    settings_path,
    upstream_of,
)
from massivetext.records import TABLES_VERSION


@dataclass(frozen=True)
class PhaseRun:
    """A phase at work.

    Attributes:
        job: the run.
        phase: its row in the table.
        items: the work items of the run.
        upstream: manifests of the phases whose results it reads, by name.
        steps: runs its steps.
        item_key: changes when anything changes that its results for an item depend on, but the item
            itself and the other ones: the key of its `item_steps`.
        then: what its last pipeline may do of the phase that comes next in the run.
    """

    job: Job
    phase: Phase
    items: Sequence[WorkItem]
    upstream: Mapping[str, Manifest]
    steps: Steps
    item_key: str
    then: Sequence[Link] = ()

    @property
    def key(self) -> str:
        """Changes when anything changes that the phase's results depend on."""
        return self.steps.key

    @property
    def stamp(self) -> dict[str, str]:
        """What the footers of its tables state."""
        return table_stamp(self.job.config, self.phase)

    def manifest(
        self,
        items: Mapping[str, ItemResult[Any]],
        findings: Mapping[str, Any],
        files: tuple[store.FileEntry, ...] = (),
    ) -> Manifest:
        """Returns the manifest of what was done; its ledger is the sum of the items' ledgers.

        The folders of its tables get their cards.
        """
        ledger = merge_counts(result.ledger for result in items.values())
        cards = [write_card(self.job.output, folder) for folder in self.phase.tables]
        every = (*files, *cards)
        return Manifest(self.phase.name, self.key, items, every, ledger, findings, self.item_key)

    def commit(self, manifest: Manifest) -> None:
        """Writes the manifest, and deletes what the phase needs no more."""
        content = dump_manifest(manifest)
        store.write_bytes(self.job.output, manifest_path(self.phase.name), content)
        _delete_scratch(self.job, self.phase)


Settings = Callable[[Job, Sequence[WorkItem]], Mapping[str, Any]]
"""Tells everything that a phase's results depend on but other phases, by names that a user
understands."""


def states_nothing(config: Config) -> Mapping[str, Any]:
    """Stands for a phase that the configuration does not change."""
    del config
    return {}


def check_nothing(config: Config) -> None:
    """Stands for a phase that needs nothing from outside."""
    del config


@dataclass(frozen=True)
class PhaseWork:
    """What the module of a phase holds, as its `PHASE`.

    Attributes:
        settings: what its results depend on.
        work: runs its steps; returns its manifest.
        costs: what its costs grow with, for `estimate`.
        check: raises a ConfigError before any work, if what the configuration names is unusable.
        stated: the part of the settings that the configuration holds: dataclasses by name, whose
            paths do not count for the footers of its tables.
        first_step: its first step, if that builds on what the phase before commits item by item
            and not on its manifest: the two then share a pipeline.
        is_one_step: whether that is its only step.
    """

    settings: Settings
    work: Callable[[PhaseRun], Manifest]
    costs: Costs = field(default_factory=Costs)
    check: Callable[[Config], None] = check_nothing
    stated: Callable[[Config], Mapping[str, Any]] = states_nothing
    first_step: Callable[[PhaseRun], Map[WorkItem, Any]] | None = None
    is_one_step: bool = False


def load_phase(phase: Phase) -> PhaseWork:
    """Returns what a row of the table stands for."""
    module = importlib.import_module(f"massivetext.pipeline.phases.{phase.module}")
    work: PhaseWork = module.PHASE
    return work


def table_stamp(config: Config, phase: Phase) -> dict[str, str]:
    """Returns what the footers of a phase's tables state: schema version, phase, settings.

    The settings are a fingerprint of the settings that this phase and those before it
    depend on, and of their versions. Paths do not count, so that the same run in another folder
    writes the same bytes; of models and lists the names of the files do.
    """
    phases = (phase, *(phase_named(name) for name in upstream_of(phase)))
    stated = {
        name: without_places(value)
        for p in phases
        for name, value in load_phase(p).stated(config).items()
    }
    return {
        "massivetext.schema_version": str(TABLES_VERSION),
        "massivetext.phase": phase.name,
        "massivetext.settings": fingerprint(results_versions(phase), stated),
    }


def run_phase(
    job: Job, phase: Phase, items: Sequence[WorkItem], work: PhaseWork | None = None
) -> Manifest:
    """Returns the manifest of a phase: the committed one, or that of its work, then committed.

    Args:
        job: the run.
        phase: its row in the table.
        items: the work items of the run.
        work: does it, if not what its module holds.

    Raises:
        UsageError: as `begin_phase`.
    """
    work = work or load_phase(phase)
    begun = begin_phase(job, phase, items, work)
    if begun is not None:
        begun.commit(work.work(begun))
    return require_manifest(job, phase.name)


def begin_phase(
    job: Job,
    phase: Phase,
    items: Sequence[WorkItem],
    work: PhaseWork,
    before: Sequence[PhaseRun] = (),
) -> PhaseRun | None:
    """Returns the phase, ready for its work, or None if it is finished.

    Args:
        job: the run.
        phase: its row in the table.
        items: the work items of the run.
        work: what it does.
        before: phases that it builds on and that are still at work; only `first_step` can be run
            before they are finished.

    Raises:
        UsageError: if a phase is missing that it builds on, or if the output folder holds the phase
            with other settings and the job may not restart it.
    """
    built_on = _built_on(job, phase)
    at_work = {run.phase.name: run for run in before if run.phase.name in built_on}
    finished = [name for name in built_on if name not in at_work]
    upstream = {name: require_manifest(job, name) for name in finished}
    for name in finished:
        require_current(job, phase_named(name), upstream)
    known: dict[str, Manifest | PhaseRun] = {**upstream, **at_work}
    keys = {name: made.key for name, made in known.items()}
    settings = _settings_of(job, phase, work, items, keys)
    key = fingerprint(phase.name, settings)
    item_keys = {name: made.item_key for name, made in known.items()}
    item_key = fingerprint(phase.name, lasting_settings(phase, settings), item_keys)
    adopt_settings(job, phase, settings, key, {item.name for item in items})
    if is_whole(job, phase):
        _delete_scratch(job, phase)
        return None
    for manifest in upstream.values():
        require_whole(job, manifest)
    forget_lost_scratch(job, phase)
    steps = Steps(job.engine, job.output, phase.name, key, job.quiet)
    return PhaseRun(job, phase, items, upstream, steps, item_key)


def _built_on(job: Job, phase: Phase) -> list[str]:
    """Returns the phases that a phase builds on; an adapting one takes those that are finished."""
    names = upstream_of(phase)
    if not phase.adapts:
        return list(names)
    finished = finished_phases(job.output)
    return [name for name in names if name == PHASES[0].name or name in finished]


def _delete_scratch(job: Job, phase: Phase) -> None:
    for folder in phase.scratch:
        store.delete(job.path(folder))


def _settings_of(
    job: Job,
    phase: Phase,
    work: PhaseWork,
    items: Sequence[WorkItem],
    upstream_keys: Mapping[str, str],
) -> dict[str, Any]:
    """Returns everything that a phase's results depend on."""
    settings = {**work.settings(job, items), "results": results_versions(phase)}
    if upstream_keys:
        settings["upstream"] = upstream_keys
    return settings


def require_repairable(job: Job, items: Sequence[WorkItem]) -> None:
    """Checks that the phases would be rebuilt with the settings that they were made with.

    Raises:
        UsageError: if one would not: what is damaged of it cannot be rebuilt.
    """
    for phase in PHASES:
        upstream = {name: read_manifest(job, name) for name in upstream_of(phase)}
        keys = {name: manifest.key for name, manifest in upstream.items() if manifest is not None}
        begun = store.read_record(job.path(settings_path(phase.name)))
        if begun is None or len(keys) < len(upstream):
            continue
        asked = plain(_settings_of(job, phase, load_phase(phase), items, keys))
        if begun != asked:
            raise UsageError(
                f"{job.output} cannot be repaired: the phase '{phase.name}' would be another one, "
                f"as {difference(begun, asked)}"
            )


def require_same_inputs(job: Job, items: Sequence[WorkItem]) -> None:
    """Checks that the first phase's results are those of this configuration and these inputs.

    Raises:
        UsageError: if they are not, or if there are none.
    """
    first = PHASES[0]
    found = require_manifest(job, first.name)
    settings = _settings_of(job, first, load_phase(first), items, {})
    if found.key == fingerprint(first.name, settings):
        return
    begun = store.read_record(job.path(settings_path(first.name))) or {}
    asked = plain(settings)
    if is_grown(first, begun, asked):
        raise UsageError(
            f"the inputs of {job.output} have changed: {told_growth(begun, asked)}; run "
            "`massivetext run`, or the phases one by one from `massivetext curate` on"
        )
    if change_by_user(first, begun, asked) is None:
        raise UsageError(
            f"the documents in {job.output} are from another version of the program; "
            "`massivetext run` rebuilds them"
        )
    raise UsageError(
        f"the documents in {job.output} were curated with other settings; "
        "`massivetext run` names them, and recomputes with --restart"
    )
