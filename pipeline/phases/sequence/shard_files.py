"""The files of a filled shard: its sequences, what other libraries read beside it, provenance."""

from __future__ import annotations

from collections.abc import Mapping

from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.sequence.planning import PartPlan
from massivetext.sequencing.dataset import Dataset
from massivetext.sequencing.filling import FilledShard
from massivetext.sequencing.shards import FORMATS, provenance_name, shard_name
from massivetext.sequencing.shards.card import CARD_FILE
from massivetext.sequencing.shards.format import (
    FormatWithCard,
    FormatWithSidecars,
    LabelledFormat,
)
from massivetext.sequencing.shards.labels import Labels
from massivetext.sequencing.shards.staging import staged_in


def write_shard_files(
    output: str, plan: PartPlan, number: int, shards: int, filled: FilledShard
) -> tuple[store.FileEntry, ...]:
    """Commits the files of a shard; returns them, the shard itself first.

    Args:
        output: the output folder.
        plan: says where they lie, and their format.
        number: of the shard.
        shards: their number.
        filled: its content.
    """
    shard_format = FORMATS[plan.format_name]
    name = shard_name(number, shards, plan.format_name)
    with (
        store.commit(output, f"{plan.folder}/{name}") as pending,
        staged_in(_local_staging(output)),
    ):
        if isinstance(shard_format, LabelledFormat):
            labels = _labels(filled, plan.length)
            shard_format.write_labelled(pending.stream, filled.sequences_NxL, labels)
        else:
            shard_format.write(pending.stream, filled.sequences_NxL)
    beside: Mapping[str, bytes] = {}
    if isinstance(shard_format, FormatWithSidecars):
        beside = shard_format.sidecars(name, plan.token_type, _labels(filled, plan.length))
    sidecars = [
        store.write_bytes(output, f"{plan.folder}/{name}", content)
        for name, content in beside.items()
    ]
    name = provenance_name(number, shards)
    provenance = store.write_table(output, f"{plan.folder}/{name}", filled.provenance)
    return pending.entry, provenance, *sidecars


def write_shards_card(
    output: str, plan: PartPlan, dataset: Dataset, has_held_out: bool
) -> tuple[store.FileEntry, ...]:
    """Commits the card of a folder of shards, if their format has one; returns it.

    Args:
        output: the output folder.
        plan: says where they lie, and their format.
        dataset: what they hold.
        has_held_out: whether the run holds documents out.
    """
    shard_format, is_held_out = FORMATS[plan.format_name], plan.split.is_held_out
    if not isinstance(shard_format, FormatWithCard):
        return ()
    checksums = [shard.xxh3 for shard in dataset.shards]
    card = shard_format.card(checksums, is_held_out, has_held_out and not is_held_out)
    return (store.write_bytes(output, f"{plan.folder}/{CARD_FILE}", card.encode()),)


def _labels(filled: FilledShard, length: int) -> Labels:
    table = filled.provenance
    return Labels.of_pieces(
        table["sequence"].to_numpy(),
        table["token_start"].to_numpy(),
        table["subset"].to_numpy(),
        length,
    )


def _local_staging(output: str) -> str | None:
    """Returns the folder where files of a local output are on their way; None for other outputs."""
    return None if "://" in output else store.join(output, "tmp")
