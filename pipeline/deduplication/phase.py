"""Phase DEDUP: keys only. Which documents are exact or near-duplicates of one that stays.

    sign      documents/ -> dedup/keys/: hashes, rank and band keys, 192 bytes a document
    exact     one document of each normalised text stays and goes on            (shuffle)
    pairs     documents that share a band key -> candidate pairs                (shuffle)
    distinct  each candidate pair once                                          (shuffle)
    verify    13-gram sets of the documents in some pair -> exact Jaccard       (shuffle)
    name      the partners' ids                                                 (shuffle)
    write     dedup/<name>.parquet: the removals of each item

A step reads what the step before it has written, so each is restarted by itself, and on one
machine each runs in as many rounds as its memory budget asks for. Text is never shuffled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from massivetext import __version__
from massivetext.config import Config
from massivetext.dedup.in_memory import RULES
from massivetext.dedup.keys import KeySettings, document_keys, key_dtype, shingle_counts
from massivetext.dedup.removal import VERIFIED
from massivetext.pipeline.deduplication.files import (
    FOLDER,
    GROUP_BYTES,
    DedupFiles,
    read_array,
    write_array,
)
from massivetext.pipeline.deduplication.names import NAMED_BYTES, NamePartners, WriteRemovals
from massivetext.pipeline.deduplication.shuffles import (
    BAND_BYTES,
    PARTITION_BYTES,
    FindExact,
    FindPairs,
    even_ranges,
    plan_rounds,
)
from massivetext.pipeline.deduplication.verification import (
    FindDistinctPairs,
    RowBlocks,
    VerifyPairs,
)
from massivetext.pipeline.job import Job
from massivetext.pipeline.phase import (
    ItemResult,
    Manifest,
    Phase,
    merge_counts,
    require_manifest,
    run_map,
    run_phase,
)
from massivetext.pipeline.plan import WorkItem
from massivetext.pipeline.rounds import Outcome, run_rounds

NAME: Final = "dedup"


@dataclass(frozen=True)
class SignItem:
    """Writes `dedup/keys/<name>.npy` of an item: what finding duplicates needs of its documents."""

    files: DedupFiles
    settings: KeySettings

    def __call__(self, item: WorkItem) -> ItemResult:
        """Returns how many documents the item has, and how many of them have bands."""
        parts = [np.empty(0, key_dtype(self.settings.bands))]
        for _, ids, texts in self.files.texts(item.number):
            parts.append(document_keys(texts, ids, item.subset, self.settings))
        keys = np.concatenate(parts)
        entry = write_array(self.files.output, self.files.keys_path(item.number), keys)
        filled = int((shingle_counts(keys["rank"]) > 0).sum())
        statistics = {
            "documents": keys.size,
            "with_shingles": filled,
            "without_words": keys.size - filled,
        }
        return ItemResult((entry,), {}, statistics)


def run_dedup(job: Job, items: list[WorkItem]) -> Manifest:
    """Writes `dedup/`: one file of removals an item; needs the phase `curate`."""
    phase = Phase(
        NAME,
        (NAME,),
        {
            "massivetext": __version__,
            "seed": job.config.seed,
            "dedup": asdict(job.config.dedup),
            "upstream": {"curate": require_manifest(job, "curate").key},
        },
    )
    return run_phase(job, phase, lambda: _Steps(job, phase, items).run())


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


class _Steps:
    """The steps of the phase, each a pipeline or several."""

    def __init__(self, job: Job, phase: Phase, items: Sequence[WorkItem]) -> None:
        self.job, self.phase, self.items = job, phase, items
        self.files = DedupFiles(job.output, tuple(item.name for item in items))

    def run(self) -> Manifest:
        """Returns the manifest of the phase."""
        job, phase, items = self.job, self.phase, self.items
        sign = SignItem(self.files, key_settings(job.config))
        signed = run_map(job, phase, "sign", items, sign)
        counts = merge_counts(result.statistics for result in signed.values())
        rounds, exact = self._exact(counts.get("documents", 0))
        pairs = self._pairs(counts.get("with_shingles", 0), rounds)
        blocks = RowBlocks.of([signed[item.name].statistics["documents"] for item in items])
        distinct = self._distinct(pairs, blocks)
        verified = self._verify(distinct)
        self._name(rounds, self._resolve(verified.files))
        written = run_map(job, phase, "write", items, WriteRemovals(self.files))
        results = {
            name: ItemResult((*signed[name].files, *r.files), r.ledger, r.statistics)
            for name, r in written.items()
        }
        outcomes = {"exact": exact, "pairs": pairs, "distinct": distinct, "verify": verified}
        findings = _findings(counts, outcomes, results)
        ledger = merge_counts(result.ledger for result in results.values())
        return Manifest(phase.name, phase.key, results, (), ledger, findings)

    def _exact(self, documents: int) -> tuple[int, Outcome]:
        rounds = plan_rounds(self.job, documents * GROUP_BYTES, PARTITION_BYTES)
        step = FindExact(self.files, rounds)
        return len(rounds), run_rounds(self.job, self.phase, "exact", rounds, step)

    def _pairs(self, documents: int, exact_rounds: int) -> Outcome:
        config = self.job.config.dedup
        rounds = plan_rounds(self.job, documents * config.bands * BAND_BYTES, PARTITION_BYTES)
        step = FindPairs(self.files, exact_rounds, config.threshold)
        return run_rounds(self.job, self.phase, "pairs", rounds, step)

    def _distinct(self, pairs: Outcome, blocks: RowBlocks) -> Outcome:
        count = self.job.rounds(int(pairs.statistics.get("pair_bytes", 0)))
        rounds = even_ranges(blocks.count, count) if pairs.files else []
        step = FindDistinctPairs(self.job.output, blocks, pairs.files)
        return run_rounds(self.job, self.phase, "distinct", rounds, step)

    def _verify(self, distinct: Outcome) -> Outcome:
        config = self.job.config.dedup
        step = VerifyPairs(
            self.files, config.rule, config.threshold, config.ngram, config.fold_case
        )
        rounds = self._rounds_of_sets(distinct.statistics.get("set_bytes", {}))
        return run_rounds(self.job, self.phase, "verify", rounds, step)

    def _rounds_of_sets(self, set_bytes: dict[str, int]) -> list[list[int]]:
        """Returns blocks by round, so that the sets a round sends fit in the budget."""
        rounds: list[list[int]] = []
        used = 0
        for block, needed in sorted((int(number), n) for number, n in set_bytes.items()):
            used += needed
            if not rounds or self.job.rounds(used) > 1:
                rounds.append([])
                used = needed
            rounds[-1].append(block)
        return rounds

    def _resolve(self, verified_files: tuple[str, ...]) -> tuple[str, ...]:
        """Returns the files of near removals; `greedy` and `cluster` need all pairs at once."""
        rule = self.job.config.dedup.rule
        if rule == "pairwise":
            return verified_files
        parts = [read_array(self.job.output, path) for path in verified_files]
        removals = RULES[rule](np.concatenate([np.empty(0, VERIFIED), *parts]))
        path = f"{FOLDER}/resolved.npy"
        write_array(self.job.output, path, removals)
        return (path,)

    def _name(self, exact_rounds: int, near_files: tuple[str, ...]) -> Outcome:
        removals = sum(
            self.files.exact_removals(item.number, exact_rounds).size for item in self.items
        ) + sum(read_array(self.job.output, path).size for path in near_files)
        rounds = even_ranges(len(self.items), self.job.rounds(removals * NAMED_BYTES))
        step = NamePartners(self.files, exact_rounds, near_files)
        return run_rounds(self.job, self.phase, "name", rounds, step)


def _findings(
    signed: Mapping[str, Any], outcomes: Mapping[str, Outcome], results: Mapping[str, ItemResult]
) -> dict[str, Any]:
    """Returns what the report shows: removals by reason and Jaccard, pairs, bytes shuffled."""
    documents = max(signed.get("documents", 0), 1)
    return {
        **signed,
        **merge_counts(result.statistics for result in results.values()),
        "candidate_pairs": outcomes["distinct"].statistics.get("candidate_pairs", 0),
        "shuffled_bytes_per_document": {
            step: round(outcome.statistics.get("shuffled_bytes", 0) / documents, 1)
            for step, outcome in outcomes.items()
        },
    }
