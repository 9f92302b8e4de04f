import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup import pairs as pairs_module
from massivetext.dedup.groups import partition_of, resolve_in_blocks
from massivetext.dedup.heads import bucket_heads
from massivetext.dedup.keys import COUNT_BITS, precedences
from massivetext.dedup.pairs import BAND_BUCKETS, BAND_RECORD, candidate_pairs, distinct_pairs

RECORDS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 30), st.integers(0, 3)), max_size=60
).map(lambda rows: records_of(dict.fromkeys(rows)))


def records_of(rows):
    """BAND_RECORDs from (key, address, any); a document's precedence follows from its address."""
    found = np.zeros(len(rows), BAND_RECORD)
    for index, (key, address, _) in enumerate(rows):
        found[index] = (key, address, (address * 7 % 5) << COUNT_BITS | (100 + address % 3))
    return found


def expected_pairs(records, top):
    """The definition: each document of a bucket with those of its first `top` that beat it."""
    pairs = set()
    for key in {int(k) for k in records["key"]}:
        bucket = records[records["key"] == key]
        members = sorted(
            {
                (int(p), int(a))
                for p, a in zip(precedences(bucket["rank"]), bucket["address"], strict=True)
            }
        )
        for place, (_, lower) in enumerate(members):
            pairs |= {(lower, partner) for _, partner in members[: min(place, top)]}
    return pairs


def as_set(pairs):
    return {(int(row["lower"]), int(row["partner"])) for row in pairs}


@given(RECORDS, st.integers(1, 5))
def test_every_document_of_a_bucket_meets_its_top_ones(records, top):
    pairs = candidate_pairs(records, 0.8, top=top)
    assert as_set(pairs) == expected_pairs(records, top)
    assert len(as_set(pairs)) == pairs.size
    assert (np.diff(pairs["lower"].astype(np.int64)) >= 0).all()


@given(RECORDS, st.integers(1, 40))
def test_buckets_of_any_size_are_resolved_a_few_records_at_a_time(records, block_records):
    chunks = np.array_split(records, 7)
    found = resolve_in_blocks(
        chunks,
        lambda part: bucket_heads(part, BAND_BUCKETS, 3),
        lambda part: [candidate_pairs(part, 0.8, top=3)],
        block_records,
    )
    assert as_set(distinct_pairs(np.concatenate([candidate_pairs(records[:0], 0.8), *found]))) == (
        expected_pairs(records, 3)
    )


def test_no_more_than_blocks_and_heads_are_ever_held():
    """One bucket of 20,000 documents, 100 a chunk: neither pass may hold it."""
    held = []

    def chunk(number):
        return records_of([(0, number * 100 + row, 0) for row in range(100)])

    class Chunks:
        def __iter__(self):
            return (chunk(number) for number in range(200))

    def heads_of(part):
        held.append(part.size)
        return bucket_heads(part, BAND_BUCKETS)

    def resolve(part):
        held.append(part.size)
        return [candidate_pairs(part, 0.8)]

    lowers = [part["lower"] for part in resolve_in_blocks(Chunks(), heads_of, resolve, 1000)]
    assert max(held) <= 1000 + 100 + 32
    assert np.unique(np.concatenate(lowers)).size == 20_000 - 1


def test_the_work_is_linear_in_the_size_of_a_bucket():
    for size in (1000, 2000, 4000):
        records = records_of([(5, address, 0) for address in range(size)])
        assert candidate_pairs(records, 0.8).size == 32 * (size - 32) + 32 * 31 // 2


def test_sizes_rule_pairs_out():
    records = records_of([(1, 0, 0), (1, 5, 0), (1, 10, 0)])
    records["rank"] = [100, 80, 81]
    assert as_set(candidate_pairs(records, 0.8)) == {(10, 0), (10, 5)}


@pytest.mark.parametrize("partitions", [1, 2, 3, 64, 1000])
def test_partitions_are_ranges_of_even_size(partitions):
    found = partition_of(np.arange(100_000, dtype=np.uint64), partitions)
    counts = np.bincount(found, minlength=partitions)
    assert counts.size == partitions
    assert counts.min() > 0.5 * 100_000 / partitions


@pytest.mark.parametrize("pairs_a_step", [1, 7, 100])
def test_working_through_documents_in_steps_changes_nothing(monkeypatch, pairs_a_step):
    records = records_of([(key, address, 0) for key in range(3) for address in range(40)])
    whole = candidate_pairs(records, 0.8)
    monkeypatch.setattr(pairs_module, "_PAIRS_A_STEP", pairs_a_step)
    assert candidate_pairs(records, 0.8).tolist() == whole.tolist()
    assert whole.size > 700
