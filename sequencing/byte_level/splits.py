"""Text to words, by the pattern of a tokenizer: compiled for known ones, by `regex` for others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

import numpy as np
import regex
from numpy.typing import NDArray

from massivetext.sequencing.byte_level import split_kernel as sk
from massivetext.sequencing.byte_level.split_kernel import SplitRule, word_stops
from massivetext.sequencing.byte_level.unicode_classes import byte_class_table, class_table

_CONTRACTIONS: Final = "'s|'t|'re|'ve|'m|'ll|'d"
_UPPER: Final = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER: Final = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_TAIL: Final = r"\s*[\r\n]+|\s+(?!\S)|\s+"

GPT2: Final = rf"{_CONTRACTIONS}| ?\p{{L}}+| ?\p{{N}}+| ?[^\s\p{{L}}\p{{N}}]+|\s+(?!\S)|\s+"
"""Of GPT-2, and of `ByteLevel` in a tokenizer.json."""

R50K: Final = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
"""tiktoken's spelling of the same."""

CL100K: Final = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)


def _words_and_digits(digits: str) -> str:
    return (
        rf"(?i:{_CONTRACTIONS})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{digits}"
        rf"| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_TAIL}"
    )


LLAMA3: Final = _words_and_digits(r"\p{N}{1,3}")
QWEN2: Final = _words_and_digits(r"\p{N}")


def _by_case(digits: str, suffix: str) -> str:
    word = r"[^\r\n\p{L}\p{N}]?"
    return (
        f"{word}{_UPPER}*{_LOWER}+{suffix}|{word}{_UPPER}+{_LOWER}*{suffix}|{digits}"
        rf"| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_TAIL}"
    )


O200K: Final = _by_case(r"\p{N}{1,3}", f"(?i:{_CONTRACTIONS})?")
TEKKEN: Final = _by_case(r"\p{N}", "")

_GPT2_RULE: Final = SplitRule(True, False, sk.SMALL_FIRST, 0, 0, False, False)
SPLIT_RULES: Final[dict[str, SplitRule]] = {
    GPT2: _GPT2_RULE,
    R50K: _GPT2_RULE,
    CL100K: SplitRule(False, False, sk.ANY_CASE_FIRST, 3, 1, True, True),
    LLAMA3: SplitRule(False, False, sk.ANY_CASE_FIRST, 3, 1, True, False),
    QWEN2: SplitRule(False, False, sk.ANY_CASE_FIRST, 1, 1, True, False),
    O200K: SplitRule(False, True, sk.ANY_CASE_LAST, 3, 2, True, False),
    TEKKEN: SplitRule(False, True, sk.NONE, 1, 2, True, False),
}
"""Patterns that are compiled. Sources: GPT-2's encoder.py, tiktoken's openai_public.py, the
tokenizer.py of Llama 3, the tokenizer.json of Qwen2, Mistral's tekken.json."""


class Splitter(Protocol):
    """Cuts texts into words."""

    def stops(self, text: bytes, room: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns where each word of a UTF-8 text ends, in bytes.

        Args:
            text: the text.
            room: where the result may stand; as long as the text has bytes, or longer.
        """
        ...


class CompiledSplitter:
    """Cuts by a rule."""

    def __init__(self, rule: SplitRule) -> None:
        self._rule = rule

    def stops(self, text: bytes, room: NDArray[np.int64]) -> NDArray[np.int64]:
        """See `Splitter`."""
        page = np.frombuffer(text, np.uint8)
        count = word_stops(page, class_table(), byte_class_table(), self._rule, room)
        return room[:count]


class PatternSplitter:
    """Cuts by regular expressions, each of which cuts what the one before it has left."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """Compiles the patterns.

        Raises:
            ValueError: if one of them is no regular expression that `regex` knows.
        """
        try:
            self._patterns = [regex.compile(pattern) for pattern in patterns]
        except regex.error as error:
            raise ValueError(f"its pattern cannot be read: {error}") from None

    def stops(self, text: bytes, room: NDArray[np.int64]) -> NDArray[np.int64]:
        """See `Splitter`."""
        del room
        words = [text.decode()]
        for pattern in self._patterns:
            words = [part for word in words for part in _parts(pattern, word)]
        return np.cumsum([len(word.encode()) for word in words], dtype=np.int64)


def splitter_of(patterns: Iterable[str]) -> Splitter:
    """Returns what cuts by these patterns, one after the other.

    Raises:
        ValueError: if one of them is no regular expression.
    """
    patterns = tuple(patterns)
    rule = SPLIT_RULES.get(patterns[0]) if len(patterns) == 1 else None
    return CompiledSplitter(rule) if rule else PatternSplitter(patterns)


def _parts(pattern: regex.Pattern[str], text: str) -> list[str]:
    """Returns the matches of a pattern and what lies between them."""
    parts, place = [], 0
    for match in pattern.finditer(text):
        parts += [text[place : match.start()], match.group()]
        place = match.end()
    return [part for part in (*parts, text[place:]) if part]
