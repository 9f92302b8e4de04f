"""fastText's forward pass for a quantised model with a tree of labels, as one compiled loop.

Follows fastText 0.9.2 (dictionary.cc, loss.cc) sum by sum in float32, so that labels and scores
are the same. Terms are fastText's own: a word's parts are its character n-grams of `<word>`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import helper, kernel

Array = Any
"""A numpy array; docstrings say of what."""

_FNV_OFFSET: Final = 2166136261
_FNV_PRIME: Final = 16777619
_MASK: Final = 0xFFFFFFFF
_BEGIN_OF_WORD: Final = 0x3C  # <
_END_OF_WORD: Final = 0x3E  # >
_END_OF_LINE: Final = np.frombuffer(b"</s>", np.uint8)
_LABEL_PREFIX: Final = np.frombuffer(b"__label__", np.uint8)
_SCORE_FLOOR: Final = np.float32(np.log(1e-5))
"""fastText's logarithm of a threshold of 0: it adds 1e-5 to every argument."""


@helper
def _hash(text: Array, start: int, end: int) -> Any:
    """FNV-1a over signed bytes, as fastText has it."""
    found = np.int64(_FNV_OFFSET)
    for i in range(start, end):
        byte = np.int64(text[i])
        if byte > 127:
            byte |= 0xFFFFFF00
        found = ((found ^ byte) * _FNV_PRIME) & _MASK
    return found


@helper
def _is_space(byte: int) -> bool:
    return byte == 32 or 9 <= byte <= 13 or byte == 0


@helper
def _begins_with(text: Array, start: int, end: int, prefix: Array) -> bool:
    if end - start < len(prefix):
        return False
    for i in range(len(prefix)):  # noqa: SIM110 (numba compiles no generators)
        if text[start + i] != prefix[i]:
            return False
    return True


@helper
def _find_word(
    text: Array, start: int, end: int, slots: Array, word_ends: Array, word_bytes: Array
) -> int:
    """Returns the row of a word, or -1. `slots` is an open hash table of rows, -1 where empty."""
    slot = _hash(text, start, end) % len(slots)
    while slots[slot] >= 0:
        word = slots[slot]
        begin = word_ends[word - 1] if word else 0
        if word_ends[word] - begin == end - start:
            is_equal = True
            for i in range(end - start):
                if word_bytes[begin + i] != text[start + i]:
                    is_equal = False
                    break
            if is_equal:
                return word
        slot = (slot + 1) % len(slots)
    return -1


@helper
def _add(vectors: Array, row: int, hidden: Array) -> None:
    for d in range(len(hidden)):
        hidden[d] += vectors[row, d]


@helper
def _add_parts(
    word: Array,
    size: int,
    shortest: int,
    longest: int,
    bucket_rows: Array,
    vectors: Array,
    hidden: Array,
) -> int:
    """Adds the character n-grams of a word in its brackets; returns how many have a row."""
    added = 0
    for start in range(size):
        if word[start] & 0xC0 == 0x80:
            continue  # within a character
        found = np.int64(_FNV_OFFSET)
        i = start
        n = 1
        while i < size and n <= longest:
            while True:
                byte = np.int64(word[i])
                if byte > 127:
                    byte |= 0xFFFFFF00
                found = ((found ^ byte) * _FNV_PRIME) & _MASK
                i += 1
                if i == size or word[i] & 0xC0 != 0x80:
                    break
            is_bracket = n == 1 and (start == 0 or i == size)
            if n >= shortest and not is_bracket:
                row = bucket_rows[found % len(bucket_rows)]
                if row >= 0:
                    _add(vectors, row, hidden)
                    added += 1
            n += 1
    return added


@helper
def _embed(
    text: Array,
    slots: Array,
    word_ends: Array,
    word_bytes: Array,
    shortest: int,
    longest: int,
    bucket_rows: Array,
    vectors: Array,
    hidden: Array,
) -> int:
    """Adds the vectors of a line and of its end to `hidden`; returns how many there were."""
    added = 0
    word = np.empty(len(text) + 2, np.uint8)
    word[0] = _BEGIN_OF_WORD
    end = 0
    while True:
        start = end
        while start < len(text) and _is_space(text[start]):
            start += 1
        end = start
        while end < len(text) and not _is_space(text[end]):
            end += 1
        size = end - start
        if size == 0 or (
            size == len(_END_OF_LINE) and _begins_with(text, start, end, _END_OF_LINE)
        ):
            break
        if _begins_with(text, start, end, _LABEL_PREFIX):
            continue
        row = _find_word(text, start, end, slots, word_ends, word_bytes)
        if row >= 0:
            _add(vectors, row, hidden)
            added += 1
        for i in range(size):
            word[1 + i] = text[start + i]
        word[1 + size] = _END_OF_WORD
        added += _add_parts(word, size + 2, shortest, longest, bucket_rows, vectors, hidden)
    row = _find_word(_END_OF_LINE, 0, len(_END_OF_LINE), slots, word_ends, word_bytes)
    if row >= 0:
        _add(vectors, row, hidden)
        added += 1
    return added


@helper
def _log(x: np.float32) -> np.float32:
    return np.float32(np.log(np.float64(x) + 1e-5))


@helper
def _most_probable(hidden: Array, children: Array, output: Array) -> tuple[int, Any]:
    """Returns the most probable leaf of the tree and its probability: depth first, left first."""
    labels = (len(children) + 1) // 2
    best = np.float32(0)  # logarithm of the label's probability
    label = -1
    nodes = np.empty(len(children), np.int64)
    scores = np.empty(len(children), np.float32)
    nodes[0] = len(children) - 1
    scores[0] = np.float32(0)
    waiting = 1
    while waiting:
        waiting -= 1
        node, score = nodes[waiting], scores[waiting]
        if score < _SCORE_FLOOR or (label >= 0 and score < best):
            continue
        if node < labels:
            if label < 0 or score > best:
                label, best = node, score
            continue
        total = np.float32(0)
        for d in range(len(hidden)):
            total += output[node - labels, d] * hidden[d]
        right = np.float32(1.0 / np.float64(np.float32(1) + np.exp(-total)))
        nodes[waiting], nodes[waiting + 1] = children[node, 1], children[node, 0]
        scores[waiting] = score + _log(right)
        scores[waiting + 1] = score + _log(np.float32(1.0 - np.float64(right)))
        waiting += 2
    return label, np.exp(best)


@kernel(
    "Tuple((int64, float32))("
    "Array(uint8, 1, 'C', readonly=True), Array(int32, 1, 'C', readonly=True), "
    "Array(int64, 1, 'C', readonly=True), Array(uint8, 1, 'C', readonly=True), int64, int64, "
    "Array(int32, 1, 'C', readonly=True), Array(float32, 2, 'C', readonly=True), "
    "Array(int32, 2, 'C', readonly=True), Array(float32, 2, 'C', readonly=True))"
)
def classify(
    text: Array,
    slots: Array,
    word_ends: Array,
    word_bytes: Array,
    shortest: int,
    longest: int,
    bucket_rows: Array,
    vectors: Array,
    children: Array,
    output: Array,
) -> tuple[int, Any]:
    """Returns the most probable label of a line and its probability; (-1, 0) if it has no vector.

    Args:
        text: uint8[bytes], UTF-8 without line feeds.
        slots: int32[slots], open hash table of words by FNV hash; -1 where empty.
        word_ends: int64[words], end of each word in `word_bytes`.
        word_bytes: uint8[bytes], all words one after the other.
        shortest: least characters of an n-gram.
        longest: most characters of an n-gram.
        bucket_rows: int32[buckets], row of each bucket of n-grams, -1 where there is none.
        vectors: float32[rows, dimension].
        children: int32[nodes, 2], left and right child of each node of the tree; leaves come
            first and are the labels, the root is last.
        output: float32[labels, dimension]: the inner nodes in the order of `children`.
    """
    hidden = np.zeros(vectors.shape[1], np.float32)
    count = _embed(
        text, slots, word_ends, word_bytes, shortest, longest, bucket_rows, vectors, hidden
    )
    if count == 0:
        return -1, np.float32(0)
    scale = np.float32(1.0 / count)
    for d in range(len(hidden)):
        hidden[d] *= scale
    return _most_probable(hidden, children, output)
