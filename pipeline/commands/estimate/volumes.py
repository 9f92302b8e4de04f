"""Measures the work in runs of a sample, and scales it to the whole input."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from massivetext.config import Config
from massivetext.pipeline.commands.estimate.costs import CPU, PROGRAM, REST, STEP, Cost
from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import result_from_json
from massivetext.pipeline.phases.costs import Files, SubsetVolumes, Volumes
from massivetext.pipeline.phases.manifest import read_manifest, require_manifest
from massivetext.pipeline.phases.phase import load_phase
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.phases.report.funnel import ledgers, read_dataset
from massivetext.pipeline.phases.sequence.drawing import mixture_of
from massivetext.pipeline.phases.sequence.items import Tokenised
from massivetext.pipeline.phases.table import phase_named
from massivetext.sequencing.tokenizer_training import SAMPLE_BYTES

LEAST_PAIRS: Final = 5
"""Our choice: fewer pairs in a sample than this tell nothing about those outside it."""

TEXT_COLUMNS: Final = ("id", "source_id", "title", "text")
"""What phases read of `documents/` that do not copy them."""


def grown(volumes: Volumes, cost: Cost) -> tuple[float, float]:
    """Returns the items and the volume that a cost goes with, as its phase states it."""
    name, exponent = _grows_with(cost)
    if name == "surveyed_bytes":  # counting words takes longer than reading
        name = "training_bytes" if volumes.total("training_bytes") else "corpus_bytes"
    if cost.subset == REST or name == "shard_tokens":
        items, volume = volumes.total("items"), volumes.total(name) if name else 0.0
    else:
        subset = volumes.subsets[cost.subset]
        items, volume = subset.items, getattr(subset, name)
    return items, volume**exponent


def is_constant(cost: Cost) -> bool:
    """Whether a cost is the same for whatever input."""
    return _grows_with(cost)[0] == ""


def files_of(cost: Cost) -> Files | None:
    """Returns what a phase states of the files that a cost is the size of, if it states it."""
    stated = load_phase(phase_named(cost.phase)).costs.files
    return next((files for files in stated if files.folder == cost.quantity), None)


def _grows_with(cost: Cost) -> tuple[str, float]:
    """Returns the name of the volume that a cost grows with, and to which power."""
    stated = load_phase(phase_named(cost.phase)).costs
    if cost.quantity.startswith(STEP):
        return stated.steps[cost.quantity.removeprefix(STEP)], 1.0
    if cost.quantity == PROGRAM:
        return "", 1.0
    if cost.quantity == CPU:
        return stated.rest if cost.subset == REST else stated.items, 1.0
    files = files_of(cost)
    if files is not None:
        return files.grows_with, files.exponent
    return stated.rest if cost.subset == REST else "raw_bytes", 1.0


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
    """Predicts how many documents are distinct, from the groups in a sample.

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
