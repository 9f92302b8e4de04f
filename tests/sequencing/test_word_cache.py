"""The cache of words against a dictionary: what it gives is what was entered, or nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.kernels import kernel
from massivetext.sequencing.word_cache import (
    CACHE,
    LONGEST_BYTES,
    ROOM,
    SHORT_BYTES,
    empty_cache,
    find_lines,
    padded,
    recall,
    remember,
)

TEXT = "Array(uint8, 1, 'C', readonly=True)"


@kernel(f"int64({TEXT}, int64, uint32[::1], {CACHE})")
def look_up(text, size, out, C):
    stops = np.full(1, size)
    find_lines(text, np.int64(0), stops, np.int64(0), np.int64(1), C)
    return recall(text, np.int64(0), size, C[4][0], out, np.int64(0), C)


@kernel(f"void({TEXT}, int64, uint32[::1], int64, {CACHE})")
def enter(text, size, tokens, count, C):
    remember(text, np.int64(0), size, tokens, np.int64(0), count, C)


words = st.binary(min_size=1, max_size=3).map(lambda part: part * 22) | st.binary(min_size=1)


@pytest.mark.parametrize("lines", [2, 1 << 10])
@given(entered=st.lists(st.tuples(words, st.integers(1, 20)), max_size=40))
def test_a_word_has_its_own_tokens_or_none(lines, entered):
    cache = empty_cache(lines, lines)
    known = {}
    for number, (word, count) in enumerate(entered):
        word = word[: LONGEST_BYTES + 2]
        count = min(count, len(word))
        tokens = np.arange(number, number + count, dtype=np.uint32)
        enter(padded(word), len(word), tokens, count, cache)
        fits = count <= 8 if len(word) <= SHORT_BYTES else count <= 16
        if fits and len(word) <= LONGEST_BYTES:
            known[word] = tokens.tolist()
        out = np.zeros(20 + ROOM, np.uint32)
        for other in {*known, word, word[:-1], word + b"\0"} - {b""}:
            found = int(look_up(padded(other), len(other), out, cache))
            if found >= 0:
                assert out[:found].tolist() == known[other]
            else:
                assert other not in known or lines == 2 or other != word or not fits


def test_words_that_differ_in_zeros_at_their_ends_differ():
    cache = empty_cache()
    out = np.zeros(20 + ROOM, np.uint32)
    enter(padded(b"a\0"), 2, np.array([7], np.uint32), 1, cache)
    assert look_up(padded(b"a"), 1, out, cache) == -1
    assert look_up(padded(b"a\0"), 2, out, cache) == 1
    assert out[0] == 7
