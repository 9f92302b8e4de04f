"""Phase DECONTAMINATE: documents against the test sets. A map, no shuffle, no extraction again."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from massivetext.config import Config, fingerprint, plain, without_places
from massivetext.content_cache import load_by_content
from massivetext.dedup.decontamination import (
    MatchRule,
    Overlaps,
    TestIndex,
    TestMatcher,
    build_index,
    frequent_grams,
)
from massivetext.dedup.testsets import load_test_sets, read_titles, title_key
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult, merge_counts
from massivetext.pipeline.engine.steps import Map
from massivetext.pipeline.phases.costs import Costs, Forecast
from massivetext.pipeline.phases.dedup.files import read_array, write_array
from massivetext.pipeline.phases.document_batches import document_batches, documents_path
from massivetext.pipeline.phases.manifest import Manifest
from massivetext.pipeline.phases.named_files import checksums_of
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import phase_named
from massivetext.records import REMOVAL_SCHEMA

NAME: Final = "decontaminate"
(FOLDER,) = phase_named(NAME).folders
"""Its rows lie in this folder, as `dedup/` holds those of the phase before."""

INDEX_FOLDER: Final = f"phases/{NAME}/index"
_INDEX_ARRAYS: Final = ("grams", "offsets", "postings", "sizes", "short", "frequent")

TITLES: Final = "titles"
"""What `test_set` says of a page that was removed by its title."""

WIKIPEDIA: Final = "wikipedia"
"""Titles remove documents of this subset, or of sources of this format."""

_CONTAINMENT_BINS: Final = 10
"""Our choice: bins of the histogram of the largest containment of each document."""


GRAM_COUNT: Final = np.dtype([("gram", "<u4"), ("documents", "<u4")])
"""How many documents of an item have a test gram; grams that none has are left out."""


@dataclass(frozen=True)
class CountedGrams:
    """Of how many documents the test grams were counted."""

    documents: int


@dataclass(frozen=True)
class CountGrams:
    """Writes which test grams an item's documents have, and how many of them."""

    output: str
    index_key: str
    ngram: int
    fold_case: bool

    def __call__(self, item: WorkItem) -> ItemResult[CountedGrams]:
        """Returns the number of documents."""
        stored = _StoredIndex(self.output, self.ngram, self.fold_case)
        matcher, _ = load_by_content(stored, self.index_key, _load)
        counts, documents = np.zeros(matcher.index.grams.size, np.int64), 0
        for _, batch in document_batches(documents_path(self.output, item.name), ["text"]):
            counts += matcher.document_counts(batch["text"].to_pylist())
            documents += batch.num_rows
        found = np.zeros(np.count_nonzero(counts), GRAM_COUNT)
        found["gram"] = np.flatnonzero(counts)
        found["documents"] = counts[found["gram"]]
        write_array(self.output, _counts_path(item.name), found)
        return ItemResult(found=(CountedGrams(documents),))


def _counts_path(name: str) -> str:
    return f"phases/{NAME}/files/counts/{name}.npy"


@dataclass(frozen=True)
class DecontaminateItem:
    """Writes `decontamination/<name>.parquet`: an item's documents that match a test item.

    Attributes:
        output: the output folder.
        index_key: changes with the content of the index, which processes keep.
        rule: what removes a document.
        threshold: what must be exceeded.
        ngram: words a shingle, as in deduplication.
        fold_case: as in deduplication.
        by_title: whether each source's documents are also looked up by their titles.
        stamp: what the footers of its tables state.
    """

    output: str
    index_key: str
    rule: MatchRule
    threshold: float
    ngram: int
    fold_case: bool
    by_title: tuple[bool, ...]
    stamp: Mapping[str, str]

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the ledger of the item, hits by test set, and how much documents contain."""
        tables, counts, documents = [REMOVAL_SCHEMA.empty_table()], [], 0
        columns = ["id", "source_id", "title", "text"]
        for rows, batch in document_batches(documents_path(self.output, item.name), columns):
            matches, overlaps = self.compare(item.source, batch)
            tables.append(_rows(matches, rows, batch, item.subset))
            counts.append({"containment": _largest_containments(overlaps)})
            documents += batch.num_rows
        table = pa.concat_tables(tables)
        path = f"{FOLDER}/{item.name}.parquet"
        entry = store.write_table(self.output, path, table, self.stamp)
        removed = table.num_rows
        ledger = {"documents": documents, "corpus": documents - removed, "removed": removed}
        hits = dict(Counter(table["test_set"].to_pylist()))
        return ItemResult((entry,), ledger, {"hits": hits, **merge_counts(counts)})

    def compare(self, source: int, batch: pa.Table) -> tuple[dict[int, dict[str, Any]], Overlaps]:
        """Returns what to state of each document of a batch that goes, and all that was found.

        Args:
            source: number of the documents' source.
            batch: has the columns `title` and `text`.
        """
        stored = _StoredIndex(self.output, self.ngram, self.fold_case)
        matcher, titles = load_by_content(stored, self.index_key, _load)
        overlaps = matcher.overlaps(batch["text"].to_pylist())
        listed = titles if self.by_title[source] else {}
        return self._matches(overlaps, matcher.index, batch, listed), overlaps

    def _matches(
        self, overlaps: Overlaps, index: TestIndex, batch: pa.Table, titles: Mapping[str, str]
    ) -> dict[int, dict[str, Any]]:
        """Returns what to state of each document of a batch that goes; texts before titles."""
        matches: dict[int, dict[str, Any]] = {}
        for document, title in enumerate(batch["title"].to_pylist() if titles else ()):
            listed = titles.get(title_key(title or ""))
            if listed is not None:
                matches[document] = {"test_set": TITLES, "test_item": listed}
        for pair in overlaps.best(self.rule, self.threshold).tolist():
            item = int(overlaps.item[pair])
            matches[int(overlaps.document[pair])] = {
                "test_set": index.sets[item],
                "test_item": index.names[item],
                "test_jaccard": float(overlaps.jaccard[pair]),
                "containment": float(overlaps.containment[pair]),
            }
        return matches


def _rows(
    matches: Mapping[int, Mapping[str, Any]], rows: np.ndarray, batch: pa.Table, subset: str
) -> pa.Table:
    """Returns rows of `REMOVAL_SCHEMA`."""
    found = [
        {
            "row": int(rows[document]),
            "id": batch["id"][document].as_py(),
            "source_id": batch["source_id"][document].as_py(),
            "subset": subset,
            "reasons": ["test_set"],
            **matches[document],
        }
        for document in sorted(matches)
    ]
    return pa.Table.from_pylist(found, REMOVAL_SCHEMA)


def _largest_containments(overlaps: Overlaps) -> dict[str, int]:
    """Counts documents that share a shingle with some item by their largest containment."""
    largest: dict[int, float] = {}
    for document, containment in zip(
        overlaps.document.tolist(), overlaps.containment.tolist(), strict=True
    ):
        largest[document] = max(containment, largest.get(document, 0.0))
    return dict(Counter(_label(containment) for containment in largest.values()))


def _label(containment: float) -> str:
    step = min(int(containment * _CONTAINMENT_BINS), _CONTAINMENT_BINS - 1)
    return f"{step / _CONTAINMENT_BINS:.1f} to {(step + 1) / _CONTAINMENT_BINS:.1f}"


def write_index(job: Job) -> dict[str, Any]:
    """Commits the index of all test sets and titles; returns how many items each has."""
    config = job.config
    test_sets = load_test_sets(config.decontamination.test_sets, store.open_input)
    index = build_index(test_sets, config.dedup.ngram, config.dedup.fold_case)
    for name in _INDEX_ARRAYS:
        write_array(job.output, f"{INDEX_FOLDER}/{name}.npy", getattr(index, name))
    names = {"sets": index.sets, "names": index.names, "titles": _titles(config)}
    store.write_bytes(job.output, f"{INDEX_FOLDER}/names.json", json.dumps(names).encode())
    short = Counter(
        name for name, is_short in zip(index.sets, index.short, strict=True) if is_short
    )
    return {"test_items": dict(Counter(index.sets)), "short_test_items": dict(short)}


def _titles(config: Config) -> dict[str, str]:
    """Returns the listed titles by their keys."""
    return {
        title_key(title): title
        for path in config.decontamination.titles
        for title in read_titles(store.read_bytes(path).decode("utf-8-sig"))
    }


@dataclass(frozen=True)
class _StoredIndex:
    """Where the committed index lies, and how texts are compared with it."""

    output: str
    ngram: int
    fold_case: bool


def _load(stored: _StoredIndex) -> tuple[TestMatcher, dict[str, str]]:
    """Returns matcher and titles from the committed index, mapped into memory where it is local."""
    folder = store.below(stored.output, INDEX_FOLDER)
    names = json.loads(store.read_bytes(store.join(folder, "names.json")))
    arrays = {
        name: _map_array(stored.output, f"{INDEX_FOLDER}/{name}.npy") for name in _INDEX_ARRAYS
    }
    index = TestIndex(**arrays, sets=tuple(names["sets"]), names=tuple(names["names"]))
    return TestMatcher(index, stored.ngram, stored.fold_case), names["titles"]


def _map_array(output: str, path: str) -> np.ndarray:
    local = store.below(output, path)
    if os.path.exists(local):
        return np.load(local, mmap_mode="r", allow_pickle=False)
    return read_array(output, path)


def stated(config: Config) -> dict[str, Any]:
    """Returns the settings that the phase's results depend on."""
    shingles = {"ngram": config.dedup.ngram, "fold_case": config.dedup.fold_case}
    return {"decontamination": config.decontamination, "shingles": shingles}


def settings(job: Job, items: Sequence[WorkItem]) -> dict[str, Any]:
    """Returns everything that the phase's results depend on."""
    del items
    sections = stated(job.config)
    settings = {name: plain(without_places(value)) for name, value in sections.items()}
    return {**settings, "inputs": checksums_of(sections)}


def decontaminate(run: PhaseRun) -> Manifest:
    """Writes `decontamination/`: one file of matches an item."""
    config = run.job.config
    counts, key = write_index(run.job), run.item_key
    if config.decontamination.rule != "jaccard":
        counts |= _mark_frequent_grams(run)
        # What is frequent among all documents decides about those of each item.
        key = fingerprint(key, store.digest_file(run.job.path(f"{INDEX_FOLDER}/frequent.npy")))
    match = decontaminate_item(config, run.job.output, key, run.stamp)
    step = Map("match", run.items, match, key=key)
    run.steps.run_together(step, then=run.then)
    results = run.steps.run(step)
    statistics = [counts, *(result.statistics for result in results.values())]
    return run.manifest(results, merge_counts(statistics))


def decontaminate_item(
    config: Config, output: str, key: str, stamp: Mapping[str, str]
) -> DecontaminateItem:
    """Returns what compares documents with the test sets of a run.

    Args:
        config: of the run.
        output: its output folder.
        key: of the phase; changes with the content of the index.
        stamp: what the footers of its tables state.
    """
    return DecontaminateItem(
        output=output,
        index_key=f"{key} match",
        rule=config.decontamination.rule,
        threshold=config.decontamination.threshold,
        ngram=config.dedup.ngram,
        fold_case=config.dedup.fold_case,
        by_title=tuple(WIKIPEDIA in (s.subset, s.format) for s in config.sources),
        stamp=stamp,
    )


def _mark_frequent_grams(run: PhaseRun) -> dict[str, int]:
    """Counts the documents that have each test gram, and commits which have too many."""
    output, dedup = run.job.output, run.job.config.dedup
    count = CountGrams(output, f"{run.item_key} count", dedup.ngram, dedup.fold_case)
    step = Map("count", run.items, count, CountedGrams, key=run.item_key)
    results = run.steps.run(step)
    documents = sum(result.only.documents for result in results.values())
    totals = np.zeros(read_array(output, f"{INDEX_FOLDER}/grams.npy").size, np.int64)
    for item in run.items:
        counts = read_array(output, _counts_path(item.name))
        totals[counts["gram"]] += counts["documents"]
    guard = run.job.config.decontamination
    frequent = frequent_grams(
        totals, documents, guard.frequent_gram_document_fraction, guard.frequent_gram_documents
    )
    write_array(output, f"{INDEX_FOLDER}/frequent.npy", frequent)
    return {"test_grams": frequent.size, "frequent_test_grams": int(frequent.sum())}


def check(config: Config) -> None:
    """Loads all test sets."""
    load_test_sets(config.decontamination.test_sets, store.open_input)


def _reads(forecast: Forecast) -> float:
    passes = 1 if forecast.config.decontamination.rule == "jaccard" else 2
    return passes * forecast.texts("documents")


PHASE: Final = PhaseWork(settings, decontaminate, Costs(reads=_reads), check, stated=stated)
