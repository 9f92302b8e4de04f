"""Which pairs of tokens merge, where a vocabulary alone says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import AnyStr


def all_merges(tokens: Mapping[AnyStr, int]) -> list[tuple[int, int, int]]:
    """Returns every pair of tokens that together are a token: `(left, right, both)`."""
    return [
        (tokens[token[:cut]], tokens[token[cut:]], number)
        for token, number in tokens.items()
        for cut in range(1, len(token))
        if token[:cut] in tokens and token[cut:] in tokens
    ]
