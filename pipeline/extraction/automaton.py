"""Many words looked for at once: an Aho-Corasick automaton as tables for compiled code."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_LETTERS: Final = 26
_OTHER: Final = 26
SEPARATOR: Final = 27
"""Class of every byte that is no letter or digit; a `-` in a pattern stands for one of them."""


def _byte_classes(patterns: Sequence[tuple[str, int]]) -> NDArray[np.uint8]:
    """Class of each byte: a letter whatever its case, a byte of some pattern, other, separator."""
    classes = np.full(256, _OTHER, np.uint8)
    for byte in range(128):
        if not chr(byte).isalnum():
            classes[byte] = SEPARATOR
    for letter in range(_LETTERS):
        classes[ord("a") + letter] = classes[ord("A") + letter] = letter
    beyond_ascii = {byte for word, _ in patterns for byte in word.encode() if byte >= 0x80}
    for number, byte in enumerate(sorted(beyond_ascii)):
        classes[byte] = SEPARATOR + 1 + number
    return classes


def word_automaton(
    patterns: Sequence[tuple[str, int]],
) -> tuple[NDArray[np.int16], NDArray[np.int64], NDArray[np.uint8]]:
    """`(next state by state and class, bits of each state, class of each byte)`.

    `patterns` are `(word, bit)`. A search begins in the state behind a `SEPARATOR`, and feeds one
    more `SEPARATOR` at its end.
    """
    classes = _byte_classes(patterns)
    kinds = int(classes.max()) + 1
    steps: list[list[int]] = [[0] * kinds]
    bits = [0]
    for word, bit in patterns:
        state = 0
        for byte in word.encode():
            kind = int(classes[byte])
            if not steps[state][kind]:
                steps[state][kind] = len(steps)
                steps.append([0] * kinds)
                bits.append(0)
            state = steps[state][kind]
        bits[state] |= 1 << bit
    _link_suffixes(steps, bits)
    return np.array(steps, np.int16), np.array(bits, np.int64), classes


def _link_suffixes(steps: list[list[int]], bits: list[int]) -> None:
    """Complete a trie to an automaton: where to go on when a pattern does not."""
    suffix = [0] * len(steps)
    queue = deque(state for state in steps[0] if state)
    while queue:
        state = queue.popleft()
        bits[state] |= bits[suffix[state]]
        for kind, following in enumerate(steps[state]):
            other = steps[suffix[state]][kind]
            if following:
                suffix[following] = other
                queue.append(following)
            else:
                steps[state][kind] = other
