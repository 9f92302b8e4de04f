"""How often characters and pairs of them occur in a language, read from other packages' files.

The packages are only needed to make the models anew: langdetect 1.0.9 (Apache-2.0) counts letters
and pairs of letters, with spaces and capitals, in Wikipedia's abstracts; lingua 1.4 (Apache-2.0)
knows the letters of further languages and of Chinese, Japanese and Korean; the dictionaries of
opencc-python-reimplemented (Apache-2.0) say which Chinese characters are one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import brotli

NO_LETTER = " "
"""Stands for all that is no letter."""


@dataclass(frozen=True)
class Packages:
    """Where the files of the three packages lie.

    Attributes:
        langdetect: its folder `profiles`.
        lingua: its folder `language-models`.
        opencc: its folder `dictionary`.
    """

    langdetect: Path
    lingua: Path
    opencc: Path


def pairs(packages: Packages, language: str) -> Counter[str]:
    """Returns the weight of every pair of characters of a language, their sum 1.

    Pairs come from langdetect's profile or, where it has none, from lingua, which knows no spaces.
    """
    profile = packages.langdetect / language
    if profile.is_file():
        counts = json.loads(profile.read_text(encoding="utf-8"))["freq"]
        found = Counter({gram: float(n) for gram, n in counts.items() if len(gram) == 2})
    else:
        found = _lingua(packages, language, "bigrams")
    return scaled(found, 1.0)


def split_pairs(weights: Counter[str]) -> Iterator[tuple[tuple[str, str], float]]:
    """Yields the two characters of each pair, and its weight."""
    for pair, weight in weights.items():
        yield (pair[0], pair[1]), weight


def characters(packages: Packages, language: str) -> Counter[str]:
    """Returns the weight of every character of a language after lingua, their sum 1."""
    return scaled(_lingua(packages, language, "unigrams"), 1.0)


def simplified(packages: Packages, weights: Counter[str]) -> Counter[str]:
    """Returns the weights of Chinese characters as mainland China writes them."""
    return _rewritten(weights, _dictionary(packages.opencc / "TSCharacters.txt"))


def traditional(packages: Packages, weights: Counter[str]) -> Counter[str]:
    """Returns the weights of Chinese characters as Taiwan and Hong Kong write them."""
    return _rewritten(weights, _dictionary(packages.opencc / "STCharacters.txt"))


def scaled(weights: Mapping[str, float], total: float) -> Counter[str]:
    """Returns weights in the same proportions whose sum is `total`."""
    factor = total / sum(weights.values())
    return Counter({key: weight * factor for key, weight in weights.items()})


def _lingua(packages: Packages, language: str, size: str) -> Counter[str]:
    file = packages.lingua / language / f"{size}.json.br"
    shares = json.loads(brotli.decompress(file.read_bytes()))["ngrams"]
    return Counter(
        {gram: float(Fraction(share)) for share, grams in shares.items() for gram in grams.split()}
    )


def _dictionary(file: Path) -> dict[str, str]:
    lines = (line.split("\t") for line in file.read_text(encoding="utf-8").splitlines())
    return {line[0]: line[1].split()[0] for line in lines if len(line) == 2}


def _rewritten(weights: Counter[str], other: dict[str, str]) -> Counter[str]:
    rewritten: Counter[str] = Counter()
    for character, weight in weights.items():
        rewritten[other.get(character, character)] += weight
    return rewritten
