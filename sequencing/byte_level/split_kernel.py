r"""The patterns of known tokenizers as one compiled scanner: where the words of a text end.

A pattern is a choice of branches, tried in order at every place, as its regular expression says:

    's 't 're ...         a contraction (GPT-2, cl100k, Qwen)
    .?L+                  letters, after one other character in all but GPT-2 (there: a space)
    .?[upper][lower]...   o200k: a word ends where small letters meet capitals
    N{1,k}                numbers, at most k characters (GPT-2: after a space, any number)
     ?[^ L N]+[\r\n]*   symbols after a space, with the line ends (o200k: and slashes) behind
    \s*[\r\n]+         white space up to the last line end of its run
    \s+(?!\S)           white space but for its last character, if text follows
    \s+                  that last character
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numba import types

from massivetext.kernels import inlined, kernel, lean
from massivetext.sequencing.byte_level.unicode_classes import (
    IS_BEYOND_ASCII,
    IS_CAPITAL,
    IS_CASELESS,
    IS_LETTER,
    IS_NUMBER,
    IS_SMALL,
    IS_SPACE,
    IS_SYMBOL,
)
from massivetext.utf8 import ASCII_END, character_at

_CR: Final = 13
_LF: Final = 10
_BLANK: Final = 32
_SLASH: Final = 47
_APOSTROPHE: Final = 39
_ONE: Final = np.uint64(1)
_LONG_S: Final = 0x17F
"""Folds to s (Unicode CaseFolding.txt), so that case-insensitive patterns take it for one."""

# Contractions.
NONE: Final = 0
SMALL_FIRST: Final = 1  # a branch of its own, small letters only
ANY_CASE_FIRST: Final = 2  # a branch of its own
ANY_CASE_LAST: Final = 3  # behind a word


class SplitRule(NamedTuple):
    """A pattern.

    Attributes:
        space_before: whether words and numbers take a space before them only, as in GPT-2; words
            take any one character that is no letter, number or line end otherwise.
        by_case: whether words end where small letters meet capitals.
        contractions: one of the numbers above.
        numbers: characters of a number at most; 0 for any number of them.
        symbol_tails: 0 for none, 1 for line ends behind symbols, 2 for slashes, too.
        line_ends: whether white space is cut behind its last line end.
        whole_tail: whether white space at the end of the text is one word.
    """

    space_before: bool
    by_case: bool
    contractions: int
    numbers: int
    symbol_tails: int
    line_ends: bool
    whole_tail: bool


_RULE_TYPE: Final[Any] = types.NamedTuple(
    [types.boolean, types.boolean, *[types.int64] * 3, types.boolean, types.boolean], SplitRule
)
_BYTES: Final[Any] = types.Array(types.uint8, 1, "C", readonly=True)


@lean
def _class_at(text: Any, place: Any, classes: Any) -> Any:
    """`(classes of the character there, where it ends)`; no class at the end of the text."""
    if place >= len(text):
        return np.int64(0), np.int64(place)
    byte = text[place]
    if byte < ASCII_END:
        return np.int64(classes[byte]), np.int64(place) + 1
    code_point, size = character_at(text, place)
    return np.int64(classes[code_point]), np.int64(place) + size


@lean
def _run(text: Any, place: Any, classes: Any, wanted: Any) -> Any:
    """Where the characters of these classes end that begin at a place."""
    while place < len(text):
        found, stop = _class_at(text, place, classes)
        if found & wanted == 0:
            break
        place = stop
    return place


@lean
def _is_line_end(text: Any, place: Any) -> Any:
    return place < len(text) and (text[place] == _LF or text[place] == _CR)


@lean
def _contraction(text: Any, place: Any, any_case: Any) -> Any:
    """Where a contraction ends that begins at a place; the place itself if there is none."""
    stop = len(text)
    if place + 1 >= stop or text[place] != _APOSTROPHE:
        return place
    fold = 32 if any_case else 0
    first = text[place + 1] | fold
    if first in (115, 116, 109, 100):  # s t m d
        return place + 2
    if any_case and text[place + 1] >= ASCII_END:
        code_point, size = character_at(text, place + 1)
        return place + 1 + size if code_point == _LONG_S else place
    if place + 2 < stop:
        second = text[place + 2] | fold
        if (first in (114, 118) and second == 101) or (first == 108 and second == 108):
            return place + 3  # re, ve, ll
    return place


@lean
def _small_word(text: Any, place: Any, classes: Any) -> Any:
    """Where `[capitals]*[small letters]+` ends; the place itself if it does not match.

    Characters without case belong to both; the capitals give back as few as they must.
    """
    capitals = _run(text, place, classes, IS_CAPITAL | IS_CASELESS)
    stop = _run(text, capitals, classes, IS_SMALL | IS_CASELESS)
    if stop > capitals:
        return stop
    last, at = place, place
    while at < capitals:
        found, behind = _class_at(text, at, classes)
        if found & IS_CASELESS:
            last = behind
        at = behind
    return last


@lean
def _word_by_case(text: Any, place: Any, classes: Any, rule: Any) -> Any:
    """Where a word of o200k ends that begins at a place; the place itself if none does."""
    found, behind = _class_at(text, place, classes)
    takes_one = found & (IS_LETTER | IS_NUMBER) == 0 and not _is_line_end(text, place)
    stop = place
    if takes_one:
        stop = _small_word(text, behind, classes)
        stop = stop if stop > behind else place
    if stop == place:
        stop = _small_word(text, place, classes)
    if stop == place and takes_one:
        stop = _run(text, behind, classes, IS_CAPITAL | IS_CASELESS)
        stop = stop if stop > behind else place
    if stop == place:
        stop = _run(text, place, classes, IS_CAPITAL | IS_CASELESS)
    if stop > place and rule.contractions == ANY_CASE_LAST:
        stop = _contraction(text, stop, True)
    return stop


@lean
def _word(text: Any, place: Any, classes: Any, rule: Any) -> Any:
    """Where letters end, with the one character that may stand before them; else the place."""
    if rule.by_case:
        return _word_by_case(text, place, classes, rule)
    found, behind = _class_at(text, place, classes)
    if found & IS_LETTER:
        return _run(text, behind, classes, IS_LETTER)
    if rule.space_before:
        takes_one = text[place] == _BLANK
    else:
        takes_one = found & IS_NUMBER == 0 and not _is_line_end(text, place)
    if takes_one:
        stop = _run(text, behind, classes, IS_LETTER)
        if stop > behind:
            return stop
    return place


@lean
def _number(text: Any, place: Any, classes: Any, rule: Any) -> Any:
    """Where a number ends that begins at a place; else the place."""
    start = place + 1 if rule.space_before and text[place] == _BLANK else place
    stop, count = start, 0
    while rule.numbers == 0 or count < rule.numbers:
        found, behind = _class_at(text, stop, classes)
        if found & IS_NUMBER == 0:
            break
        stop = behind
        count += 1
    return stop if stop > start else place


@lean
def _symbols(text: Any, place: Any, classes: Any, rule: Any) -> Any:
    """Where symbols end that begin at a place, with what belongs to their tail; else the place."""
    start = place + 1 if text[place] == _BLANK else place
    stop = start
    while stop < len(text):
        found, behind = _class_at(text, stop, classes)
        if found & (IS_LETTER | IS_NUMBER | IS_SPACE):
            break
        stop = behind
    if stop == start:
        return place
    if rule.symbol_tails:
        while _is_line_end(text, stop) or (
            rule.symbol_tails == 2 and stop < len(text) and text[stop] == _SLASH
        ):
            stop += 1
    return stop


@lean
def _white_space(text: Any, place: Any, classes: Any, rule: Any) -> Any:
    """Where a word of white space ends that begins at a place."""
    stop, last, line_end = place, place, place
    while stop < len(text):
        found, behind = _class_at(text, stop, classes)
        if found & IS_SPACE == 0:
            break
        last = stop
        if _is_line_end(text, stop):
            line_end = behind
        stop = behind
    if stop == len(text) and rule.whole_tail:
        return stop
    if rule.line_ends and line_end > place:
        return line_end
    if stop == len(text) or last == place:
        return stop
    return last


@lean
def _next_stop(text: Any, place: Any, classes: Any, rule: Any) -> Any:
    """Where the word ends that begins at a place."""
    if rule.contractions in (SMALL_FIRST, ANY_CASE_FIRST):
        stop = _contraction(text, place, rule.contractions == ANY_CASE_FIRST)
        if stop > place:
            return stop
    stop = _word(text, place, classes, rule)
    if stop == place:
        stop = _number(text, place, classes, rule)
    if stop == place:
        stop = _symbols(text, place, classes, rule)
    if stop == place:
        stop = _white_space(text, place, classes, rule)
    return stop


@inlined
def _ascii_run(text: Any, place: Any, byte_classes: Any, wanted: Any) -> Any:
    """Where the ASCII characters of these classes end that begin at a place (uint64)."""
    size = np.uint64(len(text))
    while place < size and byte_classes[text[place]] & wanted:
        place += _ONE
    return place


@inlined
def _ascii_symbols(text: Any, place: Any, byte_classes: Any, rule: Any) -> Any:
    """Where ASCII symbols end, with what belongs to their tail."""
    place = _ascii_run(text, place, byte_classes, IS_SYMBOL)
    if rule.symbol_tails:
        size = np.uint64(len(text))
        while place < size and (
            text[place] == _LF
            or text[place] == _CR
            or (rule.symbol_tails == 2 and text[place] == _SLASH)
        ):
            place += _ONE
    return place


@inlined
def _ascii_stop(text: Any, place: Any, byte_classes: Any, rule: Any) -> Any:
    """Where a word ends that is plain ASCII; the place itself where more must be looked at.

    Most words are a run of letters, digits or symbols, with a space before it. What could go on
    beyond ASCII, begin with an apostrophe or have a contraction behind it is left to `_next_stop`.
    """
    begin, size = np.uint64(place), np.uint64(len(text))
    first = begin + _ONE if text[begin] == _BLANK else begin
    if first == size:
        return place
    kind = byte_classes[text[first]]
    stop = first
    if kind & IS_LETTER:
        if rule.by_case:
            stop = _ascii_run(text, first, byte_classes, IS_CAPITAL)
            stop = _ascii_run(text, stop, byte_classes, IS_SMALL)
            if stop < size and text[stop] == _APOSTROPHE:
                return place
        else:
            stop = _ascii_run(text, first, byte_classes, IS_LETTER)
    elif kind & IS_SYMBOL and text[first] != _APOSTROPHE:
        behind = byte_classes[text[first + _ONE]] if first + _ONE < size else np.uint8(0)
        if begin == first and not rule.space_before and behind & (IS_LETTER | IS_BEYOND_ASCII):
            return place  # one symbol before letters belongs to them
        stop = _ascii_symbols(text, first, byte_classes, rule)
    elif kind & IS_NUMBER and (rule.space_before or begin == first):
        if rule.numbers:  # not a whole run for each few digits of it: that would be quadratic
            last = min(first + np.uint64(rule.numbers), size)
            while stop < last and byte_classes[text[stop]] & IS_NUMBER:
                stop += _ONE
            if stop - first == np.uint64(rule.numbers):
                return np.int64(stop)
        else:
            stop = _ascii_run(text, first, byte_classes, IS_NUMBER)
    if stop == first or (stop < size and byte_classes[text[stop]] & IS_BEYOND_ASCII):
        return place
    return np.int64(stop)


@kernel(types.int64(_BYTES, _BYTES, _BYTES, _RULE_TYPE, types.int64[::1]), lean=True)
def word_stops(text: Any, classes: Any, byte_classes: Any, rule: Any, stops: Any) -> Any:
    """Writes where each word of valid UTF-8 text ends; returns their number.

    Args:
        text: the text.
        classes: of each code point.
        byte_classes: of each byte that is a character, IS_BEYOND_ASCII of the others.
        rule: the pattern.
        stops: room for as many words as there are bytes.
    """
    place, count = np.int64(0), np.int64(0)
    while place < len(text):
        stop = _ascii_stop(text, place, byte_classes, rule)
        place = stop if stop > place else _next_stop(text, place, classes, rule)
        stops[count] = place
        count += 1
    return count
