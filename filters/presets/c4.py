"""C4's heuristics as functions over texts (Raffel et al. 2020, arXiv 1910.10683, section 2.2).

Lines go first, then whole pages, which are judged by the lines that stay: a page is dropped for a
phrase only if the line that holds it would have stayed, as in C4's published code.
"""

from __future__ import annotations

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

LOREM_IPSUM: Final = "lorem ipsum"
"""Section 2.2: placeholder text."""

_ENDS: Final = (".", "?", "!", '"', "'")
"""Section 2.2: terminal punctuation; the single quotation mark is that of later code."""

_LONGEST_WORD: Final = 1_000
"""C4's published code: a line with a longer word goes."""

_POLICIES: Final = re.compile(
    "terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies"
)
"""C4's published code: lines of such notices go."""

_CITATIONS: Final = re.compile(r"\[\d*]|\[edit]|\[citation needed]")
"""C4's published code: marks of Wikipedia, which leave their lines."""

_SENTENCE_END: Final = re.compile(r"[.!?][\"')\]]*(?=\s)")
"""Our choice: an end of a sentence within a line. C4's code asks NLTK or spaCy, no dependencies of
ours; they take abbreviations for no ends, so that they find fewer at times."""


def good_lines(texts: pa.Array, *, needs_punctuation: bool, min_words: int) -> pa.Array:
    """Returns texts without the lines that C4 leaves out.

    A line with a phrase for which the page goes stays, so that the page is known by it.

    Args:
        texts: of documents.
        needs_punctuation: whether lines without terminal punctuation, or with an ellipsis at their
            end, go.
        min_words: fewer make a line go.
    """

    def edited(text: str) -> str:
        lines = (_line(line, needs_punctuation, min_words) for line in text.splitlines())
        return "\n".join(line for line in lines if line is not None).strip()

    return pa.array([edited(text) for text in texts.to_pylist()], pa.large_string())


def _line(line: str, needs_punctuation: bool, min_words: int) -> str | None:
    """Returns a line without citation marks, or None if it goes."""
    words = line.split()
    line = _CITATIONS.sub("", line.strip())
    if any(len(word) > _LONGEST_WORD for word in words) or len(words) < min_words:
        return None
    if needs_punctuation and (not line.endswith(_ENDS) or line.endswith("...")):
        return None
    lower = line.lower()
    if LOREM_IPSUM in lower:
        return line
    if "javascript" in lower:
        return None
    if "{" not in line and _POLICIES.search(lower):
        return None
    return line


def sentences(texts: pa.Array) -> pa.Array:
    """Returns how many sentences texts have; a line that is not blank has one at least."""

    def count(text: str) -> int:
        lines = (line.strip() for line in text.split("\n"))
        return sum(1 + len(_SENTENCE_END.findall(line)) for line in lines if line)

    return pa.array([count(text) for text in texts.to_pylist()], pa.int64())


def lorem_ipsum(texts: pa.Array) -> pa.Array:
    """Returns how often the words "lorem ipsum" occur, in any case."""
    options = pc.MatchSubstringOptions(LOREM_IPSUM, ignore_case=True)
    return pc.call_function("count_substring", [texts], options)


def curly_brackets(texts: pa.Array) -> pa.Array:
    """Returns how many opening curly brackets texts have."""
    return pc.call_function("count_substring", [texts], pc.MatchSubstringOptions("{"))
