"""What of an earlier run in the same output folder still stands: settings, versions, files.

A phase's results count if they were made with the same settings by the same version of the phase,
and all their files are there. Where only inputs have come, gone or changed, what was made of the
others counts, too. Else results are refused, or done anew; what is deleted then are our own files
only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from massivetext.events import tell
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.manifest import (
    Manifest,
    dump_record,
    read_manifest,
)
from massivetext.pipeline.phases.table import (
    PHASES,
    Phase,
    manifest_path,
    results_versions,
    settings_path,
)

_BOOKKEEPING: Final = (".json", ".npy", ".parquet")
"""What the files of a phase's own folder, below `phases/`, end with."""

_MARKS: Final = {"{item}": "(?P<item>.+)", "{n}": "[0-9]+", "{ext}": "[a-z]+"}
"""What stands in `Phase.writes` for parts of names."""

_FOLLOWS: Final = ("results", "upstream", "massivetext")
"""Settings that nobody sets: they follow from the program and from the phases before."""


def adopt_settings(
    job: Job, phase: Phase, settings: Mapping[str, Any], key: str, names: Collection[str]
) -> None:
    """Records a phase's settings; deletes what it has written with others or in another version.

    Args:
        job: the run.
        phase: its row in the table.
        settings: what its results would depend on now.
        key: their fingerprint.
        names: of the work items that there are now.

    Raises:
        UsageError: if a user changed the settings, and the job may not restart the phase.
    """
    begun = store.read_record(job.path(settings_path(phase.name)))
    asked = json.loads(dump_record(settings))
    if begun == asked:
        return
    manifest = None if begun is not None else read_manifest(job, phase.name)
    if begun is not None and is_grown(phase, begun, asked):
        if phase is PHASES[0]:
            tell("step", f"{phase.name}: {told_growth(begun, asked)}", phase=phase.name)
            names = _unchanged(begun, asked)
        keep_items(job, phase, names)
    elif begun is not None or (manifest is not None and manifest.key != key):
        _drop(job, phase, begun or {}, asked)
    store.write_bytes(job.output, settings_path(phase.name), dump_record(settings))


def lasting_settings(phase: Phase, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what of a phase's settings stays the same when inputs come, go or change."""
    followed = ("upstream",) if phase.upstream != () else ("inputs",)
    return {name: value for name, value in settings.items() if name not in followed}


def is_grown(phase: Phase, begun: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether a phase's settings differ only because of the inputs that there are.

    A phase before this one may have been done anew as well; what it was then given decides whether
    what this one made of an item counts (`PhaseRun.item_key`).
    """
    return begun != asked and lasting_settings(phase, begun) == lasting_settings(phase, asked)


def told_growth(begun: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Returns how many work items of the first phase are kept, new, changed and gone."""
    before, now = begun.get("inputs") or {}, asked["inputs"]
    kept = len(_unchanged(begun, asked))
    new, gone = len(now.keys() - before.keys()), len(before.keys() - now.keys())
    changed = len(now) - kept - new
    return f"kept {kept:,} items, {new:,} new, {changed:,} changed, {gone:,} gone"


def _unchanged(begun: Mapping[str, Any], asked: Mapping[str, Any]) -> set[str]:
    """Returns the names of the inputs that are there as they were."""
    before = begun.get("inputs") or {}
    return {name for name, identity in asked["inputs"].items() if before.get(name) == identity}


def keep_items(job: Job, phase: Phase, names: Collection[str]) -> None:
    """Deletes what a phase has written, but what it made of the items of these names.

    The manifest goes, so that the phase is at work again. Files of items stay until they are made
    anew, whether or not they still count: their records say that.
    """
    if not phase.item_steps:
        delete_results(job, phase)
        return
    records = store.sizes_below(job.output, f"phases/{phase.name}")
    written = own_files(job, phase)
    gone = [path for path in written if _item_of(phase, path) not in names]
    gone += [path for path in records if not _is_of_item(phase, path, names)]
    store.delete_files(job.output, [path for path in gone if path != settings_path(phase.name)])


def _item_of(phase: Phase, path: str) -> str | None:
    """Returns the name of the work item that a result belongs to, if it belongs to one."""
    below = next(path.removeprefix(f"{f}/") for f in phase.folders if path.startswith(f"{f}/"))
    found = (match for pattern in phase.writes if (match := _match(pattern, below)))
    return next((match.groupdict().get("item") for match in found), None)


def _is_of_item(phase: Phase, path: str, names: Collection[str]) -> bool:
    """Whether a file below `phases/` was written by one of a phase's item steps for these items."""
    below = path.removeprefix(f"phases/{phase.name}/").rpartition(".")[0]
    step, _, name = below.partition("/")
    if path.endswith(".json"):
        return step in phase.item_steps and name in names
    while name and name not in names:
        name = name.partition("/")[2]
    return bool(name)


def _drop(job: Job, phase: Phase, begun: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    is_same_version = begun.get("results") == asked["results"]
    if not (phase.adapts and is_same_version):
        _require_droppable(job, phase, begun, asked)
    delete_results(job, phase)


def _require_droppable(
    job: Job, phase: Phase, begun: Mapping[str, Any], asked: Mapping[str, Any]
) -> None:
    """Tells that results are from another version, or refuses to delete those of another run."""
    change = None if phase.adapts else change_by_user(phase, begun, asked)
    if change is None:
        said = f"{job.output}: {_other_version(phase, begun, asked)}"
        tell("warning", said, level="warning", phase=phase.name)
    elif not job.restart:
        raise UsageError(
            f"{job.output} holds the phase '{phase.name}' of another run: {change}; "
            "use another --output, or recompute it with --restart"
        )


def require_current(job: Job, phase: Phase, known: Mapping[str, Manifest]) -> None:
    """Checks that a finished phase follows from the phases before as they are now.

    Args:
        job: the run.
        phase: the finished one.
        known: manifests that have been read, by phase; others are read here.

    Raises:
        UsageError: if one of them was done anew since, or this one by another version.
    """
    settings = store.read_record(job.path(settings_path(phase.name))) or {}
    keys = {
        name: manifest.key
        for name in settings.get("upstream") or {}
        if (manifest := known.get(name) or read_manifest(job, name)) is not None
    }
    made, now = _versions(settings), results_versions(phase)
    is_of_now = bool(made) and all(made[name] == now.get(name) for name in made)
    if not is_of_now or (settings.get("upstream") or {}) != keys:
        raise UsageError(
            f"the phase '{phase.name}' in {job.output} is out of date: it, or what it was made "
            f"from, has changed; run `massivetext {phase.name}` or `massivetext run` first"
        )


def is_whole(job: Job, phase: Phase) -> bool:
    """Whether a phase is finished, and none of its files is missing or of another size."""
    manifest = read_manifest(job, phase.name)
    if manifest is None:
        return False
    damaged = damaged_files(job, manifest)
    if damaged:
        said = (
            f"{phase.name}: {len(damaged)} of its files are missing or of another size, the first "
            f"is {damaged[0].path}; rebuilding them"
        )
        tell("warning", said, level="warning", phase=phase.name)
    return not damaged


def require_whole(job: Job, manifest: Manifest) -> None:
    """Checks that the files of a phase are there, for one that reads them.

    Raises:
        UsageError: if some are not.
    """
    damaged = damaged_files(job, manifest)
    if damaged:
        raise UsageError(
            f"{job.path(damaged[0].path)} is missing or of another size ({len(damaged)} such files "
            f"in all); run `massivetext {manifest.phase}` or `massivetext run`, which rebuilds it"
        )


def forget_lost_scratch(job: Job, phase: Phase) -> None:
    """Deletes the records of steps whose files were deleted when the phase was finished.

    Those that name results stay, and those of item steps: only what led to others is done again.
    """
    if not phase.scratch or any(store.sizes_below(job.output, f) for f in phase.scratch):
        return
    kept = (settings_path(phase.name), manifest_path(phase.name))
    paths = store.sizes_below(job.output, f"phases/{phase.name}")
    steps = tuple(f"phases/{phase.name}/{step}/" for step in phase.item_steps)
    others = [p for p in paths if p.endswith(".json") and p not in kept and not p.startswith(steps)]
    records = ((path, store.read_record(job.path(path)) or {}) for path in others)
    store.delete_files(job.output, [path for path, record in records if not record.get("files")])


def damaged_files(job: Job, manifest: Manifest) -> list[store.FileEntry]:
    """Returns the files of a finished phase that are missing or of another size."""
    entries = manifest.all_files
    sizes: dict[str, int] = {}
    for folder in sorted({entry.path.partition("/")[0] for entry in entries}):
        sizes |= store.sizes_below(job.output, folder)
    return [entry for entry in entries if sizes.get(entry.path) != entry.size_bytes]


def delete_results(job: Job, phase: Phase) -> None:
    """Deletes what a phase has written, and nothing that others put into its folders."""
    records = [
        path
        for path in store.sizes_below(job.output, f"phases/{phase.name}")
        if path.endswith(_BOOKKEEPING)
    ]
    store.delete_files(job.output, own_files(job, phase))
    store.delete_files(job.output, records)


def own_files(job: Job, phase: Phase) -> list[str]:
    """Returns the files in a phase's folders that it has written, finished or not."""
    manifest = read_manifest(job, phase.name)
    entries = manifest.all_files if manifest else _recorded_files(job, phase)
    named = {entry.path for entry in entries}
    items = _item_names(job) | set(manifest.items if manifest else ())
    return [
        path
        for folder in phase.folders
        for path in store.sizes_below(job.output, folder)
        if path in named or _is_written(phase, path.removeprefix(f"{folder}/"), items)
    ]


def _recorded_files(job: Job, phase: Phase) -> list[store.FileEntry]:
    """Returns what the items of an unfinished phase have committed."""
    folder = f"phases/{phase.name}"
    paths = [path for path in store.sizes_below(job.output, folder) if path.endswith(".json")]
    records = (store.read_record(job.path(path)) or {} for path in paths)
    found = [entry for record in records for entry in record.get("files", ())]
    return [store.FileEntry(**entry) for entry in found]


def _item_names(job: Job) -> set[str]:
    """Returns the names of the work items that the output folder was begun with."""
    begun = store.read_record(job.path(settings_path(PHASES[0].name))) or {}
    return set(begun.get("inputs") or ())


def _is_written(phase: Phase, name: str, items: set[str]) -> bool:
    """Whether a file of one of a phase's folders has a name that the phase gives."""
    return any(_fits(pattern, name, items) for pattern in phase.writes)


def _fits(pattern: str, name: str, items: set[str]) -> bool:
    found = _match(pattern, name)
    return found is not None and (
        found.groupdict().get("item", name) in items or not found.groups()
    )


def _match(pattern: str, name: str) -> re.Match[str] | None:
    """Returns how a name follows a pattern of `Phase.writes`."""
    expression = re.escape(pattern)
    for mark, meaning in _MARKS.items():
        expression = expression.replace(re.escape(mark), meaning)
    return re.fullmatch(expression, name)


def _versions(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the versions of results that settings state; none if they are damaged."""
    found = settings.get("results")
    return found if isinstance(found, dict) else {}


def _other_version(phase: Phase, begun: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Says which version a phase's results are from, its own or that of what it builds on."""
    made, now = _versions(begun), asked["results"]
    other = [p.name for p in PHASES if p.name in now and made.get(p.name) != now[p.name]]
    source = phase.name if phase.name in other else other[0]
    version = f"version {made[source]}" if source in made else "an earlier release"
    what = version if source == phase.name else f"{version} of '{source}'"
    return f"the results of '{phase.name}' are from {what}; rebuilding them"


def change_by_user(phase: Phase, begun: Mapping[str, Any], asked: Mapping[str, Any]) -> str | None:
    """Names a setting that differs because the user changed it; None if only the program did.

    Another version of a phase may know other settings, so then only those count that both know; and
    it is done anew with the inputs as they are now, so they do not count.
    """
    if not begun:
        return "the settings that it was made with are lost"
    if begun.get("results") == asked["results"]:
        return difference(lasting_settings(phase, begun), lasting_settings(phase, asked))
    set_before = {key: begun[key] for key in begun if key not in _FOLLOWS}
    set_now = {key: asked[key] for key in asked if key not in _FOLLOWS}
    before, now = _known_to_both({**set_before, "inputs": ()}, {**set_now, "inputs": ()})
    return None if before == now else difference(before, now)


def _known_to_both(one: Any, other: Any) -> tuple[Any, Any]:
    """Returns two nested settings without the keys that only one of them has."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = {key: _known_to_both(one[key], other[key]) for key in one if key in other}
        return {k: pair[0] for k, pair in pairs.items()}, {k: pair[1] for k, pair in pairs.items()}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        both = [_known_to_both(a, b) for a, b in zip(one, other, strict=True)]
        return [pair[0] for pair in both], [pair[1] for pair in both]
    return one, other


def difference(begun: Any, asked: Any, where: str = "") -> str:
    """Names the first setting in which two runs differ."""
    if isinstance(begun, dict) and isinstance(asked, dict):
        for key in sorted({*begun, *asked}):
            if begun.get(key) != asked.get(key):
                place = f"{where}.{key}" if where else key
                return difference(begun.get(key), asked.get(key), place)
    return f"{where} was {_short(begun)} and is {_short(asked)} now"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else text[:197] + "..."
