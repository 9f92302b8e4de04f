"""The hash tables, against a dictionary and against plain arithmetic."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import types

from massivetext.kernels import kernel
from massivetext.pipeline.extraction import hashing

WORD = 2**64
GOLDEN = (math.isqrt(5 * WORD**2) - WORD) // 2
"""A word divided by the golden ratio: (sqrt(5) - 1) / 2 of it."""


@kernel(types.void(*[types.int64[::1]] * 2, *[types.int32[::1]] * 2))
def number_all(items, keys, numbers, found):
    count = 0
    for index in range(len(items)):
        found[index] = hashing.number_of(items[index], keys, numbers, count)
        count = max(count, found[index] + 1)


@kernel("int64(Array(uint8, 1, 'C', readonly=True))")
def compiled_hash(name):
    value = 0
    for byte in name:
        value = hashing.name_hash_with(value, byte)
    return value


@kernel("int64(int64[::1], int64)")
def compiled_slot(keys, key):
    return hashing.slot_of(keys, key)


@kernel("int64(int64, int64)")
def compiled_mix(value, other):
    return hashing.mix(value, other)


@given(st.lists(st.sampled_from([0, 1, 15, 16, 17, 31, 2**62 - 1, 2**40]) | st.integers(0, 60)))
def test_equal_keys_get_equal_numbers_in_order(items: list[int]) -> None:
    slots = 1 << (2 * max(len(items), 1)).bit_length()
    keys = np.full(slots, hashing.FREE, np.int64)
    found = np.zeros(len(items), np.int32)
    number_all(np.array(items, np.int64), keys, np.empty(slots, np.int32), found)
    numbers = {key: number for number, key in enumerate(dict.fromkeys(items))}
    assert found.tolist() == [numbers[key] for key in items]


@given(st.binary(max_size=40))
def test_compiled_code_hashes_names_as_python_does(name: bytes) -> None:
    expected = 0
    for byte in name:
        expected = hashing.hash_with(expected, byte)
    assert compiled_hash(np.frombuffer(name, np.uint8)) == expected


def signed(value: int) -> int:
    return (value + WORD // 2) % WORD - WORD // 2


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_mixing_is_arithmetic_in_words(value: int, other: int) -> None:
    mixed = signed((value * GOLDEN ^ other) * GOLDEN)
    assert compiled_mix(value, other) == (mixed ^ mixed >> 31) & 2**62 - 1


def test_a_table_finds_its_names_and_no_others() -> None:
    names = {f"name-{number}".encode(): number for number in range(100)}
    keys, values = hashing.hash_table(names, 256, 999)
    for name, value in (*names.items(), (b"", 999), (b"name-100", 999)):
        key = int(compiled_hash(np.frombuffer(name, np.uint8)))
        assert values[compiled_slot(keys, key)] == value


def test_two_names_of_one_hash_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "hash_with", lambda value, byte: 7)
    with pytest.raises(AssertionError, match="hash collision"):
        hashing.hash_table({b"a": 1, b"b": 2}, 8, 0)
