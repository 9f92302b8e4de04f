"""FineWeb's own heuristics as functions over texts (Penedo et al. 2024, arXiv 2406.17557, 3.6).

As version 0.10 of its published code has them: blank lines do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import regex

_END: Final = regex.compile(r"\p{Sentence_Terminal}\Z")
"""What a line ends with that counts as punctuated: Unicode's ends of sentences. FineWeb's code
lists them; early versions had the five marks . ' " ! ? instead."""

_TOKENS: Final = regex.compile(r"\w+|[^\w\s]")
"""Our choice: words and single marks. FineWeb asks spaCy's tokenizer, no dependency of ours,
which splits a little differently (contractions, addresses)."""


def line_shares(texts: pa.Array, *, short_line: int) -> pa.Table:
    """Returns what FineWeb's rules judge, 0 for a text of blank lines.

    Args:
        texts: of documents.
        short_line: characters of the longest line that counts as short.

    Returns:
        `punctuated_lines`: share of lines that end with punctuation; `short_lines`: share of short
        ones; `duplicate_line_characters`: characters of lines that are copies of earlier ones, as a
        share of all but line feeds; `line_feeds_per_token`.
    """
    rows = [_shares(text, short_line) for text in texts.to_pylist()]
    columns = zip(*rows, strict=True)
    names = ("punctuated_lines", "short_lines", "duplicate_line_characters", "line_feeds_per_token")
    return pa.table({n: pa.array(c, pa.float64()) for n, c in zip(names, columns, strict=True)})


def _shares(text: str, short_line: int) -> tuple[float, float, float, float]:
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return 0.0, 0.0, 0.0, 0.0
    punctuated = sum(_END.search(line) is not None for line in lines)
    short = sum(len(line) <= short_line for line in lines)
    characters = len(text) - text.count("\n")
    tokens = len(_TOKENS.findall(text))
    return (
        punctuated / len(lines),
        short / len(lines),
        _copied_characters(lines) / characters,
        text.count("\n") / tokens,
    )


def _copied_characters(lines: Sequence[str]) -> int:
    """Returns the characters of lines that are copies of an earlier one."""
    seen, copied = set[str](), 0
    for line in lines:
        copied += len(line) if line in seen else 0
        seen.add(line)
    return copied
