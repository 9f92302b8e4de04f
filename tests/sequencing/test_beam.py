"""The transforms give what the pure functions give, whatever the order of the elements."""

import random

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.testing.util import assert_that

from massivetext.sequencing.beam import (
    CountSequences,
    SizedCrops,
    SortCrops,
    TokenisedCrops,
    VisitId,
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

TENS = PackingRule(length=32, crops_per_group=10, bos=1, eos=2)
RULES = {"books": TENS, "news": TENS.by_tokens()}
PARTS = 4  # of which the crops fill the first three
VISITS = [VisitId("books", 0), VisitId("books", 1), VisitId("news", 0)]


def make_batch(visit: VisitId, number: int) -> CropBatch:
    rng = np.random.default_rng([VISITS.index(visit), number])
    rows = np.zeros(40, CROP_DTYPE)
    for row in rows:
        document = f"{rng.integers(2**60):032x}"
        row["hash"] = crop_hash(0, document, visit.visit)
        row["document"] = np.void(bytes.fromhex(document))
        row["tokens"] = rng.integers(0, 60)
    return CropBatch(rows, rng.integers(3, 1_000, rows["tokens"].sum(), np.uint16))


@pytest.fixture(scope="module")
def elements():
    found = []
    for visit in VISITS:
        for number in range(3):
            for part, batch in split_by_part(make_batch(visit, number), PARTS - 1).items():
                found.append((part, (tuple(visit), *batch.to_bytes())))
    random.Random(0).shuffle(found)
    return found


def expected_batches(elements) -> dict[int, dict[VisitId, CropBatch]]:
    batches: dict[int, dict[VisitId, list[CropBatch]]] = {b: {} for b in range(PARTS)}
    for part, (visit, crops, tokens) in sorted(elements):
        batch = CropBatch.from_bytes(crops, tokens)
        batches[part].setdefault(VisitId(*visit), []).append(batch)
    return {
        part: {
            visit: CropBatch(
                np.concatenate([one.crops_C for one in parts]),
                np.concatenate([one.tokens for one in parts]),
            )
            for visit, parts in by_visit.items()
        }
        for part, by_visit in batches.items()
    }


def test_counts_and_sorted_crops(elements):
    expected = expected_batches(elements)

    def check_counts(found):
        counts = dict(found)
        assert sorted(counts) == [0, 1, 2]
        assert all(set(by_visit) == set(VISITS) for by_visit in counts.values())
        for part, by_visit in counts.items():
            for visit, count in by_visit.items():
                assert count == count_crops(expected[part][visit].crops_C, RULES[visit.subset]) > 0

    def check_sorted(found):
        assert sorted(part for part, _ in found) == [0, 1, 2]
        for part, by_visit in found:
            assert list(by_visit) == sorted(VISITS)
            for visit, batch in by_visit.items():
                whole = sorted_batch([expected[part][visit]])
                assert np.array_equal(batch.crops_C, whole.crops_C)
                assert np.array_equal(batch.tokens, whole.tokens)
                assert (np.diff(batch.crops_C["hash"].astype(object)) > 0).all()

    with beam.Pipeline("FnApiRunner") as pipeline:
        tokenised = pipeline | "Tokens" >> beam.Create(elements, reshuffle=False).with_output_types(
            TokenisedCrops
        )
        sized = pipeline | "Sizes" >> beam.Create(
            [(part, (visit, crops)) for part, (visit, crops, _) in elements], reshuffle=False
        ).with_output_types(SizedCrops)
        counts = sized | "Count" >> CountSequences(RULES)
        sorted_crops = tokenised | "Sort" >> SortCrops()
        assert_that(counts, check_counts, label="counts")
        assert_that(sorted_crops, check_sorted, label="sorted")
