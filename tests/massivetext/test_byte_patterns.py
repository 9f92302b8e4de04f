import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from massivetext.byte_patterns import WORD_BYTES, word_at, word_of
from massivetext.kernels import kernel
from massivetext.prefetch import prefetch


@kernel("uint64(Array(uint8, 1, 'C', readonly=True), int64)")
def _word(page: np.ndarray, position: int) -> np.uint64:
    prefetch(page, position + 1_000_000)  # behind the end: nothing happens
    return word_at(page, position)


@given(st.binary(min_size=WORD_BYTES, max_size=40), st.integers(0, 40))
def test_words_are_bytes_wherever_they_stand(page: bytes, position: int) -> None:
    position = min(position, len(page) - WORD_BYTES)
    found = _word(np.frombuffer(page, np.uint8), position)
    assert found == word_of(page[position : position + WORD_BYTES])
    assert found == int.from_bytes(page[position : position + WORD_BYTES], "little")
