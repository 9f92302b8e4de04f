"""Phases: the units of commitment. A phase does its work once, and says what it did.

A phase's manifest (`phases/<phase>/manifest.json`) is its commit point. Within a phase each work
item commits its own record when its files stand, so a crash costs the items in flight and no more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import apache_beam as beam

from massivetext.config import fingerprint, plain
from massivetext.pipeline import store
from massivetext.pipeline.job import Job, RunError, UsageError
from massivetext.pipeline.plan import WorkItem
from massivetext.pipeline.processes import call_in_process
from massivetext.pipeline.progress import watch

Statistics = Mapping[str, Any]
"""Counts in nested mappings: JSON-able, and merged by adding (see `merge_counts`)."""


@dataclass(frozen=True)
class ItemResult:
    """What a step did for one work item.

    Attributes:
        files: what was committed, below the output folder.
        ledger: records by what became of them.
        statistics: nested counts for the report.
    """

    files: tuple[store.FileEntry, ...] = ()
    ledger: Mapping[str, int] = field(default_factory=dict)
    statistics: Statistics = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Returns the result as a JSON-able mapping."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> ItemResult:
        """Returns the result that `to_json` described."""
        files = tuple(store.FileEntry(**entry) for entry in record["files"])
        return cls(files, record["ledger"], record["statistics"])


class ItemWork(Protocol):
    """What a map step does for one item: a picklable value that can be called."""

    def __call__(self, item: WorkItem, /) -> ItemResult:
        """Returns what became of the item, once its files are committed."""
        ...


@dataclass(frozen=True)
class Phase:
    """One phase of a run.

    Attributes:
        name: `curate`, `dedup`, ...
        folders: what it writes below the output folder; deleted when it starts anew.
        settings: everything its results depend on, by a name that a user understands.
    """

    name: str
    folders: tuple[str, ...]
    settings: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Changes when anything changes that the phase's results depend on."""
        return fingerprint(self.name, self.settings)


@dataclass(frozen=True)
class Manifest:
    """A finished phase: its key, its items and files, its ledger and its findings."""

    phase: str
    key: str
    items: Mapping[str, ItemResult]
    files: tuple[store.FileEntry, ...]
    ledger: Mapping[str, int]
    findings: Mapping[str, Any]

    @property
    def all_files(self) -> list[store.FileEntry]:
        """Every file the phase vouches for, by path."""
        return sorted([*self.files, *(f for r in self.items.values() for f in r.files)])


def run_phase(job: Job, phase: Phase, work: Callable[[], Manifest]) -> Manifest:
    """Returns the manifest of a phase: the committed one, or that of `work`, then committed.

    Raises:
        UsageError: if the output folder holds the phase with other settings and the job may not
            restart it.
    """
    _refuse_or_restart(job, phase)
    finished = read_manifest(job, phase.name)
    if finished is not None:
        return finished
    store.write_bytes(job.output, f"phases/{phase.name}/settings.json", _dump(phase.settings))
    manifest = work()
    store.write_bytes(job.output, f"phases/{phase.name}/manifest.json", _dump_manifest(manifest))
    return manifest


def read_manifest(job: Job, name: str) -> Manifest | None:
    """Returns the manifest of a finished phase, or None."""
    path = job.path("phases", name, "manifest.json")
    if not store.exists(path):
        return None
    record = json.loads(store.read_bytes(path))
    return Manifest(
        phase=record["phase"],
        key=record["key"],
        items={name: ItemResult.from_json(result) for name, result in record["items"].items()},
        files=tuple(store.FileEntry(**entry) for entry in record["files"]),
        ledger=record["ledger"],
        findings=record["findings"],
    )


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


def run_map(
    job: Job, phase: Phase, step: str, items: Sequence[WorkItem], work: ItemWork
) -> dict[str, ItemResult]:
    """Does a step's work for every item that has not committed it; returns all results by name."""
    folder = f"phases/{phase.name}/{step}"
    committed = _committed(job, phase, folder, items)
    pending = [item for item in items if item.name not in committed]
    if pending:
        process = ProcessItem(
            job.observed(f"{phase.name}-{step}", work),
            job.output,
            folder,
            phase.key,
            job.workers if job.is_local else 1,
        )

        def build(pipeline: beam.Pipeline) -> None:
            pipeline | f"{phase.name} {step}" >> MapItems(pending, process)

        with watch(job, f"{phase.name}: {step}", folder, len(items), len(committed)):
            job.run(f"{phase.name}-{step}", build)
        committed |= _committed(job, phase, folder, pending)
    missing = [item.name for item in items if item.name not in committed]
    if missing:
        raise RunError(f"step {folder} left {len(missing)} items undone, {missing[0]} first")
    return {item.name: committed[item.name] for item in items}


class MapItems(beam.PTransform):
    """Work items to workers, one by one: a GroupByKey by item number spreads them."""

    def __init__(self, items: Sequence[WorkItem], process: ProcessItem) -> None:
        super().__init__()
        self.items, self.process = items, process

    def expand(self, input_or_inputs: Any) -> Any:
        """Returns the names of the items done."""
        return (
            input_or_inputs
            | "Items" >> beam.Create(self.items, reshuffle=False)
            | "Number" >> beam.Map(lambda item: (item.number, item))
            | "Spread" >> beam.GroupByKey()
            | "Process" >> beam.ParDo(self.process)
        )


class ProcessItem(beam.DoFn):
    """Does an item's work and commits its record last."""

    def __init__(self, work: ItemWork, output: str, folder: str, key: str, processes: int) -> None:
        self.work, self.output, self.folder = work, output, folder
        self.key, self.processes = key, processes

    def process(self, element: tuple[int, Iterable[WorkItem]]) -> Iterator[str]:
        """Yields the item's name when it is committed."""
        for item in element[1]:
            result = call_in_process(self.work, item, self.processes)
            record = {"key": self.key, "identity": item.identity, **result.to_json()}
            store.write_bytes(self.output, f"{self.folder}/{item.name}.json", _dump(record))
            yield item.name


def merge_counts(parts: Iterable[Statistics]) -> dict[str, Any]:
    """Adds up nested counts; keys come out sorted, whatever the order of the parts."""
    total: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            if isinstance(value, Mapping):
                total[key] = merge_counts([total.get(key, {}), value])
            else:
                total[key] = total.get(key, 0) + value
    return dict(sorted(total.items()))


def balances(ledger: Mapping[str, int]) -> bool:
    """Whether in = kept + rejected + failed + skipped and documents = corpus + removed."""
    read = sum(ledger.get(name, 0) for name in ("kept", "rejected", "failed", "skipped"))
    written = ledger.get("corpus", 0) + ledger.get("removed", 0)
    return ledger.get("in", read) == read and ledger.get("documents", written) == written


def _committed(
    job: Job, phase: Phase, folder: str, items: Sequence[WorkItem]
) -> dict[str, ItemResult]:
    """Returns the results of the items whose records and files stand."""
    found = {}
    records = {metadata.path for metadata in store.list_folder(job.path(*folder.split("/")))}
    for item in items:
        path = job.path(*folder.split("/"), *f"{item.name}.json".split("/"))
        if path not in records:
            continue
        record = json.loads(store.read_bytes(path))
        result = ItemResult.from_json(record)
        stands = record["key"] == phase.key and record["identity"] == item.identity
        if stands and all(store.exists(job.path(*f.path.split("/"))) for f in result.files):
            found[item.name] = result
    return found


def _refuse_or_restart(job: Job, phase: Phase) -> None:
    """Compares a phase's settings with those it was begun with in the same output folder."""
    path = job.path("phases", phase.name, "settings.json")
    if not store.exists(path):
        return
    begun = json.loads(store.read_bytes(path))
    asked = json.loads(_dump(phase.settings))
    if begun == asked:
        return
    if not job.restart:
        raise UsageError(
            f"{job.output} holds the phase '{phase.name}' of another run: "
            f"{_difference(begun, asked)}; use another --output, or --restart to compute it anew"
        )
    for folder in (*phase.folders, f"phases/{phase.name}"):
        store.delete(job.path(*folder.split("/")))


def _difference(begun: Any, asked: Any, where: str = "") -> str:
    """Names the first setting in which two runs differ."""
    if isinstance(begun, dict) and isinstance(asked, dict):
        for key in sorted({*begun, *asked}):
            if begun.get(key) != asked.get(key):
                place = f"{where}.{key}" if where else key
                return _difference(begun.get(key), asked.get(key), place)
    return f"{where} was {_short(begun)} and is {_short(asked)} now"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else text[:197] + "..."


def _dump(record: Any) -> bytes:
    return json.dumps(plain(record), indent=1, sort_keys=True, ensure_ascii=False).encode()


def _dump_manifest(manifest: Manifest) -> bytes:
    return _dump(asdict(replace(manifest, items=dict(manifest.items))))
