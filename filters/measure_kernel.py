"""The compiled loop that counts everything the measures need, over the UTF-8 of a batch.

`tally` fills one row of integers a document; `massivetext.filters.measures` divides. The time is
linear in the bytes; the memory is about 70 bytes a word of the longest document.
"""

from __future__ import annotations

import numpy as np

from massivetext.filters.mojibake_kernel import count_mojibake
from massivetext.filters.repetition_kernel import count_copies, count_words
from massivetext.filters.text_kernel import Array, Tally, most_words_and_lines, scan
from massivetext.hash_table import slots_for
from massivetext.kernels import kernel


@kernel(
    "void(Array(uint8, 1, 'C', True), Array(int64, 1, 'C', True), Array(uint8, 1, 'C', True), "
    "boolean, int64[:, ::1])"
)
def tally(texts: Array, offsets: Array, classes: Array, only_repeats: bool, tallies: Array) -> None:
    """Counts, a document each, what the measures are made of.

    Args:
        texts: uint8, valid UTF-8 of all documents, one after the other.
        offsets: int64[documents + 1], first byte of each document and the end of the last.
        classes: uint8[0x110000], the classes of each code point.
        only_repeats: repeated 5- to 10-grams cover their later places only, not the first.
        tallies: int64[documents, len(Tally)], zeros: is filled.
    """
    most_words, most_lines = most_words_and_lines(texts, offsets)
    words = np.empty((most_words, 4), np.int64)
    lines = np.empty((most_lines, 4), np.int64)
    paragraphs = np.empty((most_lines, 4), np.int64)
    table = np.empty(slots_for(most_words), np.int32)
    distinct = np.empty((most_words, 3), np.int64)
    places = np.empty(most_words, np.int32)
    numbers = np.empty(most_words, np.int32)
    for document in range(len(offsets) - 1):
        text = texts[offsets[document] : offsets[document + 1]]
        row = tallies[document]
        scan(text, classes, words, lines, paragraphs, row)
        row[Tally.MOJIBAKE] = count_mojibake(text)
        count_copies(text, lines, paragraphs, table, distinct, numbers, places, row)
        count_words(text, classes, words, table, distinct, places, numbers, only_repeats, row)
