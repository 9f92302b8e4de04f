import apache_beam as beam
import numpy as np
from apache_beam.testing.util import assert_that, equal_to

from massivetext.dedup import groups
from massivetext.dedup.beam import CandidatePairs, DistinctPairs, ExactDuplicates
from massivetext.dedup.exact import exact_removals
from massivetext.dedup.groups import partition_of
from massivetext.dedup.in_memory import band_records, group_records
from massivetext.dedup.packed import pack_item
from massivetext.dedup.pairs import PAIR, candidate_pairs
from massivetext.dedup.removal import REMOVAL
from massivetext.records import address
from tests.dedup.documents import corpus, keys_of

KEYS = keys_of(corpus(2))
ADDRESSES = np.array([address(n % 3, n // 3) for n in range(KEYS.size)], np.uint64)


def sent(records, hashes, partitions):
    """What the three work items send."""
    for item in range(3):
        mine = records["address"] >> np.uint64(32) == item
        partition = partition_of(hashes, partitions)
        for number in range(partitions):
            yield number, pack_item(records[mine & (partition == number)], item)


def rows(dtype, packed):
    return np.frombuffer(packed, dtype).tolist()


def run(transform, elements, of_packed, expected):
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        found = (
            pipeline
            | "Sent" >> beam.Create(list(elements))
            | transform
            | "Rows" >> beam.FlatMap(of_packed)
        )
        assert_that(found, equal_to(expected))


def test_exact_duplicates_are_those_of_the_pure_function_for_any_partitions():
    records = group_records(KEYS, ADDRESSES)
    expected = exact_removals(records).tolist()
    assert expected
    for partitions in (1, 7):
        elements = sent(records, records["group_high"], partitions)
        run(ExactDuplicates(), elements, lambda e: rows(REMOVAL, e[1]), expected)


def test_pairs_are_those_of_the_pure_function_for_any_partitions_and_blocks(monkeypatch):
    records = band_records(KEYS, ADDRESSES)
    expected = candidate_pairs(records, 0.8).tolist()
    assert expected
    for partitions, block_records in ((1, groups.BLOCK_RECORDS), (5, 50)):
        monkeypatch.setattr(groups.resolve_in_blocks, "__defaults__", (block_records,))
        elements = sent(records, records["key"], partitions)
        pairs = CandidatePairs(0.8), beam.Map(lambda e: (0, e[1])), DistinctPairs()
        with beam.Pipeline(runner="FnApiRunner") as pipeline:
            found = (
                pipeline
                | "Sent" >> beam.Create(list(elements))
                | pairs[0]
                | "One partition" >> pairs[1]
                | pairs[2]
                | "Rows" >> beam.FlatMap(lambda e: rows(PAIR, e[1]))
            )
            assert_that(found, equal_to(expected))
