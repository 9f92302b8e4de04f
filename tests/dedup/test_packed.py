import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.exact import GROUP_RECORD
from massivetext.dedup.packed import item_of, pack_item, pack_sets, row_of, unpack_item, unpack_sets
from massivetext.dedup.pairs import BAND_RECORD
from massivetext.dedup.shingles import join_sets
from massivetext.records import address


@pytest.mark.parametrize(("dtype", "record_bytes"), [(BAND_RECORD, 18), (GROUP_RECORD, 32)])
@given(
    item=st.integers(0, 2**32 - 1),
    rows=st.lists(st.integers(0, 2**32 - 1), max_size=5),
    value=st.integers(0, 2**64 - 1),
)
def test_records_of_an_item_come_back(dtype, record_bytes, item, rows, value):
    records = np.zeros(len(rows), dtype)
    records["rank"] = value
    records["address"] = [address(item, row) for row in rows]
    packed = pack_item(records, item)
    assert len(packed) == 4 + record_bytes * len(rows)
    assert unpack_item(packed, dtype).tobytes() == records.tobytes()
    assert item_of(records["address"]).tolist() == [item] * len(rows)
    assert row_of(records["address"]).tolist() == rows


@given(st.dictionaries(st.integers(0, 2**63), st.sets(st.integers(0, 2**64 - 1)), max_size=6))
def test_sets_come_back_by_address(sets):
    def pack(addresses):
        hashes = [np.array(sorted(sets[a]), np.uint64) for a in addresses]
        return pack_sets(np.array(addresses, np.uint64), join_sets(hashes))

    addresses = list(sets)
    found = unpack_sets([pack(addresses[:2]), pack(addresses[2:])])
    assert found.addresses.tolist() == sorted(sets)
    for index, one in enumerate(found.addresses.tolist()):
        assert found.sets.of_document(index).tolist() == sorted(sets[one])
    assert found.indices(np.array(sorted(sets), np.uint64)).tolist() == list(range(len(sets)))
