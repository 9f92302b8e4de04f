"""What phase SEQUENCE has read and written, as `dataset.json` tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from massivetext.config import Config, run_fingerprint
from massivetext.pipeline.engine.results import ItemResult, merge_counts
from massivetext.pipeline.phases.sequence.drawing import Drawn
from massivetext.pipeline.phases.sequence.items import Surveyed
from massivetext.pipeline.phases.sequence.planning import PartPlan
from massivetext.pipeline.phases.sequence.shards import ShardContent
from massivetext.sequencing.dataset import SCHEMA_VERSION, Dataset, ShardEntry, SubsetEntry
from massivetext.sequencing.draws import Supply


def describe(
    config: Config,
    survey: Mapping[str, Surveyed],
    drawn: Drawn,
    targets: Mapping[str, int],
    plan: PartPlan,
    shards: Sequence[ItemResult[ShardContent]],
    warnings: Sequence[str],
) -> Dataset:
    """Returns the content of `dataset.json`.

    Args:
        config: of the run.
        survey: documents and text_bytes of each subset of the corpus.
        drawn: what was read.
        targets: sequences of each subset in the shards.
        plan: what the parts have in common.
        shards: what each shard holds, in their order.
        warnings: a sentence for everything that is not as asked.
    """
    length = plan.length
    entries = tuple(_shard_entry(result, result.ledger[plan.ledger], length) for result in shards)
    used_bytes = merge_counts(result.only.utf8_bytes for result in shards)
    subsets = {
        subset: _subset_entry(
            subset, counts, drawn, targets.get(subset, 0), used_bytes.get(subset, 0), plan
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
        token_type=plan.token_type.name,
        tokenizer=plan.tokenizer.file_name,
        checked_crops=sum(found.checked for found in drawn.files.values()),
    )


def _shard_entry(result: ItemResult[ShardContent], records: int, length: int) -> ShardEntry:
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
    plan: PartPlan,
) -> SubsetEntry:
    length, rule = plan.length, plan.rules.get(subset)
    supply = drawn.supplies.get(subset, Supply(counts.documents))
    crop_tokens = drawn.crop_tokens(subset)
    return SubsetEntry(
        documents=counts.documents,
        corpus_bytes=counts.text_bytes,
        visits=float(supply.visits),
        tokens_per_group=rule.tokens_per_group if rule else 0,
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
