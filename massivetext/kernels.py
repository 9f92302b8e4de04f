"""How hot loops are compiled: numba with fixed signatures, cached where a folder can be written.

    @part
    def _mix(a, b): ...                    # compiled into the kernels that call it

    @kernel("void(uint8[::1], int64[::1])")
    def count(text, offsets): ...          # compiled once, when its module is imported

Rules of the house:
- A kernel states its signatures, so that a call with another type is an error and never a second
  compilation. Callers pass contiguous arrays of exactly those types (`readonly` accepts both kinds).
- A kernel stands below its parts and constants, in one file: the cache notices a change of that
  file only.
- No fast-math: the same bytes on every processor. The GIL is released while a kernel runs.
- Modules that hold kernels are imported when first needed: numba alone takes most of a second.
"""

from __future__ import annotations

import os
import pickle
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: Final = {"nogil": True, "error_model": "numpy"}
"""numpy's error model: no check for a zero divisor in inner loops; kernels check where it matters."""

_CACHE_FAILURES: Final = (OSError, RuntimeError, EOFError, pickle.UnpicklingError)
"""What numba raises without a folder (RuntimeError), on a full disk, and on a damaged cache."""


def kernel(*signatures: str) -> Callable[[F], F]:
    """Returns a decorator that compiles a function for exactly these signatures, at import.

    The machine code is kept where numba looks for it: NUMBA_CACHE_DIR, or `__pycache__` beside the
    source, or the user's cache folder; failing these (a worker with a read-only installation and
    no home), in a private folder below the temporary one; failing that too, nowhere: then every
    process compiles for itself.
    """

    def compile_kernel(function: F) -> F:
        for folder in _cache_folders():
            try:
                with _cached_in(folder):
                    return cast(F, njit(list(signatures), cache=True, **_OPTIONS)(function))
            except _CACHE_FAILURES:
                continue
        return cast(F, njit(list(signatures), **_OPTIONS)(function))

    return compile_kernel


def part(function: F) -> F:
    """Marks a function that kernels of the same file call: compiled only as a part of them."""
    return cast(F, njit(function, **_OPTIONS))


def _cache_folders() -> Iterator[Path | None]:
    """Yields the folders to try in turn; None stands for numba's own order of folders."""
    yield None
    private = _private_folder()
    if private is not None:
        yield private


@contextmanager
def _cached_in(folder: Path | None) -> Iterator[None]:
    """Lets numba cache below `folder` for a moment.

    numba picks the folder when it decorates, so other users of numba in this process are not
    affected.
    """
    configured = numba.config.CACHE_DIR
    if folder is not None:
        numba.config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = configured


def _private_folder() -> Path | None:
    """Returns a folder below the temporary one that only this user can write, or None.

    Cached kernels are code: a folder that somebody else made or may write is not used.
    """
    if not hasattr(os, "getuid"):
        return None
    folder = Path(tempfile.gettempdir(), f"massivetext-kernels-{os.getuid()}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return folder if private and not found.st_mode & 0o022 else None
