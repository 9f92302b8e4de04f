"""The encoding of bytes that nothing names: that in which they are likeliest to be somebody's text.

Method: the likelihood of neighboring bytes in each encoding and language, as detectors have judged
since Li and Momoi, "A composite approach to language/encoding detection" (2001). Pairs of ASCII
bytes, and so all markup, say nothing about the encoding and are left out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.kernels import kernel, lean
from massivetext.pipeline.extraction.charset.models import (
    BYTE_CLASSES,
    CLASSES,
    COST_UNIT,
    DOUBLE_BYTE,
    MAX_COST,
    OTHER_CLASS,
    Models,
    load_models,
)

_FIRST_PAIRS: Final = 512
"""Our choice: so many pairs tell one byte a character from two."""

_MAX_PAIRS: Final = 4096
"""Our choice: so many pairs tell all else; more change nothing."""

_LESS_THAN: Final = ord("<")
_GREATER_THAN: Final = ord(">")

_FIRST_LETTER: Final = 128
"""The class of the letter a; those below are bytes beyond ASCII."""

_GB18030, _BIG5, _SHIFT_JIS, _EUC_JP, _EUC_KR = range(len(DOUBLE_BYTE))

_KANA_COST: Final = 8 * COST_UNIT
_LONG_COST: Final = 14 * COST_UNIT
"""Our choice: a half-width katakana, and a character of three or four bytes, which are rare."""

_CUT_COST: Final = 8 * COST_UNIT
"""Our choice: half a character, at the end of all."""

_BESIDE_LETTER: Final = 3 * COST_UNIT
_BESIDE_OTHER: Final = COST_UNIT
"""Our choice: where text of double bytes begins or ends at an ASCII letter, or at other ASCII."""


class _Seen(NamedTuple):
    """What was counted of a text.

    Attributes:
        end: where counting ended.
        pairs: pairs in which a byte beyond ASCII stands.
        beyond_ascii: such bytes.
        letters: ASCII letters outside of tags.
    """

    end: int
    pairs: int
    beyond_ascii: int
    letters: int

    @property
    def doublings(self) -> int:
        """How often one ASCII letter a byte beyond ASCII must be doubled to have as many as here.

        A whole number: the same on every machine.
        """
        return (1 + self.letters // max(self.beyond_ascii, 1)).bit_length()


def detect(data: bytes) -> tuple[str, float]:
    """Returns the name of the likeliest encoding of bytes that are not UTF-8; never raises.

    The other value is the mean of -ln P of a byte beyond ASCII in it (nats). Linear in the bytes.
    Text without a byte beyond ASCII is windows-1252, as any text that says nothing.
    """
    text = np.frombuffer(data, np.uint8)
    models = _models()[0]
    costs, seen = _single_costs(text, _FIRST_PAIRS)
    double_costs = _double_costs(text, seen)
    is_double = double_costs.min() < costs.min()
    if seen.pairs >= _FIRST_PAIRS:
        costs, seen = _single_costs(text, _MAX_PAIRS)
        if is_double:
            double_costs = _double_costs(text, seen)
    least = int(double_costs.min() if is_double else costs.min())
    name = DOUBLE_BYTE[double_costs.argmin()] if is_double else models.names[costs.argmin()]
    return name, least / (COST_UNIT * max(seen.beyond_ascii, 1))


@lru_cache(maxsize=1)
def _models() -> tuple[Models, NDArray[np.uint8]]:
    """The models, and their costs of a pair side by side: shape (CLASSES, CLASSES, names)."""
    models = load_models()
    return models, np.ascontiguousarray(models.costs.transpose(1, 2, 0))


def _single_costs(text: NDArray[np.uint8], most_pairs: int) -> tuple[NDArray[np.int32], _Seen]:
    """What the text costs in each model of single bytes, up to so many pairs."""
    models, costs_by_pair = _models()
    costs = models.penalties.copy()
    seen = _Seen(*_add_pair_costs(text, most_pairs, costs_by_pair, costs))
    return costs + models.latin_costs * seen.doublings, seen


def _double_costs(text: NDArray[np.uint8], seen: _Seen) -> NDArray[np.int64]:
    """What the text costs in each model of double bytes, as far as pairs were counted."""
    models = _models()[0]
    costs = models.double_penalties.astype(np.int64)
    _add_character_costs(text, seen.end, models.double_costs, costs)
    return costs + models.double_latin_costs * seen.doublings


@lean
def _count_pairs(text: Any, most_pairs: Any, counts: Any, found: Any) -> tuple[Any, ...]:
    """Counts the pairs of classes in which a byte beyond ASCII stands.

    Returns how many different ones were written to `found`, and the values of `_Seen`.
    """
    different, pairs, beyond_ascii, letters = 0, 0, 0, 0
    before = OTHER_CLASS
    in_tag = False
    position = 0
    while position < len(text) and pairs < most_pairs:
        byte = text[position]
        now = BYTE_CLASSES[byte]
        if now < _FIRST_LETTER or before < _FIRST_LETTER:
            pair = before * CLASSES + now
            if counts[pair] == 0:
                found[different] = pair
                different += 1
            counts[pair] += 1
            pairs += 1
        if now < _FIRST_LETTER:
            beyond_ascii += 1
        elif byte == _LESS_THAN or byte == _GREATER_THAN:
            in_tag = byte == _LESS_THAN
        elif now != OTHER_CLASS and not in_tag:
            letters += 1
        before = now
        position += 1
    return different, position, pairs, beyond_ascii, letters


@kernel(
    "UniTuple(int64, 4)(Array(uint8, 1, 'C', readonly=True), int64, uint8[:, :, ::1], int32[::1])"
)
def _add_pair_costs(text: Any, most_pairs: int, costs: Any, sums: Any) -> Any:
    """Adds to `sums` what a text costs in each model; returns the values of `_Seen`."""
    counts = np.zeros(CLASSES * CLASSES, np.int32)
    found = np.empty(most_pairs, np.int32)
    different, end, pairs, beyond_ascii, letters = _count_pairs(text, most_pairs, counts, found)
    for n in range(different):
        pair = found[n]
        count = counts[pair]
        row = costs[pair // CLASSES, pair % CLASSES]
        for model in range(len(sums)):
            sums[model] += count * np.int32(row[model])
    return end, pairs, beyond_ascii, letters


@lean
def _cost_beside(byte: Any) -> Any:
    """What it costs text of double bytes to stand beside a byte."""
    if byte >= 0x80:
        return 0
    return _BESIDE_OTHER if BYTE_CLASSES[byte] == OTHER_CLASS else _BESIDE_LETTER


@lean
def _character(text: Any, i: Any, encoding: Any, table: Any) -> tuple[Any, Any]:
    """Cost and bytes of what begins at byte `i`, which is beyond ASCII."""
    lead = np.int64(text[i])
    left = len(text) - i
    if encoding == _SHIFT_JIS and 0xA1 <= lead <= 0xDF:
        return _KANA_COST, 1
    if left < 2:
        return _CUT_COST, 1
    trail = np.int64(text[i + 1])
    if encoding == _EUC_JP and lead == 0x8E and 0xA1 <= trail <= 0xDF:
        return _KANA_COST, 2
    if encoding == _EUC_JP and lead == 0x8F and trail >= 0xA1 and left > 2 and text[i + 2] >= 0xA1:
        return _LONG_COST, 3
    if encoding == _GB18030 and 0x30 <= trail <= 0x39 and left > 3:
        if text[i + 2] >= 0x81 and 0x30 <= text[i + 3] <= 0x39:
            return _LONG_COST, 4
    cost = np.int64(table[encoding, lead - 0x80, trail])
    return cost, 1 if cost == MAX_COST else 2


@lean
def _text_cost(text: Any, end: Any, encoding: Any, table: Any) -> Any:
    """What the text up to `end` costs in an encoding of double bytes."""
    total = np.int64(0)
    behind_character = False
    i = 0
    while i < end:
        if text[i] < 0x80:
            behind_character = False
            i += 1
            continue
        if i > 0 and not behind_character:
            total += _cost_beside(text[i - 1])
        cost, size = _character(text, i, encoding, table)
        total += cost
        behind_character = True
        i += size
        if i < len(text):
            total += _cost_beside(text[i])
    return total


@kernel("void(Array(uint8, 1, 'C', readonly=True), int64, uint8[:, :, ::1], int64[::1])")
def _add_character_costs(text: Any, end: int, costs: Any, sums: Any) -> None:
    """Adds to `sums` what a text up to `end` costs in each encoding of double bytes."""
    for encoding in range(len(sums)):
        sums[encoding] += _text_cost(text, end, encoding, costs)
