"""The hot loop of the fast encoder: pieces merged by rank, words remembered.

Letters: T tables of the vocabulary, C cache of words, W working space of one call; they are tuples
of arrays, made in `fast_encoder`.

Integers are int64 wherever they are passed on: another type would compile a part once more. Tuples
are taken apart before the inner loops: handing one to a part costs more than a merge.

A symbol is a token id, or UNKNOWN for a character without a piece, or GONE once its left neighbour
has absorbed it. A merge is a number, too: it has a rank, and a token that it makes.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.hash_table import FNV_OFFSET, FNV_PRIME, NEXT_SLOT, find_slot, spread
from massivetext.kernels import inlined, kernel, lean
from massivetext.utf8 import ASCII_END, character_at, is_continuation

TABLES: Final = (
    "Tuple((uint8[:,::1], uint64[::1], int32[::1], int32, uint64[::1], int32[::1], int32[::1],"
    " int32[::1]))"
)
"""joins_256x256, joined characters, token of each code point, token of byte 0, merge keys, merges,
rank and token of each merge."""

CACHE: Final = "Tuple((uint64[::1], int64[::1], int64[::1], uint8[::1], uint16[::1], int64[::1]))"
"""Slots: hash, place and size of the key, of the tokens; keys; tokens; what is used of each."""

WORK: Final = (
    "Tuple((int32[::1], int32[::1], int32[::1], int32[::1], int64[::1], int32[::1], int32[::1]))"
)
"""Symbols: token, first byte, next, previous; heap: priority, merged token, right symbol."""

UNKNOWN: Final = -1
GONE: Final = -2
EMPTY: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
"""An unused entry of a table of pairs; no pair of tokens or characters has this key."""

NO_RANK: Final = 1 << 31
"""Behind all ranks."""

SHORT: Final = 24
"""Our choice: up to this many symbols, trying every pair costs less than a heap."""

LONGEST_KEY: Final = 48
"""Our choice: longer words are rare and seldom come again."""

_LEFT_MASK: Final = (1 << 32) - 1
"""A priority is the rank above the left symbol's place: of equal ranks, the leftmost is first."""

SIZE_BITS: Final = 16
SIZE_MASK: Final = (1 << SIZE_BITS) - 1
_HALF: Final = np.uint64(32)
NO_HASH: Final = np.uint64(0)
"""Marks an empty slot of the cache; hashes of words are odd."""

_ODD: Final = np.uint64(1)


@inlined
def _pair(left: Any, right: Any) -> Any:
    """Returns the key (uint64) of two tokens or characters."""
    return (np.uint64(left) << _HALF) | np.uint64(right)


@lean
def _slot(left: Any, right: Any, keys: Any) -> Any:
    """Returns the entry of a pair in a hash table: its own, or the empty one it would get."""
    key = _pair(left, right)
    return find_slot(keys, len(keys) - 1, spread(key), key, EMPTY)


@kernel("void(int32[::1], int32[::1], uint64[::1])")
def fill_pairs(left: Any, right: Any, keys: Any) -> None:
    """Enters pairs of characters into an empty table."""
    for pair in range(len(left)):
        place = _slot(left[pair], right[pair], keys)
        keys[place] = _pair(left[pair], right[pair])


@kernel("void(int32[::1], int32[::1], int32[::1], uint64[::1], int32[::1])")
def fill_merges(left: Any, right: Any, merges: Any, keys: Any, values: Any) -> None:
    """Enters pairs of tokens, and the merge that joins them, into an empty table."""
    for pair in range(len(left)):
        place = _slot(left[pair], right[pair], keys)
        keys[place] = _pair(left[pair], right[pair])
        values[place] = merges[pair]


@lean
def _are_joined(text: Any, previous: Any, start: Any, joined: Any) -> Any:
    """Whether some piece holds two neighbouring characters, which start at these bytes."""
    left, right = character_at(text, previous)[0], character_at(text, start)[0]
    return joined[_slot(left, right, joined)] != EMPTY


@lean
def _merge_of(left: Any, right: Any, keys: Any, merges: Any) -> Any:
    """Returns the merge that joins two neighbours, or UNKNOWN."""
    if left < 0 or right < 0:
        return np.int32(UNKNOWN)
    place = _slot(left, right, keys)
    return merges[place] if keys[place] != EMPTY else np.int32(UNKNOWN)


@lean
def _characters(
    text: Any, start: Any, stop: Any, character_tokens: Any, symbols: Any, firsts: Any
) -> Any:
    """Makes each character of text[start:stop] a symbol; returns their number."""
    count = np.int64(0)
    while start < stop:
        code_point, size = character_at(text, start)
        symbols[count] = character_tokens[code_point]
        firsts[count] = start
        count += 1
        start += size
    firsts[count] = stop
    return count


@lean
def merge_few(
    count: Any,
    symbols: Any,
    firsts: Any,
    pairs: Any,
    keys: Any,
    merges: Any,
    ranks: Any,
    made: Any,
) -> Any:
    """Merges the best pair, the leftmost of equals, until none is left; returns the number.

    pairs[i] is the merge of symbols i and i + 1.
    """
    for left in range(count - 1):
        pairs[left] = _merge_of(symbols[left], symbols[left + 1], keys, merges)
    while count > 1:  # all pairs once a merge: quadratic, but over a line or two of the cache
        best, best_rank = -1, NO_RANK
        for left in range(count - 1):
            if pairs[left] >= 0 and ranks[pairs[left]] < best_rank:
                best, best_rank = left, ranks[pairs[left]]
        if best < 0:
            break
        symbols[best] = made[pairs[best]]
        count -= 1
        for place in range(best + 1, count):
            symbols[place] = symbols[place + 1]
            firsts[place] = firsts[place + 1]
            pairs[place - 1] = pairs[place]
        firsts[count] = firsts[count + 1]
        if best > 0:
            pairs[best - 1] = _merge_of(symbols[best - 1], symbols[best], keys, merges)
        if best < count - 1:
            pairs[best] = _merge_of(symbols[best], symbols[best + 1], keys, merges)
    return count


@lean
def _push(
    size: Any, priority: Any, token: Any, right: Any, priorities: Any, tokens: Any, rights: Any
) -> Any:
    """Adds a pair to the heap of `size` pairs, least first; returns the new size.

    Parents move down into the gap until the pair fits: half the writes of swapping.
    """
    place = size
    while place > 0:
        parent = (place - 1) >> 1
        if priorities[parent] <= priority:
            break
        priorities[place], tokens[place] = priorities[parent], tokens[parent]
        rights[place] = rights[parent]
        place = parent
    priorities[place], tokens[place], rights[place] = priority, token, right
    return size + 1


@lean
def _drop_first(size: Any, priorities: Any, tokens: Any, rights: Any) -> Any:
    """Takes the best pair from the heap; returns the new size.

    The last pair goes to the gap at the top, and lesser children move up past it.
    """
    size -= 1
    priority, token, right = priorities[size], tokens[size], rights[size]
    place = 0
    while 2 * place + 1 < size:
        child = 2 * place + 1
        if child + 1 < size and priorities[child + 1] < priorities[child]:
            child += 1
        if priorities[child] >= priority:
            break
        priorities[place], tokens[place] = priorities[child], tokens[child]
        rights[place] = rights[child]
        place = child
    priorities[place], tokens[place], rights[place] = priority, token, right
    return size


@lean
def _close_gaps(count: Any, symbols: Any, firsts: Any) -> Any:
    """Drops the symbols that are gone; returns the number of the others."""
    stop, kept = firsts[count], np.int64(0)
    for symbol in range(count):
        if symbols[symbol] != GONE:
            symbols[kept], firsts[kept] = symbols[symbol], firsts[symbol]
            kept += 1
    firsts[kept] = stop
    return kept


@lean
def merge_many(count: Any, keys: Any, merges: Any, ranks: Any, made: Any, W: Any) -> Any:
    """Does what `merge_few` does, with a heap of pairs; returns the number of symbols.

    Symbols keep their places, linked to their neighbours. Pairs whose symbols have changed stay in
    the heap, and are dropped when they come up.
    """
    symbols, firsts, nexts, previous, priorities, joins, rights = W
    size = np.int64(0)
    for symbol in range(count):
        nexts[symbol] = symbol + 1 if symbol + 1 < count else -1
        previous[symbol] = symbol - 1
    for symbol in range(1, count):
        merge = _merge_of(symbols[symbol - 1], symbols[symbol], keys, merges)
        if merge >= 0:
            priority = (np.int64(ranks[merge]) << 32) | (symbol - 1)
            size = _push(size, priority, merge, symbol, priorities, joins, rights)
    while size > 0:
        left, right, merge = priorities[0] & _LEFT_MASK, np.int64(rights[0]), joins[0]
        size = _drop_first(size, priorities, joins, rights)
        is_stale = symbols[left] == GONE or symbols[right] == GONE or nexts[left] != right
        if is_stale or _merge_of(symbols[left], symbols[right], keys, merges) != merge:
            continue
        symbols[left], symbols[right] = made[merge], GONE
        nexts[left] = nexts[right]
        if nexts[right] >= 0:
            previous[nexts[right]] = left
        for pair in range(2):  # with its left neighbour, then with its right one
            first = np.int64(previous[left]) if pair == 0 else left
            second = left if pair == 0 else np.int64(nexts[left])
            if first >= 0 and second >= 0:
                merge = _merge_of(symbols[first], symbols[second], keys, merges)
                if merge >= 0:
                    priority = (np.int64(ranks[merge]) << 32) | first
                    size = _push(size, priority, merge, second, priorities, joins, rights)
    return _close_gaps(count, symbols, firsts)


@lean
def _encode_word(text: Any, start: Any, stop: Any, out: Any, written: Any, T: Any, W: Any) -> Any:
    """Appends the tokens of text[start:stop], which nothing outside can merge with."""
    character_tokens, byte_0, keys, merges, ranks, made = T[2], T[3], T[4], T[5], T[6], T[7]
    symbols, firsts, pairs = W[0], W[1], W[2]
    count = _characters(text, start, stop, character_tokens, symbols, firsts)
    if count <= SHORT:
        count = merge_few(count, symbols, firsts, pairs, keys, merges, ranks, made)
    else:
        count = merge_many(count, keys, merges, ranks, made, W)
    for symbol in range(count):
        if symbols[symbol] >= 0:
            out[written] = symbols[symbol]
            written += 1
        else:  # byte fallback
            for place in range(firsts[symbol], firsts[symbol + 1]):
                out[written] = byte_0 + np.int32(text[place])
                written += 1
    return written


@lean
def find_word(
    text: Any, start: Any, size: Any, word_hash: Any, hashes: Any, key_slots: Any, keys: Any
) -> Any:
    """Returns the slot of a word in the cache: its own, or the empty one it would get."""
    slot = word_hash
    while True:
        slot = find_slot(hashes, len(hashes) - 1, slot, word_hash, NO_HASH)
        if hashes[slot] == NO_HASH:
            break
        if key_slots[slot] & SIZE_MASK == size:
            first = key_slots[slot] >> SIZE_BITS
            same = 0
            while same < size and keys[first + same] == text[start + same]:
                same += 1
            if same == size:
                break
        slot += NEXT_SLOT  # another word has the same hash
    return slot


@lean
def copy_tokens(slot: Any, token_slots: Any, tokens: Any, out: Any, written: Any) -> Any:
    """Appends the tokens of the word in a slot; returns how many are written then."""
    place = token_slots[slot] >> SIZE_BITS
    for token in range(place, place + (token_slots[slot] & SIZE_MASK)):
        out[written] = tokens[token]
        written += 1
    return written


@lean
def remember(
    text: Any, start: Any, size: Any, word_hash: Any, out: Any, first: Any, stop: Any, C: Any
) -> None:
    """Enters a word with its tokens out[first:stop]; a full cache is emptied before."""
    hashes, key_slots, token_slots, keys, tokens, used = C
    count = stop - first
    is_full = 2 * (used[0] + 1) > len(hashes)
    if is_full or used[1] + size > len(keys) or used[2] + count > len(tokens):
        hashes[:] = NO_HASH
        used[:] = 0
    slot = find_word(text, start, size, word_hash, hashes, key_slots, keys)
    hashes[slot] = word_hash
    key_slots[slot] = (used[1] << SIZE_BITS) | size
    token_slots[slot] = (used[2] << SIZE_BITS) | count
    for place in range(size):
        keys[used[1] + place] = text[start + place]
    for place in range(count):
        tokens[used[2] + place] = out[first + place]
    used[0] += 1
    used[1] += size
    used[2] += count


@inlined
def finished_hash(word_hash: Any) -> Any:
    """Returns the hash of a word, which is never NO_HASH, from that of its bytes."""
    return (word_hash ^ (word_hash >> _HALF)) | _ODD


@kernel(f"int64(Array(uint8, 1, 'C', readonly=True), uint16[::1], {TABLES}, {CACHE}, {WORK})")
def encode(text: Any, out: Any, T: Any, C: Any, W: Any) -> Any:
    """Writes the tokens of valid UTF-8 text to `out`; returns their number.

    The text is cut wherever no piece holds the two characters at the cut: no merge can cross it.
    """
    joins, joined = T[0], T[1]
    hashes, key_slots, token_slots, keys, tokens = C[0], C[1], C[2], C[3], C[4]
    written, start = np.int64(0), np.int64(0)
    while start < len(text):
        word_hash = (FNV_OFFSET ^ np.uint64(text[start])) * FNV_PRIME
        previous, stop = start, start + 1
        while stop < len(text):
            byte = text[stop]
            if not is_continuation(byte):
                # Last byte before and first byte behind rule out most cuts without a search; for
                # ASCII, they are the characters.
                before = text[stop - 1]
                if joins[before, byte] == 0:
                    break
                if (before | byte) >= ASCII_END and not _are_joined(text, previous, stop, joined):
                    break
                previous = stop
            word_hash = (word_hash ^ np.uint64(byte)) * FNV_PRIME
            stop += 1
        size, first = stop - start, written
        if size > LONGEST_KEY:  # not remembered
            written = _encode_word(text, start, stop, out, written, T, W)
            start = stop
            continue
        word_hash = finished_hash(word_hash)
        slot = find_word(text, start, size, word_hash, hashes, key_slots, keys)
        if hashes[slot] != NO_HASH:
            written = copy_tokens(slot, token_slots, tokens, out, written)
        else:
            written = _encode_word(text, start, stop, out, written, T, W)
            remember(text, start, size, word_hash, out, first, written, C)
        start = stop
    return written
