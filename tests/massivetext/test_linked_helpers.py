"""Kernels whose helpers are linked, and kernels as numba makes them: the same results."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

pytest.importorskip("massivetext.linked_helpers", reason="another numba than it is made for")

from massivetext.kernels import helper, inlined, kernel, lean
from massivetext.linked_helpers import _HelperLibrary

ROOT = Path(__file__).parents[2]
IN_NUMBAS_OWN_WAY = "import sys; sys.modules['massivetext.linked_helpers'] = None\n"
"""Makes the import of the module fail, as on a numba that lacks what it needs."""

KERNEL = """
import numpy as np
from massivetext.kernels import helper, inlined, kernel, lean

@inlined
def _is_even(values, place):
    return values[place] & 1 == 0

@lean
def _largest(values, start, stop):
    largest = values[start]
    for place in range(start, stop):
        if _is_even(values, place) and values[place] > largest:
            largest = values[place]
    return largest

@helper
def _row(values, size):
    made = np.empty(size, np.int64)
    for place in range(size):
        made[place] = _largest(values, place, len(values)) // (place + 1)
    return made

@kernel("int64[::1](int64[::1], int64)")
def rows(values, size):
    return np.concatenate((_row(values, size), _row(values[::-1].copy(), size)))
"""
CALL = """
import linked_rows
import numpy as np
from massivetext import kernels

values = np.arange(1, 2000) ** 3 % 1009 - 500
print(kernels.linked_helpers is not None, linked_rows.rows(values, 50).tolist())
"""


@helper
def _twice(number: int) -> int:
    return 2 * number


@lean
def _four_times(number: int) -> int:
    return _twice(_twice(number))


@inlined
def _eight_times(number: int) -> int:
    return _four_times(number) + _twice(_twice(number))


@kernel("int64(int64)")
def _call_all(number: int) -> int:
    return _eight_times(number) + _twice(number)


def results(folder: Path, before: str = "") -> list[str]:
    """Runs the kernel in a fresh process and an empty cache; returns what it prints."""
    (folder / "linked_rows.py").write_text(KERNEL)
    done = subprocess.run(
        [sys.executable, "-B", "-c", before + CALL],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": ""},
        check=True,
        capture_output=True,
        text=True,
        timeout=100,
    )
    return done.stdout.split(maxsplit=1)


def test_both_ways_give_the_same(tmp_path: Path) -> None:
    for name in ("linked", "plain"):
        (tmp_path / name).mkdir()
    linked, found = results(tmp_path / "linked")
    plain, expected = results(tmp_path / "plain", IN_NUMBAS_OWN_WAY)
    assert (linked, plain) == ("True", "False")
    assert found == expected


def test_a_helper_is_lowered_once_for_its_types() -> None:
    assert _call_all(5) == 50
    _eight_times.compile((numba.int64,))  # type: ignore[attr-defined]
    for part in (_twice, _four_times, _eight_times):
        (compiled,) = part.overloads.values()  # type: ignore[attr-defined]
        assert isinstance(compiled.library, _HelperLibrary)


@pytest.mark.parametrize("number", [3, np.int32(3)])
def test_python_cannot_call_a_helper(number: int) -> None:
    with pytest.raises(TypeError, match="_twice is a helper: call it from a kernel"):
        _twice(number)
