"""The transforms give what the pure functions give, whatever the order of the elements."""

import random

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.testing.util import assert_that

from massivetext.sequencing.beam import (
    CountSequences,
    DrawId,
    SizedCrops,
    SortCrops,
    TokenisedCrops,
)
from massivetext.sequencing.crop_batches import (
    CROP_DTYPE,
    CropBatch,
    crop_hash,
    sorted_batch,
    split_by_part,
)
from massivetext.sequencing.filling import count_crops
from massivetext.sequencing.packing import PackingRule

RULE = PackingRule(length=32, crops_per_group=10, bos=1, eos=2)
SHARDS = 4  # of which the crops fill the first three
DRAWS = [DrawId("books", 0, 0), DrawId("books", 1, 1), DrawId("news", 0, 0)]


def make_batch(draw: DrawId, number: int) -> CropBatch:
    rng = np.random.default_rng([DRAWS.index(draw), number])
    rows = np.zeros(40, CROP_DTYPE)
    for row in rows:
        document = f"{rng.integers(2**60):032x}"
        row["hash"] = crop_hash(0, document, draw.visit)
        row["document"] = np.void(bytes.fromhex(document))
        row["tokens"] = rng.integers(0, 60)
    return CropBatch(rows, rng.integers(3, 1_000, rows["tokens"].sum(), np.uint16))


@pytest.fixture(scope="module")
def elements():
    found = []
    for draw in DRAWS:
        for number in range(3):
            for shard, batch in split_by_part(make_batch(draw, number), SHARDS - 1).items():
                found.append((shard, (tuple(draw), *batch.to_bytes())))
    random.Random(0).shuffle(found)
    return found


def expected_batches(elements) -> dict[int, dict[DrawId, CropBatch]]:
    batches: dict[int, dict[DrawId, list[CropBatch]]] = {b: {} for b in range(SHARDS)}
    for shard, (draw, crops, tokens) in sorted(elements):
        batch = CropBatch.from_bytes(crops, tokens)
        batches[shard].setdefault(DrawId(*draw), []).append(batch)
    return {
        shard: {
            draw: CropBatch(
                np.concatenate([part.crops_C for part in parts]),
                np.concatenate([part.tokens for part in parts]),
            )
            for draw, parts in by_draw.items()
        }
        for shard, by_draw in batches.items()
    }


def test_counts_and_sorted_crops(elements):
    expected = expected_batches(elements)

    def check_counts(found):
        counts = dict(found)
        assert sorted(counts) == [0, 1, 2]
        assert all(set(by_draw) == set(DRAWS) for by_draw in counts.values())
        for shard, by_draw in counts.items():
            for draw, count in by_draw.items():
                assert count == count_crops(expected[shard][draw].crops_C, RULE) > 0

    def check_sorted(found):
        assert sorted(shard for shard, _ in found) == [0, 1, 2]
        for shard, by_draw in found:
            assert list(by_draw) == sorted(DRAWS)
            for draw, batch in by_draw.items():
                whole = sorted_batch([expected[shard][draw]])
                assert np.array_equal(batch.crops_C, whole.crops_C)
                assert np.array_equal(batch.tokens, whole.tokens)
                assert (np.diff(batch.crops_C["hash"].astype(object)) > 0).all()

    with beam.Pipeline("FnApiRunner") as pipeline:
        tokenised = pipeline | "Tokens" >> beam.Create(elements, reshuffle=False).with_output_types(
            TokenisedCrops
        )
        sized = pipeline | "Sizes" >> beam.Create(
            [(shard, (draw, crops)) for shard, (draw, crops, _) in elements], reshuffle=False
        ).with_output_types(SizedCrops)
        counts = sized | "Count" >> CountSequences(RULE)
        sorted_crops = tokenised | "Sort" >> SortCrops()
        assert_that(counts, check_counts, label="counts")
        assert_that(sorted_crops, check_sorted, label="sorted")
