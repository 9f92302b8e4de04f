"""Make the models by which an undeclared encoding is known: `charset/models.npz`.

    python -m massivetext.pipeline.extraction.training.charset \
      --langdetect FOLDER/profiles --lingua FOLDER/language-models --opencc FOLDER/dictionary

A model of single bytes is the cost of every byte after every other, for one language in one
encoding: -ln P(byte | byte before), from the pairs of characters of the language. A model of double
bytes is the cost of every character, -ln P(character).
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.extraction.charset.decoders import NO_CHARACTER, decode, single_byte_table
from massivetext.pipeline.extraction.charset.models import (
    BYTE_CLASSES,
    CLASSES,
    COST_UNIT,
    DOUBLE_BYTE,
    MAX_COST,
    MODELS_FILE,
    Models,
    save_detection_models,
)
from massivetext.pipeline.extraction.training.charset_counts import (
    Packages,
    characters,
    pairs,
    scaled,
    simplified,
    split_pairs,
    traditional,
)
from massivetext.pipeline.extraction.training.charset_symbols import (
    SYMBOLS,
    SYMBOLS_BESIDE_ASCII,
    symbol_pairs,
    symbols_of,
)

LANGUAGES: Final[dict[str, str]] = {
    "windows-1250": "cs pl hu sk hr sl ro sq",
    "iso-8859-2": "cs pl hu sk hr sl ro sq",
    "iso-8859-16": "ro",
    "windows-1251": "ru uk bg mk sr be",
    "iso-8859-5": "ru uk bg mk sr be",
    "koi8-r": "ru bg",
    "koi8-u": "uk",
    "ibm866": "ru be",
    "x-mac-cyrillic": "ru uk bg",
    "windows-1252": "en fr de es ca pt it nl sv da no fi is et sq id",
    "iso-8859-15": "en fr de es fi et",
    "macintosh": "fr de es pt it nl sv da fi",
    "windows-1253": "el",
    "iso-8859-7": "el",
    "windows-1254": "tr",
    "windows-1255": "he",
    "iso-8859-8": "he",
    "windows-1256": "ar fa ur",
    "iso-8859-6": "ar",
    "windows-1257": "lt lv et",
    "iso-8859-13": "lt lv et",
    "iso-8859-4": "lt lv et",
    "windows-1258": "vi",
    "windows-874": "th",
    "iso-8859-14": "cy",
}
"""Our choice: the encodings of the standard in which much was written, by language. Those that a
wider one contains (iso-8859-1, -9, -11) are named as that."""

_PENALTIES: Final[dict[str, float]] = {
    "windows-1252": 0.0,
    "windows-1250": 5.0,
    "windows-1251": 3.0,
    "windows-1253": 4.0,
    "windows-1254": 6.0,
    "windows-1255": 4.0,
    "windows-1256": 4.0,
    "windows-1257": 6.0,
    "windows-1258": 6.0,
    "windows-874": 4.0,
    "koi8-r": 4.0,
    "koi8-u": 4.5,
    "iso-8859-2": 6.0,
    "iso-8859-15": 5.0,
    "iso-8859-5": 6.0,
    "iso-8859-7": 5.0,
    "gb18030": 6.0,
    "shift_jis": 6.0,
    "euc-jp": 6.0,
    "big5": 6.0,
    "euc-kr": 6.0,
}
_RARE: Final = 8.0
"""Our choice, -ln of how much rarer than windows-1252 an encoding is: one accented word that reads
well in two encodings is a word of the commoner."""

_WESTERN_EUROPEAN: Final = ("windows-1252", "iso-8859-15")
_LATIN: Final = (
    *("windows-1250", "iso-8859-2", "iso-8859-16", "macintosh", "windows-1254", "windows-1257"),
    *("iso-8859-13", "iso-8859-4", "windows-1258", "iso-8859-14"),
)
"""Our choice: text in which ASCII letters are many times as frequent as others is English, with
foreign words and signs; in another script it would be a rare thing, in another alphabet less so."""

_CHARACTERS: Final = 100_000.0
"""What the pairs of a language are scaled to; the weights of symbols below are counts in as many
characters."""

_PRIOR: Final = 4.0
"""Our choice: how many unseen pairs after each byte are spread over all bytes."""

_ASCII_SHARE: Final = 0.3
"""Our choice: English words beside those of a language, so that what follows their letters is
known."""

_CAPITALS_SHARE: Final = 0.03
"""Our choice: text in capitals."""

_WESTERN: Final = "fr de es pt it sv da fi nl"
_WESTERN_SHARE: Final = 0.02
"""Our choice: foreign words in English text."""

_UNUSED: Final = 1e-8
_USED: Final = 1e-4
"""Our choice: shares of bytes that were never seen: controls and what is nothing, and others."""

_DOUBLE_BYTE_SYMBOLS: Final = {
    "zh": "，。、；：？！“”‘’（）《》「」『』—…·【】　",
    "ja": "、。「」『』・ー（）！？…～【】　",
    "ko": "　“”‘’·…「」『』《》",
}
_SYMBOL_SHARE: Final = 0.12
"""Our choice: how many of ten characters are of these; the earlier ones are commoner."""

_UNSEEN_CHARACTER: Final = 1e-6
"""Our choice: share of a character that no count knows."""

_UNSEEN_RARE: Final = 2e-8
"""Our choice: share of what is no letter of the three scripts either."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the models beside the code that reads them."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("langdetect", "lingua", "opencc"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument(
        "--models", type=Path, default=Path(__file__).parent.parent / "charset" / MODELS_FILE
    )
    options = parser.parse_args(arguments)
    packages = Packages(options.langdetect, options.lingua, options.opencc)
    save_detection_models(options.models, make_models(packages))


def make_models(packages: Packages) -> Models:
    """Returns all models, from the counts of three packages."""
    names: list[str] = []
    tables = []
    for name, languages in LANGUAGES.items():
        for language in languages.split():
            names.append(name)
            tables.append(_single_byte_costs(_pairs_with_words(packages, language), name))
    doubles = [_double_byte_costs(packages, name) for name in DOUBLE_BYTE]
    return Models(
        tuple(names),
        np.stack(tables),
        _penalties(names),
        _latin_costs(names),
        np.stack(doubles),
        _penalties(DOUBLE_BYTE),
        _latin_costs(DOUBLE_BYTE),
    )


def _penalties(names: Sequence[str]) -> NDArray[np.int32]:
    return np.array([round(_PENALTIES.get(n, _RARE) * COST_UNIT) for n in names], np.int32)


def _latin_costs(names: Sequence[str]) -> NDArray[np.int32]:
    costs = [0.0 if n in _WESTERN_EUROPEAN else 1.0 if n in _LATIN else 4.0 for n in names]
    return np.array([round(cost * COST_UNIT) for cost in costs], np.int32)


def _pairs_with_words(packages: Packages, language: str) -> Counter[str]:
    """Returns the pairs of a language, with capitals, symbols and English words among them."""
    own = scaled(pairs(packages, language), _CHARACTERS)
    if language == "en":
        for other in _WESTERN.split():
            own.update(scaled(pairs(packages, other), _WESTERN_SHARE * _CHARACTERS))
    capitals: Counter[str] = Counter()
    for pair, weight in own.items():
        upper = pair.upper()
        if len(upper) == 2:
            capitals[upper] += weight
    own.update(scaled(capitals, _CAPITALS_SHARE * _CHARACTERS))
    found = own + symbol_pairs(own, symbols_of(language), 1.0)
    if language != "en":
        english = {p: w for p, w in pairs(packages, "en").items() if p.isascii()}
        words = scaled(Counter(english), _ASCII_SHARE * _CHARACTERS)
        found.update(words + symbol_pairs(words, SYMBOLS, SYMBOLS_BESIDE_ASCII))
    return found


def _single_byte_costs(weights: Counter[str], name: str) -> NDArray[np.uint8]:
    """Returns the cost of each class of byte after each other (shape (CLASSES, CLASSES))."""
    byte_of = {character: byte for byte, character in enumerate(single_byte_table(name))}
    counts = np.zeros((CLASSES, CLASSES))
    after = np.zeros((CLASSES, 1))
    for (left, right), weight in split_pairs(weights):
        # What an encoding cannot write counts below the line all the same, so that what two
        # encodings can both write costs the same in both.
        if lefts := _written(left, byte_of):
            after[BYTE_CLASSES[lefts[-1]]] += weight
        for first, second in _byte_pairs(left, right, byte_of):
            counts[BYTE_CLASSES[first], BYTE_CLASSES[second]] += weight
    used = np.full(CLASSES, _USED)
    for byte in range(0x80, 0x100):
        character = single_byte_table(name)[byte]
        if character == NO_CHARACTER or "\x80" <= character <= "\x9f":
            used[BYTE_CLASSES[byte]] = _UNUSED
    shares = counts.sum(0) / sum(weights.values()) + used
    return _as_costs((counts + _PRIOR * shares) / (after + _PRIOR))


def _byte_pairs(left: str, right: str, byte_of: dict[str, int]) -> Iterator[tuple[int, int]]:
    """Yields the neighboring bytes that a pair of characters is written as; none if it is not."""
    lefts, rights = _written(left, byte_of), _written(right, byte_of)
    if lefts and rights:
        yield lefts[-1], rights[0]
        yield from pairwise(lefts)


def _written(character: str, byte_of: dict[str, int]) -> list[int]:
    """Returns the bytes of a character: one, or a letter and its mark (Vietnamese tones)."""
    if character in byte_of:
        return [byte_of[character]]
    for mark in "\u0300\u0301\u0303\u0309\u0323":
        letter = _WITHOUT_MARK.get((character, mark))
        if letter in byte_of and mark in byte_of:
            return [byte_of[letter], byte_of[mark]]
    other = _ROMANIAN.get(character, "")
    return [byte_of[other]] if other in byte_of else []


_ROMANIAN: Final = dict(zip("şţŞŢ", "șțȘȚ", strict=True))
"""Counts of Romanian have the letters that it wrote for lack of its own, in one encoding."""


def _without_marks() -> dict[tuple[str, str], str]:
    """Returns (letter with mark, mark) -> letter, for the letters of Vietnamese."""
    import unicodedata

    letters = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    marks = "\u0300\u0301\u0303\u0309\u0323"
    return {
        (unicodedata.normalize("NFC", letter + mark), mark): letter
        for letter in letters
        for mark in marks
    }


_WITHOUT_MARK: Final = _without_marks()


def _double_byte_costs(packages: Packages, name: str) -> NDArray[np.uint8]:
    """Returns the cost of each character by its two bytes (shape (128, 256)), the first less 128.

    Two bytes that are no character have the cost MAX_COST.
    """
    weights = _character_weights(packages, name)
    costs = np.full((128, 256), MAX_COST, np.uint8)
    for lead in range(0x81, 0xFF):
        for trail in range(0x40, 0xFF):
            character = decode(bytes([lead, trail]), name)
            if (
                len(character) == 1
                and character != NO_CHARACTER
                and not "\ue000" <= character < "\uf900"
            ):
                share = weights.get(character, 0.0) + (
                    _UNSEEN_CHARACTER if character.isalpha() else _UNSEEN_RARE
                )
                costs[lead - 0x80, trail] = _as_costs(np.array([share]))[0]
    return costs


def _character_weights(packages: Packages, name: str) -> Counter[str]:
    if name in ("shift_jis", "euc-jp"):
        language, weights = "ja", characters(packages, "ja")
    elif name == "euc-kr":
        language, weights = "ko", characters(packages, "ko")
    else:
        write = traditional if name == "big5" else simplified
        language, weights = "zh", write(packages, characters(packages, "zh"))
    symbols = Counter({s: 1 / (rank + 2) for rank, s in enumerate(_DOUBLE_BYTE_SYMBOLS[language])})
    return scaled(weights, 1 - _SYMBOL_SHARE) + scaled(symbols, _SYMBOL_SHARE)


def _as_costs(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.round(-np.log(shares) * COST_UNIT), 0, MAX_COST - 1).astype(np.uint8)


if __name__ == "__main__":
    main()
