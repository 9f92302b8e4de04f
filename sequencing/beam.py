"""Sequencing as Beam transforms: thin wiring around the pure functions of this room.

Elements are small tuples of names, numbers and `bytes` arrays, keyed by bucket. Text never comes
here: crops are tokenised before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import apache_beam as beam
import numpy as np

from massivetext.sequencing.blocks import CROP_DTYPE, CropBlock, sorted_block
from massivetext.sequencing.buckets import count_crops
from massivetext.sequencing.packing import PackingRule


class DrawId(NamedTuple):
    """Which draw from which subset: `visit` is the visit it is a part of."""

    subset: str
    visit: int
    draw: int


SizedCrops = tuple[int, tuple[tuple[str, int, int], bytes]]
"""(bucket, (DrawId, crops)): `crops` is an array of CROP_DTYPE."""

NO_DRAW: Final = DrawId("", 0, 0)
"""Of an element without crops, which makes its key come up."""

TokenisedCrops = tuple[int, tuple[tuple[str, int, int], bytes, bytes]]
"""(key, (DrawId, crops, tokens)): the arrays of a `CropBlock`."""

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


class SortCrops(beam.PTransform):
    """TokenisedCrops, keyed by anything -> (key, {DrawId: all its crops in hash order})."""

    def expand(self, input_or_inputs: Any) -> Any:
        """Groups by key and sorts."""
        return (
            input_or_inputs
            | "Group tokens by key" >> beam.GroupByKey()
            | "Sort crops" >> beam.Map(_sort_crops)
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


def _sort_crops(
    element: tuple[int, Iterable[tuple[tuple[str, int, int], bytes, bytes]]],
) -> tuple[int, dict[DrawId, CropBlock]]:
    key, values = element
    blocks: dict[DrawId, list[CropBlock]] = defaultdict(list)
    for draw_id, crops, tokens in values:
        if draw_id != NO_DRAW:
            blocks[DrawId(*draw_id)].append(CropBlock.from_bytes(crops, tokens))
    return key, {draw_id: sorted_block(parts) for draw_id, parts in sorted(blocks.items())}
