"""Compiles the helpers of a kernel as parts of it, and not each on its own as well.

numba makes a library of every function: it wraps it for Python, optimizes it, makes machine code of
it, links its code into each caller, and optimizes all of that there again. Of a helper only the
last is ever used. Here a helper's library keeps the code as it was lowered; the library of the
kernel takes in the helpers below it, each once, and is optimized as a whole.

This builds on parts of numba that its documentation does not promise (tried: 0.62.1, 0.65.1 and
0.68.1). Where one is missing, importing this module is an error, and `massivetext.kernels` compiles
in numba's own way: the same results, for three times the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from numba.core import base, codegen, compiler
from numba.core.dispatcher import Dispatcher
from numba.core.options import DefaultOptions

_PART: Final = ("no_compile", "no_cpython_wrapper", "no_cfunc_wrapper")
"""What numba sets for functions that it compiles as parts of others."""

_EXPECTED: Final = {
    codegen.CPUCodeLibrary: ("add_linking_library", "add_llvm_module", "finalize"),
    compiler.CompilerBase: ("compile_extra",),
    compiler.CompileResult: ("_replace",),
    compiler.Flags: (*_PART, "options", "values"),
    base.BaseContext: ("insert_user_function",),
    Dispatcher: ("add_overload",),
    DefaultOptions: ("forceinline", "_nrt"),
}

for _part, _names in _EXPECTED.items():
    for _name in _names:
        if not hasattr(_part, _name):
            raise ImportError(f"numba has no {_part.__name__}.{_name}")


class _Flags(compiler.Flags):
    """numba's flags, cheaper to compare: it does so for every operation of a kernel."""

    def values(self) -> dict[str, Any]:
        return {**_DEFAULTS, **self._values}

    def __eq__(self, other: object) -> bool:
        return self is other or super().__eq__(other)

    def __hash__(self) -> int:
        return _HASH_OF_FLAGS


_DEFAULTS: Final = {name: option.default for name, option in compiler.Flags.options.items()}
_HASH_OF_FLAGS: Final = hash(compiler.Flags())
"""numba hashes the names of all flags, and not their values."""


class _HelperLibrary(codegen.JITCodeLibrary):
    """The code of one helper, as it was lowered."""

    def add_llvm_module(self, module: Any) -> None:
        """Adds code, and leaves the passes over its functions to the kernel."""
        module.data_layout = self._codegen._data_layout
        self._final_module.link_in(module)

    def finalize(self) -> None:
        """Ends adding. Libraries below are not linked in: the kernel does that."""
        self._raise_if_finalized()
        self._finalized = True


class _KernelLibrary(codegen.JITCodeLibrary):
    """The code of a kernel with all helpers below it."""

    def finalize(self) -> None:
        """Links all helpers in, optimizes the whole, and makes machine code of it."""
        self._linking_libraries = _callers_first(self)[1:]
        super().finalize()


def _callers_first(library: Any) -> list[Any]:
    """Returns a library and all below it, each after those that call it.

    LLVM leaves out what nobody has called yet when it is linked in.
    """
    found: dict[Any, None] = {}

    def add(library: Any) -> None:
        for below in reversed(library._linking_libraries) if _is_ours(library) else ():
            if below not in found:
                add(below)
        found[library] = None

    add(library)
    return list(reversed(found))


def _is_ours(library: Any) -> bool:
    """Returns whether a library lacks what is below it; numba's own have it in their code."""
    return isinstance(library, (_HelperLibrary, _KernelLibrary))


class KernelCompiler(compiler.Compiler):
    """Compiles a kernel; given to numba as its `pipeline_class`."""

    def __init__(
        self, typing: Any, target: Any, library: Any, args: Any, result: Any, flags: Any, *more: Any
    ) -> None:
        super().__init__(typing, target, library, args, result, _Flags(flags), *more)

    def compile_extra(self, function: Any) -> Any:
        """Compiles a function into a library that links whole helpers."""
        library = _KernelLibrary(self.state.targetctx.codegen(), function.__qualname__)
        library.enable_object_caching()
        self.state.library = library
        return super().compile_extra(function)


class HelperCompiler(compiler.Compiler):
    """Types and lowers a helper, and no more; given to numba as its `pipeline_class`."""

    def __init__(
        self, typing: Any, target: Any, library: Any, args: Any, result: Any, flags: Any, *more: Any
    ) -> None:
        flags = _Flags(flags)
        for name in _PART:
            setattr(flags, name, True)
        super().__init__(typing, target, library, args, result, flags, *more)

    def compile_extra(self, function: Any) -> Any:
        """Lowers a function, and tells numba under which key its callers find it."""
        target = self.state.targetctx
        self.state.library = _HelperLibrary(target.codegen(), function.__qualname__)
        lowered = super().compile_extra(function)
        key = _refusal(function.__qualname__)
        target.insert_user_function(key, lowered.fndesc, [lowered.library])
        return lowered._replace(entry_point=key)


def _refusal(name: str) -> Callable[..., Any]:
    """Returns what stands for a helper's machine code, where Python calls it."""

    def refuse(*args: Any, **named: Any) -> Any:
        raise TypeError(f"{name} is a helper: call it from a kernel, or call its py_func")

    return refuse


def keep_from_python(helper: Any) -> Any:
    """Returns a helper whose lowered code numba does not offer to Python; there is none to run."""

    def add_overload(lowered: Any) -> None:
        helper.overloads[tuple(lowered.signature.args)] = lowered

    helper.add_overload = add_overload
    return helper
