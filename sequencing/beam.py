"""Sequencing as Beam transforms: thin wiring around the pure functions of this room.

Elements are small tuples of names, numbers and `bytes` arrays, keyed by shard. Text never comes
here: crops are tokenised before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import apache_beam as beam
import numpy as np

from massivetext.sequencing.crop_batches import CROP_DTYPE, CropBatch, sorted_batch
from massivetext.sequencing.filling import count_crops
from massivetext.sequencing.packing import PackingRule


class DrawId(NamedTuple):
    """Which draw from which subset: `visit` is the visit it is a part of."""

    subset: str
    visit: int
    draw: int


SizedCrops = tuple[int, tuple[tuple[str, int, int], bytes]]
"""(shard, (DrawId, crops)): `crops` is an array of CROP_DTYPE."""

NO_DRAW: Final = DrawId("", 0, 0)
"""Of an element without crops, which makes its key come up."""

TokenisedCrops = tuple[int, tuple[tuple[str, int, int], bytes, bytes]]
"""(key, (DrawId, crops, tokens)): the arrays of a `CropBatch`."""

Quotas = Mapping[int, Mapping[DrawId, int]]
"""Shard -> draw -> sequences to take."""


class CountSequences(beam.PTransform):
    """SizedCrops -> (shard, {DrawId: sequences})."""

    def __init__(self, rule: PackingRule) -> None:
        super().__init__()
        self.rule = rule

    def expand(self, input_or_inputs: Any) -> Any:
        """Groups by shard and counts."""
        return (
            input_or_inputs
            | "Group crops by shard" >> beam.GroupByKey()
            | "Count sequences" >> beam.Map(_count_shard, self.rule)
        )


class SortCrops(beam.PTransform):
    """TokenisedCrops, keyed by anything -> (key, {DrawId: all its crops in hash order})."""

    def expand(self, input_or_inputs: Any) -> Any:
        """Groups by key and sorts."""
        return (
            input_or_inputs
            | "Group tokens by key" >> beam.GroupByKey()
            | "Sort crops" >> beam.Map(_sort_crops)
        )


def _count_shard(
    element: tuple[int, Iterable[tuple[tuple[str, int, int], bytes]]], rule: PackingRule
) -> tuple[int, dict[DrawId, int]]:
    shard, values = element
    parts: dict[DrawId, list[bytes]] = defaultdict(list)
    for draw_id, crops in values:
        parts[DrawId(*draw_id)].append(crops)
    counts = {
        draw_id: count_crops(np.frombuffer(b"".join(crops), CROP_DTYPE), rule)
        for draw_id, crops in sorted(parts.items())
    }
    return shard, counts


def _sort_crops(
    element: tuple[int, Iterable[tuple[tuple[str, int, int], bytes, bytes]]],
) -> tuple[int, dict[DrawId, CropBatch]]:
    key, values = element
    batches: dict[DrawId, list[CropBatch]] = defaultdict(list)
    for draw_id, crops, tokens in values:
        if draw_id != NO_DRAW:
            batches[DrawId(*draw_id)].append(CropBatch.from_bytes(crops, tokens))
    return key, {draw_id: sorted_batch(parts) for draw_id, parts in sorted(batches.items())}
