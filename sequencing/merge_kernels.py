"""The hot loop of the fast encoder: pieces merged by rank, words remembered.

Letters: T tables of characters, M merges, C cache of words, W working space of one call; they are
tuples of arrays, made in `fast_encoder`.

Integers are int64 wherever they are passed on: another type would compile a part once more. Tuples
are taken apart before the inner loops: handing one to a part costs more than a merge.

A symbol is a token id, or UNKNOWN for a character without a piece, or GONE once its left neighbour
has absorbed it. A merge is a number, too: it has a rank, and a token that it makes.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.hash_table import find_slot, spread
from massivetext.kernels import inlined, kernel, lean
from massivetext.sequencing.word_cache import BATCH, CACHE, find_lines, recall, remember
from massivetext.utf8 import ASCII_END, character_at, is_continuation

MERGES: Final = "Tuple((int32[:,::1], uint64[::1], uint8[::1], int32[::1], int32[::1]))"
"""Merge of each two ASCII characters or bytes, table of all merges, its filter (which pairs it may
hold), rank and token of each merge."""

CHARACTERS: Final = "Tuple((uint8[:,::1], uint64[::1], int32[::1], int32))"
"""joins_256x256, joined characters, token of each code point, token of byte 0."""

WORK: Final = (
    "Tuple((int32[::1], int32[::1], int32[::1], int32[::1], int64[::1], int32[::1], int32[::1],"
    " int64[::1]))"
)
"""Symbols: token, first byte, next, previous; heap: priority, merge, right symbol; where each word
of a batch ends."""

UNKNOWN: Final = -1
GONE: Final = -2
NOT_HERE: Final = -3
"""In the table of merges by bytes: bytes beyond ASCII, of characters that have several."""

EMPTY: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
"""An unused entry of a table of pairs; no pair of tokens or characters has this key."""

TOKEN_BITS: Final = 21
MERGE_BITS: Final = 64 - 2 * TOKEN_BITS
"""An entry of the table of merges holds two tokens and the merge that joins them, so that a search
reads one line of memory."""

NO_RANK: Final = (1 << 31) - 1
"""Behind all ranks."""

SHORT: Final = 24
"""Our choice: up to this many symbols, trying every pair costs less than a heap."""

_LOW_MASK: Final = (1 << 32) - 1
_NO_PAIR: Final = NO_RANK << 32
"""A priority is the rank above the left symbol's place, or above the merge."""

_HALF: Final = np.uint64(32)
_BYTE_SHIFT: Final = np.uint64(3)
_BIT_MASK: Final = np.uint64(7)
_LEFT_SHIFT: Final = np.uint64(TOKEN_BITS)
_MERGE_SHIFT: Final = np.uint64(MERGE_BITS)
_MERGE_MASK: Final = np.uint64((1 << MERGE_BITS) - 1)


@inlined
def _pair(left: Any, right: Any) -> Any:
    """Returns the key (uint64) of two characters."""
    return (np.uint64(left) << _HALF) | np.uint64(right)


@lean
def _slot(left: Any, right: Any, keys: Any) -> Any:
    """Returns the entry of two characters in a hash table: its own, or that it would get."""
    key = _pair(left, right)
    return find_slot(keys, len(keys) - 1, spread(key), key, EMPTY)


@kernel("void(int32[::1], int32[::1], uint64[::1])")
def fill_pairs(left: Any, right: Any, keys: Any) -> None:
    """Enters pairs of characters into an empty table."""
    for pair in range(len(left)):
        keys[_slot(left[pair], right[pair], keys)] = _pair(left[pair], right[pair])


@inlined
def _filter_bit(spread_key: Any, table_filter: Any) -> tuple[Any, Any]:
    """Returns the byte and the bit of a filter that stand for a key."""
    place = spread_key >> _BYTE_SHIFT & np.uint64(len(table_filter) - 1)
    return place, np.uint8(1) << np.uint8(spread_key & _BIT_MASK)


@lean
def _merge_slot(left: Any, right: Any, table: Any) -> Any:
    """Returns the entry of two tokens in the table of merges: its own, or that it would get."""
    key = (np.uint64(left) << _LEFT_SHIFT) | np.uint64(right)
    last = np.uint64(len(table) - 1)
    slot = spread(key) & last
    while table[slot] != EMPTY and table[slot] >> _MERGE_SHIFT != key:
        slot = (slot + np.uint64(1)) & last
    return slot


@kernel("void(int32[::1], int32[::1], int32[::1], uint64[::1], uint8[::1])")
def fill_merges(left: Any, right: Any, merges: Any, table: Any, table_filter: Any) -> None:
    """Enters pairs of tokens, and the merge that joins them, into an empty table and its filter."""
    for pair in range(len(left)):
        key = (np.uint64(left[pair]) << _LEFT_SHIFT) | np.uint64(right[pair])
        slot = _merge_slot(left[pair], right[pair], table)
        table[slot] = key << _MERGE_SHIFT | np.uint64(merges[pair])
        place, bit = _filter_bit(spread(key), table_filter)
        table_filter[place] |= bit


@lean
def _are_joined(text: Any, previous: Any, start: Any, joined: Any) -> Any:
    """Whether some piece holds two neighbouring characters, which start at these bytes."""
    left, right = character_at(text, previous)[0], character_at(text, start)[0]
    return joined[_slot(left, right, joined)] != EMPTY


@lean
def _merge_of(left: Any, right: Any, table: Any, table_filter: Any) -> Any:
    """Returns the merge that joins two neighbours, or UNKNOWN.

    Most neighbours have none. The filter, a bit for each hash, says so from a near cache.
    """
    if left < 0 or right < 0:
        return np.int64(UNKNOWN)
    key = (np.uint64(left) << _LEFT_SHIFT) | np.uint64(right)
    place, bit = _filter_bit(spread(key), table_filter)
    if table_filter[place] & bit == 0:
        return np.int64(UNKNOWN)
    entry = table[_merge_slot(left, right, table)]
    return np.int64(entry & _MERGE_MASK) if entry != EMPTY else np.int64(UNKNOWN)


@lean
def _first_merge(
    text: Any, symbol: Any, symbols: Any, firsts: Any, near: Any, table: Any, table_filter: Any
) -> Any:
    """Returns the merge that joins a symbol with the next, before any symbol was merged."""
    merge = np.int64(near[text[firsts[symbol]], text[firsts[symbol + 1]]])
    if merge == NOT_HERE:
        merge = _merge_of(symbols[symbol], symbols[symbol + 1], table, table_filter)
    return merge


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
def _priority(left: Any, symbols: Any, table: Any, table_filter: Any, ranks: Any) -> Any:
    """Returns the rank of a symbol and the next above their merge; _NO_PAIR without one."""
    merge = _merge_of(symbols[left], symbols[left + 1], table, table_filter)
    return np.int64(ranks[merge]) << 32 | merge if merge >= 0 else np.int64(_NO_PAIR)


@lean
def _merge_few(text: Any, count: Any, least: Any, M: Any, W: Any) -> Any:
    """Merges the best pair, the leftmost of equals, until none or `least` symbols are left.

    Returns the number of symbols.

    pairs[i] is the priority of symbols i and i + 1.
    """
    near, table, table_filter, ranks, made = M
    symbols, firsts, pairs = W[0], W[1], W[4]
    for left in range(count - 1):
        merge = _first_merge(text, left, symbols, firsts, near, table, table_filter)
        pairs[left] = np.int64(ranks[merge]) << 32 | merge if merge >= 0 else np.int64(_NO_PAIR)
    while count > least:  # all pairs once a merge: quadratic, but over a line or two of the cache
        best, best_rank = -1, NO_RANK
        for left in range(count - 1):
            if pairs[left] >> 32 < best_rank:
                best, best_rank = left, pairs[left] >> 32
        if best < 0:
            break
        symbols[best] = made[pairs[best] & _LOW_MASK]
        count -= 1
        for place in range(best + 1, count):
            symbols[place] = symbols[place + 1]
            firsts[place] = firsts[place + 1]
            pairs[place - 1] = pairs[place]
        firsts[count] = firsts[count + 1]
        if best > 0:
            pairs[best - 1] = _priority(best - 1, symbols, table, table_filter, ranks)
        if best < count - 1:
            pairs[best] = _priority(best, symbols, table, table_filter, ranks)
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
def _merge_many(text: Any, count: Any, M: Any, W: Any) -> Any:
    """Does what `_merge_few` does, with a heap of pairs; returns the number of symbols.

    Symbols keep their places, linked to their neighbours. Pairs whose symbols have changed stay in
    the heap, and are dropped when they come up.
    """
    near, table, table_filter, ranks, made = M
    symbols, firsts, nexts, previous, priorities, joins, rights, _ = W
    size = np.int64(0)
    for symbol in range(count):
        nexts[symbol] = symbol + 1 if symbol + 1 < count else -1
        previous[symbol] = symbol - 1
    for left in range(count - 1):
        merge = _first_merge(text, left, symbols, firsts, near, table, table_filter)
        if merge >= 0:
            priority = (np.int64(ranks[merge]) << 32) | left
            size = _push(size, priority, merge, left + 1, priorities, joins, rights)
    while size > 0:
        left, right = priorities[0] & _LOW_MASK, np.int64(rights[0])
        merge = np.int64(joins[0])
        size = _drop_first(size, priorities, joins, rights)
        is_stale = symbols[left] == GONE or symbols[right] == GONE or nexts[left] != right
        if is_stale or _merge_of(symbols[left], symbols[right], table, table_filter) != merge:
            continue
        symbols[left], symbols[right] = made[merge], GONE
        nexts[left] = nexts[right]
        if nexts[right] >= 0:
            previous[nexts[right]] = left
        for pair in range(2):  # with its left neighbour, then with its right one
            first = np.int64(previous[left]) if pair == 0 else left
            second = left if pair == 0 else np.int64(nexts[left])
            if first >= 0 and second >= 0:
                merge = _merge_of(symbols[first], symbols[second], table, table_filter)
                if merge >= 0:
                    priority = (np.int64(ranks[merge]) << 32) | first
                    size = _push(size, priority, merge, second, priorities, joins, rights)
    return _close_gaps(count, symbols, firsts)


@lean
def merge_all(text: Any, count: Any, M: Any, W: Any) -> Any:
    """Merges the first `count` symbols of the working space; returns how many are left."""
    if count <= SHORT:
        return _merge_few(text, count, np.int64(1), M, W)
    return _merge_many(text, count, M, W)


@kernel(
    f"void(Array(uint8, 1, 'C', readonly=True), int64[::1], int32[::1], {MERGES}, {WORK},"
    " int32[::1], int32[::1])",
    lean=True,
)
def find_last_pairs(
    text: Any, stops: Any, character_tokens: Any, M: Any, W: Any, lefts: Any, rights: Any
) -> None:
    """Finds the pair of tokens that merging the characters of each piece ends with.

    Where a piece stands in a text and no merge crosses its ends, merging goes as it does over its
    characters alone. So no other pair ever makes it.

    Args:
        text: the pieces, one behind the other.
        stops: where each ends.
        character_tokens: of each code point.
        M: merges; all pairs that could make a piece.
        W: working space for the longest piece.
        lefts: receives the left one of the pair, UNKNOWN for a piece that two others do not make.
        rights: receives the right one.
    """
    symbols, firsts = W[0], W[1]
    start = np.int64(0)
    for piece in range(len(stops)):
        count = _characters(text, start, stops[piece], character_tokens, symbols, firsts)
        count = _merge_few(text, count, np.int64(2), M, W)
        is_pair = count == 2 and _merge_of(symbols[0], symbols[1], M[1], M[2]) >= 0
        lefts[piece] = symbols[0] if is_pair else UNKNOWN
        rights[piece] = symbols[1] if is_pair else UNKNOWN
        start = stops[piece]


@lean
def _encode_word(
    text: Any, start: Any, stop: Any, out: Any, written: Any, T: Any, M: Any, W: Any
) -> Any:
    """Appends the tokens of text[start:stop], which nothing outside can merge with."""
    character_tokens, byte_0 = T[2], T[3]
    symbols, firsts = W[0], W[1]
    count = _characters(text, start, stop, character_tokens, symbols, firsts)
    count = merge_all(text, count, M, W)
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
def _word_stop(text: Any, start: Any, stop: Any, joins: Any, joined: Any) -> Any:
    """Returns where the word ends that begins at `start`: where no piece holds both neighbours.

    Last byte before and first byte behind rule out most places without a search; for ASCII, they
    are the characters.
    """
    previous, place = start, start + 1
    before = text[start]
    while place < stop:
        byte = text[place]
        if (before | byte) < ASCII_END:
            if joins[before, byte] == 0:
                break
            previous = place
        elif not is_continuation(byte):
            if joins[before, byte] == 0 or not _are_joined(text, previous, place, joined):
                break
            previous = place
        before = byte
        place += 1
    return place


@kernel(
    f"int64(Array(uint8, 1, 'C', readonly=True), int64, uint32[::1], {CHARACTERS}, {MERGES},"
    f" {CACHE}, {WORK})",
    lean=True,
)
def encode(text: Any, size_bytes: Any, out: Any, T: Any, M: Any, C: Any, W: Any) -> Any:
    """Writes the tokens of valid UTF-8 text to `out`; returns their number.

    The text is cut wherever no piece holds the two characters at the cut: no merge can cross it.

    Args:
        text: the text, padded (see `word_cache`).
        size_bytes: of the text.
        out: room for as many tokens as the text has bytes, and `word_cache.ROOM` more.
        T: characters.
        M: merges.
        C: words that were met before.
        W: working space.
    """
    joins, joined, lines, stops = T[0], T[1], C[4], W[7]
    written, start = np.int64(0), np.int64(0)
    while start < size_bytes:
        count, stop = np.int64(0), start
        while count < BATCH and stop < size_bytes:
            stop = _word_stop(text, stop, size_bytes, joins, joined)
            stops[count] = stop
            count += 1
        find_lines(text, start, stops, np.int64(0), count, C)
        for word in range(count):
            stop = stops[word]
            known = recall(text, start, stop - start, lines[word], out, written, C)
            if known >= 0:
                written = known
            else:
                first = written
                written = _encode_word(text, start, stop, out, written, T, M, W)
                remember(text, start, stop - start, out, first, written, C)
            start = stop
    return written
