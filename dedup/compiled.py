"""The one place that decides between compiled loops and their numpy versions."""

from __future__ import annotations

import functools
import importlib
from typing import Any


@functools.cache
def kernels() -> Any | None:
    """Returns the module `kernels`, or None where numba is not installed.

    Every caller has a numpy version of each loop that gives the same bits.
    """
    try:
        return importlib.import_module("massivetext.dedup.kernels")
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        return None
