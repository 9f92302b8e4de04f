from dataclasses import dataclass, replace

import numpy as np
import pytest

from massivetext.sequencing import filling
from massivetext.sequencing.crop_batches import (
    CROP_DTYPE,
    CropBatch,
    crop_hash,
    split_by_part,
)
from massivetext.sequencing.filling import DrawnCrops, count_crops, fill_shard
from massivetext.sequencing.packing import PackingRule

RULE = PackingRule(length=32, crops_per_group=10, bos=1, eos=2)
VOCABULARY = 1_000
ONE_BYTE_EACH = np.ones(VOCABULARY, np.int32)


def make_crops(subset: str, visit: int, documents: int) -> dict[str, list[int]]:
    """Returns each document's tokens; they differ between subsets, visits and documents."""
    rng = np.random.default_rng([documents, visit, len(subset)])
    return {
        f"{rng.integers(2**60):032x}": rng.integers(3, VOCABULARY, rng.integers(0, 60)).tolist()
        for _ in range(documents)
    }


def make_visit(subset: str, visit: int, documents: int, quota: int) -> "Visit":
    crops = make_crops(subset, visit, documents)
    rows = np.zeros(len(crops), CROP_DTYPE)
    for row, (document, tokens) in zip(rows, crops.items(), strict=True):
        row["hash"] = crop_hash(0, document, visit)
        row["document"] = np.void(bytes.fromhex(document))
        row["byte_start"], row["byte_stop"] = 5, 5 + len(tokens)
        row["tokens"] = len(tokens)
    flat = np.array([token for tokens in crops.values() for token in tokens], np.uint16)
    return Visit((subset, visit, 3), (CropBatch(rows, flat),), quota)


@dataclass(frozen=True)
class Visit:
    """The crops of a visit in batches, from which they can be drawn again and again."""

    name: tuple[str, int, int]
    batches: tuple[CropBatch, ...]
    quota: int

    @property
    def key(self) -> tuple[str, int]:
        return self.name[:2]

    def drawn(self) -> DrawnCrops:
        return DrawnCrops.of_batches(self.name, self.batches, self.quota, RULE)


def fill(*visits: Visit, seed: int = 0):
    return fill_shard(3, [visit.drawn() for visit in visits], RULE.length, seed, ONE_BYTE_EACH)


VISITS = [
    make_visit("books", 0, 90, 20),
    make_visit("books", 1, 90, 7),
    make_visit("news", 0, 50, 11),
]


def test_every_subset_gives_its_quota():
    full = fill(*VISITS)
    assert full.sequences_NxL.shape == (38, 32)
    subsets = full.provenance.group_by(["subset", "visit"]).aggregate(
        [("sequence", "count_distinct")]
    )
    assert sorted(map(tuple, (row.values() for row in subsets.to_pylist()))) == [
        ("books", 0, 20), ("books", 1, 7), ("news", 0, 11),
    ]  # fmt: skip


def test_provenance_points_at_the_very_tokens():
    crops = {
        visit.key: make_crops(*visit.key, documents)
        for visit, documents in zip(VISITS, (90, 90, 50), strict=True)
    }
    full = fill(*VISITS)
    rows = full.provenance.to_pylist()
    filled = np.zeros_like(full.sequences_NxL)
    for row in rows:
        tokens = crops[row["subset"], row["visit"]][row["document_id"]]
        wrapped = [1, *tokens, 2][row["crop_token_start"] : row["crop_token_end"]]
        start, stop = row["token_start"], row["token_end"]
        filled[row["sequence"], start:stop] = wrapped
        assert (row["byte_start"], row["byte_end"]) == (5, 5 + len(tokens))
        assert row["shard"] == 3
    assert np.array_equal(filled, full.sequences_NxL)
    assert rows == sorted(rows, key=lambda row: (row["sequence"], row["order"]))


def test_order_of_visits_and_crops_does_not_matter():
    expected = fill(*VISITS)
    shuffled = []
    for visit in reversed(VISITS):
        (batch,) = visit.batches
        parts = split_by_part(batch, 3)  # three batches, each in another order
        shuffled.append(replace(visit, batches=tuple(parts[n] for n in (2, 0, 1))))
    full = fill(*shuffled)
    assert np.array_equal(full.sequences_NxL, expected.sequences_NxL)
    assert full.provenance.equals(expected.provenance)


def test_packing_in_pieces_is_packing_at_once(monkeypatch: pytest.MonkeyPatch):
    expected = fill(*VISITS)
    monkeypatch.setattr(filling, "_PACKED_TOKENS", 1)
    found = fill(*VISITS)
    assert np.array_equal(found.sequences_NxL, expected.sequences_NxL)
    assert found.provenance.equals(expected.provenance)
    assert found.subset_utf8_bytes == expected.subset_utf8_bytes


def test_a_larger_quota_keeps_the_sequences_of_a_smaller_one():
    few, many = (fill(make_visit("books", 0, 90, quota)).sequences_NxL for quota in (5, 25))
    assert {tuple(s) for s in few.tolist()} < {tuple(s) for s in many.tolist()}


def test_parts_are_packed_one_by_one():
    """So that the sequences of a part are the same in whatever shard it lies."""
    visit = make_visit("books", 0, 90, 0)
    parts = split_by_part(visit.batches[0], 2)
    counts = {part: count_crops(batch.crops_C, RULE) for part, batch in parts.items()}
    drawn = {
        part: DrawnCrops.of_batches(("books", 0, part), [batch], counts[part], RULE)
        for part, batch in parts.items()
    }
    alone = [
        fill_shard(
            part, [replace(drawn[part], tokens=list(drawn[part].tokens))], 32, 0, ONE_BYTE_EACH
        )
        for part in parts
    ]
    together = fill_shard(0, drawn.values(), 32, 0, ONE_BYTE_EACH).sequences_NxL
    assert sorted(together.tolist()) == sorted(
        sequence for shard in alone for sequence in shard.sequences_NxL.tolist()
    )


def test_subsets_are_shuffled_into_each_other():
    provenance = fill(*VISITS).provenance
    subset_of = dict(
        zip(provenance["sequence"].to_pylist(), provenance["subset"].to_pylist(), strict=True)
    )
    changes = sum(subset_of[n] != subset_of[n + 1] for n in range(37))
    assert changes > 5  # 1 if they stood one after the other; 15.6 expected


def test_seed_changes_choice_and_order():
    assert not np.array_equal(fill(*VISITS).sequences_NxL, fill(*VISITS, seed=1).sequences_NxL)


def test_bytes_of_the_chosen_tokens_are_counted_by_subset():
    assert fill(*VISITS).subset_utf8_bytes == {"books": 27 * 32, "news": 11 * 32}


def test_an_empty_shard_is_possible():
    full = fill(make_visit("books", 0, 90, 0))
    assert full.sequences_NxL.shape == (0, 32)
    assert full.provenance.num_rows == 0


def test_counting_agrees_with_packing():
    crops = VISITS[0].batches[0].crops_C
    count = count_crops(crops, RULE)
    assert count_crops(crops[::-1], RULE) == count
    fill(make_visit("books", 0, 90, count))
    with pytest.raises(ValueError, match="part 3 holds"):
        fill(make_visit("books", 0, 90, count + 1))
