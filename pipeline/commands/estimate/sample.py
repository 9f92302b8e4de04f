"""The sample that an estimate rests on: some files of each source, and some of their records.

Which ones depends on the seed, the names of the work items and the places of the records in them.
"""

from __future__ import annotations

import heapq
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from massivetext.compilation import working_seconds
from massivetext.config import Config, Limits, Source
from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.curate_item import open_records
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.readers import READERS
from massivetext.records import FailedRecord, RawRecord, Record, SkippedRecord, stable_hash

LEAST_ITEMS: Final = 4
"""Our choice: work items that are looked into, even if the first holds enough records."""

MOST_ITEMS: Final = 100
"""Our choice: of small files; each costs some milliseconds in every step, documents or not."""

SCAN_BYTES: Final = 16_000_000
"""Our choice: stored bytes of a work item that are read, half of a range. Of a larger compressed
file the beginning stands for the rest."""


@dataclass(frozen=True)
class Scan:
    """What was read of one source, scaled to all of it.

    Attributes:
        subset: of its documents.
        items: work items of the source.
        stored_bytes: size of all its files.
        scanned_items: work items that were read, in whole or in part.
        scanned_bytes: stored bytes that were read.
        records: records in them, of every kind.
        failed: those that could not be read.
        skipped: those that hold no document.
        raw_bytes: of those that hold one.
        cpu_seconds: for reading them.
    """

    subset: str
    items: int
    stored_bytes: float
    scanned_items: int = 0
    scanned_bytes: float = 0
    records: int = 0
    failed: int = 0
    skipped: int = 0
    raw_bytes: int = 0
    cpu_seconds: float = 0

    @property
    def byte_scale(self) -> float:
        """All bytes of the source by those that were read."""
        return self.stored_bytes / self.scanned_bytes if self.scanned_bytes else 0

    @property
    def record_scale(self) -> float:
        """All records of the source by those that were read; where a file is one, as files."""
        is_one_a_file = self.records == self.scanned_items
        return self.items / self.scanned_items if is_one_a_file else self.byte_scale


class SampledRecord(NamedTuple):
    """A record of the sample.

    Attributes:
        rank: its random number; the largest ones of a source are its sample.
        item: name of its work item.
        number: its place there.
        record: what was read.
    """

    rank: int
    item: str
    number: int
    record: RawRecord


@dataclass(frozen=True)
class Sample:
    """Scans by source, and the sample's records in files, one a work item.

    Attributes:
        scans: by the number of the source.
        items: the work items that records were drawn from, numbered anew.
        folder: of the records.
    """

    scans: Mapping[int, Scan]
    items: tuple[WorkItem, ...]
    folder: str

    def sizes(self, items: Sequence[WorkItem], most: int | None) -> dict[str, tuple[int, int]]:
        """Returns number and bytes of the records that a run over these items reads, by subset."""
        found: dict[str, tuple[int, int]] = {s.subset: (0, 0) for s in self.scans.values()}
        for item in items:
            records = _read_records(self.folder, item)[:most]
            count, size_bytes = found[item.subset]
            added = sum(len(record.raw) for record in records)
            found[item.subset] = count + len(records), size_bytes + added
        return found


@dataclass(frozen=True)
class ReadSample:
    """Reads the records of a sample in place of those of the work item.

    Attributes:
        folder: of the sample.
        most: records of an item.
    """

    folder: str
    most: int | None = None

    def __call__(
        self, item: WorkItem, source: Source, limits: Limits
    ) -> AbstractContextManager[Sequence[Record]]:
        """Gives the records, in the order of the file."""
        del source, limits
        return nullcontext(_read_records(self.folder, item)[: self.most])


def draw_sample(config: Config, items: Sequence[WorkItem], most: int, folder: Path) -> Sample:
    """Draws at most this many documents from each source and writes their records."""
    scans, drawn, chosen = {}, list[SampledRecord](), list[WorkItem]()
    for number in range(len(config.sources)):
        own = [item for item in items if item.source == number]
        own.sort(key=lambda item: stable_hash(config.seed, item.name, "estimate: items"))
        _warm_up(config, own[0])
        scan, records, scanned = _scan_source(config, own, most)
        scans[number] = scan
        drawn += records
        chosen += scanned
    chosen.sort(key=lambda item: item.name)
    numbered = tuple(replace(item, number=n) for n, item in enumerate(chosen))
    for item in numbered:
        mine = sorted((d for d in drawn if d.item == item.name), key=lambda d: d.number)
        _records_path(str(folder), item).write_bytes(pickle.dumps([d.record for d in mine]))
    return Sample(scans, numbered, str(folder))


def _records_path(folder: str, item: WorkItem) -> Path:
    return Path(folder) / f"{stable_hash(0, item.name, 'file name'):016x}.pickle"


def _read_records(folder: str, item: WorkItem) -> list[RawRecord]:
    records: list[RawRecord] = pickle.loads(_records_path(folder, item).read_bytes())
    return records


def _warm_up(config: Config, item: WorkItem) -> None:
    """Reads one record, so that what the reader imports is not counted as reading."""
    next(_read(config, item), None)


def _scan_source(
    config: Config, items: Sequence[WorkItem], most: int
) -> tuple[Scan, list[SampledRecord], list[WorkItem]]:
    """Reads items, in this order, until they hold enough records; draws from all that was read."""
    scan = Scan(items[0].subset, len(items), sum(item.weight for item in items))
    drawn = list[SampledRecord]()
    for item in items:
        enough = scan.records - scan.failed - scan.skipped >= most
        if (enough and scan.scanned_items >= LEAST_ITEMS) or scan.scanned_items == MOST_ITEMS:
            break
        scan = _scan_item(config, item, most, scan, drawn)
    return scan, drawn, list(items[: scan.scanned_items])


def _scan_item(
    config: Config, item: WorkItem, most: int, scan: Scan, drawn: list[SampledRecord]
) -> Scan:
    """Returns the scan with the item's records added; keeps the largest ranks in the heap."""
    records = failed = skipped = raw_bytes = 0
    share = 1.0
    begun = working_seconds()
    for record, read_share in _read(config, item):
        if isinstance(record, RawRecord):
            rank = stable_hash(config.seed, f"{item.name}\0{records}", "estimate: records")
            push = heapq.heappush if len(drawn) < most else heapq.heappushpop
            push(drawn, SampledRecord(rank, item.name, records, record))
            raw_bytes += len(record.raw)
        records += 1
        failed += isinstance(record, FailedRecord)
        skipped += isinstance(record, SkippedRecord)
        if read_share * item.weight >= SCAN_BYTES:
            share = min(1.0, read_share)
            break
    return replace(
        scan,
        scanned_items=scan.scanned_items + 1,
        scanned_bytes=scan.scanned_bytes + share * item.weight,
        records=scan.records + records,
        failed=scan.failed + failed,
        skipped=scan.skipped + skipped,
        raw_bytes=scan.raw_bytes + raw_bytes,
        cpu_seconds=scan.cpu_seconds + working_seconds() - begun,
    )


def _read(config: Config, item: WorkItem) -> Iterator[tuple[Record, float]]:
    """Yields the records of an item, each with the share of its stored bytes that was read."""
    source = config.sources[item.source]
    # Ranges that are read in another order are short enough to be read to their ends.
    is_sequential = READERS[source.format].is_sequential
    size_bytes = max(1, item.range.stop - item.range.start)
    streams = list[BinaryIO]()

    def open_file(path: str) -> BinaryIO:
        streams.append(store.open_input(path))
        return streams[0]

    with open_records(item, source, config.limits, open_file) as records:
        for record in records:
            position = streams[0].tell() - item.range.start if streams and is_sequential else 0
            yield record, position / size_bytes
