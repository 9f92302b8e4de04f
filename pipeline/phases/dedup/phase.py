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
machine each runs in as many rounds as its memory budget asks for. Where one round is enough for
each, and on a cluster it always is, the steps behind `sign` run in one pipeline. Text is never
shuffled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from massivetext.config import Config
from massivetext.dedup.keys import (
    SHINGLE_BYTES,
    KeySettings,
    document_keys,
    key_dtype,
    set_bytes,
    shingle_counts,
)
from massivetext.dedup.row_blocks import RowBlocks
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import (
    FoundT,
    ItemResult,
    Statistics,
    join_results,
    merge_counts,
)
from massivetext.pipeline.engine.steps import Map, Shuffle, Steps
from massivetext.pipeline.phases.costs import Costs, Files, Forecast
from massivetext.pipeline.phases.dedup.against import OldCorpus, read_old_corpora
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
    SCRATCH_FOLDER,
    DedupFiles,
    StoredItem,
    keys_path,
    write_array,
)
from massivetext.pipeline.phases.dedup.removal_rows import NAMED_BYTES, NamePartners, WriteRemovals
from massivetext.pipeline.phases.dedup.resolution import NearRemovals, resolve
from massivetext.pipeline.phases.dedup.verification import Verified, VerifyPairs
from massivetext.pipeline.phases.document_batches import document_batches, documents_path
from massivetext.pipeline.phases.manifest import Manifest
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork
from massivetext.pipeline.phases.plan import WorkItem

_MANY_TEXTS: Final = 100_000
"""Our choice: reading this many texts takes a second, another round's pipeline a quarter of one."""


@dataclass(frozen=True)
class Signed:
    """What there is to compare of an item.

    Attributes:
        set_bytes: of the shingle sets of all its documents.
    """

    set_bytes: int


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
        found = Signed(set_bytes(keys["rank"]))
        return ItemResult((entry,), statistics=statistics, found=(found,))


def stated(config: Config) -> dict[str, Any]:
    """Returns the settings that the phase's results depend on."""
    decisive = {name: value for name, value in asdict(config.dedup).items() if name != "keep_pairs"}
    return {"seed": config.seed, "dedup": decisive}


def settings(job: Job, items: Sequence[WorkItem]) -> dict[str, Any]:
    """Returns everything that the phase's results depend on.

    Raises:
        UsageError: if an older corpus cannot be compared with.
    """
    del items
    return {
        **stated(job.config),
        "against": [corpus.key for corpus in read_old_corpora(job)],
    }


def dedup(run: PhaseRun) -> Manifest:
    """Writes `dedup/`: one file of removals an item."""
    return _Dedup(run, read_old_corpora(run.job)).run()


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
    """The phase at work: its steps are pipelines, one or several each, or all of them in one."""

    phase: PhaseRun
    older: Sequence[OldCorpus]

    @property
    def job(self) -> Job:
        """The run."""
        return self.phase.job

    @property
    def steps(self) -> Steps:
        """Runs the steps."""
        return self.phase.steps

    def run(self) -> Manifest:
        """Returns the manifest of the phase."""
        curated = self.phase.upstream["curate"]
        files = self._files([curated.items[item.name].ledger["kept"] for item in self.phase.items])
        signed = self._sign(files, curated.findings)
        counts = merge_counts(result.statistics for result in signed.values())
        told = self._compare(files)
        written = self.steps.run(self._write(files))
        results: dict[str, ItemResult[Any]] = {
            name: ItemResult((*signed[name].files, *r.files), r.ledger, r.statistics)
            for name, r in written.items()
        }
        return self.phase.manifest(results, _findings(counts, told, results))

    def _sign(self, files: DedupFiles, curated: Mapping[str, Any]) -> dict[str, ItemResult[Signed]]:
        """Signs the documents; does what follows along with it, where one round is sure to hold."""
        job = self.job
        work = SignItem(job.output, key_settings(job.config))
        sign = Map("sign", self.phase.items, work, Signed, key=self.phase.item_key)
        # A shingle starts at a word, and a word has a byte or more.
        text_bytes = sum(subset.get("text_bytes", 0) for subset in curated.values())
        if self._fits_in_one_round(files, SHINGLE_BYTES * text_bytes):
            self.steps.run_together(sign, *self._steps_of_one_round(files))
            return self.steps.run(sign)
        signed = self.steps.run(sign)
        if self._fits_in_one_round(files, sum(item.only.set_bytes for item in signed.values())):
            self.steps.run_together(*self._steps_of_one_round(files))
        return signed

    def _files(self, documents: Sequence[int]) -> DedupFiles:
        old_items = [item for corpus in self.older for item in corpus.items]
        old_documents = [count for corpus in self.older for count in corpus.documents]
        own = [StoredItem(self.job.output, item.name) for item in self.phase.items]
        blocks = RowBlocks.of([*documents, *old_documents])
        return DedupFiles(self.job.output, (*own, *old_items), blocks, len(own))

    def _fits_in_one_round(self, files: DedupFiles, sets_bytes: int) -> bool:
        """Whether no step sends more than one round holds, whatever it finds.

        Sets can go to several blocks each; here that is a few more MB, on a cluster no matter.
        """
        documents = sum(files.blocks.documents)
        most_bytes = max(GROUP_BYTES, self._band_bytes, NAMED_BYTES) * documents
        rounds = self.job.engine.rounds(max(most_bytes, sets_bytes))
        return rounds == self._least_rounds_of_sets(files) == 1 and bool(files.new_blocks)

    def _steps_of_one_round(self, files: DedupFiles) -> list[Shuffle[Any, Any] | Map[Any, Any]]:
        """Returns the steps behind `sign`, of one round each; `_compare` finds them committed."""
        config, blocks = self.job.config.dedup, [[0, len(files.new_blocks)]]
        exact_heads = heads_step(self.steps, "exact", Groups(files), GROUP_BYTES)
        exact = meet_step(
            self.steps, "exact", Groups(files), exact_heads, WriteExactRemovals(), blocks
        )
        pairs_heads = heads_step(self.steps, "pairs", Bands(files), self._band_bytes)
        write_pairs = WritePairs(config.threshold)
        pairs = meet_step(self.steps, "pairs", Bands(files), pairs_heads, write_pairs, blocks)
        chain: list[Shuffle[Any, Any] | Map[Any, Any]] = [
            *(exact_heads, exact, pairs_heads, pairs),
            self._verify(files, blocks),
        ]
        if config.rule == "pairwise":  # the others take as many rounds as there are links
            near = resolve(self.steps, files, config.rule, files.new_blocks)
            chain += [self._name(files, near, blocks), self._write(files)]
        return chain

    def _compare(self, files: DedupFiles) -> dict[str, Statistics]:
        """Runs all steps between keys and rows; returns the statistics of each."""
        config, steps = self.job.config.dedup, self.steps
        told: dict[str, Statistics] = {}
        exact = self._find("exact", Groups(files), GROUP_BYTES, WriteExactRemovals(), told)
        write_pairs = WritePairs(config.threshold)
        pairs = self._find("pairs", Bands(files), self._band_bytes, write_pairs, told)
        verify = self._verify(files, self._rounds_of_sets(files, pairs))
        verified = _note(told, verify, steps.run(verify))
        with_pairs = sorted(found.block for found in pairs if found.pairs)
        near = resolve(steps, files, config.rule, with_pairs)
        removals = sum(block.removed for block in exact) + sum(block.pairs for block in verified)
        name = self._name(
            files, near, rounds_of_blocks(self.job.engine, files, removals * NAMED_BYTES)
        )
        if len(name.parts) == 1:
            steps.run_together(name, self._write(files))
        _note(told, name, steps.run(name))
        return told

    def _find(
        self,
        step: str,
        source: RecordSource,
        document_bytes: int,
        decide: Decide,
        told: dict[str, Statistics],
    ) -> list[Decided]:
        """Runs the two steps of `candidates`: heads to blocks, and what blocks make of them."""
        heads = heads_step(self.steps, step, source, document_bytes)
        found = self.steps.run(heads)
        _note(told, heads, found)
        sent_bytes = sum(file.size_bytes for file in join_results(found.values()).files)
        blocks = rounds_of_blocks(self.job.engine, source.files, sent_bytes)
        meet = meet_step(self.steps, step, source, heads, decide, blocks)
        return _note(told, meet, self.steps.run(meet))

    def _verify(self, files: DedupFiles, blocks: list[list[int]]) -> Shuffle[list[int], Verified]:
        config = self.job.config.dedup
        build = VerifyPairs(files, config.rule, config.threshold, config.ngram, config.fold_case)
        return Shuffle("verify", blocks, build, Verified)

    def _name(
        self, files: DedupFiles, near: NearRemovals, blocks: list[list[int]]
    ) -> Shuffle[list[int], None]:
        return Shuffle("name", blocks, NamePartners(files, near))

    def _write(self, files: DedupFiles) -> Map[WorkItem, None]:
        return Map("write", self.phase.items, WriteRemovals(files, self.phase.stamp))

    @property
    def _band_bytes(self) -> int:
        """What a document sends to all its bands."""
        return self.job.config.dedup.bands * BAND_BYTES

    def _least_rounds_of_sets(self, files: DedupFiles) -> int:
        """Rounds of sets also read texts, so that more of them pay where there are many."""
        many = sum(files.blocks.documents) >= _MANY_TEXTS
        return self.job.engine.process_count if many else 1

    def _rounds_of_sets(self, files: DedupFiles, decided: Sequence[Decided]) -> list[list[int]]:
        """Returns [first, last) of the blocks of each round, so that the sets it sends fit."""
        return rounds_of_sets(self.job.engine, decided, self._least_rounds_of_sets(files))


def _note(
    told: dict[str, Statistics],
    step: Shuffle[Any, FoundT],
    results: Mapping[str, ItemResult[FoundT]],
) -> list[FoundT]:
    """Keeps the statistics of a step; returns what the pieces of all its rounds have found."""
    joint = join_results(results.values())
    told[step.name] = joint.statistics
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


_SENDING_ALL: Final = ("exact-heads", "pairs-heads")
"""Steps to which every document sends; to the others those that have duplicates."""


def _reads(forecast: Forecast) -> float:
    """Returns what is read of documents and of what the steps leave for each other."""
    keys = key_dtype(forecast.config.dedup.bands).itemsize * forecast.volumes.total("documents")
    # Two steps for each kind of duplicates read the keys, and two read ids of documents.
    keys_and_ids = 4 * keys + 2 * forecast.footers("documents")
    # Pairs lie anywhere: hardly a row group is spared when they are looked at.
    passes = 2 if forecast.findings["dedup"]["candidate_pairs"] else 1
    return passes * forecast.texts("documents") + keys_and_ids + forecast.size(SCRATCH_FOLDER)


def _shuffles(forecast: Forecast) -> float:
    """What duplicates send grows with their share, all else with the documents."""
    documents, unique = forecast.volumes.total("documents"), forecast.volumes.total("unique")
    tried, tried_unique = forecast.tried.total("documents"), forecast.tried.total("unique")
    tried_share = (tried - tried_unique) / tried if tried else 0.0
    rise = (documents - unique) / documents / tried_share if tried_share and documents else 0.0
    by_step = forecast.findings["dedup"]["shuffled_bytes_per_document"]
    return documents * sum(n * (1.0 if s in _SENDING_ALL else rise) for s, n in by_step.items())


COSTS: Final = Costs(
    files=(Files(SCRATCH_FOLDER, "documents", overwritten=True),),
    reads=_reads,
    shuffles=_shuffles,
)

PHASE: Final = PhaseWork(settings, dedup, COSTS, stated=stated)
