"""Crops to sequences: groups of ten, BOS and EOS round each crop, cut into equal lengths (A.1.2).

A group's tokens are laid end to end and cut into sequences; what is left at the end of a group is
discarded, never padded. Every sequence knows which tokens of which crops it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

SPECIALS_PER_CROP: Final = 2
"""BOS and EOS (A.1.2)."""

SPAN_DTYPE: Final = np.dtype(
    [
        ("sequence", "<i8"),
        ("crop", "<i8"),
        ("crop_start", "<i8"),
        ("crop_stop", "<i8"),
        ("start", "<i8"),
        ("stop", "<i8"),
    ]
)
"""Tokens [start, stop) of `sequence` are tokens [crop_start, crop_stop) of `crop`, whose token 0 is
its BOS."""


@dataclass(frozen=True)
class PackingRule:
    """How crops become sequences.

    Attributes:
        length: tokens a sequence (n).
        crops_per_group: crops that are laid end to end before the cut.
        bos: token before each crop.
        eos: token after each crop.
    """

    length: int
    crops_per_group: int
    bos: int
    eos: int


@dataclass(frozen=True)
class Packed:
    """The sequences of a run of crops.

    Attributes:
        sequences_NxL: uint16 tokens.
        spans: SPAN_DTYPE rows, ordered by sequence and by place in it.
        discarded_tokens: tokens (BOS and EOS included) at the ends of groups.
    """

    sequences_NxL: NDArray[np.uint16]
    spans: NDArray[np.void]
    discarded_tokens: int


def count_sequences(crop_tokens_C: NDArray[np.integer], rule: PackingRule) -> int:
    """Returns how many sequences crops of so many tokens (without BOS and EOS) give."""
    return int(_sequences_by_group(crop_tokens_C, rule)[1].sum())


def pack(
    tokens: NDArray[np.uint16], crop_tokens_C: NDArray[np.integer], rule: PackingRule
) -> Packed:
    """Returns the sequences of consecutive crops.

    Args:
        tokens: tokens of all crops, one crop after the other, without BOS and EOS.
        crop_tokens_C: number of tokens of each crop; sums to len(tokens).
        rule: length, group size and special tokens.
    """
    wrapped_C = crop_tokens_C.astype(np.int64) + SPECIALS_PER_CROP
    stream = _wrap(tokens, wrapped_C, rule)
    first_crop_G, sequences_G = _sequences_by_group(crop_tokens_C, rule)
    crop_stop_C = np.cumsum(wrapped_C)
    crop_start_C = crop_stop_C - wrapped_C
    group_start_G = crop_start_C[first_crop_G]
    kept_G = sequences_G * rule.length
    pieces = [stream[a : a + k] for a, k in zip(group_start_G, kept_G, strict=True)]
    kept = np.concatenate(pieces) if pieces else stream[:0]
    group_C = np.arange(len(wrapped_C)) // rule.crops_per_group
    first_sequence_G = np.cumsum(sequences_G) - sequences_G
    spans = _spans(
        crop_start_C - group_start_G[group_C],
        crop_stop_C - group_start_G[group_C],
        kept_G[group_C],
        first_sequence_G[group_C],
        rule.length,
    )
    return Packed(kept.reshape(-1, rule.length), spans, int(len(stream) - len(kept)))


def _sequences_by_group(
    crop_tokens_C: NDArray[np.integer], rule: PackingRule
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns each group's first crop and number of whole sequences."""
    first_crop_G = np.arange(0, len(crop_tokens_C), rule.crops_per_group)
    if not len(first_crop_G):
        return first_crop_G, first_crop_G
    wrapped_C = crop_tokens_C.astype(np.int64) + SPECIALS_PER_CROP
    return first_crop_G, np.add.reduceat(wrapped_C, first_crop_G) // rule.length


def _wrap(
    tokens: NDArray[np.uint16], wrapped_C: NDArray[np.int64], rule: PackingRule
) -> NDArray[np.uint16]:
    """Returns the tokens with BOS before and EOS after each crop."""
    stream = np.empty(int(wrapped_C.sum()), np.uint16)
    stop_C = np.cumsum(wrapped_C)
    is_text = np.ones(len(stream), np.bool_)
    is_text[stop_C - wrapped_C] = False
    is_text[stop_C - 1] = False
    stream[is_text] = tokens
    stream[stop_C - wrapped_C] = rule.bos
    stream[stop_C - 1] = rule.eos
    return stream


def _spans(
    start_C: NDArray[np.int64],
    stop_C: NDArray[np.int64],
    kept_C: NDArray[np.int64],
    first_sequence_C: NDArray[np.int64],
    length: int,
) -> NDArray[np.void]:
    """Cuts crops at the borders of sequences.

    Args:
        start_C: first token of each crop in its group.
        stop_C: end of each crop in its group.
        kept_C: tokens of the crop's group that are kept.
        first_sequence_C: number of the group's first sequence.
        length: tokens a sequence.
    """
    stop_C = np.minimum(stop_C, kept_C)
    is_kept = start_C < stop_C
    first_C = start_C // length
    pieces_C = np.where(is_kept, (stop_C - 1) // length - first_C + 1, 0)
    crop = np.repeat(np.arange(len(start_C)), pieces_C)
    piece = np.arange(len(crop)) - (np.cumsum(pieces_C) - pieces_C)[crop]
    in_group = first_C[crop] + piece
    start = np.maximum(start_C[crop], in_group * length)
    stop = np.minimum(stop_C[crop], (in_group + 1) * length)
    spans = np.empty(len(crop), SPAN_DTYPE)
    spans["sequence"] = first_sequence_C[crop] + in_group
    spans["crop"] = crop
    spans["crop_start"] = start - start_C[crop]
    spans["crop_stop"] = stop - start_C[crop]
    spans["start"] = start - in_group * length
    spans["stop"] = stop - in_group * length
    return spans
