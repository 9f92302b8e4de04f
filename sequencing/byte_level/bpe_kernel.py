"""Words to tokens by byte-level merges (compiled). Letters as in `merge_kernels`.

A word's bytes are its first symbols; the merges of the vocabulary join them. Some tokenizers take a
word that is a token as it is, whatever the merges would make of it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.hash_table import FNV_OFFSET, FNV_PRIME, NEXT_SLOT
from massivetext.kernels import kernel, lean
from massivetext.sequencing.merge_kernels import MERGES, WORK, merge_all
from massivetext.sequencing.word_cache import BATCH, CACHE, find_lines, recall, remember

TOKENS: Final = "Tuple((Array(uint8, 1, 'C', readonly=True), int64[::1], int32[::1]))"
"""Bytes of all tokens, one behind the other; where each ends; slots: token + 1, or 0."""

NO_TOKEN: Final = -1
_HALF: Final = np.uint64(32)


@lean
def _token_slot(text: Any, start: Any, stop: Any, names: Any, stops: Any, slots: Any) -> Any:
    """Returns the slot of the token that has the bytes text[start:stop], or the free one."""
    mixed = FNV_OFFSET
    for place in range(start, stop):
        mixed = (mixed ^ np.uint64(text[place])) * FNV_PRIME
    last = np.uint64(len(slots) - 1)
    slot = (mixed ^ mixed >> _HALF) & last
    while slots[slot] != 0:
        token = slots[slot] - 1
        first = stops[token - 1] if token > 0 else 0
        same = 0
        if stops[token] - first == stop - start:
            while same < stop - start and names[first + same] == text[start + same]:
                same += 1
            if same == stop - start:
                break
        slot = (slot + NEXT_SLOT) & last
    return slot


@kernel("void(Array(uint8, 1, 'C', readonly=True), int64[::1], int32[::1])")
def enter_tokens(names: Any, stops: Any, slots: Any) -> None:
    """Enters the tokens that have bytes into empty slots."""
    first = np.int64(0)
    for token in range(len(stops)):
        if stops[token] > first:
            slots[_token_slot(names, first, stops[token], names, stops, slots)] = token + 1
        first = stops[token]


@lean
def _token_of(text: Any, start: Any, stop: Any, T: Any) -> Any:
    """Returns the token that has the bytes text[start:stop], or NO_TOKEN."""
    names, stops, slots = T
    return np.int64(slots[_token_slot(text, start, stop, names, stops, slots)]) - 1


@lean
def _least(made: Any, count: Any) -> Any:
    """Returns the place of the least token, the leftmost of equals; -1 if there is none."""
    best = np.int64(-1)
    for place in range(count):
        if made[place] >= 0 and (best < 0 or made[place] < made[best]):
            best = np.int64(place)
    return best


@kernel(f"void({TOKENS}, int64[::1], int64[::1], int32[::1], int32[::1])", lean=True)
def find_merges(T: Any, firsts: Any, made: Any, lefts: Any, rights: Any) -> None:
    """Finds the one pair of tokens that merging the bytes of each token ends with.

    Where a token stands in a text and no merge crosses its ends, merging goes as it does over its
    bytes alone: always the pair that makes the least token, the leftmost of equals. So no other
    pair ever makes it.

    Args:
        T: the tokens, whose numbers are their ranks.
        firsts: working space, one longer than the longest token: where each part begins.
        made: the same: the token that each part makes with the next.
        lefts: receives the left one of the pair, NO_TOKEN for a token that no pair makes.
        rights: receives the right one.
    """
    names, stops = T[0], T[1]
    start = np.int64(0)
    for token in range(len(stops)):
        stop = stops[token]
        count = stop - start
        lefts[token] = rights[token] = NO_TOKEN
        for part in range(count + 1):
            firsts[part] = start + part
        for part in range(count - 1):
            made[part] = _token_of(names, firsts[part], firsts[part + 2], T)
        while count > 2:
            best = _least(made, count - 1)
            if best < 0:
                break
            count -= 1
            for part in range(best + 1, count + 1):
                firsts[part] = firsts[part + 1]
            for part in range(best + 1, count - 1):
                made[part] = made[part + 1]
            for part in range(max(best - 1, 0), min(best + 1, count - 1)):
                made[part] = _token_of(names, firsts[part], firsts[part + 2], T)
        if count == 2 and made[0] == token:
            lefts[token] = _token_of(names, start, firsts[1], T)
            rights[token] = _token_of(names, firsts[1], stop, T)
        start = stop


@lean
def _encode_word(
    text: Any,
    start: Any,
    stop: Any,
    out: Any,
    written: Any,
    T: Any,
    byte_tokens: Any,
    M: Any,
    W: Any,
) -> Any:
    """Appends the tokens of text[start:stop]."""
    if len(T[2]) > 0:
        token = _token_of(text, start, stop, T)
        if token >= 0:
            out[written] = token
            return written + 1
    symbols, firsts = W[0], W[1]
    count = np.int64(stop - start)
    for symbol in range(count):
        symbols[symbol] = byte_tokens[text[start + symbol]]
        firsts[symbol] = start + symbol
    firsts[count] = stop
    count = merge_all(text, count, M, W)
    for symbol in range(count):
        out[written] = symbols[symbol]
        written += 1
    return written


@kernel(
    f"int64(Array(uint8, 1, 'C', readonly=True), int64[::1], uint32[::1], int32[::1], {MERGES},"
    f" {TOKENS}, {CACHE}, {WORK})",
    lean=True,
)
def encode_words(
    text: Any, stops: Any, out: Any, byte_tokens: Any, M: Any, T: Any, C: Any, W: Any
) -> Any:
    """Writes the tokens of words to `out`; returns their number.

    Args:
        text: the words, one behind the other, padded (see `word_cache`).
        stops: where each word ends; no word is empty.
        out: room for as many tokens as there are bytes, and `word_cache.ROOM` more.
        byte_tokens: token of each byte.
        M: merges.
        T: tokens that words are as they are; without slots, merges decide about all.
        C: words that were met before.
        W: working space.
    """
    lines = C[4]
    written, start = np.int64(0), np.int64(0)
    for first_word in range(0, len(stops), BATCH):
        last_word = min(first_word + BATCH, len(stops))
        find_lines(text, start, stops, first_word, last_word, C)
        for word in range(first_word, last_word):
            stop = stops[word]
            line = lines[word - first_word]
            known = recall(text, start, stop - start, line, out, written, C)
            if known >= 0:
                written = known
            else:
                first = written
                written = _encode_word(text, start, stop, out, written, T, byte_tokens, M, W)
                remember(text, start, stop - start, out, first, written, C)
            start = stop
    return written
