"""One shard: its crops packed subset by subset, its share of each taken, everything shuffled.

Which sequences are taken, and in which order they stand, depends on two hashes of each sequence's
name (subset, visit, part, number), and not on the number of shards.
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
from massivetext.sequencing.packing import (
    SPAN_DTYPE,
    PackingRule,
    count_sequences,
    first_crops,
    pack,
)
from massivetext.sequencing.placing_kernel import place_sequences
from massivetext.sequencing.token_type import Tokens, token_type_of

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


_PACKED_TOKENS: Final = 2**22
"""Our choice: tokens that are packed at once, so that no second copy of a shard is held."""


@dataclass(frozen=True)
class DrawnCrops:
    """The crops of one part from one visit to one subset, and how many sequences to take.

    Attributes:
        subset: the subset.
        visit: number of the visit.
        part: number of the part.
        crops_C: CROP_DTYPE rows in hash order.
        tokens: of each crop, in the same order; read once, so they need not be held all at a time.
        quota: sequences to take; at most what the crops give.
        rule: how the crops become sequences.
    """

    subset: str
    visit: int
    part: int
    crops_C: NDArray[np.void]
    tokens: Iterable[Tokens]
    quota: int
    rule: PackingRule

    @classmethod
    def of_batches(
        cls, name: tuple[str, int, int], batches: Iterable[CropBatch], quota: int, rule: PackingRule
    ) -> DrawnCrops:
        """Returns the crops of some batches, in whatever order they come.

        Args:
            name: subset, visit and part.
            batches: the crops.
            quota: sequences to take.
            rule: how the crops become sequences.
        """
        crops_C, tokens = join_in_hash_order(batches)
        return cls(*name, crops_C, tokens, quota, rule)


@dataclass(frozen=True)
class FilledShard:
    """The content of a shard.

    Attributes:
        sequences_NxL: tokens, in their final order.
        provenance: PROVENANCE_SCHEMA, ordered by sequence.
        subset_utf8_bytes: UTF-8 bytes that the tokens of each subset stand for.
    """

    sequences_NxL: Tokens
    provenance: pa.Table
    subset_utf8_bytes: Mapping[str, int]


@dataclass(frozen=True)
class _Choice:
    """Which sequences that a visit gives in a part are taken, and the hashes that order them."""

    available: int
    numbers_Q: NDArray[np.intp]
    shuffle_keys_Q: NDArray[np.uint64]


def count_crops(crops_C: NDArray[np.void], rule: PackingRule) -> int:
    """Returns how many sequences the crops of one part, subset and visit give."""
    return count_sequences(crops_C["tokens"][in_hash_order(crops_C)], rule)


def fill_shard(
    number: int,
    drawn: Iterable[DrawnCrops],
    length: int,
    seed: int,
    token_bytes: NDArray[np.int32],
) -> FilledShard:
    """Returns the sequences of a shard and where each of their tokens comes from.

    Args:
        number: of the shard.
        drawn: crops, once for every subset, visit and part; in any order.
        length: tokens a sequence, of all their rules.
        seed: of the run.
        token_bytes: UTF-8 bytes of each token id.
    """
    taken = [crops for crops in sorted(drawn, key=_name) if crops.quota]
    choices = [_choose(crops, seed) for crops in taken]
    keys = np.concatenate([np.empty(0, np.uint64), *(c.shuffle_keys_Q for c in choices)])
    # Equal hashes: the order of (subset, visit, part, number) decides.
    order = np.argsort(keys, kind="stable")
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    sequences_NxL = np.empty((len(order), length), token_type_of(len(token_bytes)))
    subset_utf8_bytes: dict[str, int] = {}
    tables = [PROVENANCE_SCHEMA.empty_table()]
    stops = np.cumsum([0, *(crops.quota for crops in taken)]).tolist()
    # Part by part, as they are read: the places are settled.
    for n in sorted(range(len(taken)), key=lambda n: (taken[n].part, n)):
        crops, choice = taken[n], choices[n]
        place_S = np.full(choice.available, -1, np.int64)
        place_S[choice.numbers_Q] = position[stops[n] : stops[n + 1]]
        size_bytes, spans = _pack_into(sequences_NxL, place_S, crops, token_bytes)
        subset_utf8_bytes[crops.subset] = subset_utf8_bytes.get(crops.subset, 0) + size_bytes
        tables.append(_provenance(number, crops, spans, place_S))
    provenance = pa.concat_tables(tables).sort_by(
        [("sequence", "ascending"), ("order", "ascending")]
    )
    return FilledShard(sequences_NxL, provenance.combine_chunks(), subset_utf8_bytes)


def _name(crops: DrawnCrops) -> tuple[str, int, int]:
    return crops.subset, crops.visit, crops.part


def _choose(crops: DrawnCrops, seed: int) -> _Choice:
    sequences = count_sequences(crops.crops_C["tokens"], crops.rule)
    if crops.quota > sequences:
        raise ValueError(
            f"part {crops.part} holds {sequences:,} sequences of {crops.subset}, visit "
            f"{crops.visit}; {crops.quota:,} were counted: its files have changed since"
        )
    names = [f"{crops.subset}\0{crops.visit}\0{crops.part}\0{n}" for n in range(sequences)]
    share_keys = np.array([stable_hash(seed, n, "sequence share") for n in names], np.uint64)
    numbers_Q = np.sort(np.argsort(share_keys, kind="stable")[: crops.quota])
    shuffle_keys = [stable_hash(seed, names[n], "sequence order") for n in numbers_Q]
    return _Choice(sequences, numbers_Q, np.array(shuffle_keys, np.uint64))


def _pack_into(
    sequences_NxL: Tokens,
    place_S: NDArray[np.int64],
    crops: DrawnCrops,
    token_bytes: NDArray[np.int32],
) -> tuple[int, NDArray[np.void]]:
    """Packs crops and copies the chosen sequences to their places.

    Args:
        sequences_NxL: the shard, written to.
        place_S: place of each sequence of the crops in the shard, or -1 if it is not taken.
        crops: of a visit.
        token_bytes: UTF-8 bytes of each token id.

    Returns:
        the UTF-8 bytes that the copied tokens stand for, and the spans of all sequences.
    """
    size_bytes, sequences, first_crop = 0, 0, 0
    spans = [np.empty(0, SPAN_DTYPE)]
    waiting = iter(crops.tokens)
    for count in _whole_groups(crops.crops_C["tokens"], crops.rule):
        packed = pack(list(itertools.islice(waiting, count)), crops.rule)
        place_P = place_S[sequences : sequences + len(packed.sequences_NxL)]
        size_bytes += place_sequences(packed.sequences_NxL, place_P, token_bytes, sequences_NxL)
        packed.spans["sequence"] += sequences
        packed.spans["crop"] += first_crop
        spans.append(packed.spans)
        sequences += len(packed.sequences_NxL)
        first_crop += count
    return size_bytes, np.concatenate(spans)


def _whole_groups(crop_tokens_C: NDArray[np.integer], rule: PackingRule) -> list[int]:
    """Returns numbers of crops that make whole groups, of some `_PACKED_TOKENS` each."""
    before_C = np.concatenate([[0], np.cumsum(crop_tokens_C)])
    borders = [0]
    for border in first_crops(crop_tokens_C, rule)[1:].tolist():
        if before_C[border] - before_C[borders[-1]] >= _PACKED_TOKENS:
            borders.append(border)
    return np.diff([*borders, len(crop_tokens_C)]).tolist()


def _provenance(
    shard: int,
    drawn: DrawnCrops,
    spans: NDArray[np.void],
    place_S: NDArray[np.int64],
) -> pa.Table:
    """Returns the rows of one visit's sequences.

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
