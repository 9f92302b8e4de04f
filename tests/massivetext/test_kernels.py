"""Kernels: compiled once for stated signatures, cached where possible, correct where not."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from massivetext import kernels
from massivetext.cache_folders import private_folder

ROOT = Path(__file__).parents[2]

PARTS = """
import demo_constants
from massivetext.kernels import helper, inlined

STEP = 1

@helper
def add(a):
    return a + STEP + demo_constants.MORE
"""
KERNEL = """
from demo_parts import add
from massivetext.kernels import kernel

@kernel("void(int64[::1])")
def bump(values):
    for i in range(len(values)):
        values[i] = add(values[i])
"""
CALL = """
import demo_kernel
import numpy as np

values = np.zeros(1, np.int64)
demo_kernel.bump(values)
print(values[0], sum(demo_kernel.bump.stats.cache_hits.values()))
"""


@pytest.fixture
def demo(tmp_path):
    """A folder with a kernel and its helper, in two files."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "demo_constants.py").write_text("MORE = 0")
    (folder / "demo_parts.py").write_text(PARTS)
    (folder / "demo_kernel.py").write_text(KERNEL)
    return folder


def run(folder: Path, before: str = "", **environment: str) -> tuple[int, int]:
    """Runs the demo in a fresh process; returns its result, and how often the cache helped."""
    found = subprocess.run(
        [sys.executable, "-B", "-c", before + CALL],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": "", **environment},
        check=True,
        capture_output=True,
        text=True,
        timeout=100,
    )
    result, hits = found.stdout.split()
    return int(result), int(hits)


def nowhere(folder: Path) -> dict[str, str]:
    """An environment in which no cache folder can be made: a file stands where each would be."""
    (folder / "__pycache__").write_text("a file")
    blocked = str(folder / "__pycache__" / "below")
    return {"HOME": blocked, "XDG_CACHE_HOME": blocked, "NUMBA_CACHE_DIR": blocked}


def test_the_second_process_compiles_nothing(demo):
    assert run(demo) == (1, 0)
    assert run(demo) == (1, 1)
    assert list((demo / "__pycache__").glob("kernels-*/*/*.nbi"))


def test_a_change_in_the_file_of_a_part_is_noticed(demo):
    assert run(demo) == (1, 0)
    (demo / "demo_parts.py").write_text(PARTS.replace("STEP = 1", "STEP = 5"))
    assert run(demo) == (5, 0)


@pytest.mark.slow
def test_a_change_in_a_module_of_constants_is_noticed(demo):
    assert run(demo) == (1, 0)
    (demo / "demo_constants.py").write_text("MORE = 2")
    assert run(demo) == (3, 0)


@pytest.mark.slow
def test_a_private_folder_serves_where_nothing_else_can_be_written(demo, tmp_path):
    environment = nowhere(demo) | {"TMPDIR": str(tmp_path)}
    assert run(demo, **environment) == (1, 0)
    assert run(demo, **environment) == (1, 1)
    [folder] = tmp_path.glob("massivetext-kernels-*")
    assert folder.stat().st_mode & 0o777 == 0o700


READ_ONLY = """
import tempfile

def refuse(*arguments, **options):
    raise PermissionError("read-only")

tempfile.TemporaryFile = refuse  # by which numba finds out; chmod does not stop root
"""


def test_kernels_are_read_from_a_folder_that_cannot_be_written(demo):
    assert run(demo) == (1, 0)
    assert run(demo, before=READ_ONLY) == (1, 1)
    (demo / "demo_constants.py").write_text("MORE = 2")
    assert run(demo, before=READ_ONLY) == (3, 0)


def test_without_any_folder_a_kernel_still_works(demo, monkeypatch):
    for name, value in nowhere(demo).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(kernels, "private_folder", lambda name: None)
    monkeypatch.setitem(vars(kernels._settings), "CACHE_DIR", "")
    monkeypatch.syspath_prepend(str(demo))
    import demo_kernel  # type: ignore[import-not-found]

    values = np.zeros(3, np.int64)
    demo_kernel.bump(values)
    assert values.tolist() == [1, 1, 1]
    assert not demo_kernel.bump.stats.cache_path


def test_a_call_with_other_types_is_refused_and_compiles_nothing(demo, monkeypatch):
    monkeypatch.syspath_prepend(str(demo))
    monkeypatch.delitem(sys.modules, "demo_kernel", raising=False)
    import demo_kernel  # type: ignore[import-not-found]

    for values in (np.zeros(3, np.int32), np.zeros(6, np.int64)[::2]):
        with pytest.raises(TypeError):
            demo_kernel.bump(values)
    assert len(demo_kernel.bump.signatures) == 1


def test_a_user_without_a_home_gets_no_folder_named_tilde(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    folders = list(kernels._cache_folders(run))
    assert folders
    assert all(folder.is_absolute() for folder in folders)


def test_numbas_own_settings_are_left_alone(demo):
    before = kernels._settings.CACHE_DIR
    with kernels._cached_in(demo):
        assert str(demo) == kernels._settings.CACHE_DIR
    assert before == kernels._settings.CACHE_DIR


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_that_others_can_write_is_not_trusted(mode, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = private_folder("kernels")
    assert folder is not None
    folder.chmod(mode)
    assert private_folder("kernels") is None
    shutil.rmtree(folder)
    folder.symlink_to(tmp_path)
    assert private_folder("kernels") is None


def test_the_kernel_of_the_measures_is_ready_within_two_imports():
    """The first call of a fresh process loads machine code; it does not compile."""
    code = (
        "from massivetext.filters import measure\n"
        "measure(['a'])\n"
        "from massivetext.filters.measure_kernel import tally\n"
        "print(sum(tally.stats.cache_misses.values()), len(tally.signatures))\n"
    )
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, cwd=ROOT, timeout=100, capture_output=True)
    again = subprocess.run(command, check=True, cwd=ROOT, timeout=100, capture_output=True)
    assert again.stdout.split() == [b"0", b"1"]
