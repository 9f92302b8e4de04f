"""Where short patterns may stand in a block of bytes, as bits; bytes eight at a time (compiled).

LLVM makes loops of such searches, so the vectors are written out: a block costs a few instructions,
and each place that was found a few more, wherever it lies in the block.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

import numpy as np
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
_LANES: Final = 32
"""Bytes of a vector: half a block, for LLVM takes bits of whole blocks apart between branches."""

_BYTES: Final = ir.VectorType(ir.IntType(8), _LANES)
_WORD: Final = ir.IntType(64)
_ALIGNMENT: Final = 1  # bytes: patterns stand anywhere


def places_of(*patterns: str) -> Callable[..., Any]:
    """Returns what is called in kernels with bytes and a position, and gives the places from there.

    Bit n of the result (uint64) is set where a pattern stands n bytes behind the position. Reads
    PATTERN_BLOCK + MOST_PATTERN_BYTES bytes at most; the caller sees to it that there are so many.

    Args:
        patterns: ASCII, at most MOST_PATTERN_BYTES; `.` stands for any byte. Letters are in lower
            case and stand for both cases.
    """
    return _places_where(
        lambda builder, start: _any_of(builder, [_matches(builder, start, p) for p in patterns])
    )


def places_beyond_ascii() -> Callable[..., Any]:
    """Returns the same for bytes beyond ASCII; it reads PATTERN_BLOCK bytes."""

    def are_beyond(builder: Any, start: Any) -> Any:
        return builder.icmp_signed("<", _vector_at(builder, start), _BYTES([0] * _LANES))

    return _places_where(are_beyond)


def _places_where(finds: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Returns what gives the places of a block, two vectors of them.

    Args:
        finds: builds, given a builder and where a vector begins, whether something stands there.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        word = _WORD(0)
        for first in range(0, PATTERN_BLOCK, _LANES):
            start = builder.gep(data, [builder.add(arguments[1], arguments[1].type(first))])
            bits = builder.bitcast(finds(builder, start), ir.IntType(_LANES))
            word = builder.or_(word, builder.shl(builder.zext(bits, _WORD), _WORD(first)))
        return word

    @intrinsic
    def places(typingctx: Any, page: Any, position: Any) -> Any:
        del typingctx, position
        return types.uint64(page, types.intp), generate

    found: Callable[..., Any] = places
    return found


def _vector_at(builder: Any, place: Any) -> Any:
    return builder.load(builder.bitcast(place, _BYTES.as_pointer()), align=_ALIGNMENT)


def _any_of(builder: Any, vectors: list[Any]) -> Any:
    any_of = vectors[0]
    for vector in vectors[1:]:
        any_of = builder.or_(any_of, vector)
    return any_of


def _matches(builder: Any, start: Any, pattern: str) -> Any:
    """Returns for each place of a vector whether a pattern stands there."""
    matches = None
    for offset, letter in enumerate(pattern):
        if letter == _ANY:
            continue
        found = _vector_at(builder, builder.gep(start, [_WORD(offset)]))
        if letter.isalpha():
            found = builder.or_(found, _BYTES([_CASE_BIT] * _LANES))
        equal = builder.icmp_unsigned("==", found, _BYTES([ord(letter)] * _LANES))
        matches = equal if matches is None else builder.and_(matches, equal)
    return matches


def _count_zeros(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    del context, signature
    return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))


def _type_of_zeros(typingctx: Any, word: Any) -> Any:
    del typingctx, word
    return types.int64(types.uint64), _count_zeros


_trailing_zeros: Final[Any] = intrinsic(_type_of_zeros)


@lean
def first_place(places: Any) -> Any:
    """Returns the number of the lowest bit that is set; 64 without any."""
    return _trailing_zeros(places)


WORD_BYTES: Final = 8
"""How many bytes `word_at` reads; the array must hold them all."""


def word_of(text: bytes) -> np.uint64:
    """Returns WORD_BYTES or fewer bytes as `word_at` gives them, zeros behind them."""
    return np.uint64(int.from_bytes(text, "little"))


def _load_word(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    place = builder.gep(data, [arguments[1]])
    word = builder.load(builder.bitcast(place, _WORD.as_pointer()), align=_ALIGNMENT)
    return word if sys.byteorder == "little" else builder.bswap(word)


def _type_of_word(typingctx: Any, page: Any, position: Any) -> Any:
    del typingctx, position
    return types.uint64(page, types.intp), _load_word


_word_at: Final[Any] = intrinsic(_type_of_word)


@lean
def word_at(page: Any, position: Any) -> Any:
    """Returns the WORD_BYTES bytes from a position on as a number, the first one lowest."""
    return _word_at(page, position)
