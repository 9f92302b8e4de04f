"""One shard: its crops packed subset by subset, its share of each taken, everything shuffled.

Which sequences are taken, and in which order they stand, is decided by two hashes of each
sequence's name (subset, draw, shard, number).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from massivetext.records import stable_hash
from massivetext.sequencing.crop_batches import CropBatch, in_hash_order, join_in_hash_order
from massivetext.sequencing.packing import SPAN_DTYPE, PackingRule, count_sequences, pack

PROVENANCE_SCHEMA: Final = pa.schema(
    [
        ("shard", pa.int32()),
        ("sequence", pa.int32()),
        ("order", pa.int32()),
        ("document_id", pa.string()),
        ("subset", pa.string()),
        ("visit", pa.int32()),
        ("byte_start", pa.int64()),
        ("byte_end", pa.int64()),
        ("crop_token_start", pa.int32()),
        ("crop_token_end", pa.int32()),
        ("token_start", pa.int32()),
        ("token_end", pa.int32()),
    ]
)
"""One row a piece of a crop in a sequence: tokens [token_start, token_end) of the sequence are
tokens [crop_token_start, crop_token_end) of the crop, whose token 0 is its BOS; the crop is bytes
[byte_start, byte_end) of the document's text. `sequence` counts within the shard, `order` within
the sequence."""


_PACKED_GROUPS: Final = 256
"""Our choice: groups that are packed at once, so that no second copy of a shard is held."""


@dataclass(frozen=True)
class DrawnCrops:
    """The crops of one shard from one draw from one subset, and how many sequences to take.

    Attributes:
        subset: the subset.
        visit: the visit that the draw is a part of.
        draw: number of the draw among those of the subset.
        crops_C: CROP_DTYPE rows in hash order.
        tokens: of each crop, in the same order; read once, so they need not be held all at a time.
        quota: sequences to take; at most what the crops give.
    """

    subset: str
    visit: int
    draw: int
    crops_C: NDArray[np.void]
    tokens: Iterable[NDArray[np.uint16]]
    quota: int

    @classmethod
    def of_batches(
        cls, name: tuple[str, int, int], batches: Iterable[CropBatch], quota: int
    ) -> DrawnCrops:
        """Returns the crops of some batches, in whatever order they come.

        Args:
            name: subset, visit and draw.
            batches: the crops.
            quota: sequences to take.
        """
        crops_C, tokens = join_in_hash_order(batches)
        return cls(*name, crops_C, tokens, quota)


@dataclass(frozen=True)
class FilledShard:
    """The content of a shard.

    Attributes:
        sequences_NxL: uint16 tokens, in their final order.
        provenance: PROVENANCE_SCHEMA, ordered by sequence.
        subset_utf8_bytes: UTF-8 bytes that the tokens of each subset stand for.
    """

    sequences_NxL: NDArray[np.uint16]
    provenance: pa.Table
    subset_utf8_bytes: Mapping[str, int]


@dataclass(frozen=True)
class _Choice:
    """Which sequences of all that a draw gives a shard takes, and the hashes that order them."""

    available: int
    numbers_Q: NDArray[np.intp]
    shuffle_keys_Q: NDArray[np.uint64]


def count_crops(crops_C: NDArray[np.void], rule: PackingRule) -> int:
    """Returns how many sequences the crops of one shard, subset and draw give."""
    return count_sequences(crops_C["tokens"][in_hash_order(crops_C)], rule)


def fill_shard(
    number: int,
    drawn: Iterable[DrawnCrops],
    rule: PackingRule,
    seed: int,
    token_bytes: NDArray[np.int32],
) -> FilledShard:
    """Returns the sequences of a shard and where each of their tokens comes from.

    Args:
        number: of the shard.
        drawn: crops, once for every subset and draw; in any order.
        rule: how crops become sequences.
        seed: of the run.
        token_bytes: UTF-8 bytes of each token id.
    """
    taken = [crops for crops in sorted(drawn, key=_name_of_draw) if crops.quota]
    choices = [_choose(number, crops, rule, seed) for crops in taken]
    keys = np.concatenate([np.empty(0, np.uint64), *(c.shuffle_keys_Q for c in choices)])
    # Equal hashes: the order of (subset, draw, number) decides.
    order = np.argsort(keys, kind="stable")
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    sequences_NxL = np.empty((len(order), rule.length), np.uint16)
    subset_utf8_bytes: dict[str, int] = {}
    tables, start = [PROVENANCE_SCHEMA.empty_table()], 0
    for crops, choice in zip(taken, choices, strict=True):
        position_Q = position[start : start + crops.quota]
        start += crops.quota
        place_S = np.full(choice.available, -1, np.int64)
        place_S[choice.numbers_Q] = position_Q
        size_bytes, spans = _pack_into(sequences_NxL, place_S, crops.tokens, rule, token_bytes)
        subset_utf8_bytes[crops.subset] = subset_utf8_bytes.get(crops.subset, 0) + size_bytes
        tables.append(_provenance(number, crops, spans, place_S))
    provenance = pa.concat_tables(tables).sort_by(
        [("sequence", "ascending"), ("order", "ascending")]
    )
    return FilledShard(sequences_NxL, provenance.combine_chunks(), subset_utf8_bytes)


def _name_of_draw(crops: DrawnCrops) -> tuple[str, int]:
    return crops.subset, crops.draw


def _choose(number: int, crops: DrawnCrops, rule: PackingRule, seed: int) -> _Choice:
    sequences = count_sequences(crops.crops_C["tokens"], rule)
    if crops.quota > sequences:
        raise ValueError(
            f"shard {number} holds {sequences:,} sequences of {crops.subset}, draw "
            f"{crops.draw}; {crops.quota:,} were counted: its files have changed since"
        )
    names = [f"{crops.subset}\0{crops.draw}\0{number}\0{n}" for n in range(sequences)]
    share_keys = np.array([stable_hash(seed, n, "sequence share") for n in names], np.uint64)
    numbers_Q = np.sort(np.argsort(share_keys, kind="stable")[: crops.quota])
    shuffle_keys = [stable_hash(seed, names[n], "sequence order") for n in numbers_Q]
    return _Choice(sequences, numbers_Q, np.array(shuffle_keys, np.uint64))


def _pack_into(
    sequences_NxL: NDArray[np.uint16],
    place_S: NDArray[np.int64],
    tokens: Iterable[NDArray[np.uint16]],
    rule: PackingRule,
    token_bytes: NDArray[np.int32],
) -> tuple[int, NDArray[np.void]]:
    """Packs crops and copies the chosen sequences to their places.

    Args:
        sequences_NxL: the shard, written to.
        place_S: place of each sequence of the crops in the shard, or -1 if it is not taken.
        tokens: of each crop, in hash order.
        rule: how crops become sequences.
        token_bytes: UTF-8 bytes of each token id.

    Returns:
        the UTF-8 bytes that the copied tokens stand for, and the spans of all sequences.
    """
    size_bytes, sequences, first_crop = 0, 0, 0
    spans = [np.empty(0, SPAN_DTYPE)]
    waiting = iter(tokens)
    while some := list(itertools.islice(waiting, _PACKED_GROUPS * rule.crops_per_group)):
        packed = pack(some, rule)
        place_P = place_S[sequences : sequences + len(packed.sequences_NxL)]
        taken_QxL = packed.sequences_NxL[place_P >= 0]
        sequences_NxL[place_P[place_P >= 0]] = taken_QxL
        size_bytes += int(token_bytes.take(taken_QxL).sum(dtype=np.int64))  # faster than [...]
        packed.spans["sequence"] += sequences
        packed.spans["crop"] += first_crop
        spans.append(packed.spans)
        sequences += len(packed.sequences_NxL)
        first_crop += len(some)
    return size_bytes, np.concatenate(spans)


def _provenance(
    shard: int,
    drawn: DrawnCrops,
    spans: NDArray[np.void],
    place_S: NDArray[np.int64],
) -> pa.Table:
    """Returns the rows of one draw's sequences.

    Args:
        shard: number of the shard.
        drawn: the crops.
        spans: which tokens of which crops each sequence holds.
        place_S: place of each sequence in the shard, or -1 if it is not taken.
    """
    spans = spans[place_S[spans["sequence"]] >= 0]
    crops = drawn.crops_C[spans["crop"]]
    is_first = np.r_[True, spans["sequence"][1:] != spans["sequence"][:-1]][: len(spans)]
    row = np.arange(len(spans))
    order = row - np.maximum.accumulate(np.where(is_first, row, 0))
    columns = {
        "shard": np.full(len(spans), shard),
        "sequence": place_S[spans["sequence"]],
        "order": order,
        "document_id": _hex(crops["document"]),
        "subset": [drawn.subset] * len(spans),
        "visit": np.full(len(spans), drawn.visit),
        "byte_start": crops["byte_start"],
        "byte_end": crops["byte_stop"],
        "crop_token_start": spans["crop_start"],
        "crop_token_end": spans["crop_stop"],
        "token_start": spans["start"],
        "token_end": spans["stop"],
    }
    return pa.table({name: pa.array(column) for name, column in columns.items()}).cast(
        PROVENANCE_SCHEMA
    )


def _hex(ids: NDArray[np.void]) -> list[str]:
    """Returns each id in hexadecimal."""
    size, text = 2 * ids.itemsize, ids.tobytes().hex()
    return [text[start : start + size] for start in range(0, len(text), size)]
