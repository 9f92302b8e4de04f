"""How hot loops are compiled: numba with fixed signatures, cached wherever a folder can be written.

    @helper
    def _add(a, b): ...                    # compiled into the kernels that call it

    @kernel("void(uint8[::1], int64[::1])")
    def count(text, offsets): ...          # compiled once, when its module is imported

Rules of the house:
- A kernel states its signatures, so that a call with another type is an error and never a second
  compilation. Callers hand over contiguous arrays of exactly those types; `Array(..., True)`, a
  read-only one, takes both kinds.
- A helper that is called often and makes no arrays is `lean`.
- A kernel stands below its helpers. Helpers from other files are imported by name: the cache is
  keyed by the text of every file that a helper comes from, and of our own modules that it
  names, so constants stand in those.
- No fast-math: the same bytes on every processor. The GIL is released while a kernel runs.
- Modules that hold kernels are imported where they are first needed: numba alone takes most of a
  second.
"""

from __future__ import annotations

import hashlib
import inspect
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

import numba
from numba.core import caching, event
from numba.core.caching import NullCache
from numba.core.dispatcher import Dispatcher
from numba.core.options import DefaultOptions

from massivetext.cache_folders import private_folder, user_folder
from massivetext.compilation import begin_compiling, end_compiling

try:
    from massivetext import linked_helpers
except (ImportError, AttributeError):  # another numba than it is made for
    linked_helpers = None  # type: ignore[assignment]

F = TypeVar("F", bound=Callable[..., Any])

_njit: Final[Any] = numba.njit
_settings: Final[Any] = vars(numba)["config"]

_OPTIONS: Final = {"nogil": True, "error_model": "numpy"}
"""numpy's error model spares inner loops the check for a zero divisor."""

_WITHOUT_COUNTS: Final = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}
"""numba's switch for its counting of references, which helpers inherit. It is not a documented one:
without it, kernels are slower, and right all the same."""

_OWN: Final = "kernels-"
"""Begins the names of our folders in a folder that others may use as well."""

_Locator: Final[Any] = vars(caching).get("_CacheLocator", NullCache)
"""numba's choice of a folder; where it goes by another name, a class that makes no such choice."""

_ensure_writable: Final[Any] = getattr(_Locator, "ensure_cache_path", None)

_CACHE_FAILURES: Final = (OSError, RuntimeError, EOFError, pickle.UnpicklingError)
"""What numba raises without a folder (RuntimeError), on a full disk, and on a damaged cache."""


class _TellCompilation(event.Listener):
    """Hears of every function that numba compiles, and not of those that it finds in a cache."""

    def on_start(self, event: Any) -> None:
        begin_compiling()

    def on_end(self, event: Any) -> None:
        end_compiling()


event.register("numba:compile", _TellCompilation())


def kernel(*signatures: Any, lean: bool = False) -> Callable[[F], F]:
    """Returns a decorator that compiles a function for exactly these signatures, at import.

    The machine code is kept in the first of these folders that can be written: NUMBA_CACHE_DIR,
    `__pycache__` beside the source, the user's cache folder, a private folder below the temporary
    one. Where none can (a worker with a read-only disk), every process compiles for itself.

    Args:
        signatures: as numba writes them.
        lean: the kernel makes no arrays and counts no references, as a `lean` helper; where a loop
            calls helpers with arrays from tuples, counting can take half of the time.
    """
    options: dict[str, Any] = {**_OPTIONS, **(_WITHOUT_COUNTS if lean else {})}
    if linked_helpers is not None:
        options["pipeline_class"] = linked_helpers.KernelCompiler

    def compile_kernel(function: F) -> F:
        for folder in _cache_folders(function):
            try:
                with _cached_in(folder):
                    return _njit(list(signatures), cache=True, **options)(function)
            except _CACHE_FAILURES:
                continue
        return _njit(list(signatures), **options)(function)

    return compile_kernel


def helper(function: F) -> F:
    """Marks a function that kernels call: compiled only as a part of them."""
    return _part(function)


def lean(function: F) -> F:
    """Marks a helper that makes no arrays, as all helpers that it calls: they count no references.

    Counts are atomic, two a call and array: where a few helpers are called for every tag of a page,
    they take nine tenths of the time. The kernel around makes the arrays.
    """
    return _part(function, **_WITHOUT_COUNTS)


def inlined(function: F) -> F:
    """Marks a lean helper for inner loops: its code is copied to where it is called.

    LLVM copies it. Where that cannot be asked for, numba does, which types and lowers each copy
    anew: three times the time to compile.
    """
    if linked_helpers is not None:
        return _part(function, forceinline=True, **_WITHOUT_COUNTS)
    return _njit(function, inline="always", **_OPTIONS)


def _part(function: F, forceinline: bool = False, **options: bool) -> F:
    """Makes a helper; a choice of `forceinline` is stated, as helpers inherit it."""
    if linked_helpers is not None:
        options |= {"forceinline": forceinline}
        compiled = _njit(
            function, pipeline_class=linked_helpers.HelperCompiler, **_OPTIONS, **options
        )
        return linked_helpers.keep_from_python(compiled)
    return _njit(function, **_OPTIONS, **options)


def kept_in(module: ModuleType) -> set[Path]:
    """Returns the folders that keep the compiled kernels of a module; none if nothing keeps them.

    They are those that `kernel` chooses from, without their own names for the sources.
    """
    kernels = (value for value in vars(module).values() if isinstance(value, Dispatcher))
    paths = (kernel.stats.cache_path for kernel in kernels)
    return {_chosen_folder(Path(path)) for path in paths if path}


def _chosen_folder(path: Path) -> Path:
    """Returns the folder above `kernels-<digest>`, where numba may have made more below that."""
    name = next(part for part in path.parts if part.startswith(_OWN))
    return Path(*path.parts[: path.parts.index(name)])


def _cache_folders(function: Callable[..., Any]) -> Iterator[Path]:
    """Yields the folders to try in turn, each below its own name for the kernel's sources."""
    name = f"{_OWN}{_sources_digest(function)}"
    if _settings.CACHE_DIR:
        yield Path(_settings.CACHE_DIR, name)
    yield Path(inspect.getfile(function)).parent / "__pycache__" / name
    user = user_folder()
    if user is not None:
        yield user / name
    private = private_folder("kernels")
    if private is not None:
        yield private / name


def _sources_digest(function: Callable[..., Any]) -> str:
    """Returns a hash of the files of a kernel and its helpers, and of modules that these name."""
    modules = [function.__module__]
    for module in modules:  # grows while it is read
        for value in vars(sys.modules[module]).values():
            if isinstance(value, Dispatcher):
                name = value.py_func.__module__
            elif isinstance(value, ModuleType) and _belong_together(value, sys.modules[module]):
                name = value.__name__  # of constants: `from ... import page_tree as pt`
            else:
                continue
            if name not in modules:
                modules.append(name)
    files = sorted(str(inspect.getfile(sys.modules[module])) for module in modules)
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()[:16]


def _belong_together(module: ModuleType, other: ModuleType) -> bool:
    """Returns whether two modules are files of one folder, or parts of one package."""
    if module.__name__.partition(".")[0] == other.__name__.partition(".")[0]:
        return True
    files = [getattr(module, "__file__", None) or "", getattr(other, "__file__", None) or ""]
    return all(files) and Path(files[0]).parent == Path(files[1]).parent


@contextmanager
def _cached_in(folder: Path) -> Iterator[None]:
    """Lets numba cache below `folder` for a moment, or read there what it may not write.

    numba picks the folder when it decorates, so other users of numba in this process are not
    affected.
    """
    configured = _settings.CACHE_DIR
    _settings.CACHE_DIR = str(folder)
    _Locator.ensure_cache_path = _ensure_readable
    try:
        yield
    finally:
        _settings.CACHE_DIR = configured
        _Locator.ensure_cache_path = _ensure_writable


def _ensure_readable(locator: Any) -> None:
    """Takes a folder that cannot be written if it has kernels: those of a module come together.

    numba leaves such a folder, as the one of a container's image, and compiles anew.
    """
    try:
        _ensure_writable(locator)
    except OSError:
        if not any(Path(locator.get_cache_path()).glob("*.nbi")):
            raise
