"""The passages of a text that make it fail: repeated lines, n-grams, bullets, and where they stand.

Which rules failed is the kernel's to say; where to look stands in each rule's row (`Rule.evidence`,
one of the finders of `massivetext.filters.passages`). Ranges are characters of the text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from massivetext.config import Config, Repetition
from massivetext.filters.passages import (
    Finder,
    Range,
    SplitText,
    length,
    whole_text,
)
from massivetext.filters.rule import Comparison, Stage
from massivetext.filters.rules import RULES
from massivetext.measure_table import GRAM_SIZES_DUPLICATE
from massivetext.own_steps import is_own

_SHOWN_PLACES: Final = 3
_SHOWN_CHARACTERS: Final = 160
"""Our choice: what fits two lines of a terminal."""


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

    A rule on something beside the text (a license, the signals of a page) has no entry.

    Args:
        text: the document, or the part of it that was kept.
        rules: names of the rules that failed, as `failed_rules` returns them.
        config: where the options are; the paper's by default.
        limit: the most passages that are listed for a rule.

    Raises:
        KeyError: for a name that is neither in the table of rules nor that of an own rule.
    """
    options = (config or Config()).repetition
    split = SplitText(text, only_repeats=options.count == "repeats")
    evidence = []
    for rule in rules:
        spans = _spans(split, whole_text if is_own(rule) else RULES[rule].evidence)
        if spans:
            evidence.append(Evidence(rule, tuple(spans[:limit]), max(0, len(spans) - limit)))
    return evidence


@dataclass(frozen=True)
class Passage:
    """The longest passage that made a rule fire, as the pipeline stores it.

    Attributes:
        rule: the rule's name.
        passage: its beginning, at most PASSAGE_CHARACTERS.
        start: where it stands, in characters of the text.
        end: the first character behind it.
        places: how many passages there are for this rule.
    """

    rule: str
    passage: str
    start: int
    end: int
    places: int


PASSAGE_CHARACTERS: Final = 200
"""Our choice: a sentence or two, enough to see why a rule fired."""

SEARCHED_CHARACTERS: Final = (500, 2_000, 8_000, 32_000, 400_000)
"""Our choice: the beginning of a text is searched, and more of it for the rules whose passages do
not show there. What fires over a whole text shows early, so that most documents take a tenth of a
millisecond, and none takes more than half a second."""

_BY_GRAM_SIZE: Final = tuple(
    f"repetition.max_duplicate_{n}_gram_character_fraction" for n in GRAM_SIZES_DUPLICATE
)


def first_passages(text: str, rules: Iterable[str], options: Repetition) -> list[Passage]:
    """Returns the passage behind each failed rule of quality and repetition, where there is one.

    A rule on something beside the text has none, nor has one whose passages all lie behind the
    last of SEARCHED_CHARACTERS. Of a text that has too little of something and in truth none of
    it, the beginning stands for the whole. A repeated n-gram holds repeated ones of fewer words, so
    of these rules the one of the most words speaks for all that fail.

    Args:
        text: the document.
        rules: names of the rules that failed, in the table's order.
        options: how repeated n-grams are counted.
    """
    failed = [name for name in rules if is_own(name) or RULES[name].stage is not Stage.CONTENT]
    speaks = {name: name for name in failed}
    speaks |= dict.fromkeys(grams, grams[-1]) if (grams := _grams_among(failed)) else {}
    left = list(dict.fromkeys(speaks.values()))
    found: dict[str, Passage] = {}
    for searched in SEARCHED_CHARACTERS if left else ():
        split = SplitText(text[:searched], only_repeats=options.count == "repeats")
        found |= {p.rule: p for p in (_longest(split, name) for name in left) if p is not None}
        left = [name for name in left if name not in found]
        if not left or len(text) <= searched:
            break
    return [replace(found[speaks[n]], rule=n) for n in failed if speaks[n] in found]


def _grams_among(failed: Sequence[str]) -> list[str]:
    """Returns the rules on duplicate n-grams among some rules, by n."""
    return [name for name in _BY_GRAM_SIZE if name in failed]


def _longest(split: SplitText, name: str) -> Passage | None:
    """Returns the longest passage behind a rule, of equals the first."""
    if is_own(name):  # of which only the function knows what it has counted
        places = whole_text(split)
    else:
        places = sorted(RULES[name].evidence(split))
        if not places and RULES[name].comparison is Comparison.AT_LEAST:
            places = whole_text(split)
    if not places:
        return None
    longest = max(places, key=length)
    shown = split.show(Range(longest.start, min(longest.end, longest.start + PASSAGE_CHARACTERS)))
    return Passage(name, shown, *longest, len(places))


def _spans(text: SplitText, find: Finder) -> list[Span]:
    """Returns what a finder finds, equal passages together, most characters first."""
    places: dict[tuple[str, ...], list[Range]] = defaultdict(list)
    for place in sorted(find(text)):
        places[tuple(text.show(place).split())].append(place)
    spans = [Span(text.show(found[0]), tuple(found)) for found in places.values()]
    return sorted(spans, key=_characters, reverse=True)


def _characters(span: Span) -> int:
    """Returns how many characters all places of a passage have."""
    return sum(map(length, span.places))
