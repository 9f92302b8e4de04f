"""The search for a byte, against Python's own."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from massivetext.byte_scan import find_byte
from massivetext.kernels import kernel


@kernel("int64(Array(uint8, 1, 'C', readonly=True), int64, uint8)")
def find(text, position, byte):
    return find_byte(text, position, byte)


@given(st.binary(max_size=70), st.integers(0, 70), st.integers(0, 255))
def test_the_first_one_at_or_behind_a_place(text: bytes, position: int, byte: int) -> None:
    position = min(position, len(text))
    expected = text.find(bytes([byte]), position)
    found = find(np.frombuffer(text, np.uint8), position, byte)
    assert found == (expected if expected >= 0 else len(text))


def test_every_place_in_a_stride() -> None:
    for length in range(40):
        for place in range(length):
            text = b"." * place + b"<" + b"." * (length - place - 1)
            assert find(np.frombuffer(text, np.uint8), 0, 60) == place
