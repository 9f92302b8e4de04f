"""Modules from their text: the code of own steps, on whatever machine a worker runs."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Final

from massivetext.own_steps import StepModule

_DIGEST: Final = "__massivetext_digest__"
"""Attribute of a module that was made here: the digest of its code."""


class NameTakenError(ImportError):
    """A module of the same name, and not made here, is loaded already."""


def import_carried(modules: Iterable[StepModule]) -> None:
    """Makes modules of their texts, as `import` finds them from now on in this process.

    Those of an earlier run in this process make room for others of the same names.

    Raises:
        NameTakenError: if a module of another origin has such a name.
        Exception: what the code of a module raises.
    """
    carried = {module.name: module for module in modules if module.text is not None}
    for name in carried:
        if name in sys.modules and not hasattr(sys.modules[name], _DIGEST):
            raise NameTakenError(f"another module '{name}' is loaded already; rename yours")
    if all(_is_loaded(module) for module in carried.values()):
        return
    for name in carried:  # all of them: one that stayed would hold functions of an old one
        sys.modules.pop(name, None)
    finder = _Finder(carried)
    sys.meta_path.insert(0, finder)
    try:
        for name in carried:
            importlib.import_module(name)
    finally:
        sys.meta_path.remove(finder)


def file_name_of(module: str) -> str:
    """Returns how tracebacks name the code of a carried module."""
    return f"{module.replace('.', '/')}.py"


def _is_loaded(module: StepModule) -> bool:
    return getattr(sys.modules.get(module.name), _DIGEST, None) == module.digest


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules among texts; to be asked first while they are imported."""

    def __init__(self, carried: dict[str, StepModule]) -> None:
        self._carried = carried

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Returns what is to be loaded, if it is carried."""
        del path, target
        module = self._carried.get(fullname)
        if module is None:
            return None
        return importlib.util.spec_from_loader(fullname, self, is_package=module.is_package)

    def exec_module(self, module: ModuleType) -> None:
        """Runs the code of a module."""
        carried = self._carried[module.__name__]
        setattr(module, _DIGEST, carried.digest)
        exec(compile(carried.text or "", file_name_of(carried.name), "exec"), module.__dict__)
