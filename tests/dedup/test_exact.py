import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.exact import GROUP_RECORD, TEXT_BUCKETS, exact_removals
from massivetext.dedup.groups import resolve_in_blocks
from massivetext.dedup.heads import bucket_heads
from massivetext.dedup.keys import COUNT_BITS, precedences
from massivetext.dedup.removal import EXACT, NEAR, REMOVAL

RECORDS = st.lists(st.tuples(*[st.integers(0, 2)] * 3, st.integers(0, 6)), max_size=40).map(
    lambda rows: np.array(
        [
            (high, low, raw + 10 * (high + 3 * low), address, rank << COUNT_BITS)
            for address, (high, low, raw, rank) in enumerate(rows)
        ],
        GROUP_RECORD,
    )
)


def expected(records):
    """The definition, record by record."""
    removals = {}
    for record in records:
        group = records[
            (records["group_high"] == record["group_high"])
            & (records["group_low"] == record["group_low"])
        ]

        def first(members):
            return min(zip(precedences(members["rank"]), members["address"], strict=True))

        mine = (precedences(record["rank"]), record["address"])
        copy = first(group[group["raw"] == record["raw"]])
        if copy < mine:
            removals[int(record["address"])] = (int(copy[1]), EXACT)
        elif first(group) < mine:
            removals[int(record["address"])] = (int(first(group)[1]), NEAR)
    return removals


def as_dict(removals):
    assert (removals["jaccard"] == 1).all()
    return {int(r["address"]): (int(r["partner"]), int(r["kind"])) for r in removals}


@given(RECORDS)
def test_all_but_the_winner_of_a_group_go(records):
    found = exact_removals(records)
    assert as_dict(found) == expected(records)
    assert (np.diff(found["address"].astype(np.int64)) > 0).all()


@given(RECORDS, st.integers(1, 40))
def test_groups_of_any_size_are_resolved_a_few_records_at_a_time(records, block_records):
    chunks = np.array_split(records, 5)
    parts = list(
        resolve_in_blocks(
            chunks,
            lambda part: bucket_heads(part, TEXT_BUCKETS),
            lambda part: [exact_removals(part)],
            block_records,
        )
    )
    found = {}
    for part in [np.empty(0, REMOVAL), *parts]:
        found |= as_dict(part)
    assert found == expected(records)
