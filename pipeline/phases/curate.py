"""Phase CURATE: every record read, every document measured, every rule asked. A map, no shuffle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from massivetext import __version__
from massivetext.config import Config, Limits, Source
from massivetext.paths import paths_of
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.phase import Manifest, Phase, run_phase
from massivetext.pipeline.engine.results import ItemResult, balances, merge_counts
from massivetext.pipeline.engine.steps import Map, Steps
from massivetext.pipeline.phases.documents import DocumentMaker
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.statistics import batch_statistics, trim_hosts
from massivetext.pipeline.readers import OpenFile, ReadContext, read_file
from massivetext.records import (
    DOCUMENT_SCHEMA,
    FAILED_SCHEMA,
    REJECTED_SCHEMA,
    FailedRecord,
    RawRecord,
    Record,
    SkippedRecord,
)

EXCERPT_CHARACTERS = 500
"""Our choice: enough of a rejected text to see what it was."""

_BATCH_RECORDS = 1000
_BATCH_BYTES = 32_000_000
"""Our choice: batches large enough for the kernels, small enough for any worker."""


def read_records(
    item: WorkItem, source: Source, limits: Limits, open_file: OpenFile = store.open_input
) -> Iterator[Record]:
    """Yields the records of a work item; a file that cannot be opened is a failed record.

    Raises:
        OSError: if the store failed in a way that may pass. Whatever a reader made of it, that is
            no fault of a record, and the item has to be read again.
    """
    context = ReadContext(item.file, item.range, source.fields, limits.record_bytes)
    try:
        stream = store.WatchedStream(open_file(item.file))
    except OSError as error:
        if store.is_transient(error):
            raise
        yield FailedRecord(item.file, 0, f"the file cannot be opened: {error}")
        return
    with stream:
        yield from read_file(source.format, stream.as_binary(), context)
    if stream.fault is not None:
        raise OSError(f"reading {item.file}: {stream.fault}") from stream.fault


ReadRecords = Callable[[WorkItem, Source, Limits], Iterator[Record]]
"""`read_records`, or what reads some of them only."""


@dataclass(frozen=True)
class CurateItem:
    """Reads an item and writes its `documents/`, `rejected/` and `failed/` files."""

    config: Config
    output: str
    read: ReadRecords = read_records

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the ledger of the item: in = kept + rejected + failed + skipped."""
        source = self.config.sources[item.source]
        maker = DocumentMaker.of(self.config, source)
        tally = _Tally()
        with ExitStack() as stack:
            documents = _Writer(
                stack, self.output, f"documents/{item.name}.parquet", DOCUMENT_SCHEMA
            )
            rejected = _Writer(stack, self.output, f"rejected/{item.name}.parquet", REJECTED_SCHEMA)
            failed = _Writer(stack, self.output, f"failed/{item.name}.parquet", FAILED_SCHEMA)
            for records in _batches(self.read(item, source, self.config.limits)):
                raws = [record for record in records if isinstance(record, RawRecord)]
                batch = maker.make(raws, item.file)
                kept, dropped = _divide(batch.documents)
                documents.write(kept)
                rejected.write(self._excerpt(dropped))
                errors = [r for r in records if isinstance(r, FailedRecord)] + list(batch.failed)
                failed.write(_failed_table(item.subset, errors))
                tally.add(records, kept.num_rows, dropped.num_rows, len(errors))
                tally.statistics.append(batch_statistics(batch.documents))
        statistics = trim_hosts(merge_counts(tally.statistics))
        statistics["skipped"] = dict(sorted(tally.skipped.items()))
        entries = tuple(writer.entry for writer in (documents, rejected, failed))
        return ItemResult(entries, tally.ledger, {item.subset: statistics})

    def _excerpt(self, rejected: pa.Table) -> pa.Table:
        keep = {"none": 0, "excerpt": EXCERPT_CHARACTERS, "full": None}[
            self.config.output.rejected_text
        ]
        texts = pa.array([text[:keep] for text in rejected["text"].to_pylist()], pa.large_string())
        return rejected.set_column(REJECTED_SCHEMA.names.index("text"), "text", texts)


class _Tally:
    """The ledger of an item in the making."""

    def __init__(self) -> None:
        self.ledger: dict[str, int] = dict.fromkeys(
            ("in", "kept", "rejected", "failed", "skipped"), 0
        )
        self.skipped: dict[str, int] = {}
        self.statistics: list[dict[str, Any]] = []

    def add(self, records: list[Record], kept: int, rejected: int, failed: int) -> None:
        skipped = [record.kind for record in records if isinstance(record, SkippedRecord)]
        for kind in skipped:
            self.skipped[kind] = self.skipped.get(kind, 0) + 1
        changes = (len(records), kept, rejected, failed, len(skipped))
        for name, change in zip(self.ledger, changes, strict=True):
            self.ledger[name] += change


class _Writer:
    """A Parquet file that is committed when the stack of contexts closes."""

    def __init__(self, stack: ExitStack, output: str, path: str, schema: pa.Schema) -> None:
        self._pending = stack.enter_context(store.commit(output, path))
        self._parquet = stack.enter_context(store.parquet_writer(self._pending.stream, schema))

    def write(self, table: pa.Table) -> None:
        if table.num_rows:
            self._parquet.write_table(table)

    @property
    def entry(self) -> store.FileEntry:
        return self._pending.entry


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size_bytes = 0
    for record in records:
        batch.append(record)
        size_bytes += len(record.raw) if isinstance(record, RawRecord) else 0
        if len(batch) >= _BATCH_RECORDS or size_bytes >= _BATCH_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch


def _divide(judged: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Returns the documents that no rule objects to, and the rejected ones with their reasons."""
    fails = [bool(reasons) for reasons in judged["reasons"].to_pylist()]
    kept = judged.filter(pa.array([not failed for failed in fails], pa.bool_()))
    return kept.select(DOCUMENT_SCHEMA.names), judged.filter(pa.array(fails, pa.bool_()))


def _failed_table(subset: str, errors: list[FailedRecord]) -> pa.Table:
    rows = [
        {"subset": subset, "file": e.file, "offset": e.offset, "error": e.error} for e in errors
    ]
    return pa.Table.from_pylist(rows, schema=FAILED_SCHEMA)


def curate_phase(config: Config, items: list[WorkItem]) -> Phase:
    """Returns the phase with everything that its results depend on."""
    sections = {
        "limits": config.limits,
        "source": [replace(source, path="") for source in config.sources],
        "language": config.language,
        "safesearch": config.safesearch,
        "extraction": config.extraction,
        "quality": config.quality,
        "repetition": config.repetition,
    }
    settings = {
        "massivetext": __version__,
        "output": {"rejected_text": config.output.rejected_text},
        **sections,
        "lists and models": _digests(sections),
        "inputs": {item.name: item.identity[1:] for item in items},
    }
    return Phase("curate", ("documents", "rejected", "failed"), settings)


def _digests(sections: object) -> dict[str, str]:
    """Returns the checksums of the files that these sections name; sources have no paths here."""
    files = [file.path for named in paths_of(sections) for file in store.match_below(named.path)]
    return {file: store.digest_file(file)[1] for file in files}


def run_curate(job: Job, items: list[WorkItem], read: ReadRecords = read_records) -> Manifest:
    """Curates all items; skips those that are committed."""
    phase = curate_phase(job.config, items)

    def work(steps: Steps) -> Manifest:
        results = steps.run(Map("read", items, CurateItem(job.config, job.output, read)))
        ledger = merge_counts(result.ledger for result in results.values())
        unbalanced = [name for name, r in results.items() if not balances(r.ledger)]
        if unbalanced:
            raise RunError(f"the ledger of {unbalanced[0]} does not balance")
        findings = merge_counts(result.statistics for result in results.values())
        return Manifest(phase.name, phase.key, results, (), ledger, findings)

    return run_phase(job, phase, work)
