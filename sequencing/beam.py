"""Sequencing as Beam transforms: thin wiring around the pure functions of this room.

Elements are small tuples of names, numbers and `bytes` arrays, keyed by bucket. Text never comes
here: crops are tokenised before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from numpy.typing import NDArray

from massivetext.sequencing.blocks import CROP_DTYPE, CropBlock
from massivetext.sequencing.buckets import Bucket, DrawnCrops, count_crops, fill_bucket
from massivetext.sequencing.packing import PackingRule


class DrawId(NamedTuple):
    """Which draw from which subset: `visit` is the visit it is a part of."""

    subset: str
    visit: int
    draw: int


SizedCrops = tuple[int, tuple[tuple[str, int, int], bytes]]
"""(bucket, (DrawId, crops)): `crops` is an array of CROP_DTYPE."""

TokenisedCrops = tuple[int, tuple[tuple[str, int, int], bytes, bytes]]
"""(bucket, (DrawId, crops, tokens)): the arrays of a `CropBlock`."""

Quotas = Mapping[int, Mapping[DrawId, int]]
"""Bucket -> draw -> sequences to take."""


class CountSequences(beam.PTransform):
    """SizedCrops -> (bucket, {DrawId: sequences})."""

    def __init__(self, rule: PackingRule) -> None:
        super().__init__()
        self.rule = rule

    def expand(self, input_or_inputs: Any) -> Any:
        """Groups by bucket and counts."""
        return (
            input_or_inputs
            | "Group crops by bucket" >> beam.GroupByKey()
            | "Count sequences" >> beam.Map(_count_bucket, self.rule)
        )


class FillBuckets(beam.PTransform):
    """TokenisedCrops -> (bucket, Bucket), for every bucket of `quotas`.

    A bucket without crops is empty, but it is there: shards follow the quotas, not the crops.
    """

    def __init__(
        self, quotas: Quotas, rule: PackingRule, seed: int, token_bytes: NDArray[np.int32]
    ) -> None:
        super().__init__()
        self.quotas, self.rule, self.seed = quotas, rule, seed
        self.token_bytes = token_bytes

    def expand(self, input_or_inputs: Any) -> Any:
        """Groups by bucket, packs, takes the quotas and shuffles."""
        markers = input_or_inputs.pipeline | "Every bucket" >> beam.Create(
            [(bucket, (("", 0, 0), b"", b"")) for bucket in self.quotas], reshuffle=False
        ).with_output_types(TokenisedCrops)
        return (
            (markers, input_or_inputs)
            | "With every bucket" >> beam.Flatten()
            | "Group tokens by bucket" >> beam.GroupByKey()
            | "Fill buckets"
            >> beam.Map(_fill_bucket, self.quotas, self.rule, self.seed, self.token_bytes)
        )


def _count_bucket(
    element: tuple[int, Iterable[tuple[tuple[str, int, int], bytes]]], rule: PackingRule
) -> tuple[int, dict[DrawId, int]]:
    bucket, values = element
    parts: dict[DrawId, list[bytes]] = defaultdict(list)
    for draw_id, crops in values:
        parts[DrawId(*draw_id)].append(crops)
    counts = {
        draw_id: count_crops(np.frombuffer(b"".join(crops), CROP_DTYPE), rule)
        for draw_id, crops in sorted(parts.items())
    }
    return bucket, counts


def _fill_bucket(
    element: tuple[int, Iterable[tuple[tuple[str, int, int], bytes, bytes]]],
    quotas: Quotas,
    rule: PackingRule,
    seed: int,
    token_bytes: NDArray[np.int32],
) -> tuple[int, Bucket]:
    bucket, values = element
    blocks: dict[DrawId, list[CropBlock]] = defaultdict(list)
    for draw_id, crops, tokens in values:
        blocks[DrawId(*draw_id)].append(CropBlock.from_bytes(crops, tokens))
    drawn = [
        DrawnCrops(*draw_id, tuple(parts), quotas[bucket].get(draw_id, 0))
        for draw_id, parts in sorted(blocks.items())
    ]
    return bucket, fill_bucket(bucket, drawn, rule, seed, token_bytes)
