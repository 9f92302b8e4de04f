"""Where short patterns may stand in a block of bytes, as bits (compiled).

LLVM makes loops of such searches, so the vectors are written out: a block costs a few instructions,
and each place that was found a few more, wherever it lies in the block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from massivetext.kernels import lean

PATTERN_BLOCK: Final = 64
"""Bytes of a block: one bit of a machine word for each."""

MOST_PATTERN_BYTES: Final = 8
"""A block of places must have so many bytes behind it that can be read."""

_ANY: Final = "."
_CASE_BIT: Final = 32
_BYTES: Final = ir.VectorType(ir.IntType(8), PATTERN_BLOCK)
_WORD: Final = ir.IntType(64)
_ALIGNMENT: Final = 1  # bytes: patterns stand anywhere


def places_of(pattern: str) -> Callable[..., Any]:
    """Returns what is called in kernels with bytes and a position, and gives the places from there.

    Bit n of the result (uint64) is set where the pattern stands n bytes behind the position. Reads
    PATTERN_BLOCK + MOST_PATTERN_BYTES bytes at most; the caller sees to it that there are so many.

    Args:
        pattern: ASCII, at most MOST_PATTERN_BYTES; `.` stands for any byte. Letters are in lower
            case and stand for both cases.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        block = None
        for offset, letter in enumerate(pattern):
            if letter == _ANY:
                continue
            place = builder.add(arguments[1], arguments[1].type(offset))
            pointer = builder.bitcast(builder.gep(data, [place]), _BYTES.as_pointer())
            found = builder.load(pointer, align=_ALIGNMENT)
            if letter.isalpha():
                found = builder.or_(found, _BYTES([_CASE_BIT] * PATTERN_BLOCK))
            equal = builder.icmp_unsigned("==", found, _BYTES([ord(letter)] * PATTERN_BLOCK))
            block = equal if block is None else builder.and_(block, equal)
        return builder.bitcast(block, _WORD)

    @intrinsic
    def places(typingctx: Any, page: Any, position: Any) -> Any:
        del typingctx, position
        return types.uint64(page, types.intp), generate

    found: Callable[..., Any] = places
    return found


def _count_zeros(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    del context, signature
    return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))


@intrinsic
def _trailing_zeros(typingctx: Any, word: Any) -> Any:
    del typingctx, word
    return types.int64(types.uint64), _count_zeros


@lean
def first_place(places: Any) -> Any:
    """Returns the number of the lowest bit that is set; 64 without any."""
    return _trailing_zeros(places)
