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


class VisitId(NamedTuple):
    """One reading of a subset's documents, whole or in part: a crop of each."""

    subset: str
    visit: int


SizedCrops = tuple[int, tuple[tuple[str, int], bytes]]
"""(shard, (VisitId, crops)): `crops` is an array of CROP_DTYPE."""

NO_VISIT: Final = VisitId("", 0)
"""Of an element without crops, which makes its key come up."""

TokenisedCrops = tuple[int, tuple[tuple[str, int], bytes, bytes]]
"""(key, (VisitId, crops, tokens)): the arrays of a `CropBatch`."""

Quotas = Mapping[int, Mapping[VisitId, int]]
"""Shard -> visit -> sequences to take."""


class CountSequences(beam.PTransform):
    """SizedCrops -> (shard, {VisitId: sequences}), by the rule of each subset."""

    def __init__(self, rules: Mapping[str, PackingRule]) -> None:
        super().__init__()
        self.rules = rules

    def expand(self, input_or_inputs: Any) -> Any:
        """Groups by shard and counts."""
        return (
            input_or_inputs
            | "Group crops by shard" >> beam.GroupByKey()
            | "Count sequences" >> beam.Map(_count_shard, self.rules)
        )


class SortCrops(beam.PTransform):
    """TokenisedCrops, keyed by anything -> (key, {VisitId: all its crops in hash order})."""

    def expand(self, input_or_inputs: Any) -> Any:
        """Groups by key and sorts."""
        return (
            input_or_inputs
            | "Group tokens by key" >> beam.GroupByKey()
            | "Sort crops" >> beam.Map(_sort_crops)
        )


def _count_shard(
    element: tuple[int, Iterable[tuple[tuple[str, int], bytes]]], rules: Mapping[str, PackingRule]
) -> tuple[int, dict[VisitId, int]]:
    shard, values = element
    parts: dict[VisitId, list[bytes]] = defaultdict(list)
    for visit_id, crops in values:
        parts[VisitId(*visit_id)].append(crops)
    counts = {
        visit: count_crops(np.frombuffer(b"".join(crops), CROP_DTYPE), rules[visit.subset])
        for visit, crops in sorted(parts.items())
    }
    return shard, counts


def _sort_crops(
    element: tuple[int, Iterable[tuple[tuple[str, int], bytes, bytes]]],
) -> tuple[int, dict[VisitId, CropBatch]]:
    key, values = element
    batches: dict[VisitId, list[CropBatch]] = defaultdict(list)
    for visit_id, crops, tokens in values:
        if visit_id != NO_VISIT:
            batches[VisitId(*visit_id)].append(CropBatch.from_bytes(crops, tokens))
    return key, {visit: sorted_batch(parts) for visit, parts in sorted(batches.items())}
