"""Parts of the kernel that read a text once: words, lines, paragraphs, and what they contain.

Also the constants that all parts share.

Terms are those of tests/reference/measures.py, the slow and obvious version.
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import Any, Final

import numpy as np

from massivetext.hash_table import GOLDEN
from massivetext.kernels import helper, inlined
from massivetext.utf8 import ASCII_END, LEAD_3, character_at

Array = Any
"""A numpy array; docstrings say of what."""

Int = Any
"""A machine integer: int64, unless a docstring says otherwise."""


class Tally(IntEnum):
    """What the kernel counts in a document: its columns, always by name.

    `massivetext.measure_table` says which measures they make. Order and numbers mean nothing.
    """

    TEXT_CHARACTERS = 0
    WORDS = auto()
    WORD_CHARACTERS = auto()
    HASH_SYMBOLS = auto()
    ELLIPSES = auto()
    ALPHABETIC_WORDS = auto()
    STOP_WORDS = auto()
    MOJIBAKE = auto()
    LINES = auto()
    LINE_CHARACTERS = auto()
    BULLET_LINES = auto()
    ELLIPSIS_LINES = auto()
    LINE_COPIES = auto()
    LINE_COPY_CHARACTERS = auto()
    PARAGRAPHS = auto()
    PARAGRAPH_COPIES = auto()
    PARAGRAPH_COPY_CHARACTERS = auto()
    TOP_2_GRAM_CHARACTERS = auto()
    TOP_3_GRAM_CHARACTERS = auto()
    TOP_4_GRAM_CHARACTERS = auto()
    DUPLICATE_5_GRAM_CHARACTERS = auto()
    DUPLICATE_6_GRAM_CHARACTERS = auto()
    DUPLICATE_7_GRAM_CHARACTERS = auto()
    DUPLICATE_8_GRAM_CHARACTERS = auto()
    DUPLICATE_9_GRAM_CHARACTERS = auto()
    DUPLICATE_10_GRAM_CHARACTERS = auto()


WHITE_SPACE, LETTER, ALPHANUMERIC, BULLET, BULLET_BEFORE_SPACE = 1, 2, 4, 8, 16
"""Classes of a character, as bits; `massivetext.filters.characters` says which are which."""

_LINE_FEED, _BLANK, _HASH_SYMBOL, _FULL_STOP = 0x0A, 0x20, 0x23, 0x2E
_ELLIPSIS: Final = 0x2026

_LEAD_LATIN: Final = 0xC2
_LEAD_SPACES: Final = (0xE1, 0xE3)
"""First bytes of white space beyond ASCII: U+0085 and U+00A0, and U+1680 to U+3000."""

_HALF: Final = np.uint64(32)


START, END, HASH, CHARACTERS = range(4)
"""Columns of words, lines and paragraphs (int64): first item and item after the last (bytes, or the
lines of a paragraph), a hash, and the characters; for a word, those of all words up to its end."""


@inlined
def _mix(state: Array, value: Array) -> Array:
    """Returns the hash (uint64) of a hash and one more number; their order matters."""
    mixed = (state ^ np.uint64(value)) * GOLDEN
    return mixed ^ (mixed >> _HALF)


@inlined
def _note(items: Array, item: Int, start: Int, end: Int, item_hash: Array, characters: Int) -> None:
    """Notes a word or a line."""
    items[item, START] = start
    items[item, END] = end
    items[item, HASH] = np.int64(item_hash)
    items[item, CHARACTERS] = characters


@helper
def scan(
    text: Array, classes: Array, words: Array, lines: Array, paragraphs: Array, row: Array
) -> None:
    """Finds the words, lines and paragraphs, and counts what needs no comparison."""
    i = characters = before = word = line = paragraph = after_ellipsis = 0
    line_first = line_start = line_end = line_characters = 0
    in_line = in_paragraph = False
    line_hash = gap = np.uint64(0)
    while True:
        # As if a line feed followed, which ends the last line and paragraph.
        byte = text[i] if i < len(text) else np.uint8(_LINE_FEED)
        if byte == _LINE_FEED:
            if in_line:
                _note(lines, line, line_start, line_end, line_hash, line_characters)
                row[Tally.LINE_CHARACTERS] += line_characters
                row[Tally.ELLIPSIS_LINES] += _ends_with_ellipsis(text, line_start, line_end)
                _extend_paragraph(lines, line, paragraphs, paragraph, in_paragraph)
                line += 1
            elif in_paragraph:
                paragraph += 1
            in_paragraph = in_line
            in_line = False
            if i >= len(text):
                break
            i += 1
            characters += 1
            continue
        code_point, size = character_at(text, i)
        if classes[code_point] & WHITE_SPACE:
            gap = _mix(gap, code_point)
            i += size
            characters += 1
            continue
        if not in_line:
            in_line = True
            line_start = i
            line_first = characters
            line_hash = gap = np.uint64(0)
            row[Tally.BULLET_LINES] += _is_bullet(text, classes, i)
        start = i
        i, length, after_ellipsis, seen, state = _word(text, classes, i, after_ellipsis, row)
        if seen & LETTER:
            row[Tally.ALPHABETIC_WORDS] += 1
        before += length
        _note(words, word, start, i, state, before)
        word += 1
        characters += length
        line_end = i
        line_characters = characters - line_first
        # Of words and the spaces between them: those at the end of a line never get here.
        line_hash = _mix(line_hash ^ gap, state)
        gap = np.uint64(0)
    row[Tally.TEXT_CHARACTERS] = characters
    row[Tally.WORDS] = word
    row[Tally.WORD_CHARACTERS] = before
    row[Tally.LINES] = line
    row[Tally.PARAGRAPHS] = paragraph + in_paragraph


@inlined
def _word(
    text: Array, classes: Array, i: Int, after_ellipsis: Int, row: Array
) -> tuple[Int, Int, Int, Int, Array]:
    """Reads the word at byte `i`.

    Returns the byte after it, its characters, the byte after the last ellipsis, the classes of its
    characters and its hash (uint64).
    """
    start = i
    beyond = 0  # bytes of characters after their first
    seen = np.uint8(0)
    state = np.uint64(0)
    while i < len(text):
        byte = text[i]
        if byte < ASCII_END:
            found = classes[byte]
            if found & WHITE_SPACE:
                break
            if not found:  # both symbols that count are of no class
                if byte == _HASH_SYMBOL:
                    row[Tally.HASH_SYMBOLS] += 1
                elif byte == _FULL_STOP and i >= after_ellipsis:
                    dots = _dots(text, i)
                    if dots:
                        row[Tally.ELLIPSES] += 1
                        after_ellipsis = i + dots
            state = (state ^ np.uint64(byte)) * GOLDEN
            i += 1
        else:
            code_point, size = character_at(text, i)
            found = classes[code_point]
            if found & WHITE_SPACE:
                break
            row[Tally.ELLIPSES] += code_point == _ELLIPSIS
            state = (state ^ np.uint64(code_point)) * GOLDEN
            i += size
            beyond += size - 1
        seen |= found
    return i, i - start - beyond, after_ellipsis, seen, state ^ (state >> _HALF)


@inlined
def _dots(text: Array, i: Int) -> Int:
    """Returns the length of the "..." or ". . ." that starts at byte `i`, or 0."""
    dots = 0
    if i + 2 < len(text) and text[i] == _FULL_STOP:
        if text[i + 1] == _FULL_STOP:
            if text[i + 2] == _FULL_STOP:
                dots = 3
        elif (
            i + 4 < len(text)
            and text[i + 1] == text[i + 3] == _BLANK
            and text[i + 2] == text[i + 4] == _FULL_STOP
        ):
            dots = 5
    return dots


@inlined
def _ends_with_ellipsis(text: Array, start: Int, end: Int) -> bool:
    """Whether the line between two bytes ends with an ellipsis."""
    if text[end - 1] == _FULL_STOP:
        return (end - start >= 3 and _dots(text, end - 3) == 3) or (
            end - start >= 5 and _dots(text, end - 5) == 5
        )
    return (
        end - start >= 3 and text[end - 3] >= LEAD_3 and character_at(text, end - 3)[0] == _ELLIPSIS
    )


@inlined
def _extend_paragraph(
    lines: Array, line: Int, paragraphs: Array, paragraph: Int, in_paragraph: bool
) -> None:
    """Adds a line to a paragraph, or begins one with it."""
    if not in_paragraph:
        paragraphs[paragraph, START] = line
        paragraphs[paragraph, HASH] = 0
        paragraphs[paragraph, CHARACTERS] = 0
    paragraphs[paragraph, END] = line + 1
    paragraphs[paragraph, HASH] = np.int64(
        _mix(np.uint64(paragraphs[paragraph, HASH]), lines[line, HASH])
    )
    paragraphs[paragraph, CHARACTERS] += lines[line, CHARACTERS]


@inlined
def _is_bullet(text: Array, classes: Array, i: Int) -> bool:
    """Whether the line whose first character is at byte `i` starts with a bullet."""
    code_point, size = character_at(text, i)
    after = i + size
    if classes[code_point] & BULLET_BEFORE_SPACE and after < len(text):
        return classes[character_at(text, after)[0]] & WHITE_SPACE != 0
    return classes[code_point] & (BULLET | BULLET_BEFORE_SPACE) != 0


@helper
def most_words_and_lines(texts: Array, offsets: Array) -> tuple[Int, Int]:
    """Returns upper bounds for the words and for the lines of any one document.

    They only reserve room: memory that no word comes to fill is never touched.
    """
    most_words = most_lines = 1
    for document in range(len(offsets) - 1):
        words = lines = 1
        for i in range(offsets[document], offsets[document + 1]):
            byte = texts[i]
            # Sums of comparisons, without branches: the compiler takes many bytes at once.
            is_wide = (byte >= _LEAD_SPACES[0]) & (byte <= _LEAD_SPACES[1])
            words += (byte <= _BLANK) | (byte == _LEAD_LATIN) | is_wide
            lines += byte == _LINE_FEED
        most_words = max(most_words, words)
        most_lines = max(most_lines, lines)
    return most_words, most_lines
