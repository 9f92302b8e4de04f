"""The encoding of bytes that nothing names: that in which they are likeliest to be somebody's text.

Method: the likelihood of neighboring bytes in each encoding and language, as detectors have judged
since Li and Momoi, "A composite approach to language/encoding detection" (2001). Pairs of ASCII
bytes, and so all markup, say nothing about the encoding and are left out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.ascii_bytes import GREATER_THAN, LESS_THAN
from massivetext.kernels import inlined, kernel, lean
from massivetext.pipeline.extraction.charset.models import (
    BYTE_CLASSES,
    CLASSES,
    COST_UNIT,
    DOUBLE_BYTE,
    MAX_COST,
    OTHER_CLASS,
    detection_models,
)
from massivetext.utf8 import skip_ascii

_FIRST_PAIRS: Final = 256
_MARGIN: Final = 64 * COST_UNIT
"""Our choice: models that are so much likelier than others after so many pairs are compared to the
end, the others are not."""

_MAX_PAIRS: Final = 4096
"""Our choice: so many pairs tell all else; more change nothing."""

_REPEATED: Final = 8
"""Our choice: a pair counts so often in full, and each further time as an eighth."""

_SURROUNDINGS: Final = 256
"""Our choice: ASCII letters count that stand so near behind a byte beyond ASCII; what is further
off is passed over fast."""

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


def detect(data: bytes) -> tuple[str, float]:
    """Returns the name of the likeliest encoding of bytes that are not UTF-8; never raises.

    The other value is the mean of -ln P of a byte beyond ASCII in it (nats). Linear in the bytes.
    Text without a byte beyond ASCII is windows-1252, as any text that says nothing.
    """
    names, models = _models()
    model, cost, beyond_ascii = _likeliest(np.frombuffer(data, np.uint8), *models)
    return names[model], cost / (COST_UNIT * max(beyond_ascii, 1))


@lru_cache(maxsize=1)
def _models() -> tuple[tuple[str, ...], tuple[NDArray[np.integer[Any]], ...]]:
    """The names of all models, those of double bytes behind, and what `_likeliest` takes of them.

    The costs of a pair stand side by side: shape (CLASSES, CLASSES, models of single bytes).
    """
    models = detection_models()
    return (*models.names, *DOUBLE_BYTE), (
        np.ascontiguousarray(models.costs.transpose(1, 2, 0)),
        models.double_costs,
        np.concatenate([models.penalties, models.double_penalties]),
        np.concatenate([models.latin_costs, models.double_latin_costs]),
    )


@lean
def _count_pairs(text: Any, most_pairs: Any, counts: Any, found: Any) -> tuple[Any, ...]:
    """Counts the pairs of classes in which a byte beyond ASCII stands.

    Returns how many different ones were written to `found`, how many there are in all, where
    counting ended, how many bytes beyond ASCII there were, and how many ASCII letters around them
    outside of tags.
    """
    different, pairs, beyond_ascii, letters = 0, 0, 0, 0
    before = OTHER_CLASS
    in_tag = False
    position, last = 0, 0
    while position < len(text) and pairs < most_pairs:
        if position > last + _SURROUNDINGS:
            position = skip_ascii(text, position)
            last, before, in_tag = position, OTHER_CLASS, False
            if position >= len(text):
                break
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
            last = position
        elif byte in (LESS_THAN, GREATER_THAN):
            in_tag = byte == LESS_THAN
        elif now != OTHER_CLASS and not in_tag:
            letters += 1
        before = now
        position += 1
    return different, pairs, position, beyond_ascii, letters


@inlined
def _evidence(count: Any) -> Any:
    """How often a pair counts: what a page repeats over and over is one habit of it."""
    return count if count <= _REPEATED else _REPEATED + (count - _REPEATED) // _REPEATED


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
    if encoding == _GB18030 and 0x30 <= trail <= 0x39:
        is_long = left > 3 and text[i + 2] >= 0x81 and 0x30 <= text[i + 3] <= 0x39
        return (_LONG_COST, 4) if is_long else (MAX_COST, 1)
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
            i = skip_ascii(text, i + 1)
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


@lean
def _doublings(letters: Any, beyond_ascii: Any) -> Any:
    """How often one must be doubled to be more than the ASCII letters a byte beyond ASCII."""
    share = 1 + letters // max(beyond_ascii, 1)
    doublings = 0
    while share > 0:
        share >>= 1
        doublings += 1
    return doublings


@kernel(
    "UniTuple(int64, 3)(Array(uint8, 1, 'C', readonly=True), uint8[:, :, ::1], uint8[:, :, ::1],"
    " int32[::1], int32[::1])"
)
def _likeliest(
    text: Any, costs: Any, double_costs: Any, penalties: Any, latin_costs: Any
) -> tuple[int, int, int]:
    """The number of the likeliest model, what the text costs in it, its bytes beyond ASCII.

    A first look leaves the models that come near the best, a second compares those.
    """
    singles = costs.shape[2]
    counts = np.zeros(CLASSES * CLASSES, np.int16)
    found = np.empty(_MAX_PAIRS, np.int32)
    sums = np.zeros(len(penalties), np.int32)
    is_left = np.ones(len(penalties), np.bool_)
    beyond_ascii, best = 0, 0
    for most_pairs in (_FIRST_PAIRS, _MAX_PAIRS):
        counted = _count_pairs(text, most_pairs, counts, found)
        different, pairs, end, beyond_ascii, letters = counted
        sums[:] = penalties + latin_costs * _doublings(letters, beyond_ascii)
        for model in range(singles):
            if is_left[model]:
                for n in range(different):
                    pair = found[n]
                    row = costs[pair // CLASSES, pair % CLASSES]
                    sums[model] += _evidence(counts[pair]) * np.int32(row[model])
        for encoding in range(len(double_costs)):
            if is_left[singles + encoding]:
                sums[singles + encoding] += _text_cost(text, end, encoding, double_costs)
        best = 0
        for model in range(len(sums)):
            if (is_left[model] and sums[model] < sums[best]) or not is_left[best]:
                best = model
        if pairs < most_pairs:
            break
        for model in range(len(sums)):
            is_left[model] = is_left[model] and sums[model] <= sums[best] + _MARGIN
        for n in range(different):
            counts[found[n]] = 0
    return best, int(sums[best]), beyond_ascii
