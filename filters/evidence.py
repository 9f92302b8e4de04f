"""The passages of a text that make it fail: repeated lines, n-grams, bullets, and where they stand.

For people, one document at a time, so in plain Python; which rules failed is the kernel's to say.
Ranges are characters of the text. For every rule on a share of the text, the passages cover exactly
what the measure counts.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from massivetext.config import Config
from massivetext.filters.characters import BULLETS, BULLETS_BEFORE_SPACE
from massivetext.filters.repetition_kernel import STOP_WORDS
from massivetext.records import GRAM_SIZES_DUPLICATE, GRAM_SIZES_TOP

_WORD: Final = re.compile(r"\S+")
_ELLIPSIS: Final = re.compile(r"\.\.\.|\. \. \.|…")

_LONGEST_WORDS: Final = 10
"""Our choice: how many words are shown for a mean word length that is too great."""

_SHOWN_PLACES: Final = 3
_SHOWN_CHARACTERS: Final = 160
"""Our choice: what fits two lines of a terminal."""


class Range(NamedTuple):
    """Characters of a text, from `start` to before `end`."""

    start: int
    end: int


@dataclass(frozen=True)
class Span:
    """A passage that a rule objects to.

    Attributes:
        text: the passage as it stands at its first place.
        places: every place that counts, in the order of the text; white space may differ.
    """

    text: str
    places: tuple[Range, ...]

    def __str__(self) -> str:
        """Returns one line for people: how often, where, and what, shortened."""
        shown = self.text if len(self.text) <= _SHOWN_CHARACTERS else self.text[:_SHOWN_CHARACTERS]
        more = len(self.places) - _SHOWN_PLACES
        places = ", ".join(f"{first}-{end}" for first, end in self.places[:_SHOWN_PLACES])
        cut = " ..." if shown != self.text else ""
        others = f" and {more} more" if more > 0 else ""
        return f"{len(self.places)} x {shown!r}{cut} at characters {places}{others}"


@dataclass(frozen=True)
class Evidence:
    """What one failed rule objects to.

    Attributes:
        rule: the rule's name, a key of `massivetext.filters.rules.RULES`.
        spans: the passages, most characters first.
        further: how many more passages there are.
    """

    rule: str
    spans: tuple[Span, ...]
    further: int


def gather_evidence(
    text: str, rules: Iterable[str], config: Config | None = None, limit: int = 10
) -> list[Evidence]:
    """Returns the passages behind failed rules, in the order in which the rules are given.

    A rule that no passage is to blame for (too few words, the language) has no entry.

    Args:
        text: the document, or the part of it that was kept.
        rules: names of the rules that failed, as `failed_rules` returns them.
        config: where the options are; the paper's by default.
        limit: the most passages that are listed for a rule.
    """
    options = (config or Config()).repetition
    passages = _Passages(text, only_repeats=options.count == "repeats")
    evidence = []
    for rule in rules:
        spans = passages.of(rule)
        if spans:
            evidence.append(Evidence(rule, tuple(spans[:limit]), max(0, len(spans) - limit)))
    return evidence


class _Passages:
    """Finds passages in one text."""

    def __init__(self, text: str, only_repeats: bool) -> None:
        self.text = text
        self.only_repeats = only_repeats
        self.words = [Range(*match.span()) for match in _WORD.finditer(text)]
        paragraphs = _paragraphs(text)
        self.paragraphs = [_whole(lines) for lines in paragraphs]
        self.lines = [line for lines in paragraphs for line in lines]

    def of(self, rule: str) -> list[Span]:
        """Returns what a rule objects to, most characters first."""
        find = self._finders.get(rule)
        places: dict[tuple[str, ...], list[Range]] = defaultdict(list)
        for place in sorted(find()) if find else ():
            places[tuple(self._show(place).split())].append(place)
        spans = [Span(self._show(found[0]), tuple(found)) for found in places.values()]
        return sorted(spans, key=_characters, reverse=True)

    @functools.cached_property
    def _finders(self) -> Mapping[str, Callable[[], Iterable[Range]]]:
        """How to find the places that each rule objects to."""
        lines = functools.partial(self._copies, self.lines)
        paragraphs = functools.partial(self._copies, self.paragraphs)
        finders: dict[str, Callable[[], Iterable[Range]]] = {
            "quality.max_mean_word_length": self._longest_words,
            "quality.max_hash_to_word_ratio": lambda: self._matches(re.compile("#")),
            "quality.max_ellipsis_to_word_ratio": lambda: self._matches(_ELLIPSIS),
            "quality.max_bullet_line_fraction": lambda: filter(self._is_bullet, self.lines),
            "quality.max_ellipsis_line_fraction": lambda: filter(self._trails_off, self.lines),
            "quality.min_alphabetic_word_fraction": lambda: filter(self._no_letter, self.words),
            "quality.min_stop_words": lambda: filter(self._is_stop_word, self.words),
            "repetition.max_duplicate_line_fraction": lines,
            "repetition.max_duplicate_line_character_fraction": lines,
            "repetition.max_duplicate_paragraph_fraction": paragraphs,
            "repetition.max_duplicate_paragraph_character_fraction": paragraphs,
        }
        for n in GRAM_SIZES_TOP:
            rule = f"repetition.max_top_{n}_gram_character_fraction"
            finders[rule] = functools.partial(self._top_gram, n)
        for n in GRAM_SIZES_DUPLICATE:
            rule = f"repetition.max_duplicate_{n}_gram_character_fraction"
            finders[rule] = functools.partial(self._duplicate_grams, n)
        return finders

    def _show(self, place: Range) -> str:
        return self.text[place.start : place.end]

    def _longest_words(self) -> list[Range]:
        return sorted(self.words, key=_length, reverse=True)[:_LONGEST_WORDS]

    def _matches(self, pattern: re.Pattern[str]) -> list[Range]:
        return [Range(*match.span()) for match in pattern.finditer(self.text)]

    def _is_bullet(self, line: Range) -> bool:
        shown = self._show(line)
        if shown[0] in BULLETS_BEFORE_SPACE:
            return len(shown) == 1 or shown[1].isspace()
        return shown[0] in BULLETS

    def _trails_off(self, line: Range) -> bool:
        return self._show(line).endswith(("...", ". . .", "…"))

    def _no_letter(self, word: Range) -> bool:
        return not any(map(str.isalpha, self._show(word)))

    def _is_stop_word(self, word: Range) -> bool:
        shown = self._show(word).lower()
        other = "".join(character for character in shown if not character.isalnum())
        return shown.strip(other) in STOP_WORDS

    def _copies(self, places: Sequence[Range]) -> list[Range]:
        """Returns the places that are equal to an earlier one, line by line."""
        seen: set[tuple[str, ...]] = set()
        copies = []
        for place in places:
            key = tuple(line.strip() for line in self._show(place).split("\n"))
            if key in seen:
                copies.append(place)
            seen.add(key)
        return copies

    def _grams(self, n: int) -> dict[tuple[str, ...], list[int]]:
        """Returns the first words of every place of each n-gram that occurs more than once."""
        shown = [self._show(word) for word in self.words]
        places: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for i in range(len(shown) - n + 1):
            places[tuple(shown[i : i + n])].append(i)
        return {gram: found for gram, found in places.items() if len(found) > 1}

    def _top_gram(self, n: int) -> list[Range]:
        """Returns the places of the most frequent n-gram; of equals the longest, the earliest."""
        grams = self._grams(n)
        top = max(grams, key=lambda gram: (len(grams[gram]), sum(map(len, gram))), default=None)
        return [_whole(self.words[i : i + n]) for i in grams[top]] if top else []

    def _duplicate_grams(self, n: int) -> list[Range]:
        """Returns the runs of words in n-grams that occur more than once; overlapping ones join."""
        skipped = 1 if self.only_repeats else 0
        starts = sorted(i for found in self._grams(n).values() for i in found[skipped:])
        runs: list[list[int]] = []
        for start in starts:
            if runs and start < runs[-1][1]:
                runs[-1][1] = start + n
            else:
                runs.append([start, start + n])
        return [_whole(self.words[first:after]) for first, after in runs]


def _paragraphs(text: str) -> list[list[Range]]:
    """Returns the paragraphs, each the list of its stripped lines."""
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
    return paragraphs


def _whole(places: Sequence[Range]) -> Range:
    """Returns the place from the first to the last of several."""
    return Range(places[0].start, places[-1].end)


def _length(place: Range) -> int:
    return place.end - place.start


def _characters(span: Span) -> int:
    """Returns how many characters all places of a passage have."""
    return sum(map(_length, span.places))
