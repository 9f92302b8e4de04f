"""The measures of a text: the public function, and the integers behind it.

What each measure means, its unit, its range and its sentence of the paper stand in the table of
rules (`massivetext.filters.rules`); what it is computed from stands in `massivetext.measure_table`.
Terms, with our choices where the paper is silent:

- A character is a Unicode code point. A word is a maximal run of characters that are not white
  space (`str.isspace`). A line is what lies between line feeds, stripped, if not empty; a paragraph
  is lines without an empty one between them.
- A copy is a line or paragraph that is equal to an earlier one; the first does not count. An n-gram
  is n words in a row, case and punctuation kept.
- The characters of n-grams are those of the words inside them, each word once however many n-grams
  overlap there. The most frequent n-gram must occur twice; of equally frequent ones it is the one
  with the most characters, then the earliest.
- An ellipsis is "...", ". . ." or "…", found from left to right without overlap.

An empty text measures 0 everywhere. Every fraction is one division of two integers, so that a tie
at a threshold is a tie.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
import pyarrow as pa

from massivetext.config import Config
from massivetext.filters.verdicts import judge
from massivetext.measure_table import GRAM_WHOLE, QUALITY, REPETITION

Count = Literal["all", "repeats"]
"""Whether a repeated n-gram's first place is counted as repeated ("all") or not ("repeats")."""

Characters = Literal["words", "text"]
"""What n-gram fractions are shares of: the characters of all words, or of the whole text."""

MEASURE_SCHEMA: Final = pa.schema([(m.name, m.type) for m in (*QUALITY, *REPETITION)])
"""The columns; fractions are float64, counts int64."""

_LONGEST_TEXT_BYTES: Final = 2**32
"""The kernel numbers words in 31 bits; a text of n bytes has at most (n + 1) / 2 words."""


def measure(
    texts: Iterable[str] | pa.Array | pa.ChunkedArray,
    *,
    count: Count = "all",
    characters: Characters = "words",
) -> pa.RecordBatch:
    """Returns all measures, one row a text.

    Args:
        texts: strings, or an Arrow array of strings. Hand over many at a time: a call costs about
            as much as measuring a kilobyte.
        count: do all places of a repeated 5- to 10-gram count, or only the repeats of the first?
        characters: are n-gram fractions shares of the words' characters or of the text's?

    Raises:
        ValueError: for an unknown option, a missing text, or a text that is not Unicode.
    """
    _check_option("count", count, ("all", "repeats"))
    _check_option("characters", characters, ("words", "text"))
    tallies = _tallies(_arrow_texts(texts), count)
    return pa.RecordBatch.from_pydict(_columns(tallies, characters), schema=MEASURE_SCHEMA)


def failed_rules(text: str, config: Config | None = None) -> list[str]:
    """Returns the names of the quality and repetition rules that a text breaks, in table order.

    Args:
        text: the text of one document.
        config: where thresholds and options are; the paper's by default.
    """
    config = config or Config()
    options = config.repetition
    measures = measure([text], count=options.count, characters=options.characters)
    return judge(measures, config)[0].as_py()


def _check_option(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; expected {' or '.join(map(repr, allowed))}")


def _arrow_texts(texts: Iterable[str] | pa.Array | pa.ChunkedArray) -> pa.LargeStringArray:
    """Returns the texts as one Arrow array without nulls, of valid UTF-8."""
    if isinstance(texts, str):
        raise ValueError("texts is one string; expected a list of strings: measure([text])")
    if isinstance(texts, (pa.Array, pa.ChunkedArray)):
        array = _one_array(texts)
    else:
        array = _encode(list(texts))
    if array.null_count:
        raise ValueError("a text is missing (null); expected a string in every row")
    return array


def _one_array(texts: pa.Array | pa.ChunkedArray) -> pa.LargeStringArray:
    """Returns an Arrow array of strings as one chunk; refuses bytes that are not UTF-8."""
    array = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    array = array.cast(pa.large_string())
    array.validate(full=True)
    return array


def _encode(texts: list[str]) -> pa.LargeStringArray:
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError as error:
        raise ValueError(
            f"a text holds the unpaired surrogate {error.object[error.start]!a} at character "
            f"{error.start}, which is not Unicode text; decode the bytes with errors='replace'"
        ) from None


def _tallies(texts: pa.LargeStringArray, count: Count) -> np.ndarray:
    """Returns the kernel's integers: int64[texts, len(Tally)]."""
    # Imported here: numba and the compiled code take a second that other users of rules and
    # measures' names need not spend.
    from massivetext.filters.characters import character_classes
    from massivetext.filters.measure_kernel import tally
    from massivetext.filters.text_kernel import Tally

    tallies = np.zeros((len(texts), len(Tally)), np.int64)
    if not len(texts):
        return tallies
    _, offset_buffer, text_buffer = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    if np.diff(offsets).max() > _LONGEST_TEXT_BYTES:
        raise ValueError(f"a text is longer than {_LONGEST_TEXT_BYTES:,} bytes; cut it")
    utf8 = np.frombuffer(text_buffer or b"", np.uint8)
    tally(utf8, offsets, character_classes(), count == "repeats", tallies)
    return tallies


def _columns(tallies: np.ndarray, characters: Characters) -> dict[str, np.ndarray]:
    """Returns every measure by its name, from the kernel's integers.

    Raises:
        KeyError: if the table makes a measure of a tally that the kernel does not have.
    """
    from massivetext.filters.text_kernel import Tally

    counted = {tally.name.lower(): tallies[:, tally] for tally in Tally}
    counted[GRAM_WHOLE] = counted[f"{'word' if characters == 'words' else 'text'}_characters"]
    return {
        measure.name: _ratio(counted[measure.part], counted[measure.whole])
        if measure.whole
        else counted[measure.part]
        for measure in (*QUALITY, *REPETITION)
    }


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Returns part / whole in one division, float64; 0 where there is nothing."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole != 0)
