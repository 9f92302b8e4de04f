"""Decisions of blocks that know the heads of others are those of one who knows everything."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.recfunctions import repack_fields

from massivetext.dedup.exact import GROUP_RECORD, TEXT_BUCKETS, exact_removals
from massivetext.dedup.heads import bucket_heads, heads_for_blocks
from massivetext.dedup.keys import COUNT_BITS
from massivetext.dedup.pairs import BAND_BUCKETS, BAND_RECORD, candidate_pairs
from massivetext.dedup.row_blocks import RowBlocks

ROWS = 4
DOCUMENTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=40
)
"""(bucket, raw text, precedence) of each document, in the order of their addresses."""


def group_records(documents):
    return np.array(
        [
            (bucket, 1, raw + 10 * bucket, address, precedence << COUNT_BITS)
            for address, (bucket, raw, precedence) in enumerate(documents)
        ],
        GROUP_RECORD,
    )


def band_records(documents):
    """Two bands a document: its bucket, and one that joins neighbouring buckets."""
    rows = [
        (key, address, precedence << COUNT_BITS | 100)
        for address, (bucket, _, precedence) in enumerate(documents)
        for key in (bucket, 10 + bucket // 2)
    ]
    return np.array(rows, BAND_RECORD)


def by_block(records, buckets, top):
    """(block, its records, the heads that it is sent) after one exchange."""
    blocks = RowBlocks((int(records["address"].max()) + 1,), ROWS)
    numbers = blocks.numbers(records["address"])
    own = {block: records[numbers == block] for block in range(blocks.count)}
    sent = [bucket_heads(part, buckets, top) for part in own.values()]
    returned = heads_for_blocks(np.concatenate(sent), buckets, blocks.numbers, top)
    heads = np.concatenate(list(returned) or [np.empty(0, buckets.head_dtype)])
    for block, part in own.items():
        mine = heads[heads["block"] == block]
        guests = repack_fields(mine[list(buckets.dtype.names)])
        assert not np.isin(guests["address"], part["address"]).any()
        yield block, part, guests


@given(DOCUMENTS, st.integers(1, 5))
def test_pairs_of_blocks_are_those_of_the_whole(documents, top):
    records = band_records(documents)
    found = [
        candidate_pairs(part, 0.8, guests, top)
        for _, part, guests in by_block(records, BAND_BUCKETS, top)
    ]
    assert np.concatenate(found).tolist() == candidate_pairs(records, 0.8, top=top).tolist()


@given(DOCUMENTS, st.integers(1, 5))
def test_exact_removals_of_blocks_are_those_of_the_whole(documents, top):
    records = group_records(documents)
    found = []
    for _, part, guests in by_block(records, TEXT_BUCKETS, top):
        removals = exact_removals(np.concatenate([part, guests]), top)
        found += removals[np.isin(removals["address"], part["address"])].tolist()
    assert found == exact_removals(records, top).tolist()


@pytest.mark.parametrize("buckets", [TEXT_BUCKETS, BAND_BUCKETS], ids=["groups", "bands"])
def test_a_block_is_sent_no_more_than_the_heads_of_its_buckets(buckets):
    documents = [(0, number, number * 7 % 1000) for number in range(1000)]
    records = (group_records if buckets is TEXT_BUCKETS else band_records)(documents)
    for _, _, guests in by_block(records, buckets, 32):
        assert 0 < guests.size <= 32 * len(set(records[buckets.key[0]].tolist()))


def test_a_bucket_inside_one_block_is_not_sent_back():
    records = band_records([(0, 0, 1), (0, 0, 2), (4, 0, 3), (4, 0, 4)])
    assert [guests.size for _, _, guests in by_block(records, BAND_BUCKETS, 32)] == [0]
