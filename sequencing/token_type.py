"""The integers that tokens are stored as: uint16 for vocabularies that it can hold, else uint32."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.unsignedinteger]
"""uint16 or uint32."""

TokenType = np.dtype[np.unsignedinteger]

SMALL: Final[TokenType] = np.dtype("<u2")
LARGE: Final[TokenType] = np.dtype("<u4")


def token_type_of(vocab_size: int) -> TokenType:
    """Returns the type of the tokens of a vocabulary, little-endian."""
    return SMALL if vocab_size <= 1 << 16 else LARGE


def little_endian(tokens: Tokens) -> Tokens:
    """Returns tokens in the byte order of the shards, on most machines without a copy."""
    return tokens.astype(tokens.dtype.newbyteorder("<"), copy=False)


def no_tokens() -> Tokens:
    """Returns an empty array, to which tokens of any type can be joined."""
    return np.empty(0, SMALL)
