"""fastText's forward pass for a quantised model with a tree of labels, as one compiled loop.

Follows fastText 0.9.2 (dictionary.cc, loss.cc) sum by sum in float32, so that labels and scores
are the same. Terms are fastText's own: a word's parts are its character n-grams of `<word>`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.hash_table import NEXT_SLOT, find_slot
from massivetext.kernels import helper, inlined, kernel, lean
from massivetext.prefetch import prefetch
from massivetext.utf8 import is_continuation

Array = Any
"""A numpy array; docstrings say of what."""

NO_WORD: Final = -1
"""Marks a free slot of the words' hash table; hashes are at least 0."""

_FNV_OFFSET: Final = 2166136261
_FNV_PRIME: Final = 16777619
_MASK: Final = 0xFFFFFFFF
_NEGATIVE: Final = 0x80
_SIGN_BITS: Final = 0xFFFFFF00
"""Bytes are signed to fastText: from _NEGATIVE on, they have these bits as 32-bit integers."""

_BEGIN_OF_WORD: Final = ord("<")
_END_OF_WORD: Final = ord(">")
_BLANK: Final = ord(" ")
_TAB: Final = ord("\t")
_RETURN: Final = ord("\r")
"""White space is what C's isspace finds: a blank, and all from the tab to the carriage return."""

_END_OF_LINE: Final = np.frombuffer(b"</s>", np.uint8)
_LABEL_PREFIX: Final = np.frombuffer(b"__label__", np.uint8)

_GATHERED: Final = 512
"""Our choice: how many rows to request before adding them; they fill the smallest cache."""

_LOG_SUMMAND: Final = 1e-5
"""What fastText adds to the argument of every logarithm."""

_SCORE_FLOOR: Final = np.float32(np.log(_LOG_SUMMAND))
"""fastText's logarithm of its threshold, 0."""


@inlined
def _hash_with(found: Any, byte: Any) -> Any:
    """Returns a hash that goes on with a byte: FNV-1a over signed bytes, as fastText has it."""
    signed = np.int64(byte) | _SIGN_BITS if byte >= _NEGATIVE else np.int64(byte)
    return ((found ^ signed) * _FNV_PRIME) & _MASK


@lean
def _hash(text: Array, start: int, end: int) -> Any:
    """Returns fastText's hash of the bytes from one place to before another."""
    found = np.int64(_FNV_OFFSET)
    for i in range(start, end):
        found = _hash_with(found, text[i])
    return found


@lean
def _is_space(byte: int) -> bool:
    """Whether a byte ends a word, as in fastText's readWord, for which NUL does too."""
    return byte == _BLANK or _TAB <= byte <= _RETURN or byte == 0


@lean
def _begins_with(text: Array, start: int, end: int, prefix: Array) -> bool:
    """Whether the bytes from one place to before another begin with some others."""
    if end - start < len(prefix):
        return False
    for i in range(len(prefix)):  # noqa: SIM110 (numba compiles no generators)
        if text[start + i] != prefix[i]:
            return False
    return True


@lean
def _find_word(
    text: Array, start: int, end: int, hashes: Array, rows: Array, word_ends: Array, words: Array
) -> int:
    """Returns the row of a word, or -1; the table is `fill_words`'s."""
    word_hash = _hash(text, start, end)
    slot = np.uint64(word_hash)
    while True:
        slot = find_slot(hashes, len(hashes) - 1, slot, word_hash, NO_WORD)
        if hashes[slot] == NO_WORD:
            return -1
        row = rows[slot]
        begin = word_ends[row - 1] if row else 0
        if word_ends[row] - begin == end - start:
            same = 0
            while same < end - start and words[begin + same] == text[start + same]:
                same += 1
            if same == end - start:
                return row
        slot += NEXT_SLOT  # another word has the same hash


@lean
def _add(vectors: Array, row: int, hidden: Array) -> None:
    """Adds one row: in float32 and in fastText's order, or sums would differ in the last bits."""
    for d in range(len(hidden)):
        hidden[d] += vectors[row, d]


@lean
def _add_gathered(
    gathered: Array, count: int, bucket_rows: Array, vectors: Array, hidden: Array
) -> int:
    """Adds the rows of some words and buckets, in their order; returns how many have one.

    All rows are requested before the first is added, so that waits for memory overlap.

    Args:
        gathered: int64, buckets of n-grams, and ~row of words; is overwritten.
        count: how many.
        bucket_rows: see `classify`.
        vectors: see there.
        hidden: float32[dimension], is added to.
    """
    added: Any = 0
    size = len(hidden)
    for k in range(count):
        entry = gathered[k]
        row = np.int64(bucket_rows[entry]) if entry >= 0 else ~entry
        prefetch(vectors, row * size)
        prefetch(vectors, row * size + size - 1)
        gathered[added] = row
        added += row >= 0  # without a branch: half of the buckets have no row
    for k in range(added):
        _add(vectors, gathered[k], hidden)
    return added


@lean
def _gather_parts(
    word: Array,
    size: int,
    shortest: int,
    longest: int,
    bucket_rows: Array,
    gathered: Array,
    count: int,
) -> int:
    """Gathers the buckets of a word's character n-grams, in its brackets; returns how many."""
    buckets = np.uint32(len(bucket_rows))
    for start in range(size):
        if is_continuation(word[start]):
            continue
        found = np.int64(_FNV_OFFSET)
        # Each n-gram is the one before and a character more, so its hash goes on from there.
        i = start
        n = 1
        while i < size and n <= longest:
            while True:
                found = _hash_with(found, word[i])
                i += 1
                if i == size or not is_continuation(word[i]):
                    break
            # fastText counts a bracket as a character, but not as an n-gram of its own.
            is_bracket = n == 1 and (start == 0 or i == size)
            if n >= shortest and not is_bracket:
                bucket = np.int64(np.uint32(found) % buckets)
                prefetch(bucket_rows, bucket)
                gathered[count] = bucket
                count += 1
            n += 1
    return count


@helper
def _embed(
    text: Array,
    hashes: Array,
    rows: Array,
    word_ends: Array,
    words: Array,
    shortest: int,
    longest: int,
    bucket_rows: Array,
    vectors: Array,
    hidden: Array,
) -> int:
    """Adds the vectors of a line and of its end to `hidden`; returns how many there were."""
    added = count = 0
    word = np.empty(len(text) + 2, np.uint8)
    word[0] = _BEGIN_OF_WORD
    most_of_a_word = 1 + len(word) * max(0, longest - shortest + 1)
    gathered = np.empty(_GATHERED + most_of_a_word, np.int64)
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
        row = _find_word(text, start, end, hashes, rows, word_ends, words)
        if row >= 0:
            gathered[count] = ~row
            count += 1
        for i in range(size):
            word[1 + i] = text[start + i]
        word[1 + size] = _END_OF_WORD
        count = _gather_parts(word, size + 2, shortest, longest, bucket_rows, gathered, count)
        if count >= _GATHERED:
            added += _add_gathered(gathered, count, bucket_rows, vectors, hidden)
            count = 0
    row = _find_word(_END_OF_LINE, 0, len(_END_OF_LINE), hashes, rows, word_ends, words)
    if row >= 0:
        gathered[count] = ~row
        count += 1
    return added + _add_gathered(gathered, count, bucket_rows, vectors, hidden)


@lean
def _log(x: np.float32) -> np.float32:
    """Returns fastText's std_log: it never sees 0, and rounds to float32 once."""
    return np.float32(np.log(np.float64(x) + _LOG_SUMMAND))


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
        # Going down only lowers a score: what is not above the best leaf holds no better one.
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
        # A stack: the left child is put last, and so read first.
        nodes[waiting], nodes[waiting + 1] = children[node, 1], children[node, 0]
        scores[waiting] = score + _log(right)
        scores[waiting + 1] = score + _log(np.float32(1.0 - np.float64(right)))
        waiting += 2
    return label, np.exp(best)


@kernel(
    "void(Array(int64, 1, 'C', readonly=True), Array(uint8, 1, 'C', readonly=True), "
    "int64[::1], int32[::1])"
)
def fill_words(word_ends: Array, words: Array, hashes: Array, rows: Array) -> None:
    """Enters all words in a hash table.

    Args:
        word_ends: int64[words], end of each word in `words`.
        words: uint8[bytes], all words one after the other.
        hashes: int64[slots], NO_WORD: is filled with the words' hashes.
        rows: int32[slots]: is filled with the words' numbers.
    """
    begin = 0
    for row in range(len(word_ends)):
        word_hash = _hash(words, begin, word_ends[row])
        slot = np.uint64(word_hash)
        while True:
            slot = find_slot(hashes, len(hashes) - 1, slot, word_hash, NO_WORD)
            if hashes[slot] == NO_WORD:
                break
            slot += NEXT_SLOT  # another word has the same hash
        hashes[slot] = word_hash
        rows[slot] = row
        begin = word_ends[row]


@kernel(
    "Tuple((int64, float32))("
    "Array(uint8, 1, 'C', readonly=True), Array(int64, 1, 'C', readonly=True), "
    "Array(int32, 1, 'C', readonly=True), Array(int64, 1, 'C', readonly=True), "
    "Array(uint8, 1, 'C', readonly=True), int64, int64, "
    "Array(int32, 1, 'C', readonly=True), Array(float32, 2, 'C', readonly=True), "
    "Array(int32, 2, 'C', readonly=True), Array(float32, 2, 'C', readonly=True))"
)
def classify(
    text: Array,
    hashes: Array,
    rows: Array,
    word_ends: Array,
    words: Array,
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
        hashes: int64[slots], the words' hash table, see `fill_words`.
        rows: int32[slots], the row of the word in each slot.
        word_ends: int64[words], end of each word in `words`.
        words: uint8[bytes], all words one after the other.
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
        text, hashes, rows, word_ends, words, shortest, longest, bucket_rows, vectors, hidden
    )
    if count == 0:
        return -1, np.float32(0)
    scale = np.float32(1.0 / count)
    for d in range(len(hidden)):
        hidden[d] *= scale
    return _most_probable(hidden, children, output)
