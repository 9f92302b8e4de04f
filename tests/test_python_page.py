"""docs/python.md: its code runs, and its tables name what there is."""

import re
from pathlib import Path
from typing import Any, Final

import pytest

import massivetext
from tests.test_architecture import ROOT

PAGE: Final = (ROOT / "docs/python.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"(<!-- not run: [^>]+ -->\n)?```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_code_runs(sample_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All blocks in one program, as a reader would type them."""
    (tmp_path / "sample").symlink_to(ROOT / "sample")
    (tmp_path / "out").symlink_to(sample_run)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    run = [code for mark, code in BLOCKS if not mark]
    assert len(run) == len(BLOCKS) - 1
    for code in run:
        exec(compile(code, "docs/python.md", "exec"), names)
    kept = (tmp_path / "kept").read_text(encoding="utf-8")
    assert len(kept) > 1000


def test_what_is_not_run_says_why_and_can_be_read_by_python() -> None:
    for _, code in BLOCKS:
        compile(code, "docs/python.md", "exec")
    assert PAGE.count("<!-- not run: ") == len([mark for mark, _ in BLOCKS if mark])


def test_the_table_names_the_whole_face() -> None:
    (table,) = re.findall(r"\| name \| what it is \|\n(.*?)\n\n", PAGE, re.DOTALL)
    cells = [row.split("|")[1] for row in table.splitlines()[1:]]
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == massivetext.__all__


def test_the_examples_are_all_named() -> None:
    named = set(re.findall(r"\(\.\./examples/(\w+\.(?:py|ipynb))\)", PAGE))
    files = (ROOT / "examples").iterdir()
    assert named == {file.name for file in files if file.suffix in (".py", ".ipynb")}
