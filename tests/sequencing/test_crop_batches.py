import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from massivetext.sequencing import crop_batches
from massivetext.sequencing.crop_batches import CROP_DTYPE, CropBatch

crop_rows = st.lists(
    st.tuples(
        st.integers(0, 2**64 - 1) | st.integers(0, 3),  # many equal hashes
        st.binary(min_size=16, max_size=16),
        st.lists(st.integers(0, 65_535), max_size=5),
    ),
    max_size=20,
    unique_by=lambda row: row[1],
)


def make_batch(rows) -> CropBatch:
    crops = np.zeros(len(rows), CROP_DTYPE)
    for crop, (hash_64, document, tokens) in zip(crops, rows, strict=True):
        crop["hash"], crop["document"] = hash_64, np.void(document)
        crop["tokens"] = len(tokens)
    return CropBatch(crops, np.array([t for row in rows for t in row[2]], np.uint16))


def rows_of(batch: CropBatch):
    stops = np.cumsum(batch.crops_C["tokens"])
    return [
        (int(c["hash"]), c["document"].tobytes(), batch.tokens[e - c["tokens"] : e].tolist())
        for c, e in zip(batch.crops_C, stops, strict=True)
    ]


@given(crop_rows)
def test_batches_survive_as_bytes(rows):
    assert rows_of(CropBatch.from_bytes(*make_batch(rows).to_bytes())) == rows


@given(crop_rows, st.randoms(use_true_random=False))
def test_order_depends_on_hash_and_document_only(rows, random):
    expected = sorted(rows)
    random.shuffle(rows)
    middle = len(rows) // 2
    parts = [make_batch(rows[:middle]), make_batch(rows[middle:])]
    crops, tokens = crop_batches.join_in_hash_order(parts)
    found = zip(crops["hash"].tolist(), crops["document"], tokens, strict=True)
    assert [(h, d.tobytes(), t.tolist()) for h, d, t in found] == expected


@given(crop_rows, st.integers(1, 5))
def test_parts_hold_every_crop_once_and_in_order(rows, parts):
    split = crop_batches.split_by_part(make_batch(rows), parts)
    for number, batch in split.items():
        assert all(row[0] % parts == number for row in rows_of(batch))
    in_order = [row for number in sorted(split) for row in rows_of(split[number])]
    assert in_order == sorted(rows, key=lambda row: (row[0] % parts, *row))


def test_crops_spread_evenly_over_parts():
    hashes = [crop_batches.crop_hash(0, f"{document:032x}", 0) for document in range(40_000)]
    counts = np.bincount(crop_batches.part_of(np.array(hashes, np.uint64), 8))
    # Binomial: 5,000 a part, standard deviation 66.
    assert np.abs(counts - 5_000).max() < 5 * 66


def test_each_visit_has_a_hash_of_its_own():
    assert crop_batches.crop_hash(0, "a", 0) != crop_batches.crop_hash(0, "a", 1)
    assert crop_batches.crop_hash(0, "a", 0) != crop_batches.crop_hash(1, "a", 0)


def test_hashes_stay_the_same():
    """Golden: another hash would give every user other shards."""
    document = "0123456789abcdef" * 2
    hashes = [crop_batches.crop_hash(0, document, visit) for visit in range(2)]
    assert hashes == [9352579029348045051, 10095149674606634797]
