"""The Python face: few names, each loaded when it is asked for, known to type checkers."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import massivetext

ROOT: Final = Path(__file__).parents[2]
HEAVY: Final = ("apache_beam", "jax", "numba", "numpy", "pyarrow", "sentencepiece", "lxml", "torch")


def loaded(code: str) -> set[str]:
    """The modules that a new interpreter has loaded after some code."""
    printing = f"{code}\nimport sys\nprint(*sys.modules)"
    command = [sys.executable, "-c", printing]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_else() -> None:
    found = loaded("import massivetext; dir(massivetext); massivetext.__version__")
    assert not found & set(HEAVY)
    assert {name for name in found if name.startswith("massivetext.")} == set()


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("Config", HEAVY),
        ("load_config", HEAVY),
        ("RawRecord", ("apache_beam", "jax", "numba")),
        ("ShardReader", ("apache_beam", "jax", "numba", "pyarrow")),
        ("extract_text", ("apache_beam", "jax")),
        ("measure", ("apache_beam", "jax")),
        ("Deduplicate", ("jax",)),
    ],
)
def test_a_name_loads_what_it_needs(name: str, absent: tuple[str, ...]) -> None:
    assert not loaded(f"from massivetext import {name}") & set(absent)


def test_the_face_is_small_and_all_of_it_is_there() -> None:
    assert 12 <= len(massivetext.__all__) <= 20
    assert massivetext.__all__ == sorted(massivetext.__all__)
    public = [name for name in dir(massivetext) if not name.startswith("_")]
    assert public == sorted(massivetext.__all__)
    for name in massivetext.__all__:
        assert getattr(massivetext, name).__doc__, name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        massivetext.nothing  # noqa: B018


def test_type_checkers_know_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse((ROOT / "massivetext/__init__.py").read_text(encoding="utf-8"))
    (checking,) = [node for node in tree.body if isinstance(node, ast.If)]
    told = {
        alias.name: str(node.module)
        for node in checking.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(told) == massivetext.__all__
    for name, module in told.items():
        assert getattr(importlib.import_module(module), name) is getattr(massivetext, name)
