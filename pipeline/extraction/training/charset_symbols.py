"""Signs beside letters: how often quotes, dashes and the like stand where in text. All our choice.

Counts of letters know no signs, and signs are most of what English has beyond ASCII.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from massivetext.pipeline.extraction.charset.decoders import single_byte_table
from massivetext.pipeline.extraction.training.charset_counts import NO_LETTER, scaled, split_pairs

_LETTER: Final = "L"
Symbol = tuple[str, str, str, float]
"""What stands before it (a letter, NO_LETTER or itself), the symbol, what stands behind it, and how
often, in 100,000 characters."""

# (what stands before, the symbol, what stands behind, how often in 100,000 characters): our choice.
SYMBOLS: Final = (
    *(
        ("L", "’", "L", 20),
        ("L", "’", NO_LETTER, 40),
        (NO_LETTER, "‘", "L", 40),
        (NO_LETTER, "’", "L", 3),
    ),
    *((NO_LETTER, "“", "L", 120), ("L", "”", NO_LETTER, 60), (NO_LETTER, "”", NO_LETTER, 90)),
    *(
        (NO_LETTER, "–", NO_LETTER, 120),
        ("L", "–", "L", 30),
        (NO_LETTER, "—", NO_LETTER, 60),
        ("L", "—", "L", 60),
    ),
    *(("L", "…", NO_LETTER, 60), (NO_LETTER, "…", NO_LETTER, 20)),
    *((NO_LETTER, "\xa0", NO_LETTER, 200), ("L", "\xa0", "L", 40), ("\xa0", "\xa0", "\xa0", 100)),
    *((NO_LETTER, "©", NO_LETTER, 60), ("L", "®", NO_LETTER, 20), ("L", "™", NO_LETTER, 15)),
    *((NO_LETTER, "«", "L", 60), ("L", "»", NO_LETTER, 40), (NO_LETTER, "»", NO_LETTER, 40)),
    *((NO_LETTER, "«", "\xa0", 10), ("\xa0", "»", NO_LETTER, 10)),
    *((NO_LETTER, "„", "L", 40), ("L", "“", NO_LETTER, 30), (NO_LETTER, "“", NO_LETTER, 10)),
    *(
        (NO_LETTER, "·", NO_LETTER, 50),
        (NO_LETTER, "•", NO_LETTER, 50),
        (NO_LETTER, "›", NO_LETTER, 10),
    ),
    *(
        (NO_LETTER, "°", NO_LETTER, 30),
        (NO_LETTER, "§", NO_LETTER, 15),
        (NO_LETTER, "£", NO_LETTER, 25),
    ),
    *(
        (NO_LETTER, "€", NO_LETTER, 40),
        (NO_LETTER, "²", NO_LETTER, 5),
        (NO_LETTER, "½", NO_LETTER, 10),
    ),
    *(
        (NO_LETTER, "×", NO_LETTER, 5),
        (NO_LETTER, "№", NO_LETTER, 10),
        (NO_LETTER, "º", NO_LETTER, 5),
    ),
    *((NO_LETTER, "±", NO_LETTER, 5), (NO_LETTER, "¿", "L", 3), (NO_LETTER, "¡", "L", 3)),
)

_APOSTROPHE: Final = (("L", "’", "L", 200),)
_APOSTROPHE_LANGUAGES: Final = "en fr it ca nl uk be"
"""Our choice: where an apostrophe stands within words."""

_ENGLISH: Final = (
    *(("L", "’", "s", 400), ("n", "’", "t", 150), ("L", "’", "r", 40), ("L", "’", "l", 40)),
    *(("L", "’", "v", 40), ("i", "’", "m", 30), ("L", "’", "d", 20), (NO_LETTER, "“", "L", 200)),
    *((NO_LETTER, "”", NO_LETTER, 300), (NO_LETTER, "—", NO_LETTER, 60), ("L", "—", "L", 100)),
    *(
        ("L", "â", NO_LETTER, 60),
        ("L", "â", "L", 60),
        (NO_LETTER, "â", "L", 60),
        (NO_LETTER, "â", NO_LETTER, 60),
    ),
)
"""Our choice: what English adds; the last row is left of quotes that were encoded twice."""

_ANY_SYMBOL: Final = (
    (NO_LETTER, NO_LETTER, 3),
    ("L", NO_LETTER, 1),
    (NO_LETTER, "L", 1),
    ("L", "L", 1),
)
"""Our choice: every other character of windows-1252 in English text: signs of mathematics, foreign
words, letters that stand for things."""

SYMBOLS_BESIDE_ASCII: Final = 0.1
"""Our choice: how many of the symbols in text of another script stand beside its Latin words."""


def symbols_of(language: str) -> Sequence[Symbol]:
    """Returns the symbols of text in a language, and how often they stand where."""
    symbols = list(SYMBOLS)
    if language in _APOSTROPHE_LANGUAGES.split():
        symbols += _APOSTROPHE
    if language == "en":
        symbols += _ENGLISH
        symbols += [
            (before, character, behind, weight)
            for character in single_byte_table("windows-1252")[0xA0:]
            for before, behind, weight in _ANY_SYMBOL
            if character.isalpha() or NO_LETTER in (before, behind)
        ]
        symbols += [("L", "\xad", "L", 30), (NO_LETTER, "·", "L", 10), ("L", "¶", NO_LETTER, 10)]
        symbols += [(NO_LETTER, c, NO_LETTER, 3) for c in "‚ƒ†‡ˆ‰Š‹Œ˜š›œŸžŽ"]
    return symbols


def symbol_pairs(own: Counter[str], symbols: Sequence[Symbol], share: float) -> Counter[str]:
    """Returns the pairs that a language's letters and spaces form with a share of the symbols."""
    first: dict[str, float] = defaultdict(float)
    last: dict[str, float] = defaultdict(float)
    for (left, right), weight in split_pairs(own):
        if left == NO_LETTER and right != NO_LETTER:
            first[right] += weight
        if right == NO_LETTER and left != NO_LETTER:
            last[left] += weight
    if not first:  # a language whose counts know no spaces
        for (left, right), weight in split_pairs(own):
            first[left] += weight
            last[right] += weight
    found: Counter[str] = Counter()
    for before, symbol, behind, often in symbols:
        weight = float(often) * share
        lefts = scaled(last, weight) if before == _LETTER else Counter({before: weight})
        rights = scaled(first, weight) if behind == _LETTER else Counter({behind: weight})
        found.update({left + symbol: w for left, w in lefts.items()})
        if behind != symbol:
            found.update({symbol + right: w for right, w in rights.items()})
    return found
