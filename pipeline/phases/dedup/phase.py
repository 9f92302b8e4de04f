"""Phase DEDUP: keys only. Which documents are exact or near-duplicates of one that stays.

    sign         documents/ -> dedup/keys/: hashes, rank and band keys, 192 bytes a document
    exact-heads  blocks of rows learn who wins among documents of one text           (shuffle)
    exact        one document of each normalised text stays and goes on              (shuffle)
    pairs-heads  blocks learn who wins among documents that share a band key         (shuffle)
    pairs        each block's candidate pairs, each once                             (shuffle)
    verify       13-gram sets of the documents in some pair -> exact Jaccard         (shuffle)
    greedy-000.. or cluster-000..: the rounds of these rules; `pairwise` needs none  (shuffle)
    name         the partners' ids                                                   (shuffle)
    write        dedup/<name>.parquet: the removals of each item

A step reads what the step before it has written, so each is restarted by itself, and on one
machine each runs in as many rounds as its memory budget asks for. Text is never shuffled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from massivetext import __version__
from massivetext.config import Config
from massivetext.dedup.keys import KeySettings, document_keys, key_dtype, shingle_counts
from massivetext.dedup.row_blocks import RowBlocks
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.phase import Manifest, Phase, require_manifest, run_phase
from massivetext.pipeline.engine.results import (
    FoundT,
    ItemResult,
    Statistics,
    join_results,
    merge_counts,
)
from massivetext.pipeline.engine.steps import Steps, even_ranges
from massivetext.pipeline.phases.dedup.files import (
    FOLDER,
    DedupFiles,
    StoredItem,
    keys_path,
    write_array,
)
from massivetext.pipeline.phases.dedup.meeting import (
    BAND_BYTES,
    GROUP_BYTES,
    Bands,
    Decide,
    Decided,
    FindHeads,
    Groups,
    MeetHeads,
    Source,
    WriteExactRemovals,
    WritePairs,
)
from massivetext.pipeline.phases.dedup.names import NAMED_BYTES, NamePartners, WriteRemovals
from massivetext.pipeline.phases.dedup.older import OldCorpus, read_old_corpora
from massivetext.pipeline.phases.dedup.rules import resolve
from massivetext.pipeline.phases.dedup.shuffles import plan_partitions
from massivetext.pipeline.phases.dedup.verification import Verified, VerifyPairs
from massivetext.pipeline.phases.document_batches import document_batches, documents_path
from massivetext.pipeline.phases.plan import WorkItem

NAME: Final = "dedup"

_MANY_TEXTS: Final = 100_000
"""Our choice: reading so many texts takes a second, a further round's pipeline a quarter of one."""


@dataclass(frozen=True)
class Signed:
    """How many documents of an item have keys."""

    documents: int


@dataclass(frozen=True)
class SignItem:
    """Writes `dedup/keys/<name>.npy` of an item: what finding duplicates needs of its documents."""

    output: str
    settings: KeySettings

    def __call__(self, item: WorkItem) -> ItemResult[Signed]:
        """Returns how many documents the item has, and how many of them have bands."""
        parts = [np.empty(0, key_dtype(self.settings.bands))]
        for _, table in document_batches(documents_path(self.output, item.name), ["id", "text"]):
            ids, texts = table["id"].to_pylist(), table["text"].to_pylist()
            parts.append(document_keys(texts, ids, item.subset, self.settings))
        keys = np.concatenate(parts)
        entry = write_array(self.output, keys_path(item.name), keys)
        filled = int((shingle_counts(keys["rank"]) > 0).sum())
        statistics = {
            "documents": keys.size,
            "with_shingles": filled,
            "without_words": keys.size - filled,
        }
        return ItemResult((entry,), statistics=statistics, found=(Signed(keys.size),))


def run_dedup(job: Job, items: list[WorkItem]) -> Manifest:
    """Writes `dedup/`: one file of removals an item; needs the phase `curate`.

    Raises:
        UsageError: if an older corpus cannot be compared with.
    """
    older = read_old_corpora(job)
    phase = Phase(
        NAME,
        (NAME,),
        {
            "massivetext": __version__,
            "seed": job.config.seed,
            "dedup": asdict(job.config.dedup),
            "against": [corpus.key for corpus in older],
            "upstream": {"curate": require_manifest(job, "curate").key},
        },
    )
    manifest = run_phase(job, phase, lambda steps: _Dedup(job, phase, steps, items, older).run())
    store.delete(job.path(FOLDER))
    return manifest


def key_settings(config: Config) -> KeySettings:
    """Returns what the keys depend on."""
    return KeySettings(
        seed=config.seed,
        ngram=config.dedup.ngram,
        bands=config.dedup.bands,
        rows=config.dedup.rows,
        fold_case=config.dedup.fold_case,
        prefer=config.dedup.prefer,
        within_subsets=config.dedup.scope == "subset",
    )


@dataclass(frozen=True)
class _Dedup:
    """The phase at work: its steps are pipelines, one or several each."""

    job: Job
    phase: Phase
    steps: Steps
    items: Sequence[WorkItem]
    older: Sequence[OldCorpus]

    def run(self) -> Manifest:
        """Returns the manifest of the phase."""
        job, phase, items = self.job, self.phase, self.items
        sign = SignItem(job.output, key_settings(job.config))
        signed = self.steps.map("sign", items, sign, finds=Signed)
        counts = merge_counts(result.statistics for result in signed.values())
        files = self._files([signed[item.name].only.documents for item in items])
        told = self._compare(files)
        written = self.steps.map("write", items, WriteRemovals(files))
        results: dict[str, ItemResult[Any]] = {
            name: ItemResult((*signed[name].files, *r.files), r.ledger, r.statistics)
            for name, r in written.items()
        }
        findings = _findings(counts, told, results)
        ledger = merge_counts(result.ledger for result in results.values())
        return Manifest(phase.name, phase.key, results, (), ledger, findings)

    def _files(self, documents: Sequence[int]) -> DedupFiles:
        old_items = [item for corpus in self.older for item in corpus.items]
        old_documents = [count for corpus in self.older for count in corpus.documents]
        own = [StoredItem(self.job.output, item.name) for item in self.items]
        blocks = RowBlocks.of([*documents, *old_documents])
        return DedupFiles(self.job.output, (*own, *old_items), blocks, len(own))

    def _compare(self, files: DedupFiles) -> dict[str, Statistics]:
        """Runs all steps between keys and rows; returns the statistics of each."""
        config, steps = self.job.config.dedup, self.steps
        told: dict[str, Statistics] = {}
        exact = self._meet("exact", Groups(files), GROUP_BYTES, WriteExactRemovals(), told)
        band_bytes = config.bands * BAND_BYTES
        pairs = self._meet("pairs", Bands(files), band_bytes, WritePairs(config.threshold), told)
        verify = VerifyPairs(files, config.rule, config.threshold, config.ngram, config.fold_case)
        rounds = self._rounds_of_sets(pairs, sum(files.blocks.documents))
        verified = _note(told, "verify", steps.shuffle("verify", rounds, verify, finds=Verified))
        near = resolve(steps, files, config.rule, [block for part in rounds for block in part])
        removals = sum(block.removed for block in exact) + sum(block.pairs for block in verified)
        blocks = self._rounds_of_blocks(files, removals * NAMED_BYTES)
        _note(told, "name", steps.shuffle("name", blocks, NamePartners(files, near)))
        return told

    def _meet(
        self,
        step: str,
        source: Source,
        document_bytes: int,
        decide: Decide,
        told: dict[str, Statistics],
    ) -> list[Decided]:
        """Runs the two steps of `meeting`: heads to blocks, and what blocks make of them."""
        files, heads_step = source.files, f"{step}-heads"
        sent_bytes = sum(files.blocks.documents) * document_bytes
        partitions = plan_partitions(self.job.engine, sent_bytes)
        heads: list[ItemResult[None]] = self.steps.shuffle(
            heads_step, partitions, FindHeads(source, heads_step)
        )
        _note(told, heads_step, heads)
        head_files = join_results(heads).files
        blocks = self._rounds_of_blocks(files, sum(file.size_bytes for file in head_files))
        meet = MeetHeads(source, tuple(file.path for file in head_files), decide)
        return _note(told, step, self.steps.shuffle(step, blocks, meet, finds=Decided))

    def _rounds_of_blocks(self, files: DedupFiles, shuffled_bytes: int) -> list[list[int]]:
        """Returns [first, last) of the blocks of each round."""
        count = len(files.new_blocks)
        return even_ranges(count, self.job.engine.rounds(shuffled_bytes)) if count else []

    def _rounds_of_sets(self, decided: Sequence[Decided], documents: int) -> list[list[int]]:
        """Returns blocks by round, so that the sets a round sends fit in the budget.

        Rounds also read texts, so that more of them pay where there are many.
        """
        with_pairs = sorted((found for found in decided if found.pairs), key=lambda f: f.block)
        total_bytes = sum(found.set_bytes for found in with_pairs)
        least = self.job.engine.process_count if documents >= _MANY_TEXTS else 1
        most_bytes = math.ceil(total_bytes / self.job.engine.rounds(total_bytes))
        most_blocks = math.ceil(len(with_pairs) / least)
        rounds: list[list[int]] = []
        used = 0
        for found in with_pairs:
            used += found.set_bytes
            if not rounds or used > most_bytes or len(rounds[-1]) == most_blocks:
                rounds.append([])
                used = found.set_bytes
            rounds[-1].append(found.block)
        return rounds


def _note(
    told: dict[str, Statistics], step: str, results: Sequence[ItemResult[FoundT]]
) -> list[FoundT]:
    """Keeps the statistics of a step; returns what the pieces of all its rounds have found."""
    joint = join_results(results)
    told[step] = joint.statistics
    return list(joint.found)


def _findings(
    signed: Statistics, told: Mapping[str, Statistics], results: Mapping[str, ItemResult[Any]]
) -> dict[str, Any]:
    """Returns what the report shows: removals by reason and Jaccard, pairs, bytes shuffled."""
    documents = max(signed.get("documents", 0), 1)
    return {
        **signed,
        **merge_counts(result.statistics for result in results.values()),
        "candidate_pairs": told["pairs"].get("candidate_pairs", 0),
        "shuffled_bytes_per_document": {
            step: round(statistics.get("shuffled_bytes", 0) / documents, 1)
            for step, statistics in told.items()
        },
    }
