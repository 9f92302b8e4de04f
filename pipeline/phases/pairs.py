"""Phase PAIRS: what `whatif` needs to foresee duplicates, kept if `dedup.keep_pairs` is set.

The steps of the phase DEDUP are done once more, for all documents that the run has read, rejected
ones too, and without a threshold: every candidate pair with its exact Jaccard. What follows for
any part of the documents, whatif finds in these (`pipeline.commands.whatif.stored_pairs`).

    sign        rejected/ -> keys of rejected documents; which of them are copies of test items
    copies...   documents of one normalised text                                     (shuffles)
    crowds...   candidate pairs, and buckets of more documents than have heads       (shuffles)
    verify      exact Jaccard of all candidate pairs                                 (shuffle)
    keep        pairs/: the files of each item
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from massivetext.dedup.exact import GROUP_RECORD, TEXT_BUCKETS
from massivetext.dedup.groups import Records
from massivetext.dedup.heads import has_company
from massivetext.dedup.keys import KeySettings, document_keys, key_dtype
from massivetext.dedup.pairs import BAND_RECORD, crowded_records
from massivetext.dedup.removal import VERIFIED
from massivetext.dedup.row_blocks import RowBlocks
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult, join_results, merge_counts
from massivetext.pipeline.engine.steps import Map, Shuffle
from massivetext.pipeline.phases.decontaminate import DecontaminateItem, decontaminate_item
from massivetext.pipeline.phases.dedup.candidates import (
    BAND_BYTES,
    GROUP_BYTES,
    Bands,
    Decide,
    Decided,
    Groups,
    RecordSource,
    WriteExactRemovals,
    WritePairs,
    heads_step,
    meet_step,
    rounds_of_blocks,
    rounds_of_sets,
)
from massivetext.pipeline.phases.dedup.files import (
    DedupFiles,
    StoredItem,
    read_array,
    write_array,
)
from massivetext.pipeline.phases.dedup.phase import key_settings
from massivetext.pipeline.phases.dedup.verification import Verified, VerifyPairs
from massivetext.pipeline.phases.document_batches import document_batches
from massivetext.pipeline.phases.manifest import Manifest
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.table import phase_named

PAIRS_FOLDER: Final = "pairs"
(_SCRATCH,) = phase_named(PAIRS_FOLDER).scratch

KEPT_RECORDS: Final[Mapping[str, np.dtype[Any]]] = {
    "copies": GROUP_RECORD,
    "near": VERIFIED,
    "crowds": BAND_RECORD,
}
"""What is kept of each item, by folder: documents of texts that others have, candidate pairs by
their lower documents, and whole buckets of which some documents are no heads. Their addresses
count each work item twice: its rows of `documents/`, then those of `rejected/`."""

TESTS: Final = "tests"
"""The folder of the rows of `rejected/` that are copies of test items."""


def pairs_path(kind: str, name: str) -> str:
    """Returns the path of what is kept of an item."""
    return f"{PAIRS_FOLDER}/{kind}/{name}.npy"


def _scratch_path(kind: str, block: int) -> str:
    return f"{_SCRATCH}/{kind}/{block:06d}.npy"


@dataclass(frozen=True)
class SignRejected:
    """Writes the keys of an item's rejected documents, and which are copies of test items."""

    output: str
    settings: KeySettings
    tests: DecontaminateItem | None

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the file of copies."""
        keys = [np.empty(0, key_dtype(self.settings.bands))]
        copies: list[int] = []
        stored = _rejected_item(self.output, item.name)
        columns = ["id", "title", "text"]
        for rows, table in document_batches(stored.documents_path, columns):
            ids, texts = table["id"].to_pylist(), table["text"].to_pylist()
            keys.append(document_keys(texts, ids, item.subset, self.settings))
            if self.tests is not None:
                matches, _ = self.tests.compare(item.source, table)
                copies += rows[sorted(matches)].tolist()
        write_array(self.output, f"{stored.keys_folder}/{item.name}.npy", np.concatenate(keys))
        path = pairs_path(TESTS, item.name)
        return ItemResult((write_array(self.output, path, np.array(copies, np.int64)),))


def _rejected_item(output: str, name: str) -> StoredItem:
    return StoredItem(output, name, (), "rejected", f"{_SCRATCH}/keys")


@dataclass(frozen=True)
class WriteCopies:
    """Writes which documents of a block have texts that others have; the first one stays."""

    def __call__(
        self, files: DedupFiles, block: int, records: Records, heads: Records
    ) -> ItemResult[Decided]:
        """Returns how many go."""
        joined = np.concatenate([records, heads])
        copies = joined[has_company(joined, TEXT_BUCKETS)]
        write_array(files.output, _scratch_path("copies", block), copies)
        return WriteExactRemovals()(files, block, records, heads)


@dataclass(frozen=True)
class WriteCrowds:
    """Writes a block's candidate pairs of any size, and the buckets that have too many heads."""

    def __call__(
        self, files: DedupFiles, block: int, records: Records, heads: Records
    ) -> ItemResult[Decided]:
        """Returns how many pairs there are."""
        crowds = crowded_records(records, heads)
        write_array(files.output, _scratch_path("crowds", block), crowds)
        return WritePairs(threshold=0.0)(files, block, records, heads)


@dataclass(frozen=True)
class KeepPairs:
    """Writes what is kept of an item, of its documents and its rejected ones."""

    files: DedupFiles

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the files, and how much they hold."""
        numbers = (2 * item.number, 2 * item.number + 1)
        blocks = [block for number in numbers for block in self.files.blocks.of_item(number)]
        entries, counts = [], {}
        for kind, dtype in KEPT_RECORDS.items():
            parts = [self._of_block(kind, block) for block in blocks]
            kept = np.concatenate([np.empty(0, dtype), *parts])
            kept = np.unique(kept) if kind != "near" else kept
            path = pairs_path(kind, item.name)
            entries.append(write_array(self.files.output, path, kept))
            counts[kind] = kept.size
            counts[f"{kind}_bytes"] = kept.nbytes
        return ItemResult(tuple(entries), statistics=counts)

    def _of_block(self, kind: str, block: int) -> Records:
        if kind == "near":
            return self.files.verified(block)
        return read_array(self.files.output, _scratch_path(kind, block))


def settings(job: Job, items: Sequence[WorkItem]) -> dict[str, Any]:
    """Returns everything that the phase's results depend on."""
    del items
    config = job.config
    if not config.dedup.keep_pairs:
        return {"keep_pairs": False}
    return {"seed": config.seed, "dedup": asdict(config.dedup), "rejected": config.rejected_text}


def keep_pairs(run: PhaseRun) -> Manifest:
    """Writes `pairs/`, if the configuration asks for it.

    Beside older corpora (`--against`) nothing is kept: their documents lie in other folders.
    """
    if not run.job.config.dedup.keep_pairs or run.job.against:
        return run.manifest({}, {"kept": False})
    return _Pairs(run).run()


@dataclass(frozen=True)
class _Pairs:
    """The phase at work."""

    phase: PhaseRun

    def run(self) -> Manifest:
        """Returns the manifest of the phase."""
        job, steps, items = self.phase.job, self.phase.steps, self.phase.items
        is_whole = job.config.rejected_text == "full"
        signed = steps.run(self._sign()) if is_whole else {}
        files = self._files(is_whole)
        self._find("copies", Groups(files), GROUP_BYTES, WriteCopies())
        band_bytes = job.config.dedup.bands * BAND_BYTES
        decided = self._find("crowds", Bands(files), band_bytes, WriteCrowds())
        steps.run(self._verify(files, decided))
        kept = steps.run(Map("keep", items, KeepPairs(files)))
        results: dict[str, ItemResult[Any]] = {
            name: ItemResult(
                (*(signed[name].files if is_whole else ()), *result.files),
                statistics=result.statistics,
            )
            for name, result in kept.items()
        }
        findings = merge_counts(result.statistics for result in results.values())
        told = {**findings, "kept": True, "with_rejected": is_whole}
        return self.phase.manifest(results, told)

    def _sign(self) -> Map[WorkItem, None]:
        job, config = self.phase.job, self.phase.job.config
        asked = config.decontamination
        key = self.phase.upstream["decontaminate"].key
        tests = decontaminate_item(config, job.output, key, {})
        has_tests = bool(asked.test_sets or asked.titles)
        work = SignRejected(job.output, key_settings(config), tests if has_tests else None)
        return Map("sign", self.phase.items, work)

    def _files(self, with_rejected: bool) -> DedupFiles:
        output, curated = self.phase.job.output, self.phase.upstream["curate"].items
        items: list[StoredItem] = []
        documents: list[int] = []
        for item in self.phase.items:
            ledger = curated[item.name].ledger
            items += [StoredItem(output, item.name), _rejected_item(output, item.name)]
            documents += [ledger["kept"], ledger["rejected"] * with_rejected]
        return DedupFiles(output, tuple(items), RowBlocks.of(documents), len(items), _SCRATCH)

    def _find(
        self, step: str, source: RecordSource, document_bytes: int, decide: Decide
    ) -> list[Decided]:
        """Runs the two steps of `dedup.candidates`: heads to blocks, and what they make of them."""
        steps = self.phase.steps
        heads = heads_step(steps, step, source, document_bytes)
        sent_bytes = sum(file.size_bytes for file in join_results(steps.run(heads).values()).files)
        blocks = rounds_of_blocks(steps.engine, source.files, sent_bytes)
        meet = meet_step(steps, step, source, heads, decide, blocks)
        return list(join_results(steps.run(meet).values()).found)

    def _verify(
        self, files: DedupFiles, decided: Sequence[Decided]
    ) -> Shuffle[list[int], Verified]:
        """Returns the step that compares all candidate pairs: none is below the threshold."""
        asked = self.phase.job.config.dedup
        build = VerifyPairs(files, "greedy", -1.0, asked.ngram, asked.fold_case)
        return Shuffle("verify", rounds_of_sets(self.phase.job.engine, decided), build, Verified)


PHASE: Final = PhaseWork(settings, keep_pairs)
