"""Sums of products, eight at a time (compiled): the arithmetic of the networks.

LLVM makes little of loops over 16 or 24 numbers, so the vectors are written out. Each sum is taken
in the order of the features, without fused operations, as a loop in Python would take it: so it is
the same on every processor, whatever the width of its vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from massivetext.kernels import helper
from massivetext.pipeline.extraction.choice.weights import VECTOR

_FLOATS: Final = ir.VectorType(ir.FloatType(), VECTOR)
_UNDEFINED: Final = ir.Constant(_FLOATS, ir.Undefined)
_LANE: Final = ir.IntType(32)
_FIRST_LANE: Final = ir.Constant(_LANE, 0)
_ALL_FIRST: Final = ir.Constant(ir.VectorType(_LANE, VECTOR), [0] * VECTOR)
_ALIGNMENT: Final = 4  # bytes: arrays promise no more than that of their numbers


def _vectors_at(builder: Any, floats: Any, first: Any, count: int) -> list[Any]:
    """Returns pointers to vectors that follow each other."""
    places = [builder.add(first, first.type(VECTOR * vector)) for vector in range(count)]
    return [builder.bitcast(builder.gep(floats, [place]), _FLOATS.as_pointer()) for place in places]


def _spread(builder: Any, value: Any) -> Any:
    """Returns a vector of one value."""
    one = builder.insert_element(_UNDEFINED, value, _FIRST_LANE)
    return builder.shuffle_vector(one, _UNDEFINED, _ALL_FIRST)


def _products_of(vectors: int) -> Callable[..., Any]:
    """Returns what adds the products of a row to some vectors of units, kept in registers.

    Called with the row's columns and values, their count, the weights (features, units), the units
    and the first of those that it adds to.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        columns, values, weights, units = (
            context.make_array(signature.args[place])(context, builder, arguments[place])
            for place in (0, 1, 3, 4)
        )
        count, first = arguments[2], arguments[5]
        row_bytes = cgutils.unpack_tuple(builder, weights.strides)[0]
        places = _vectors_at(builder, units.data, first, vectors)
        sums = [cgutils.alloca_once(builder, _FLOATS) for _ in places]
        for place, total in zip(places, sums, strict=True):
            builder.store(builder.load(place, align=_ALIGNMENT), total)
        with cgutils.for_range(builder, count) as loop:
            value = _spread(builder, builder.load(builder.gep(values.data, [loop.index])))
            column = builder.load(builder.gep(columns.data, [loop.index]))
            row = cgutils.pointer_add(builder, weights.data, builder.mul(column, row_bytes))
            for place, total in zip(_vectors_at(builder, row, first, vectors), sums, strict=True):
                product = builder.fmul(value, builder.load(place, align=_ALIGNMENT))
                builder.store(builder.fadd(builder.load(total), product), total)
        for place, total in zip(places, sums, strict=True):
            builder.store(builder.load(total), place, align=_ALIGNMENT)
        return context.get_dummy_value()

    @intrinsic
    def add(
        typingctx: Any, columns: Any, values: Any, count: Any, weights: Any, units: Any, first: Any
    ) -> Any:
        del typingctx, count, first
        return types.void(columns, values, types.intp, weights, units, types.intp), generate

    return add


_add_one: Final = _products_of(1)
_add_two: Final = _products_of(2)
_add_three: Final = _products_of(3)


@helper
def add_products(row: Any, count: Any, weights: Any, units: Any) -> None:
    """Add each value of a row times its column's weights to the units, in the row's order.

    `row` is a `FeatureRow` with `count` values, `weights` float32 of shape (features, units), and
    the units are as many as `weights` has columns, a multiple of `VECTOR`.
    """
    columns, values = row.columns, row.values
    first = 0
    while len(units) - first >= 3 * VECTOR:
        _add_three(columns, values, count, weights, units, first)
        first += 3 * VECTOR
    if len(units) - first == 2 * VECTOR:
        _add_two(columns, values, count, weights, units, first)
    elif len(units) - first == VECTOR:
        _add_one(columns, values, count, weights, units, first)
