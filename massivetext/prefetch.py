"""Asking for memory before it is needed (compiled)."""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

# Arguments of LLVM's `llvm.prefetch`: for reading, to be kept in all caches, data and not code.
_READ: Final = 0
_KEEP: Final = 3
_DATA: Final = 1


def _prefetch(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
    call = builder.module.declare_intrinsic("llvm.prefetch", [pointer], kind)
    place = builder.bitcast(builder.gep(data, [arguments[1]]), pointer)
    builder.call(call, [place, number(_READ), number(_KEEP), number(_DATA)])
    return context.get_dummy_value()


def _type_of_prefetch(typingctx: Any, array: Any, index: Any) -> Any:
    del typingctx, index
    return types.void(array, types.intp), _prefetch


prefetch: Final[Any] = intrinsic(_type_of_prefetch)
"""`prefetch(array, index)` asks for the line of memory of an item, counted over all axes.

It changes nothing, and the index may lie outside. Worth it where the processor cannot know what
comes: at each border of 4 KiB, where its own reading ahead stops, and for places that are computed.
"""
