"""Crops to sequences: groups of ten, BOS and EOS round each crop, cut into equal lengths (A.1.2).

A group's tokens are laid end to end and cut into sequences; what is left at the end of a group is
discarded, never padded. Every sequence knows which tokens of which crops it holds.

Groups are formed in the order of the crops, so that more crops never give fewer sequences: they
make the last group larger, or follow it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.sequencing.token_type import Tokens

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


SEQUENCES_PER_GROUP: Final = 1024
"""Our choice for groups formed by tokens: they lose at most 0.1 % of their tokens, and a group of
2,048-token sequences takes 4 MB."""

FULL_GROUP_SEQUENCES: Final = Fraction(3, 2)
"""Our choice: crops of which ten give fewer sequences are grouped by tokens. Of Gopher's subsets C4
has the shortest documents; ten of its crops give 1.9 sequences of 2,048 tokens (simulated)."""


@dataclass(frozen=True)
class PackingRule:
    """How crops become sequences.

    Attributes:
        length: tokens a sequence (n).
        crops_per_group: the fewest crops to lay end to end before the cut.
        bos: token before each crop.
        eos: token after each crop.
        tokens_per_group: the fewest tokens in a group; 0 if the number of crops alone decides.
    """

    length: int
    crops_per_group: int
    bos: int
    eos: int
    tokens_per_group: int = 0

    def by_tokens(self) -> PackingRule:
        """Returns the rule whose groups are full when they give `SEQUENCES_PER_GROUP`."""
        return replace(self, tokens_per_group=SEQUENCES_PER_GROUP * self.length)


def fitting_rule(rule: PackingRule, crops: int, tokens: int) -> PackingRule:
    """Returns the paper's rule, or the one by tokens where its groups hardly fill a sequence.

    Args:
        rule: groups by a number of crops.
        crops: of a subset.
        tokens: in all of them, about.
    """
    group_tokens = Fraction(tokens, max(1, crops)) * rule.crops_per_group
    is_full = group_tokens >= FULL_GROUP_SEQUENCES * rule.length
    return rule if is_full else rule.by_tokens()


@dataclass(frozen=True)
class PackedSequences:
    """The sequences of a run of crops.

    Attributes:
        sequences_NxL: tokens.
        spans: SPAN_DTYPE rows, ordered by sequence and by place in it.
        discarded_tokens: tokens (BOS and EOS included) at the ends of groups.
    """

    sequences_NxL: Tokens
    spans: NDArray[np.void]
    discarded_tokens: int


def count_sequences(crop_tokens_C: NDArray[np.integer], rule: PackingRule) -> int:
    """Returns how many sequences crops of these sizes (tokens, without BOS and EOS) give."""
    return int(_sequences_by_group(crop_tokens_C, rule)[1].sum())


def pack(crops: Sequence[Tokens], rule: PackingRule) -> PackedSequences:
    """Returns the sequences of consecutive crops.

    Args:
        crops: the tokens of each crop, without BOS and EOS.
        rule: length, group size and special tokens.
    """
    crop_tokens_C = np.array([len(crop) for crop in crops], np.int64)
    wrapped_C = crop_tokens_C + SPECIALS_PER_CROP
    first_crop_G, sequences_G = _sequences_by_group(crop_tokens_C, rule)
    group_C = np.repeat(np.arange(len(first_crop_G)), np.diff(first_crop_G, append=len(crops)))
    stop_C = np.cumsum(wrapped_C)
    start_C = stop_C - wrapped_C
    group_start_C = start_C[first_crop_G][group_C]
    start_C, stop_C = start_C - group_start_C, stop_C - group_start_C
    kept_C = (sequences_G * rule.length)[group_C]
    kept = _lay_out(crops, kept_C - start_C, rule)
    first_sequence_C = (np.cumsum(sequences_G) - sequences_G)[group_C]
    spans = _spans(start_C, stop_C, kept_C, first_sequence_C, rule.length)
    discarded_tokens = int(wrapped_C.sum()) - len(kept)
    return PackedSequences(kept.reshape(-1, rule.length), spans, discarded_tokens)


def _sequences_by_group(
    crop_tokens_C: NDArray[np.integer], rule: PackingRule
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns each group's first crop and number of whole sequences."""
    first_crop_G = first_crops(crop_tokens_C, rule)
    if not len(first_crop_G):
        return first_crop_G, first_crop_G
    wrapped_C = crop_tokens_C.astype(np.int64) + SPECIALS_PER_CROP
    return first_crop_G, np.add.reduceat(wrapped_C, first_crop_G) // rule.length


def first_crops(crop_tokens_C: NDArray[np.integer], rule: PackingRule) -> NDArray[np.int64]:
    """Returns the first crop of each group, of crops of these sizes (without BOS and EOS)."""
    if not rule.tokens_per_group:
        return np.arange(0, len(crop_tokens_C), rule.crops_per_group)
    stop_C = np.cumsum(crop_tokens_C.astype(np.int64) + SPECIALS_PER_CROP)
    first, before, found = 0, 0, []
    while first < len(stop_C):
        found.append(first)
        by_tokens = int(np.searchsorted(stop_C, before + rule.tokens_per_group)) + 1
        first = max(first + rule.crops_per_group, by_tokens)
        before = int(stop_C[min(first, len(stop_C)) - 1])
    return np.array(found, np.int64)


def _lay_out(crops: Sequence[Tokens], room_C: NDArray[np.int64], rule: PackingRule) -> Tokens:
    """Returns crops end to end, each with BOS and EOS and cut to its room, copied once."""
    special = np.array([rule.bos, rule.eos])
    types = {crop.dtype for crop in crops} | {np.min_scalar_type(special.max())}
    bos, eos = np.split(special.astype(np.result_type(np.uint16, *types)), 2)
    pieces = [bos[:0]]
    for crop, room in zip(crops, room_C.tolist(), strict=True):
        if room >= len(crop) + SPECIALS_PER_CROP:
            pieces += [bos, crop, eos]
        elif room > 0:
            pieces += [bos, crop[: room - 1]]
    return np.concatenate(pieces)


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
