"""What phase SEQUENCE has read and written, as `dataset.json` tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from massivetext.config import Config, run_fingerprint
from massivetext.pipeline.engine.results import ItemResult, merge_counts
from massivetext.pipeline.phases.sequence.items import Surveyed, Tokenised
from massivetext.pipeline.phases.sequence.shards import CropFile, ShardContent, ShardPlan
from massivetext.sequencing.dataset import SCHEMA_VERSION, Dataset, ShardEntry, SubsetEntry
from massivetext.sequencing.draws import Supply
from massivetext.sequencing.mixture import Mixture
from massivetext.sequencing.packing import SPECIALS_PER_CROP


@dataclass(frozen=True)
class Drawn:
    """What has been read so far.

    Attributes:
        mixture: shares of the subsets that give sequences.
        supplies: by subset.
        files: of tokenised crops, and what each of them holds.
    """

    mixture: Mixture
    supplies: Mapping[str, Supply]
    files: Mapping[CropFile, Tokenised] = field(default_factory=dict)


def describe(
    config: Config,
    survey: Mapping[str, Surveyed],
    drawn: Drawn,
    targets: Mapping[str, int],
    plan: ShardPlan,
    shards: Sequence[ItemResult[ShardContent]],
    warnings: Sequence[str],
) -> Dataset:
    """Returns the content of `dataset.json`.

    Args:
        config: of the run.
        survey: documents and text_bytes of each subset of the corpus.
        drawn: what was read.
        targets: sequences of each subset in the shards.
        plan: what the shards have in common.
        shards: what each shard holds, in their order.
        warnings: a sentence for everything that is not as asked.
    """
    length = plan.rule.length
    entries = tuple(_shard_entry(result, length) for result in shards)
    used_bytes = merge_counts(result.only.utf8_bytes for result in shards)
    subsets = {
        subset: _subset_entry(
            subset, counts, drawn, targets.get(subset, 0), used_bytes.get(subset, 0), length
        )
        for subset, counts in sorted(survey.items())
    }
    records = sum(entry.records for entry in entries)
    return Dataset(
        schema_version=SCHEMA_VERSION,
        format=plan.format_name,
        sequence_length=length,
        vocab_size=plan.tokenizer.vocab_size,
        bos=plan.tokenizer.bos,
        eos=plan.tokenizer.eos,
        tokenizer_sha256=plan.tokenizer.sha256,
        config_hash=run_fingerprint(config),
        seed=config.seed,
        records=records,
        tokens=records * length,
        utf8_bytes=sum(entry.utf8_bytes for entry in entries),
        shards=entries,
        subsets=subsets,
        warnings=tuple(warnings),
    )


def _shard_entry(result: ItemResult[ShardContent], length: int) -> ShardEntry:
    records = result.ledger["sequences"]
    utf8_bytes = sum(result.only.utf8_bytes.values())
    shard = result.files[0]
    name = shard.path.rpartition("/")[2]
    return ShardEntry(name, records, records * length, utf8_bytes, shard.xxh3)


def _subset_entry(
    subset: str,
    counts: Surveyed,
    drawn: Drawn,
    sequences: int,
    utf8_bytes: int,
    length: int,
) -> SubsetEntry:
    supply = drawn.supplies.get(subset, Supply(0))
    found = [found for file, found in drawn.files.items() if file.draw.subset == subset]
    crop_tokens = sum(held.tokens + SPECIALS_PER_CROP * held.crops for held in found)
    return SubsetEntry(
        documents=counts.documents,
        corpus_bytes=counts.text_bytes,
        visits=float(supply.visits),
        crop_tokens=crop_tokens,
        discarded_tokens=crop_tokens - supply.sequences * length,
        surplus_tokens=(supply.sequences - sequences) * length,
        sequences=sequences,
        tokens=sequences * length,
        utf8_bytes=utf8_bytes,
        epochs=utf8_bytes / max(1, counts.text_bytes),
        weight_asked=float(drawn.mixture.asked.get(subset, 0)),
        weight_given=float(drawn.mixture.given.get(subset, 0)),
    )
