"""One work item of CURATE: its records read, judged and written to their tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa

from massivetext.config import (
    Config,
    ConfigError,
    Limits,
    Source,
)
from massivetext.content_cache import load_by_content
from massivetext.own_steps import outputs_of
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import InputError, RunError
from massivetext.pipeline.engine.laps import Laps
from massivetext.pipeline.engine.results import Figures, ItemResult, merge_counts
from massivetext.pipeline.phases.documents import CurationModels, DocumentMaker, load_models
from massivetext.pipeline.phases.edits import (
    CuratedItem,
    EditChanges,
    EditedText,
    edit_statistics,
    first_changes,
)
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.recognition import read_part
from massivetext.pipeline.phases.statistics import batch_statistics
from massivetext.pipeline.readers import OpenFile, ReadContext, read_file
from massivetext.records import (
    FAILED_SCHEMA,
    SKIPPED_SCHEMA,
    VERDICT_COLUMNS,
    FailedRecord,
    RawRecord,
    Record,
    SkippedRecord,
    document_schema,
    rejected_schema,
)

EXCERPT_CHARACTERS = 500
"""Our choice: enough of a rejected text to see what it was."""

MISSING_FILE: Final = "missing file"
"""Kind of what a path list names and is not there."""

_BATCH_RECORDS = 1000
_BATCH_BYTES = 32_000_000
"""Our choice: batches large enough for the kernels, small enough for any worker."""


@contextmanager
def open_records(
    item: WorkItem, source: Source, limits: Limits, open_file: OpenFile = store.open_input
) -> Iterator[Iterable[Record]]:
    """Gives the records of a work item.

    Raises:
        InputError: if the file system refuses the file: that is no fault of a record. Whatever a
            reader made of it is thrown away.
        OSError: if the store failed in a way that may pass, so that the item has to be read again.
    """
    context = ReadContext(
        item.file, item.range, source.fields, limits.record_bytes, source.skip_disambiguation
    )
    if item.is_missing:
        yield [SkippedRecord(MISSING_FILE)]
        return
    try:
        stream = store.WatchedStream(open_file(item.file))
    except OSError as error:
        raise _input_error(item, error) from error
    with stream:
        yield read_file(source.format, stream.as_binary(), context)
    if stream.fault is not None:
        raise _input_error(item, stream.fault) from stream.fault


def _input_error(item: WorkItem, error: OSError) -> Exception:
    problem = f"cannot read {item.file}: {error.strerror or error}"
    return OSError(problem) if store.is_transient(error) else InputError(problem)


def _results(config: Config) -> tuple[tuple[str, pa.Schema], ...]:
    """Returns the folders of the results of an item, and what lies in them."""
    own = outputs_of(config.measures)
    is_markdown = config.extraction.format == "markdown"
    return (
        ("documents", document_schema(own, has_markdown=is_markdown)),
        ("rejected", rejected_schema(own)),
        ("failed", FAILED_SCHEMA),
        ("skipped", SKIPPED_SCHEMA),
    )


OpenRecords = Callable[[WorkItem, Source, Limits], AbstractContextManager[Iterable[Record]]]
"""`open_records`, or what gives some of them only."""


@dataclass(frozen=True)
class CurateItem:
    """Reads an item and writes its `documents/`, `rejected/` and `failed/` files.

    Attributes:
        config: of the run.
        output: the output folder.
        key: of the phase; changes with the content of models and lists.
        stamp: what the footers of its tables state.
        read: gives the records.
    """

    config: Config
    output: str
    key: str
    stamp: Mapping[str, str]
    read: OpenRecords = open_records

    def __call__(self, item: WorkItem) -> ItemResult[CuratedItem]:
        """Returns the ledger of the item: in = kept + rejected + failed + skipped.

        Raises:
            RunError: if an own step fails, or cannot be loaded on this machine.
        """
        source = self.config.sources[item.source]
        shares = read_part(item)  # before it is read: what is written meanwhile will be seen later
        with ExitStack() as stack:
            results = _Results(stack, self, item)
            records = stack.enter_context(self.read(item, source, self.config.limits))
            batch = _Batch()
            for record in records:
                batch.add(record)
                if batch.is_full:
                    results.add(batch)
                    batch = _Batch()
            results.add(batch)
        told = results.told()
        found = CuratedItem(shares, results.edited)
        return replace(told, found=(found,), figures=results.figures)


class _Batch:
    """Records that are judged together."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.size_bytes = 0

    def add(self, record: Record) -> None:
        self.records.append(record)
        self.size_bytes += len(record.raw) if isinstance(record, RawRecord) else 0

    @property
    def is_full(self) -> bool:
        return len(self.records) >= _BATCH_RECORDS or self.size_bytes >= _BATCH_BYTES


class _Results:
    """The files, the ledger and the counts of an item in the making."""

    def __init__(self, stack: ExitStack, work: CurateItem, item: WorkItem) -> None:
        """Opens the files; they are committed when the stack of contexts closes.

        Their rows are numbered as they are written.
        """
        self.config, self.item = work.config, item
        models = _models(work)
        self.maker = DocumentMaker(work.config, work.config.sources[item.source], *models)
        self.documents, self.rejected, self.failed, self.skips = self.writers = tuple(
            _Writer(stack, work, f"{folder}/{item.name}.parquet", schema, item.name)
            for folder, schema in _results(work.config)
        )
        self.ledger: dict[str, int] = dict.fromkeys(
            ("in", "kept", "rejected", "failed", "skipped"), 0
        )
        self.skipped = Counter[str]()
        self.skipped_bytes = Counter[str]()
        self.digests = Counter[str]()
        self.kinds = Counter[str]()
        self.is_incomplete = False
        self.laps, self.read_bytes = Laps(), 0
        self.statistics: list[dict[str, Any]] = []
        self.changes: list[EditChanges] = []

    def add(self, batch: _Batch) -> None:
        """Judges the records of a batch."""
        records = batch.records
        self.laps.lap("read")
        self.read_bytes += batch.size_bytes
        if not records:
            return
        raws = [record for record in records if isinstance(record, RawRecord)]
        made = self.maker.make(raws, self.item.file, self.laps)
        self.laps.lap("judge")
        kept, dropped = _divide(made.documents)
        errors = [r for r in records if isinstance(r, FailedRecord)] + list(made.failed)
        skipped = [record for record in records if isinstance(record, SkippedRecord)]
        self.documents.write(kept)
        self.rejected.write(self._excerpt(dropped))
        self.failed.write(self._failed_table(errors))
        self.skips.write(self._skipped_table(skipped))
        counts = (len(records), kept.num_rows, dropped.num_rows, len(errors), len(skipped))
        for name, count in zip(self.ledger, counts, strict=True):
            self.ledger[name] += count
        for record in skipped:
            self.skipped[record.kind] += 1
            self.skipped_bytes[record.kind] += record.size_bytes
        self.digests.update(outcome for record in raws for outcome in record.digests)
        self.kinds.update(record.kind for record in raws if record.kind)
        self.digests.update(outcome for record in skipped for outcome in record.digests)
        self.is_incomplete |= any(error.ends_file for error in errors)
        self.statistics.append(batch_statistics(made.documents))
        self.changes += made.changes
        self.laps.lap("write")

    def told(self) -> ItemResult[CuratedItem]:
        """Returns the result, once the files are committed."""
        statistics = merge_counts(self.statistics)
        statistics["skipped"] = dict(sorted(self.skipped.items()))
        statistics["skipped_bytes"] = dict(sorted(self.skipped_bytes.items()))
        statistics["digests"] = dict(sorted(self.digests.items()))
        if self.kinds:
            statistics["kinds"] = dict(sorted(self.kinds.items()))
        statistics["safesearch_sources"] = dict.fromkeys(
            self.maker.safesearch_sources, self.ledger["kept"] + self.ledger["rejected"]
        )
        statistics["incomplete_files"] = {self.item.name: 1} if self.is_incomplete else {}
        if self.changes:
            statistics["edits"] = merge_counts(edit_statistics([c]) for c in self.changes)
        entries = tuple(writer.entry for writer in self.writers)
        return ItemResult(entries, self.ledger, {self.item.subset: statistics})

    @property
    def edited(self) -> tuple[EditedText, ...]:
        """The first examples of what own edits change."""
        return tuple(first_changes(e for change in self.changes for e in change.examples))

    @property
    def figures(self) -> Figures:
        """What a runner's pages show of the item."""
        told = merge_counts(self.statistics)
        rejected = {f"rejected.{rule}": n["failed"] for rule, n in told.get("rules", {}).items()}
        counts = {"record_bytes": self.read_bytes, "text_bytes": told.get("text_bytes", 0)}
        return Figures({**counts, **rejected}, self.laps.seconds)

    def _failed_table(self, errors: Sequence[FailedRecord]) -> pa.Table:
        rows = [{**self._origin(e.offset, e.source_id, e.url), "error": e.error} for e in errors]
        return pa.Table.from_pylist(rows, schema=FAILED_SCHEMA)

    def _skipped_table(self, skipped: Sequence[SkippedRecord]) -> pa.Table:
        rows = [
            {
                **self._origin(s.offset, s.source_id, s.url),
                "kind": s.kind,
                "size_bytes": s.size_bytes,
            }
            for s in skipped
        ]
        return pa.Table.from_pylist(rows, schema=SKIPPED_SCHEMA)

    def _origin(self, offset: int, source_id: str, url: str) -> dict[str, Any]:
        names = {"source_id": source_id, "url": url}
        return {"subset": self.item.subset, "file": self.item.file, "offset": offset, **names}

    def _excerpt(self, rejected: pa.Table) -> pa.Table:
        keep = {"none": 0, "excerpt": EXCERPT_CHARACTERS, "full": None}[self.config.rejected_text]
        texts = pa.array([text[:keep] for text in rejected["text"].to_pylist()], pa.large_string())
        return rejected.set_column(rejected.schema.get_field_index("text"), "text", texts)


def _models(work: CurateItem) -> CurationModels:
    """Returns the models of a run; a RunError says that a worker lacks what the program has."""
    try:
        return load_by_content(work.config, work.key, load_models)
    except ConfigError as error:
        raise RunError(f"on a worker: {error}") from error


class _Writer:
    """A Parquet file that is committed when the stack of contexts closes."""

    def __init__(
        self, stack: ExitStack, work: CurateItem, path: str, schema: pa.Schema, name: str
    ) -> None:
        self._pending = stack.enter_context(store.commit(work.output, path))
        self._parquet = stack.enter_context(
            store.parquet_writer(self._pending.stream, schema, work.stamp)
        )
        self._name, self._rows = name, 0

    def write(self, table: pa.Table) -> None:
        """Writes rows, and in each where it lies."""
        if table.num_rows:
            rows = pa.array(range(self._rows, self._rows + table.num_rows), pa.int64())
            places = {"item": pa.repeat(self._name, table.num_rows), "row": rows}
            for column, values in places.items():
                table = table.set_column(table.schema.get_field_index(column), column, values)
            self._parquet.write_table(table)
            self._rows += table.num_rows

    @property
    def entry(self) -> store.FileEntry:
        return self._pending.entry


def _divide(judged: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Returns the documents that no rule objects to, and the rejected ones with their reasons."""
    fails = [bool(reasons) for reasons in judged["reasons"].to_pylist()]
    kept = judged.filter(pa.array([not failed for failed in fails], pa.bool_()))
    rejected = judged.filter(pa.array(fails, pa.bool_()))
    names = [name for name in judged.schema.names if name != "markdown"]
    return kept.drop_columns(list(VERDICT_COLUMNS)), rejected.select(names)
