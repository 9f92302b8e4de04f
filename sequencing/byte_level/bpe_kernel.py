"""Words to tokens by byte-level merges (compiled). Letters as in `merge_kernels`.

A word's bytes are its first symbols; the merges of the vocabulary join them. Some tokenizers take a
word that is a token as it is, whatever the merges would make of it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.hash_table import FNV_OFFSET, FNV_PRIME
from massivetext.kernels import kernel, lean
from massivetext.sequencing.merge_kernels import (
    LONGEST_KEY,
    NO_HASH,
    SHORT,
    WORK,
    copy_tokens,
    find_word,
    finished_hash,
    merge_few,
    merge_many,
    remember,
)

MERGES: Final = "Tuple((int32[::1], uint64[::1], int32[::1], int32[::1], int32[::1]))"
"""Token of each byte, merge keys, merges, rank and token of each merge."""

WORDS: Final = "Tuple((uint64[::1], int64[::1], int64[::1], uint8[::1], uint32[::1], int64[::1]))"
"""A cache of words, or those that are tokens: as in `merge_kernels`, but with uint32 tokens."""


@lean
def _hash(text: Any, start: Any, stop: Any) -> Any:
    word_hash = FNV_OFFSET
    for place in range(start, stop):
        word_hash = (word_hash ^ np.uint64(text[place])) * FNV_PRIME
    return finished_hash(word_hash)


@lean
def _copy_known(
    text: Any, start: Any, size: Any, word_hash: Any, out: Any, written: Any, words: Any
) -> Any:
    """Appends the tokens of a word that is known; returns how many are written then."""
    hashes, key_slots, token_slots, keys, tokens, _ = words
    slot = find_word(text, start, size, word_hash, hashes, key_slots, keys)
    if hashes[slot] != NO_HASH:
        written = copy_tokens(slot, token_slots, tokens, out, written)
    return written


@lean
def _encode_word(text: Any, start: Any, stop: Any, out: Any, written: Any, T: Any, W: Any) -> Any:
    """Appends the tokens that the merges make of text[start:stop]."""
    byte_tokens, keys, merges, ranks, made = T
    symbols, firsts, pairs = W[0], W[1], W[2]
    count = np.int64(stop - start)
    for symbol in range(count):
        symbols[symbol] = byte_tokens[text[start + symbol]]
        firsts[symbol] = start + symbol
    firsts[count] = stop
    if count <= SHORT:
        count = merge_few(count, symbols, firsts, pairs, keys, merges, ranks, made)
    else:
        count = merge_many(count, keys, merges, ranks, made, W)
    for symbol in range(count):
        out[written] = symbols[symbol]
        written += 1
    return written


@kernel(f"void(Array(uint8, 1, 'C', readonly=True), int64[::1], {WORDS})")
def enter_words(text: Any, stops: Any, words: Any) -> None:
    """Enters the words of a vocabulary, one behind the other in `text`; the n-th is token n."""
    token = np.empty(1, np.uint32)
    start = np.int64(0)
    for number in range(len(stops)):
        size = stops[number] - start
        if size > 0:
            token[0] = number
            word_hash = _hash(text, start, stops[number])
            remember(text, start, size, word_hash, token, np.int64(0), np.int64(1), words)
        start = stops[number]


@kernel(
    f"int64(Array(uint8, 1, 'C', readonly=True), int64[::1], uint32[::1], {MERGES}, {WORDS},"
    f" {WORDS}, {WORK})"
)
def encode_words(text: Any, stops: Any, out: Any, T: Any, V: Any, C: Any, W: Any) -> Any:
    """Writes the tokens of words to `out`; returns their number.

    Args:
        text: the words, one behind the other.
        stops: where each word ends.
        out: room for as many tokens as there are bytes.
        T: byte tokens and merges.
        V: words that are tokens as they are; without any, merges decide about all.
        C: words that were met before.
        W: working space.
    """
    written, start = np.int64(0), np.int64(0)
    for number in range(len(stops)):
        stop = stops[number]
        size, first = stop - start, written
        word_hash = _hash(text, start, stop)
        if size <= LONGEST_KEY:
            written = _copy_known(text, start, size, word_hash, out, written, C)
        if written == first and V[5][0] > 0:
            written = _copy_known(text, start, size, word_hash, out, written, V)
        if written == first:
            written = _encode_word(text, start, stop, out, written, T, W)
            if size <= LONGEST_KEY:
                remember(text, start, size, word_hash, out, first, written, C)
        start = stop
    return written
