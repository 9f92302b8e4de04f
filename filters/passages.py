"""Where in a text lies what a rule objects to: finders that the rows of the table of rules name.

A finder takes a text that is split already and returns places. For a rule on a share of the text
its places cover exactly what the measure counts. For people, one document at a time, so in plain
Python; the pipeline asks about the beginnings of rejected texts.
"""

from __future__ import annotations

import functools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from massivetext.filters.characters import BULLETS, BULLETS_BEFORE_SPACE

_IS_SPACE: Final = np.array([chr(point).isspace() for point in range(0x3002)])
"""By code point. The last one, which is none, stands for all behind it: Unicode has none there."""

_LONGEST_WORDS: Final = 10
"""Our choice: how many words are shown for a mean word length that is too great."""


class Range(NamedTuple):
    """Characters of a text, from `start` to before `end`."""

    start: int
    end: int


@dataclass(frozen=True)
class SplitText:
    """A text and where its parts stand; it is split as it is asked.

    Attributes:
        text: the text.
        only_repeats: whether a repeated n-gram's first place is left out (`repetition.count`).
    """

    text: str
    only_repeats: bool

    @functools.cached_property
    def word_spans(self) -> list[tuple[int, int]]:
        """Start and end of its words: plain, as most are looked at only as parts of n-grams."""
        points = np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), "<u4")
        is_word = ~_IS_SPACE[np.minimum(points, _IS_SPACE.size - 1)]
        edges = np.flatnonzero(np.diff(is_word, prepend=False, append=False))
        return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))

    @property
    def words(self) -> list[Range]:
        """The places of its words."""
        return [Range(start, end) for start, end in self.word_spans]

    @functools.cached_property
    def paragraphs(self) -> tuple[tuple[Range, ...], ...]:
        """Its paragraphs, each the places of the stripped lines in it."""
        return _paragraphs(self.text)

    @property
    def lines(self) -> list[Range]:
        """The lines of all paragraphs."""
        return [line for lines in self.paragraphs for line in lines]

    @functools.cached_property
    def shown_words(self) -> list[str]:
        """The words as they stand."""
        return self.text.split()

    def show(self, place: Range) -> str:
        """Returns the characters of a place."""
        return self.text[place.start : place.end]


Finder = Callable[[SplitText], Iterable[Range]]
"""Returns the places that a rule objects to, in any order."""


def no_passage(_: SplitText) -> list[Range]:
    """For rules on something beside the text: a license, the signals of a page."""
    return []


def whole_text(text: SplitText) -> list[Range]:
    """For rules on the text as a whole: how long it is, its language, a mean."""
    content = text.text.strip()
    start = len(text.text) - len(text.text.lstrip())
    return [Range(start, start + len(content))] if content else []


def longest_words(text: SplitText) -> list[Range]:
    """Returns the words that raise the mean length most."""
    return sorted(text.words, key=length, reverse=True)[:_LONGEST_WORDS]


def matches(pattern: str) -> Finder:
    """Returns a finder of what a regular expression finds, from left to right without overlap."""
    return partial(_matches, re.compile(pattern))


def _matches(pattern: re.Pattern[str], text: SplitText) -> list[Range]:
    return [Range(*match.span()) for match in pattern.finditer(text.text)]


_CONTINUATION: Final = "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
_SEQUENCE: Final = f"(?:[Â-ß]{_CONTINUATION}|[à-ï]{_CONTINUATION}{{2}}|[ð-ô]{_CONTINUATION}{{3}})"
_LATIN: Final = "[A-Za-zÀ-ÖØ-öø-\u024f]"
_OTHER_SCRIPT: Final = "[\u0400-\u04ff\u05d0-\u05ea\u0620-\u064a]"
mojibake: Final = matches(
    f"\ufffd|(?=[ÂÃâð]){_SEQUENCE}+|{_SEQUENCE}{{2,}}"
    f"|{_LATIN}{_OTHER_SCRIPT}|{_OTHER_SCRIPT}{_LATIN}"
)
"""Finds signs of a wrong decoding (`massivetext.filters.mojibake_kernel`); of a word in which two
scripts meet, where they do."""


def bullet_lines(text: SplitText) -> list[Range]:
    """Returns the lines that start with a bullet."""
    return [line for line in text.lines if _is_bullet(text.show(line))]


def _is_bullet(line: str) -> bool:
    if line[0] in BULLETS_BEFORE_SPACE:
        return len(line) == 1 or line[1].isspace()
    return line[0] in BULLETS


def ellipsis_lines(text: SplitText) -> list[Range]:
    """Returns the lines that end with an ellipsis."""
    return [line for line in text.lines if text.show(line).endswith(("...", ". . .", "…"))]


def words_without_letter(text: SplitText) -> list[Range]:
    """Returns the words in which nothing is a letter of any script."""
    return [word for word in text.words if not any(map(str.isalpha, text.show(word)))]


def stop_words(text: SplitText) -> list[Range]:
    """Returns the stop words that are there, in any case and with their punctuation."""
    # Imported here: it brings numba, which users of the table of rules need not wait for.
    from massivetext.filters.repetition_kernel import STOP_WORDS

    def is_stop_word(word: str) -> bool:
        other = "".join(character for character in word if not character.isalnum())
        return word.strip(other) in STOP_WORDS

    return [word for word in text.words if is_stop_word(text.show(word).lower())]


def copied_lines(text: SplitText) -> list[Range]:
    """Returns the lines that are equal to an earlier one."""
    return _copies(text, text.lines)


def copied_paragraphs(text: SplitText) -> list[Range]:
    """Returns the paragraphs that are equal to an earlier one, line by line."""
    return _copies(text, [_around(lines) for lines in text.paragraphs])


def _copies(text: SplitText, places: Sequence[Range]) -> list[Range]:
    seen: set[tuple[str, ...]] = set()
    copies = []
    for place in places:
        key = tuple(line.strip() for line in text.show(place).split("\n"))
        if key in seen:
            copies.append(place)
        seen.add(key)
    return copies


def top_gram(n: int) -> Finder:
    """Returns a finder of the most frequent n-gram; of equals the longest, then the earliest."""
    return partial(_top_gram, n)


def _top_gram(n: int, text: SplitText) -> list[Range]:
    grams = _repeated_grams(text, n)
    top = max(grams, key=lambda gram: (len(grams[gram]), sum(map(len, gram))), default=None)
    return [_words_from(text, i, i + n) for i in grams[top]] if top else []


def duplicate_grams(n: int) -> Finder:
    """Returns a finder of the runs of words in repeated n-grams; overlapping ones join."""
    return partial(_duplicate_grams, n)


def _duplicate_grams(n: int, text: SplitText) -> list[Range]:
    grams, counts = _grams(text, n)
    if len(counts) == len(grams):
        return []
    starts = [i for i, gram in enumerate(grams) if counts[gram] > 1]
    if text.only_repeats:
        first = {grams[i]: i for i in reversed(starts)}
        starts = [i for i in starts if first[grams[i]] != i]
    runs: list[list[int]] = []
    for start in starts:
        if runs and start < runs[-1][1]:
            runs[-1][1] = start + n
        else:
            runs.append([start, start + n])
    return [_words_from(text, first, after) for first, after in runs]


def _words_from(text: SplitText, first: int, after: int) -> Range:
    """Returns the place of the words from one until before another."""
    return Range(text.word_spans[first][0], text.word_spans[after - 1][1])


def _repeated_grams(text: SplitText, n: int) -> dict[tuple[str, ...], list[int]]:
    """Returns the first words of every place of each n-gram that occurs more than once."""
    grams, counts = _grams(text, n)
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, gram in enumerate(grams):
        if counts[gram] > 1:
            places[gram].append(i)
    return places


def _grams(text: SplitText, n: int) -> tuple[list[tuple[str, ...]], Counter[tuple[str, ...]]]:
    """Returns all n-grams in their order, and how often each occurs."""
    grams = list(zip(*(text.shown_words[first:] for first in range(n)), strict=False))
    return grams, Counter(grams)


def _paragraphs(text: str) -> tuple[tuple[Range, ...], ...]:
    """Returns the paragraphs, each the places of its stripped lines."""
    paragraphs: list[list[Range]] = []
    after_blank = True
    start = 0
    for line in text.split("\n"):
        shown = line.strip()
        if shown:
            first = start + len(line) - len(line.lstrip())
            if after_blank:
                paragraphs.append([])
            paragraphs[-1].append(Range(first, first + len(shown)))
        after_blank = not shown
        start += len(line) + 1
    return tuple(map(tuple, paragraphs))


def _around(places: Sequence[Range]) -> Range:
    """Returns the place from the first to the last of several."""
    return Range(places[0].start, places[-1].end)


def length(place: Range) -> int:
    """Returns how many characters a place has."""
    return place.end - place.start
