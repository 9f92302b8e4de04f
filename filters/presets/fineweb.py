"""FineWeb's own heuristics as functions over texts (Penedo et al. 2024, arXiv 2406.17557, 3.6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import pyarrow as pa

_ENDS: Final = (".", "'", '"', "!", "?")
"""What a line may end with to count as punctuated."""

_TOKENS: Final = re.compile(r"\w+|[^\w\s]")
"""Our choice: words and single marks. FineWeb asks NLTK's tokenizer, which is no dependency of ours
and splits a little differently (contractions, several marks in a row)."""


def line_shares(texts: pa.Array, *, short_line: int) -> pa.Table:
    """Returns what FineWeb's rules judge, 0 for an empty text.

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
    lines = text.split("\n")
    punctuated = sum(line.endswith(_ENDS) for line in lines)
    short = sum(len(line) <= short_line for line in lines)
    characters = len(text) - text.count("\n")
    tokens = len(_TOKENS.findall(text))
    return (
        punctuated / len(lines),
        short / len(lines),
        _copied_characters(lines) / characters if characters else 0.0,
        text.count("\n") / tokens if tokens else 0.0,
    )


def _copied_characters(lines: Sequence[str]) -> int:
    """Returns the characters of lines that are copies of an earlier one, without blank ones."""
    seen, copied = set[str](), 0
    for line in lines:
        if line.strip():
            copied += len(line) if line in seen else 0
            seen.add(line)
    return copied
