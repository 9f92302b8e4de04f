"""The transforms give what the pure functions give, whatever the order of the elements."""

import random

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.testing.util import assert_that

from massivetext.sequencing.beam import (
    CountSequences,
    DrawId,
    FillBuckets,
    SizedCrops,
    TokenisedCrops,
)
from massivetext.sequencing.blocks import CROP_DTYPE, CropBlock, crop_hash, split_by_bucket
from massivetext.sequencing.buckets import DrawnCrops, fill_bucket
from massivetext.sequencing.packing import PackingRule

RULE = PackingRule(length=32, crops_per_group=10, bos=1, eos=2)
ONE_BYTE_EACH = np.ones(1_000, np.int32)
BUCKETS = 4  # of which the crops fill the first three
DRAWS = [DrawId("books", 0, 0), DrawId("books", 1, 1), DrawId("news", 0, 0)]


def make_block(draw: DrawId, number: int) -> CropBlock:
    rng = np.random.default_rng([DRAWS.index(draw), number])
    rows = np.zeros(40, CROP_DTYPE)
    for row in rows:
        document = f"{rng.integers(2**60):032x}"
        row["hash"] = crop_hash(0, document, draw.visit)
        row["document"] = np.void(bytes.fromhex(document))
        row["tokens"] = rng.integers(0, 60)
    return CropBlock(rows, rng.integers(3, 1_000, rows["tokens"].sum(), np.uint16))


@pytest.fixture(scope="module")
def elements():
    found = []
    for draw in DRAWS:
        for number in range(3):
            for bucket, block in split_by_bucket(make_block(draw, number), BUCKETS - 1).items():
                found.append((bucket, (tuple(draw), *block.to_bytes())))
    random.Random(0).shuffle(found)
    return found


def expected_blocks(elements) -> dict[int, dict[DrawId, CropBlock]]:
    blocks: dict[int, dict[DrawId, list[CropBlock]]] = {b: {} for b in range(BUCKETS)}
    for bucket, (draw, crops, tokens) in sorted(elements):
        block = CropBlock.from_bytes(crops, tokens)
        blocks[bucket].setdefault(DrawId(*draw), []).append(block)
    return {
        bucket: {
            draw: CropBlock(
                np.concatenate([part.crops_C for part in parts]),
                np.concatenate([part.tokens for part in parts]),
            )
            for draw, parts in by_draw.items()
        }
        for bucket, by_draw in blocks.items()
    }


def test_counts_and_buckets(elements):
    quotas = {b: dict.fromkeys(DRAWS, 5) if b < 3 else {} for b in range(BUCKETS)}
    expected = {
        bucket: fill_bucket(
            bucket,
            [DrawnCrops(*draw, (block,), 5) for draw, block in by_draw.items()],
            RULE,
            0,
            ONE_BYTE_EACH,
        )
        for bucket, by_draw in expected_blocks(elements).items()
    }

    def check_counts(found):
        counts = dict(found)
        assert sorted(counts) == [0, 1, 2]
        assert all(set(by_draw) == set(DRAWS) for by_draw in counts.values())
        assert all(count >= 5 for by_draw in counts.values() for count in by_draw.values())

    def check_buckets(found):
        assert sorted(bucket for bucket, _ in found) == list(range(BUCKETS))
        for number, bucket in found:
            assert np.array_equal(bucket.sequences_NxL, expected[number].sequences_NxL)
            assert bucket.provenance.equals(expected[number].provenance)
        assert len(dict(found)[3].sequences_NxL) == 0

    with beam.Pipeline("FnApiRunner") as pipeline:
        tokenised = pipeline | "Tokens" >> beam.Create(elements, reshuffle=False).with_output_types(
            TokenisedCrops
        )
        sized = pipeline | "Sizes" >> beam.Create(
            [(bucket, (draw, crops)) for bucket, (draw, crops, _) in elements], reshuffle=False
        ).with_output_types(SizedCrops)
        counts = sized | "Count" >> CountSequences(RULE)
        buckets = tokenised | "Fill" >> FillBuckets(quotas, RULE, 0, ONE_BYTE_EACH)
        assert_that(counts, check_counts, label="counts")
        assert_that(buckets, check_buckets, label="buckets")
