"""The integer logarithms of the features (compiled).

The networks know pages of the sizes that they were trained on. What is larger counts as the largest
of those: the 900th post of a thread is worth what the 90th is, and a paragraph of a whole book what
one of a page is.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import inlined

LARGEST_BLOCK: Final = 1 << 12
LARGEST_TEXT: Final = 1 << 16
LARGEST_FAMILY: Final = 1 << 8
LARGEST_COUNT: Final = 1 << 10
"""Our choice: characters of a block and of a page, siblings, and blocks of a page; powers of two
that 99.99, 99.9, 99 and 99 % of the blocks and pages trained on stay below."""


@inlined
def scaled_down(number: Any, characters: Any) -> Any:
    """A count of a block, as if the block had no more than `LARGEST_BLOCK` characters."""
    return number * min(characters, LARGEST_BLOCK) // characters


@inlined
def log8(value: Any) -> Any:
    """8 log2(1 + value), piecewise linear, for value from 0 to 2**52.

    A double's exponent and the first three bits of its fraction are just that.
    """
    return (np.float64(value + 1).view(np.int64) >> 49) - 1023 * 8


@inlined
def text8(characters: Any) -> Any:
    """`log8` of the size of a part of a page."""
    return log8(min(characters, LARGEST_TEXT))


@inlined
def family8(members: Any) -> Any:
    """`log8` of how many parts are alike."""
    return log8(min(members, LARGEST_FAMILY))


@inlined
def count8(blocks: Any) -> Any:
    """`log8` of how many blocks a part of a page has."""
    return log8(min(blocks, LARGEST_COUNT))
