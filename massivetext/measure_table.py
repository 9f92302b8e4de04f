"""One table of the measures that a text alone decides: name, type, and what each is computed from.

The columns of `documents/` (`massivetext.records`), what computes them
(`massivetext.filters.measures`) and the rules that judge them (`massivetext.filters.rules`) go by
the names here. What a measure means, its unit and its sentence of the paper stand with the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

GRAM_SIZES_TOP: Final = (2, 3, 4)
"""Table A1: n of the most frequent n-gram rules."""

GRAM_SIZES_DUPLICATE: Final = (5, 6, 7, 8, 9, 10)
"""Table A1: n of the duplicate n-gram rules."""

GRAM_WHOLE: Final = "gram_whole_characters"
"""What n-gram fractions are shares of: the words' characters or the text's, as an option says."""


@dataclass(frozen=True)
class Measure:
    """One measure of a text: a tally, or a tally divided by another.

    Attributes:
        name: the column; a rule that judges it is named by it, after `min_` or `max_`.
        part: what is counted: a member of `massivetext.filters.text_kernel.Tally` in lower case.
        whole: the tally that `part` is divided by (or GRAM_WHOLE); "" for a plain count.
    """

    name: str
    part: str
    whole: str = ""

    @property
    def type(self) -> pa.DataType:
        """The column's type: int64 for a count, float64 for a ratio."""
        return pa.float64() if self.whole else pa.int64()


QUALITY: Final = (
    Measure("words", "words"),
    Measure("mean_word_length", "word_characters", "words"),
    Measure("hash_to_word_ratio", "hash_symbols", "words"),
    Measure("ellipsis_to_word_ratio", "ellipses", "words"),
    Measure("bullet_line_fraction", "bullet_lines", "lines"),
    Measure("ellipsis_line_fraction", "ellipsis_lines", "lines"),
    Measure("alphabetic_word_fraction", "alphabetic_words", "words"),
    Measure("stop_words", "stop_words"),
    Measure("mojibake", "mojibake"),
)
"""The measures of the quality filter (A.1.1), in the order of the columns; `mojibake` is ours."""

REPETITION: Final = (
    Measure("duplicate_line_fraction", "line_copies", "lines"),
    Measure("duplicate_paragraph_fraction", "paragraph_copies", "paragraphs"),
    Measure("duplicate_line_character_fraction", "line_copy_characters", "line_characters"),
    Measure(
        "duplicate_paragraph_character_fraction", "paragraph_copy_characters", "line_characters"
    ),
    *(
        Measure(f"top_{n}_gram_character_fraction", f"top_{n}_gram_characters", GRAM_WHOLE)
        for n in GRAM_SIZES_TOP
    ),
    *(
        Measure(
            f"duplicate_{n}_gram_character_fraction", f"duplicate_{n}_gram_characters", GRAM_WHOLE
        )
        for n in GRAM_SIZES_DUPLICATE
    ),
)
"""The measures of the repetition filter (Table A1), in the order of the columns."""
