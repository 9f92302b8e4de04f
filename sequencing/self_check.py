"""The sampled check that fast encoders give what the slow ones do, while a corpus is tokenised."""

from __future__ import annotations

from typing import Final

import numpy as np

from massivetext.sequencing.tokenizer import Tokenizer

CHECKED_CROPS: Final = 64
"""Our choice: of so many crops one is checked: a hundredth of the time that encoding takes."""

PASSAGE_BYTES: Final = 1024
"""Our choice: of its beginning, for reference encoders are slow, at one endless word very slow."""


def is_checked(random_64: int) -> bool:
    """Whether a crop is one of the sample, by the number that was drawn for it."""
    return random_64 % CHECKED_CROPS == 0


def require_same(tokenizer: Tokenizer, text: bytes) -> None:
    """Compares the tokens of the beginning of a text with those of the reference.

    Raises:
        ValueError: if they differ.
    """
    passage = text[:PASSAGE_BYTES].decode(errors="ignore").encode()
    found, expected = tokenizer.encode(passage), tokenizer.encode_by_reference(passage)
    if not np.array_equal(found, expected):
        same = next(
            (n for n, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b),
            min(len(found), len(expected)),
        )
        raise ValueError(
            f"its tokens differ from those of the reference encoder, the first at token {same}"
        )
