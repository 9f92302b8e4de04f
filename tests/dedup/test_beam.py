import apache_beam as beam
import numpy as np
import pytest
from apache_beam.testing.util import assert_that, equal_to

from massivetext.dedup import groups
from massivetext.dedup.beam import AskBlocks, RecordAnswers, ReturnHeads
from massivetext.dedup.exact import TEXT_BUCKETS, group_records
from massivetext.dedup.groups import partition_of
from massivetext.dedup.heads import bucket_heads, heads_for_blocks
from massivetext.dedup.packed import pack_item
from massivetext.dedup.pairs import BAND_BUCKETS, band_records
from massivetext.dedup.removal_rules import STATUS
from massivetext.dedup.row_blocks import RowBlocks
from massivetext.records import address
from tests.dedup.documents import corpus, keys_of

KEYS = keys_of(corpus(2))
ADDRESSES = np.array([address(n % 3, n // 3) for n in range(KEYS.size)], np.uint64)
BLOCKS = RowBlocks((100, 100, 100), 10)


def sent(records, hashes, partitions):
    """What the three work items send."""
    for item in range(3):
        mine = records["address"] >> np.uint64(32) == item
        partition = partition_of(hashes, partitions)
        for number in range(partitions):
            yield number, pack_item(records[mine & (partition == number)], item)


def run(transform, elements, of_packed, check):
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        found = (
            pipeline
            | "Sent" >> beam.Create(list(elements))
            | transform
            | "Rows" >> beam.FlatMap(of_packed)
            | "Distinct" >> beam.Distinct()
        )
        assert_that(found, check)


@pytest.mark.parametrize(("partitions", "block_records"), [(1, 4_000_000), (5, 50)])
@pytest.mark.parametrize("buckets", [TEXT_BUCKETS, BAND_BUCKETS], ids=["groups", "bands"])
def test_heads_are_those_of_the_pure_function(monkeypatch, buckets, partitions, block_records):
    """For any number of partitions, and for partitions that are not held in memory as a whole."""
    make = group_records if buckets is TEXT_BUCKETS else band_records
    records = make(KEYS, ADDRESSES)
    expected = np.concatenate(list(heads_for_blocks(records, buckets, BLOCKS.numbers))).tolist()
    assert expected
    monkeypatch.setattr(groups.resolve_in_blocks, "__defaults__", (block_records,))
    hashes = records[buckets.key[0]]

    def rows(element):
        return np.frombuffer(element[1], buckets.head_dtype).tolist()

    elements = list(sent(records, hashes, partitions))
    run(ReturnHeads(buckets, BLOCKS), elements, rows, equal_to(expected))


def test_blocks_are_answered_where_documents_lie_once_a_block():
    asked = {0: [address(2, 5), address(1, 1), address(2, 5)], 7: [address(2, 5)], 3: []}

    def ask(block):
        return np.array(asked[block], np.uint64)

    def answer(block, addresses):
        answers = np.zeros(addresses.size, STATUS)
        answers["address"], answers["state"] = addresses, block
        yield RecordAnswers(answers)

    def rows(element):
        return [(element[0], *row) for row in np.frombuffer(element[1], STATUS).tolist()]

    expected = [
        (0, address(2, 5), BLOCKS.first[2]),
        (0, address(1, 1), BLOCKS.first[1]),
        (7, address(2, 5), BLOCKS.first[2]),
    ]
    run(AskBlocks(BLOCKS, ask, answer), asked, rows, equal_to(expected))


def test_a_bucket_never_costs_more_than_its_heads_a_block():
    """What `ReturnHeads` gets and gives for one bucket of 20,000 documents in 4 blocks."""
    blocks = RowBlocks((10_000, 10_000), 5_000)
    records = np.zeros(20_000, BAND_BUCKETS.dtype)
    records["key"] = 7
    records["rank"] = np.arange(20_000)[::-1] << 24
    records["address"] = [address(n % 2, n // 2) for n in range(20_000)]
    parts = [
        bucket_heads(records[blocks.numbers(records["address"]) == block], BAND_BUCKETS)
        for block in range(4)
    ]
    assert [part.size for part in parts] == [32] * 4
    returned = np.concatenate(
        list(heads_for_blocks(np.concatenate(parts), BAND_BUCKETS, blocks.numbers))
    )
    assert 0 < returned.size <= 4 * 32
