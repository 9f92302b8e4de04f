"""`massivetext compile`: compiles all kernels, so that what runs later starts at once."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import massivetext
from massivetext.command import Command
from massivetext.pipeline.engine.errors import RunError

_MARK: Final = "\n@kernel("
"""Stands in the source of every module that has kernels (`massivetext.kernels`)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds no arguments: there is nothing to choose."""
    del parser


def kernel_modules() -> list[str]:
    """Returns the names of all modules of the program that have kernels, in order."""
    return sorted(_with_kernels(list(massivetext.__path__), "massivetext."))


def _with_kernels(folders: list[str], prefix: str) -> Iterator[str]:
    for module in pkgutil.iter_modules(folders, prefix):
        spec = find_spec(module.name)
        if spec is None or spec.origin is None:
            continue
        if _MARK in Path(spec.origin).read_text():
            yield module.name
        if module.ispkg:
            yield from _with_kernels(list(spec.submodule_search_locations or ()), f"{module.name}.")


def run(options: argparse.Namespace) -> int:
    """Compiles what is not compiled yet, and says where it is kept.

    Raises:
        RunError: if no folder can be written that would keep it.
    """
    del options
    from massivetext.kernels import kept_in

    folders: set[Path] = set()
    names = kernel_modules()
    for name in names:
        kept = kept_in(importlib.import_module(name))
        if not kept:
            raise RunError(
                f"the compiled kernels of {name} can be kept nowhere: neither beside the program, "
                "nor in the cache folder of this user; set NUMBA_CACHE_DIR to a folder that can be "
                "written"
            )
        folders |= kept
    shown = sorted(map(str, folders))
    print(f"all kernels are compiled: {len(names)} modules, kept in {shown[0]}", end="")
    print(f" and {len(shown) - 1} more folders" if len(shown) > 1 else "")
    return 0


COMMAND: Final = Command(
    "compile",
    "compile all kernels now, so that later runs of this installation start at once",
    add_arguments,
    run,
)
