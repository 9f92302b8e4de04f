"""Phase CORPUS: the documents without the removed ones, and the removed ones with all reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from massivetext.config import fingerprint
from massivetext.dedup.row_blocks import RowBlocks
from massivetext.events import tell
from massivetext.own_steps import outputs_of
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.commits import Commits
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult, merge_counts
from massivetext.pipeline.engine.steps import Map
from massivetext.pipeline.phases.costs import Costs, Files
from massivetext.pipeline.phases.document_batches import documents_path
from massivetext.pipeline.phases.manifest import Manifest
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.removed import read_removals, write_removed
from massivetext.pipeline.phases.statistics import sums_by
from massivetext.pipeline.phases.survivors import RemovedFiles, find_survivors, read_survivors
from massivetext.pipeline.phases.table import REMOVING, phase_named
from massivetext.records import document_schema

_NAME: Final = "corpus"
(_STEP,) = phase_named(_NAME).item_steps

REASONS: Final = tuple(reason for removes in REMOVING.values() for reason in removes.reasons)
"""What removes a document, in the order of `REMOVING`."""


COPIES_STAY: Final = "excluded_whose_copies_stay"
"""Names the count of documents that a list of take-downs names, and of which a copy that no list
names is in `corpus/`."""


@dataclass(frozen=True)
class MadeFrom:
    """What a file of `corpus/` was made from.

    Attributes:
        key: changes with the item's documents, and with the rows that go and the reasons why.
    """

    key: str


@dataclass(frozen=True)
class WriteCorpus:
    """Writes `corpus/<name>.parquet` of an item.

    Attributes:
        output: the output folder.
        stamp: what the footer states.
        item_key: of the phase.
        own: the columns of own measures.
    """

    output: str
    stamp: Mapping[str, str]
    item_key: str
    own: tuple[str, ...] = ()

    def __call__(self, item: WorkItem) -> ItemResult[MadeFrom]:
        """Returns the ledger of the item: documents = corpus + removed.

        The file stays as it is where other inputs have come or gone and nothing else goes or stays.
        """
        removals = read_removals(self.output, item.name)
        reasons = dict(zip(*(removals[c].to_pylist() for c in ("row", "reasons")), strict=True))
        made_from = MadeFrom(fingerprint(self.item_key, item.identity, sorted(reasons.items())))
        # Its key is of no matter: the record is looked for whatever it counted under.
        written = Commits(self.output, f"phases/{_NAME}/{_STEP}", "", MadeFrom).read_any(item)
        if written is not None and written.found == (made_from,):
            return written
        return replace(self._write(item, reasons), found=(made_from,))

    def _write(self, item: WorkItem, reasons: Mapping[int, Sequence[str]]) -> ItemResult[MadeFrom]:
        sizes: list[dict[str, Any]] = []
        text_bytes, schema = 0, document_schema(self.own)
        with (
            store.commit(self.output, f"corpus/{item.name}.parquet") as pending,
            store.parquet_writer(pending.stream, schema, self.stamp) as writer,
        ):
            for group in store.row_groups(documents_path(self.output, item.name)):
                batch = group.read()
                rows = range(group.first_row, group.first_row + batch.num_rows)
                firsts = [_first(reasons.get(row)) for row in rows]
                kept = batch.filter(pa.array([first is None for first in firsts]))
                kept = _in_chosen_form(kept, schema)
                text_bytes += sum(kept["text_bytes"].to_pylist())
                if kept.num_rows:
                    writer.write_table(kept)
                batch = batch.append_column("first", pa.array(firsts, pa.string()))
                sizes.append({"documents": batch.num_rows, **_sizes(batch)})
        counts = merge_counts(sizes)
        documents = counts.get("documents", 0)
        ledger = {
            "documents": documents,
            "removed": len(reasons),
            "corpus": documents - len(reasons),
        }
        statistics = {
            **counts,
            **ledger,
            "text_bytes": text_bytes,
            "first_reasons": dict(Counter(_first(found) for found in reasons.values())),
            "reasons": dict(Counter(reason for found in reasons.values() for reason in found)),
        }
        return ItemResult((pending.entry,), ledger, {item.subset: statistics})


def _first(reasons: Sequence[str] | None) -> str | None:
    """Returns the first of a document's reasons in the order of REASONS."""
    return min(reasons, key=REASONS.index) if reasons else None


def _sizes(documents: pa.Table) -> dict[str, dict[str, int]]:
    """Returns bytes and tokens of documents by the first reason for which they go."""
    return {
        "bytes": sums_by(documents, "text_bytes", "first"),
        "tokens": sums_by(documents, "tokens", "first"),
    }


@dataclass(frozen=True)
class WriteRemoved:
    """Writes `removed/<name>.parquet` of an item."""

    files: RemovedFiles
    stamp: Mapping[str, str]

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the file, and how many documents of take-downs have a copy that stays."""
        output = self.files.output
        removals, survivors = read_removals(output, item.name), read_survivors(self.files, item)
        entry = write_removed(output, item.name, removals, survivors, self.stamp)
        is_excluded = pc.call_function("is_valid", [removals["excluded_by"]])
        stay = survivors.filter(is_excluded)["survivor_id"]
        counts = {COPIES_STAY: len(stay) - stay.null_count}
        return ItemResult((entry,), statistics={item.subset: counts})


def _in_chosen_form(documents: pa.Table, schema: pa.Schema) -> pa.Table:
    """Returns documents whose `text` is the form that shards are made of.

    Only here: all that judges a document has read its text form. Tokens were counted in that, too,
    so that those of the other form are not known.
    """
    if "markdown" not in documents.column_names:
        return documents
    markdown = documents["markdown"]
    text = pc.call_function("coalesce", [markdown, documents["text"]])
    unknown = pa.scalar(None, pa.int64())
    tokens = pc.call_function("if_else", [markdown.is_null(), documents["tokens"], unknown])
    size_bytes = pc.call_function("binary_length", [text])
    chosen = {"text": text, "text_bytes": size_bytes, "tokens": tokens}
    columns = [chosen.get(name, documents[name]) for name in schema.names]
    return pa.table(columns, schema.names).cast(schema)


def settings(job: Job, items: Sequence[WorkItem]) -> dict[str, Any]:
    """Returns nothing: the results follow from those of the phases before."""
    del job, items
    return {}


def _write_step(run: PhaseRun) -> Map[WorkItem, MadeFrom]:
    """Needs of an item what was removed from it, and nothing of the others."""
    own = outputs_of(run.job.config.measures)
    work = WriteCorpus(run.job.output, run.stamp, run.item_key, own)
    return Map(_STEP, run.items, work, MadeFrom)


def write(run: PhaseRun) -> Manifest:
    """Writes `corpus/` and `removed/`."""
    written = run.steps.run(_write_step(run))
    removed = _write_removed(run)
    results = {name: _joined(result, removed[name]) for name, result in written.items()}
    manifest = run.manifest(results, merge_counts(r.statistics for r in results.values()))
    ledger = manifest.ledger
    kept = run.upstream["curate"].ledger["kept"]
    if not kept == ledger["documents"] == ledger["corpus"] + ledger["removed"]:
        raise RunError(f"the ledger does not balance: curate kept {kept}, corpus has {ledger}")
    _tell_copies(manifest)
    return manifest


def _joined(written: ItemResult[MadeFrom], removed: ItemResult[None]) -> ItemResult[None]:
    """Returns an item's result with the files and counts of its `removed/`."""
    statistics = merge_counts([written.statistics, removed.statistics])
    return ItemResult((*written.files, *removed.files), written.ledger, statistics)


def _tell_copies(manifest: Manifest) -> None:
    """Says if documents of take-downs have copies that nobody named."""
    stay = sum(found.get(COPIES_STAY, 0) for found in manifest.findings.values())
    if stay:
        said = (
            f"exclude: {stay:,} of the named documents were copies of documents that no list "
            "names, which stay; removed/ has them as survivor_id"
        )
        tell("warning", said, level="warning", phase=manifest.phase)


def _write_removed(run: PhaseRun) -> dict[str, ItemResult[None]]:
    """Returns the files of `removed/`, by item."""
    curated = run.upstream["curate"].items
    is_any = any(run.upstream[phase].ledger.get("removed", 0) for phase in REMOVING)
    blocks = RowBlocks.of([is_any * curated[item.name].ledger["kept"] for item in run.items])
    files = RemovedFiles(run.job.output, tuple(run.items), blocks, read_removals, run.key)
    naming = find_survivors(run.steps, files)
    publish = Map("removed", run.items, WriteRemoved(files, run.stamp))
    run.steps.run_together(naming, publish)
    return run.steps.run(publish)


COSTS: Final = Costs(
    files=(Files("corpus", "corpus_bytes"),),
    reads=lambda forecast: forecast.size("documents") + forecast.footers("documents"),
)

PHASE: Final = PhaseWork(settings, write, COSTS, first_step=_write_step)
