"""A copy of the project to extend: does an extension really take what CONTRIBUTING.md says?

    copy = ProjectCopy.make(tmp_path)
    copy.replace("massivetext/config.py", "max_words: int = 100_000", "max_words: int = 200_000")
    copy.write("filters/new.py", "...")
    assert copy.changed == files_named("a new rule")
    print(copy.python("-c", "import massivetext.filters.new"))

Edits fail where the text that they hold on to is missing or stands twice, so that a test cannot
pass by changing nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

_LEFT_OUT: Final = shutil.ignore_patterns(
    ".*", "__pycache__", "*.egg-info", "build", "dist", "out", "node_modules"
)
_KERNELS: Final = "kernels"
"""The folder of compiled kernels in a copy, which NUMBA_CACHE_DIR names."""


@dataclass(frozen=True)
class ProjectCopy:
    """The project's files in another folder, and what has been changed there.

    Attributes:
        root: the folder of the copy.
        changed: paths of the files that were edited or added, relative to `root`.
    """

    root: Path
    changed: set[str] = field(default_factory=set)

    @classmethod
    def make(cls, folder: Path) -> ProjectCopy:
        """Copies the project, its links between folders and its compiled kernels below `folder`."""
        root = folder / "project"
        shutil.copytree(ROOT, root, symlinks=True, ignore=_LEFT_OUT)
        _copy_kernels(root)
        return cls(root)

    def replace(self, file: str, old: str, new: str) -> None:
        """Replaces the only place where `old` stands.

        Raises:
            AssertionError: if it stands nowhere or more than once.
        """
        text = (self.root / file).read_text(encoding="utf-8")
        places = text.count(old)
        assert places == 1, f"{file} holds {places} times, not once, the text {old!r}"
        self.write(file, text.replace(old, new))

    def insert_after(self, file: str, anchor: str, text: str) -> None:
        """Inserts text behind the only place where `anchor` stands; see `replace`."""
        self.replace(file, anchor, anchor + text)

    def insert_before(self, file: str, anchor: str, text: str) -> None:
        """Inserts text before the only place where `anchor` stands; see `replace`."""
        self.replace(file, anchor, text + anchor)

    def write(self, file: str, text: str) -> None:
        """Writes a whole file: a new one, or one in place of the old."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.changed.add(file)

    def python(self, *arguments: str, timeout: float = 600, fails: bool = False) -> str:
        """Runs Python in the copy and returns what it printed, errors included.

        Args:
            arguments: of the interpreter: `"-c", code`, or `"-m", "pytest", ...`.
            timeout: seconds.
            fails: whether a failure is expected.

        Raises:
            AssertionError: if it fails, or, where a failure is expected, if it does not.
        """
        run = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env={
                **os.environ,
                "PYTHONPATH": str(self.root),
                "NUMBA_CACHE_DIR": str(self.root / _KERNELS),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert (run.returncode != 0) is fails, f"exit code {run.returncode}:\n{run.stdout}"
        return run.stdout


def files_named(wanted: str, also: dict[str, str] | None = None) -> set[str]:
    """Returns the files that a row of CONTRIBUTING.md names: those in backticks with an ending.

    Args:
        wanted: the row's first cell, such as "a new rule".
        also: placeholders in those names, such as `<name>`, and what stands in their place.

    Raises:
        AssertionError: if the row is missing or stands twice.
    """
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith(f"| {wanted} |")]
    assert len(rows) == 1, f"CONTRIBUTING.md has {len(rows)} rows, not one, for {wanted!r}"
    for placeholder, text in (also or {}).items():
        rows[0] = rows[0].replace(placeholder, text)
    return set(re.findall(r"`([\w./-]+\.(?:py|md|toml|html))`", rows[0]))


def _copy_kernels(root: Path) -> None:
    """Copies compiled kernels to where the copy looks for them: those of changed files are unused.

    numba names a kernel's folder by the path of its source's folder, so a copy would find none. If
    numba comes to do otherwise, kernels are compiled anew: slower, and right all the same.
    """
    for room in _rooms(ROOT / "massivetext"):
        for kernels in _kernel_folders(room):
            compiled = kernels / _numba_name(room)
            if compiled.is_dir():
                moved = _numba_name(root / room.relative_to(ROOT))
                shutil.copytree(compiled, root / _KERNELS / kernels.name / moved)


def _rooms(package: Path) -> Iterator[Path]:
    """Yields the folders of the package by the names that modules are imported by."""
    for folder, folders, _ in os.walk(package, followlinks=True):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield Path(folder)


def _kernel_folders(room: Path) -> Iterator[Path]:
    """Yields the folders that `massivetext.kernels` may have cached the kernels of a room in."""
    caches = [room / "__pycache__"]
    if configured := os.environ.get("NUMBA_CACHE_DIR"):
        caches.insert(0, Path(configured))
    seen: set[str] = set()
    for cache in caches:
        for folder in sorted(cache.glob("kernels-*")):
            if folder.name not in seen:
                seen.add(folder.name)
                yield folder


def _numba_name(folder: Path) -> str:
    return f"{folder.name}_{hashlib.sha1(str(folder).encode()).hexdigest()}"
