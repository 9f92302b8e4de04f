"""How much there is to do: counted in runs of a sample, and by that measure in all of the input."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from massivetext.config import Config
from massivetext.pipeline.commands.estimate.costs import (
    CPU,
    CROPS,
    PARTS,
    PASSAGES,
    REST,
    SHARDS,
    TOKENISING,
    TRAINING,
    Cost,
)
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.phase import read_manifest, require_manifest
from massivetext.pipeline.engine.results import result_from_json
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.report.funnel import ledgers, read_dataset
from massivetext.pipeline.phases.sequence.items import Tokenised
from massivetext.pipeline.phases.sequence.phase import mixture_of
from massivetext.sequencing.tokenizer_training import SAMPLE_BYTES

LEAST_PAIRS: Final = 5
"""Our choice: fewer pairs in a sample than this tell nothing about those outside it."""

TEXT_COLUMNS: Final = ("id", "source_id", "title", "text")
"""What phases read of `documents/` that do not copy them."""

_HEAPS: Final = 0.6
"""Heaps' law: so the different words of the sample, which are stored, grow with its text (0.4 to
0.6 in English)."""


@dataclass(frozen=True)
class SubsetVolumes:
    """How much there is of a subset, in a run of the sample or in all.

    Attributes:
        items: work items.
        records: that hold a document.
        raw_bytes: of those records.
        documents: kept by CURATE.
        unique: of those, kept by DEDUP.
        corpus: of those, kept by DECONTAMINATE.
        corpus_bytes: their text.
        crops: drawn.
        tokens: in those crops.
        training_bytes: text that the tokenizer learns from.
    """

    items: float = 0
    records: float = 0
    raw_bytes: float = 0
    documents: float = 0
    unique: float = 0
    corpus: float = 0
    corpus_bytes: float = 0
    crops: float = 0
    tokens: float = 0
    training_bytes: float = 0


@dataclass(frozen=True)
class Volumes:
    """How much there is in all.

    Attributes:
        subsets: by name.
        shard_tokens: tokens in the shards.
    """

    subsets: Mapping[str, SubsetVolumes]
    shard_tokens: float = 0

    def total(self, name: str) -> float:
        """Returns the sum of an attribute over all subsets."""
        return sum(getattr(subset, name) for subset in self.subsets.values())

    def of(self, cost: Cost) -> tuple[float, float]:
        """Returns the items and the volume that a cost goes with."""
        if cost.quantity == SHARDS:
            return self.total("items"), self.shard_tokens
        name = "raw_bytes"
        if cost.quantity in (TRAINING, PASSAGES):
            name = "training_bytes"
        elif cost.quantity in (TOKENISING, CROPS, PARTS) or cost == Cost("sequence", REST, CPU):
            name = "tokens"
        elif (cost.phase, cost.quantity) == ("sequence", CPU) and self.total("training_bytes"):
            name = "training_bytes"  # counting words takes longer than reading
        elif cost.quantity == "corpus" or cost.phase == "sequence":
            name = "corpus_bytes"
        elif cost.subset == REST:
            name = "documents"
        if cost.subset == REST:
            items, volume = self.total("items"), self.total(name)
        else:
            subset = self.subsets[cost.subset]
            items, volume = subset.items, getattr(subset, name)
        return items, volume**_HEAPS if cost.quantity == PASSAGES else volume


def measured_volumes(
    job: Job, items: Sequence[WorkItem], sizes: Mapping[str, tuple[int, int]]
) -> Volumes:
    """Returns how much a run of a sample had to do.

    Args:
        job: of the run.
        items: of the run.
        sizes: number and bytes of the records that it read, by subset.
    """
    subsets = {}
    for subset, (records, raw_bytes) in sizes.items():
        documents, unique = _ledger(job, "dedup", subset)
        _, corpus = _ledger(job, "corpus", subset)
        found = require_manifest(job, "corpus").findings.get(subset, {})
        crops = _crops(job, subset)
        subsets[subset] = SubsetVolumes(
            items=sum(item.subset == subset for item in items),
            records=records,
            raw_bytes=raw_bytes,
            documents=documents,
            unique=unique,
            corpus=corpus,
            corpus_bytes=found.get("text_bytes", 0),
            crops=crops.crops,
            tokens=crops.tokens,
        )
    sequences = read_manifest(job, "sequence")
    count = sequences.ledger["sequences"] if sequences else 0
    return Volumes(with_training(job.config, subsets), count * job.config.sequence.length)


def distinct_documents(group_sizes: Counter[int], documents: float) -> float:
    """Returns how many of so many documents are distinct, from the groups in a sample of them.

    The first-order jackknife of Haas and Stokes (1998), by which PostgreSQL estimates distinct
    values, for documents that the sample holds once or twice. A group that shows three times is
    large, and there are few of its kind that do not show: it is counted as it is.

    Args:
        group_sizes: size of a group of duplicates in the sample -> number of such groups.
        documents: in all.
    """
    sampled = sum(size * groups for size, groups in group_sizes.items())
    if not sampled:
        return 0.0
    once, twice = group_sizes[1], group_sizes[2]
    large = sum(groups for size, groups in group_sizes.items() if size > 2)
    part = min(1.0, sampled / max(1.0, documents))
    if twice < LEAST_PAIRS:
        return (once + twice) / part + large
    return (once + twice) / (1 - (1 - part) * once / (once + 2 * twice)) + large


def group_sizes(job: Job, subset: str) -> Counter[int]:
    """Returns how many groups of duplicates of each size a subset has; 1 stands for no duplicate.

    A removed document belongs to the group of its partner.
    """
    partner: dict[str, str] = {}
    for item in require_manifest(job, "dedup").items:
        if item.startswith(f"{subset}/"):
            path = job.path(f"dedup/{item}.parquet")
            table = store.read_table(path, ["id", "partner_id"])
            partner |= dict(zip(*(column.to_pylist() for column in table.columns), strict=True))
    removed = Counter[str]()
    for document in partner:
        head, seen = document, {document}
        while head in partner and partner[head] not in seen:
            head = partner[head]
            seen.add(head)
        removed[head] += 1
    sizes = Counter(count + 1 for count in removed.values())
    documents, _ = _ledger(job, "dedup", subset)
    sizes[1] = max(0, documents - sum(size * groups for size, groups in sizes.items()))
    return sizes


def with_training(config: Config, subsets: Mapping[str, SubsetVolumes]) -> dict[str, SubsetVolumes]:
    """Returns the subsets with the text that a tokenizer, if one is needed, learns from."""
    if config.tokenizer.model:
        return dict(subsets)
    filled = [name for name, subset in subsets.items() if subset.corpus_bytes]
    try:
        shares = mixture_of(config, filled).given
    except RunError:  # nothing is left, or nothing that has a weight
        return dict(subsets)
    return {
        name: dataclasses.replace(
            subset,
            training_bytes=min(float(shares.get(name, 0)) * SAMPLE_BYTES, subset.corpus_bytes),
        )
        for name, subset in subsets.items()
    }


def text_share(job: Job) -> float:
    """Returns the part of `documents/` that phases read which look at texts only."""
    all_bytes = text_bytes = 0
    for file in Path(job.output, "documents").rglob("*.parquet"):
        metadata = pq.read_metadata(file)
        for group in range(metadata.num_row_groups):
            for number in range(metadata.num_columns):
                column = metadata.row_group(group).column(number)
                all_bytes += column.total_compressed_size
                if column.path_in_schema in TEXT_COLUMNS:
                    text_bytes += column.total_compressed_size
    return text_bytes / max(1, all_bytes)


def sequences_of(job: Job) -> dict[str, int]:
    """Returns how many sequences each subset can give, those that the mixture leaves included."""
    subsets = read_dataset(job)["subsets"]
    length = job.config.sequence.length
    return {
        name: (found["crop_tokens"] - found["discarded_tokens"]) // length
        for name, found in subsets.items()
    }


def _ledger(job: Job, phase: str, subset: str) -> tuple[int, int]:
    """Returns how many documents of a subset a removing phase took and left."""
    ledger = ledgers(require_manifest(job, phase)).get(subset, {})
    return ledger.get("documents", 0), ledger.get("corpus", 0)


def _crops(job: Job, subset: str) -> Tokenised:
    """Returns how many crops and tokens were drawn of a subset."""
    records = store.list_folder(job.path(f"phases/sequence/tokenise-000/{subset}"))
    found = [
        result_from_json(json.loads(store.read_bytes(record.path)), Tokenised).only
        for record in records
    ]
    return Tokenised(sum(f.crops for f in found), sum(f.tokens for f in found))
