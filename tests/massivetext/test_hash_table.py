"""Hash tables against dictionaries, in compiled code and in Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.hash_table import (
    NEXT_SLOT,
    find_item,
    find_slot,
    find_slot_in_python,
    slots_for,
    spread,
)
from massivetext.kernels import kernel

FREE = -1
KEYS = st.lists(st.one_of(st.integers(0, 40), st.integers(0, 2**62)), max_size=60)
"""Small ones collide by their lowest bits, and come again."""


@kernel("void(int64[::1], int64, int64[::1], int64[::1])")
def enter_keys(keys, mask, table, slots):
    for k in range(len(keys)):
        slot = find_slot(table, mask, keys[k], keys[k], FREE)
        table[slot] = keys[k]
        slots[k] = slot


@kernel("int64(int64[::1], int64[::1], int64, int32[::1], int64[:, ::1], int64[::1])")
def number_pairs(keys, values, mask, table, items, numbers):
    known = 0
    for k in range(len(keys)):
        slot = spread(keys[k])
        while True:
            slot = find_item(table, mask, slot, items, keys[k])
            if table[slot] == 0:
                items[known, 0], items[known, 1] = keys[k], values[k]
                known += 1
                table[slot] = known
                break
            if items[table[slot] - 1, 1] == values[k]:
                break
            slot += NEXT_SLOT
        numbers[k] = table[slot] - 1
    return known


@kernel("int64(int64)")
def compiled_slots_for(items):
    return slots_for(items)


@given(KEYS)
def test_every_key_has_one_slot(keys):
    mask = compiled_slots_for(len(keys)) - 1
    table = np.full(mask + 8, FREE, np.int64)  # longer than the mask says
    slots = np.zeros(len(keys), np.int64)
    enter_keys(np.array(keys, np.int64), mask, table, slots)
    assert (table[mask + 1 :] == FREE).all()
    assert sorted(table[table != FREE]) == sorted(set(keys))
    assert [table[slot] for slot in slots] == keys
    for key, slot in zip(keys, slots, strict=True):
        assert find_slot_in_python(table, mask, key, key, FREE) == slot


@given(KEYS, st.randoms())
def test_things_that_share_a_key_have_numbers_of_their_own(keys, random):
    values = [random.randrange(3) for _ in keys]
    slots = compiled_slots_for(len(keys))
    items = np.zeros((max(1, len(keys)), 2), np.int64)
    numbers = np.zeros(len(keys), np.int64)
    arrays = np.array(keys, np.int64), np.array(values, np.int64)
    known = number_pairs(*arrays, slots - 1, np.zeros(slots, np.int32), items, numbers)
    expected = {}
    for pair in zip(keys, values, strict=True):
        expected.setdefault(pair, len(expected))
    assert numbers.tolist() == [expected[pair] for pair in zip(keys, values, strict=True)]
    assert list(map(tuple, items[:known].tolist())) == list(expected)


def test_a_search_goes_on_at_the_first_slot():
    keys = np.array([7, FREE, FREE, 3])
    assert find_slot_in_python(keys, 3, 3, 7, FREE) == 0
    assert find_slot_in_python(keys, 3, 3, 11, FREE) == 1


@pytest.mark.parametrize(("items", "slots"), [(0, 16), (8, 16), (9, 32), (1000, 2048)])
def test_half_of_the_slots_stay_free(items, slots):
    assert compiled_slots_for(items) == slots
