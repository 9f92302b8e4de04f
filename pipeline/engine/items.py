"""Phases: the units of commitment. A phase does its work once, and says what it did.

A phase's manifest (`phases/<phase>/manifest.json`) is its commit point. Within a phase each work
item commits its own record when its files stand, so a crash costs the items in flight and no more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol, TypeVar

import apache_beam as beam

from massivetext.config import fingerprint, plain
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job, RunError, UsageError
from massivetext.pipeline.engine.processes import Processes
from massivetext.pipeline.engine.progress import watch

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


class Item(Protocol):
    """A unit of work, of commitment and of restart: a `WorkItem`, or a shard to be filled."""

    @property
    def number(self) -> int:
        """Its place among the items of the step."""
        ...

    @property
    def name(self) -> str:
        """Names it among them."""
        ...

    @property
    def identity(self) -> list[Any]:
        """What must be the same for its committed result to stand (JSON-able)."""
        ...

    @property
    def weight(self) -> float:
        """How much work it is beside the others of the step."""
        ...


_Item = TypeVar("_Item", bound=Item)


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
    record = store.read_record(job.path(f"phases/{name}/manifest.json"))
    if record is None:
        return None
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
    job: Job,
    phase: Phase,
    step: str,
    items: Sequence[_Item],
    work: Callable[[_Item], ItemResult],
    item_bytes: int = 0,
) -> dict[str, ItemResult]:
    """Does a step's work for every item that has not committed it; returns all results by name.

    Args:
        job: where to run.
        phase: the phase the step is part of.
        step: its name.
        items: what to do.
        work: does it for one item, once its files are committed: a picklable value.
        item_bytes: memory that an item needs beyond the usual; of several processes only as many
            are used as there is memory for.
    """
    folder = f"phases/{phase.name}/{step}"
    commits = Commits(job.output, folder, phase.key)
    committed = commits.read_all(items)
    pending = [item for item in items if item.name not in committed]
    if pending:
        observed = job.observed(f"{phase.name}-{step}", work)
        commit = CommitItem(observed, commits)
        process = ProcessItems(commit, job.processes_for(item_bytes))

        def build(pipeline: beam.Pipeline) -> None:
            pipeline | f"{phase.name} {step}" >> MapItems(pending, process)

        with watch(job, f"{phase.name}: {step}", folder, len(items), len(committed)):
            job.run(f"{phase.name}-{step}", build)
        committed |= commits.read_all(pending)
    missing = [item.name for item in items if item.name not in committed]
    if missing:
        raise RunError(f"step {folder} left {len(missing)} items undone, {missing[0]} first")
    return {item.name: committed[item.name] for item in items}


class MapItems(beam.PTransform):
    """Work items to workers, one by one: a GroupByKey by item number spreads them."""

    def __init__(self, items: Sequence[Item], process: ProcessItems) -> None:
        super().__init__()
        self.items, self.process = items, process

    def expand(self, input_or_inputs: Any) -> Any:
        """Returns nothing: what was done is read from the records."""
        return (
            input_or_inputs
            | "Items" >> beam.Create(self.items, reshuffle=False)
            | "Number" >> beam.Map(lambda item: (item.number, item))
            | "Spread" >> beam.GroupByKey()
            | "Process" >> beam.ParDo(self.process)
        )


@dataclass(frozen=True)
class Commits:
    """The records of a step's finished items.

    Attributes:
        output: the output folder.
        folder: where the records lie, below the output folder.
        key: of the phase; records of another one do not count.
    """

    output: str
    folder: str
    key: str

    def read(self, item: Item) -> ItemResult | None:
        """Returns the result of an item whose record and files stand, else None."""
        record = store.read_record(store.below(self.output, self._path(item)))
        if record is None or (record["key"], record["identity"]) != (self.key, item.identity):
            return None
        result = ItemResult.from_json(record)
        return result if all(store.is_intact(self.output, file) for file in result.files) else None

    def read_all(self, items: Iterable[Item]) -> dict[str, ItemResult]:
        """Returns the results of all items that are committed, by their names."""
        folder = store.below(self.output, self.folder)
        listed = {metadata.path for metadata in store.list_folder(folder)}
        candidates = [
            item for item in items if store.below(self.output, self._path(item)) in listed
        ]
        read = ((item.name, self.read(item)) for item in candidates)
        return {name: result for name, result in read if result is not None}

    def write(self, item: Item, result: ItemResult) -> None:
        """Writes the record of an item; its files must stand."""
        record = {"key": self.key, "identity": item.identity, **result.to_json()}
        store.write_bytes(self.output, self._path(item), _dump(record))

    def _path(self, item: Item) -> str:
        return f"{self.folder}/{item.name}.json"


@dataclass(frozen=True)
class CommitItem:
    """Does an item's work and commits its record last: what a worker is asked for."""

    work: Callable[[Any], ItemResult]
    commits: Commits

    def __call__(self, item: Item) -> None:
        """Does what is left to do for an item."""
        # A bundle that is tried again does only what its first attempt did not commit.
        if self.commits.read(item) is None:
            self.commits.write(item, self.work(item))


class ProcessItems(beam.DoFn):
    """Commits items; those of a bundle at the same time, where there are processes for it."""

    def __init__(self, commit: CommitItem, processes: Processes) -> None:
        self.commit, self.processes = commit, processes

    def start_bundle(self) -> None:
        """Begins with nothing to do."""
        self.waiting: list[Item] = []

    def process(self, element: tuple[int, Iterable[Item]]) -> None:
        """Commits the items of an element, or keeps them for the other processes."""
        if self.processes.count == 1:
            self.processes.map(self.commit, element[1])
        else:
            self.waiting.extend(element[1])

    def finish_bundle(self) -> None:
        """Commits what was kept: the heaviest first, so that all processes end together."""
        heaviest_first = sorted(self.waiting, key=lambda item: (-item.weight, item.number))
        self.processes.map(self.commit, heaviest_first)


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


def _refuse_or_restart(job: Job, phase: Phase) -> None:
    """Compares a phase's settings with those it was begun with in the same output folder."""
    begun = store.read_record(job.path(f"phases/{phase.name}/settings.json"))
    if begun is None:
        return
    asked = json.loads(_dump(phase.settings))
    if begun == asked:
        return
    if not job.restart:
        raise UsageError(
            f"{job.output} holds the phase '{phase.name}' of another run: "
            f"{_difference(begun, asked)}; use another --output, or --restart to compute it anew"
        )
    for folder in (*phase.folders, f"phases/{phase.name}"):
        store.delete(job.path(folder))


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
