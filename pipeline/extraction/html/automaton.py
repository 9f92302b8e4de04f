"""Many words looked for at once: an Aho-Corasick automaton as tables for compiled code."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.kernels import inlined

_LETTERS: Final = 26
_OTHER: Final = 26
SEPARATOR: Final = 27
"""Class of every byte except letters and digits; a `-` in a pattern stands for one of them."""


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


def word_search(patterns: Sequence[tuple[str, int]]) -> Any:
    """A compiled part that finds `(word, bit)` patterns in bytes.

    `search(text, start, stop, state) -> (state, bits)`: feeds `text[start:stop]` and a separator,
    beginning in `state`, which is 0 behind a separator. Bits are those of all words found.
    """
    classes = _byte_classes(patterns)
    states, bits = _automaton(patterns, classes)
    # States are of two bytes, so that all of them fit a processor's nearest caches, and unsigned,
    # which spares compiled code the question whether an index counts from the end. Those that end
    # a word are the last ones.
    behind_separator = states[0, SEPARATOR]
    order = np.lexsort((np.arange(len(states)) != behind_separator, bits != 0))
    shift = int(states.shape[1] - 1).bit_length()
    rows = np.zeros((len(states), 1 << shift), np.uint16)
    rows[:, : states.shape[1]] = np.argsort(order)[states[order]]
    steps = rows.reshape(-1)
    ordered_bits = bits[order]
    first_final = int(np.count_nonzero(bits == 0))
    separator = np.uint8(SEPARATOR)

    @inlined
    def search(text: Any, start: Any, stop: Any, state: Any) -> Any:
        found = 0
        for position in range(start, stop):
            state = np.uint32(steps[state << shift | classes[text[position]]])
            if state >= first_final:
                found |= ordered_bits[state]
        state = np.uint32(steps[state << shift | separator])
        return state, found | ordered_bits[state]

    return search


def _automaton(
    patterns: Sequence[tuple[str, int]], classes: NDArray[np.uint8]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """`(next state by state and class, bits of each state)`; state 0 knows nothing of the text."""
    steps: list[list[int]] = [[0] * (int(classes.max()) + 1)]
    bits = [0]
    for word, bit in patterns:
        state = 0
        for byte in word.encode():
            kind = int(classes[byte])
            if not steps[state][kind]:
                steps[state][kind] = len(steps)
                steps.append([0] * len(steps[0]))
                bits.append(0)
            state = steps[state][kind]
        bits[state] |= 1 << bit
    _link_suffixes(steps, bits)
    return np.array(steps, np.int32), np.array(bits, np.int64)


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
