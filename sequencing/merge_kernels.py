"""Symbols of a word merged by rank (compiled): what all encoders have in common.

Letters: M merges, W working space of one call; they are tuples of arrays, made in `fast_encoder`.

Integers are int64 wherever they are passed on: another type would compile a part once more. Tuples
are taken apart before the inner loops: handing one to a part costs more than a merge.

A symbol is a token id, or UNKNOWN for a character without a piece, or GONE once its left neighbour
has absorbed it. A merge is a number, too: it has a rank, and a token that it makes.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.hash_table import NEXT_SLOT, spread
from massivetext.kernels import inlined, kernel, lean

MERGES: Final = "Tuple((int32[:,::1], uint64[::1], uint8[::1], int32[::1], int32[::1]))"
"""Merge of each two ASCII characters or bytes, table of all merges, its filter (which pairs it may
hold), rank and token of each merge."""

WORK: Final = (
    "Tuple((int32[::1], int32[::1], int32[::1], int32[::1], int64[::1], int32[::1], int32[::1]))"
)
"""Symbols: token, first byte, next, previous; heap: priority, merge, right symbol."""

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

_BYTE_SHIFT: Final = np.uint64(3)
_BIT_MASK: Final = np.uint64(7)
_LEFT_SHIFT: Final = np.uint64(TOKEN_BITS)
_MERGE_SHIFT: Final = np.uint64(MERGE_BITS)
_MERGE_MASK: Final = np.uint64((1 << MERGE_BITS) - 1)


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
        slot = (slot + NEXT_SLOT) & last
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
def merge_of(left: Any, right: Any, table: Any, table_filter: Any) -> Any:
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
        merge = merge_of(symbols[symbol], symbols[symbol + 1], table, table_filter)
    return merge


@lean
def _priority(left: Any, symbols: Any, table: Any, table_filter: Any, ranks: Any) -> Any:
    """Returns the rank of a symbol and the next above their merge; _NO_PAIR without one."""
    merge = merge_of(symbols[left], symbols[left + 1], table, table_filter)
    return np.int64(ranks[merge]) << 32 | merge if merge >= 0 else np.int64(_NO_PAIR)


@lean
def merge_few(text: Any, count: Any, least: Any, M: Any, W: Any) -> Any:
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
    """Does what `merge_few` does, with a heap of pairs; returns the number of symbols.

    Symbols keep their places, linked to their neighbours. Pairs whose symbols have changed stay in
    the heap, and are dropped when they come up.
    """
    near, table, table_filter, ranks, made = M
    symbols, firsts, nexts, previous, priorities, joins, rights = W
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
        if is_stale or merge_of(symbols[left], symbols[right], table, table_filter) != merge:
            continue
        symbols[left], symbols[right] = made[merge], GONE
        nexts[left] = nexts[right]
        if nexts[right] >= 0:
            previous[nexts[right]] = left
        for pair in range(2):  # with its left neighbour, then with its right one
            first = np.int64(previous[left]) if pair == 0 else left
            second = left if pair == 0 else np.int64(nexts[left])
            if first >= 0 and second >= 0:
                merge = merge_of(symbols[first], symbols[second], table, table_filter)
                if merge >= 0:
                    priority = (np.int64(ranks[merge]) << 32) | first
                    size = _push(size, priority, merge, second, priorities, joins, rights)
    return _close_gaps(count, symbols, firsts)


@lean
def merge_all(text: Any, count: Any, M: Any, W: Any) -> Any:
    """Merges the first `count` symbols of the working space; returns how many are left."""
    if count <= SHORT:
        return merge_few(text, count, np.int64(1), M, W)
    return _merge_many(text, count, M, W)
