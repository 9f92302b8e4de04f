"""Parts of the kernel that compare: repeated lines, paragraphs and n-grams, and the stop words.

Counting is exact. Hashes only find candidates: equal words, lines and paragraphs are compared
element by element, and an n-gram is identified by the numbers of the two (n-1)-grams in it.

An n-gram can only repeat where both its (n-1)-grams repeat, so each n looks at what survived the
one before: the time is linear, and a text that does not repeat itself costs little.

Terms are those of tests/reference/measures.py, the slow and obvious version.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from massivetext.filters.text_kernel import (
    ALPHANUMERIC,
    CHARACTERS,
    END,
    HASH,
    START,
    Array,
    Int,
    Tally,
)
from massivetext.hash_table import NEXT_SLOT, find_item, slots_for, spread
from massivetext.kernels import helper, inlined
from massivetext.utf8 import character_at, is_continuation

STOP_WORDS: Final = ("the", "be", "to", "of", "and", "that", "have", "with")
"""A.1.1: a document has at least two of these English words."""

_PACKED_STOP_WORDS: Final = tuple(int.from_bytes(word.encode(), "big") for word in STOP_WORDS)
"""The words as integers, a byte a letter: one comparison each."""

_ALL_STOP_WORDS: Final = (1 << len(_PACKED_STOP_WORDS)) - 1
_SHORTEST_STOP_WORD: Final = min(map(len, STOP_WORDS))
_LONGEST_STOP_WORD: Final = max(map(len, STOP_WORDS))

_CAPITAL_A, _CAPITAL_Z = ord("A"), ord("Z")
_CASE: Final = 0x20
"""The bit that makes an ASCII letter a small one."""

SHORTEST_GRAM: Final = 2
LONGEST_TOP_GRAM: Final = 4
LONGEST_GRAM: Final = 10
"""Table A1: the most frequent n-gram for n = 2..4, all repeated n-grams for n = 5..10."""

_GRAM_TALLIES: Final = tuple(
    int(Tally[f"{'TOP' if n <= LONGEST_TOP_GRAM else 'DUPLICATE'}_{n}_GRAM_CHARACTERS"])
    for n in range(SHORTEST_GRAM, LONGEST_GRAM + 1)
)
"""Columns for the characters that n-grams cover, SHORTEST_GRAM first."""

KEY, FIRST, COUNT = range(3)
"""Columns of the distinct items (int64), numbered 0, 1, ... in the order of the text: what the hash
table compares (`massivetext.hash_table.find_item`), the place of the first occurrence, and how many
there are."""


@helper
def _number(
    values: Array, slices: Array, size: Int, table: Array, distinct: Array, numbers: Array
) -> Int:
    """Numbers slices of `values` so that equal slices, and only they, have equal numbers.

    The slices are the first `size` rows of `slices`; slice k gets numbers[k]. Returns how many
    distinct ones there are.
    """
    slots = slots_for(size)
    table[:slots] = 0
    known = 0
    for k in range(size):
        key = slices[k, HASH]
        start = slices[k, START]
        length = slices[k, END] - start
        slot = spread(key)
        while True:
            slot = find_item(table, slots - 1, slot, distinct, key)
            if table[slot] == 0:
                known = _add_item(table, slot, distinct, known, key, k)
                break
            other = distinct[table[slot] - 1, FIRST]
            if length == slices[other, END] - slices[other, START] and _same(
                values, start, slices[other, START], length
            ):
                break
            slot += NEXT_SLOT  # another slice has the same hash
        number = table[slot] - 1
        distinct[number, COUNT] += 1
        numbers[k] = number
    return known


@inlined
def _add_item(table: Array, slot: Int, distinct: Array, known: Int, key: Int, first: Int) -> Int:
    """Enters an item, not counted yet, in a free slot; returns how many are known now."""
    table[slot] = known + 1
    distinct[known, KEY] = key
    distinct[known, FIRST] = first
    distinct[known, COUNT] = 0
    return known + 1


@inlined
def _same(values: Array, start: Int, other_start: Int, length: Int) -> bool:
    """Whether two slices of `values` of one length are equal."""
    i = 0
    while i < length and values[start + i] == values[other_start + i]:
        i += 1
    return i == length


@helper
def count_copies(
    text: Array,
    lines: Array,
    paragraphs: Array,
    table: Array,
    distinct: Array,
    line_numbers: Array,
    paragraph_numbers: Array,
    row: Array,
) -> None:
    """Counts the lines and paragraphs that are equal to an earlier one, and their characters."""
    _number(text, lines, row[Tally.LINES], table, distinct, line_numbers)
    for line in range(row[Tally.LINES]):
        if distinct[line_numbers[line], FIRST] != line:
            row[Tally.LINE_COPIES] += 1
            row[Tally.LINE_COPY_CHARACTERS] += lines[line, CHARACTERS]
    _number(line_numbers, paragraphs, row[Tally.PARAGRAPHS], table, distinct, paragraph_numbers)
    for paragraph in range(row[Tally.PARAGRAPHS]):
        if distinct[paragraph_numbers[paragraph], FIRST] != paragraph:
            row[Tally.PARAGRAPH_COPIES] += 1
            row[Tally.PARAGRAPH_COPY_CHARACTERS] += paragraphs[paragraph, CHARACTERS]


@helper
def count_words(
    text: Array,
    classes: Array,
    words: Array,
    table: Array,
    distinct: Array,
    places: Array,
    numbers: Array,
    only_repeats: bool,
    row: Array,
) -> None:
    """Finds the stop words, and counts the characters that repeated n-grams cover, for every n.

    `places` and `numbers` (int32) hold the n-grams that may repeat, in the order of the text: the
    first word, and the number among the distinct ones.
    """
    size = row[Tally.WORDS]
    known = _number(text, words, size, table, distinct, numbers)
    row[Tally.STOP_WORDS] = _stop_words(text, classes, words, distinct, known)
    for word in range(size):
        places[word] = word
    for n in range(SHORTEST_GRAM, LONGEST_GRAM + 1):
        size = _keep_repeated(places, numbers, size, distinct)
        size, known = _lengthen(places, numbers, size, table, distinct)
        top = _top_gram(words, n, distinct, known) if n <= LONGEST_TOP_GRAM else -1
        # Places rise: words before `end` are covered already, and overlaps count once.
        covered = end = 0
        for k in range(size):
            number, place = numbers[k], places[k]
            if n <= LONGEST_TOP_GRAM:
                if number != top:
                    continue
            elif distinct[number, COUNT] < 2 or (only_repeats and distinct[number, FIRST] == place):
                continue
            covered += _characters(words, max(place, end), place + n)
            end = place + n
        row[_GRAM_TALLIES[n - SHORTEST_GRAM]] = covered


@inlined
def _characters(words: Array, first: Int, after: Int) -> Int:
    """Returns the characters of the words from one to before another."""
    # Words hold running sums: a difference is as quick for many words as for two.
    before = words[first - 1, CHARACTERS] if first > 0 else 0
    return words[after - 1, CHARACTERS] - before


@helper
def _keep_repeated(places: Array, numbers: Array, size: Int, distinct: Array) -> Int:
    """Drops the n-grams that occur once; returns how many places are left."""
    kept = 0
    for k in range(size):
        if distinct[numbers[k], COUNT] > 1:
            places[kept] = places[k]
            numbers[kept] = numbers[k]
            kept += 1
    return kept


@helper
def _lengthen(
    places: Array, numbers: Array, size: Int, table: Array, distinct: Array
) -> tuple[Int, Int]:
    """Makes n-grams of the (n-1)-grams at neighbouring places; returns (places, distinct)."""
    slots = slots_for(size)
    table[:slots] = 0
    kept = known = 0
    for k in range(size - 1):
        if places[k + 1] != places[k] + 1:
            continue
        # The numbers of both halves are the whole n-gram: equal keys need no comparison.
        key = np.int64(numbers[k]) << 32 | np.int64(numbers[k + 1])
        slot = find_item(table, slots - 1, spread(key), distinct, key)
        if table[slot] == 0:
            known = _add_item(table, slot, distinct, known, key, places[k])
        number = table[slot] - 1
        distinct[number, COUNT] += 1
        places[kept] = places[k]  # kept <= k: what is written has been read
        numbers[kept] = number
        kept += 1
    return kept, known


@helper
def _top_gram(words: Array, n: Int, distinct: Array, known: Int) -> Int:
    """Returns the number of the most frequent n-gram; -1 if none occurs twice.

    Of equally frequent ones it is the one with the most characters, then the earliest.
    """
    top, top_count, top_length = -1, 2, 0
    for number in range(known):
        count = distinct[number, COUNT]
        if count >= top_count:
            place = distinct[number, FIRST]
            length = _characters(words, place, place + n)
            if count > top_count or length > top_length:
                top, top_count, top_length = number, count, length
    return top


@helper
def _stop_words(text: Array, classes: Array, words: Array, distinct: Array, known: Int) -> Int:
    """Returns how many of the stop words are among the distinct words."""
    found = 0
    for number in range(known):
        word = distinct[number, FIRST]
        found |= _stop_word(text, classes, words[word, START], words[word, END])
        if found == _ALL_STOP_WORDS:
            break
    count = 0
    for bit in range(len(_PACKED_STOP_WORDS)):
        count += found >> bit & 1
    return count


@inlined
def _stop_word(text: Array, classes: Array, start: Int, end: Int) -> Int:
    """Returns the bit of the stop word between two bytes, or 0.

    Compared in lower case and without what is not alphanumeric at the ends. No character beyond
    ASCII has a letter of these eight words as its lower case.
    """
    while start < end:
        code_point, size = character_at(text, start)
        if classes[code_point] & ALPHANUMERIC:
            break
        start += size
    while start < end:
        last = end - 1
        while is_continuation(text[last]):
            last -= 1
        if classes[character_at(text, last)[0]] & ALPHANUMERIC:
            break
        end = last
    found = 0
    if _SHORTEST_STOP_WORD <= end - start <= _LONGEST_STOP_WORD:
        packed: Int = 0
        for k in range(start, end):
            byte = np.int64(text[k])
            packed = packed << 8 | (byte | _CASE if _CAPITAL_A <= byte <= _CAPITAL_Z else byte)
        for bit in range(len(_PACKED_STOP_WORDS)):
            found |= (packed == _PACKED_STOP_WORDS[bit]) << bit
    return found
