"""The tools of development: the lock that make installs from, and the hooks of a commit."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement

ROOT: Final = Path(__file__).parents[1]
LOCKED: Final = [
    Requirement(line)
    for line in (ROOT / "requirements-dev.lock").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
"""A line that is an option, an address or a path is an error here."""


def stated_requirements() -> dict[str, list[str]]:
    """What setup.py asks for, by extra; "" is the product."""
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    keywords = {node.arg: node.value for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    extras = ast.literal_eval(keywords["extras_require"])
    return {"": ast.literal_eval(keywords["install_requires"]), **extras}


STATED: Final = stated_requirements()


def pinned(name: str, python: str) -> list[str]:
    """The versions that the lock gives to a package on Linux."""
    place = {
        "python_version": python,
        "python_full_version": f"{python}.1",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    return [
        specifier.version
        for locked in LOCKED
        if locked.name == name and (locked.marker is None or locked.marker.evaluate(place))
        for specifier in locked.specifier
    ]


def test_the_lock_states_one_version_of_each_package_and_no_address() -> None:
    for locked in LOCKED:
        assert re.fullmatch(r"==[\w.+!]+", str(locked.specifier)), locked
        assert locked.url is None


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("extra", STATED)
def test_the_lock_gives_what_setup_asks_for(extra: str, python: str) -> None:
    for line in STATED[extra]:
        stated = Requirement(line)
        (version,) = pinned(stated.name, python)
        assert stated.specifier.contains(version), f"{line}: {version} is locked; run make lock"


def test_make_installs_what_is_locked() -> None:
    targets = [".venv/installed", ".venv/installed-gcp", ".venv/installed-docs", ".venv/clusters"]
    command = ["make", "--dry-run", "--always-make", *targets]
    plan = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    installs = [line for line in plan.splitlines() if "--editable" in line]
    assert len(installs) == 4
    assert [line for line in installs if "--constraint requirements-dev.lock" not in line] == []


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository of the tracked files as they are now, with this environment as its own."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    for name in filter(None, names.split("\0")):
        if os.path.lexists(ROOT / name):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name, follow_symlinks=False)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    for command in (["git", "init", "-q"], ["git", "add", "--all", ":!.venv"]):
        subprocess.run(command, cwd=tmp_path, check=True)
    return tmp_path


def run_hooks(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files"],
        cwd=checkout,
        capture_output=True,
        text=True,
        env=os.environ | {"PRE_COMMIT_HOME": str(checkout / ".git/pre-commit")},
    )


def test_the_hooks_pass_on_this_repository(checkout: Path) -> None:
    result = run_hooks(checkout)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("Passed") == 3


@pytest.mark.parametrize(
    ("file", "content", "hook"),
    [
        ("filters/new.py", '"""New."""\n\nimport os\n', "ruff-check"),
        ("filters/new.py", '"""New."""\n\nX = [1,2]\n', "ruff-format"),
        ("docs/new.md", "[gone](gone.md)\n", "markdown-links"),
    ],
)
def test_the_hooks_stop_a_commit(checkout: Path, file: str, content: str, hook: str) -> None:
    (checkout / file).write_text(content, encoding="utf-8")
    subprocess.run(["git", "add", file], cwd=checkout, check=True)
    result = run_hooks(checkout)
    assert result.returncode == 1, result.stdout + result.stderr
    assert re.findall(r"hook id: (.+)", result.stdout) == [hook]
