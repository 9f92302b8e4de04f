"""The notebook runs from its first cell to its last, and shows what it draws: slow."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
NOTEBOOK: Final = ROOT / "examples/warc_to_loss.ipynb"


def outputs(notebook: Path) -> list[dict[str, Any]]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [output for cell in cells for output in cell.get("outputs", [])]


def printed(notebook: Path) -> str:
    return "".join("".join(output.get("text", [])) for output in outputs(notebook))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_runs_and_what_it_shows_is_what_it_gives(tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "sample").symlink_to(ROOT / "sample")
    copy = Path(shutil.copy(NOTEBOOK, tmp_path / "examples"))
    runner = ROOT / "tests/examples/notebook.py"
    one_device = {**os.environ, "XLA_FLAGS": ""}  # as a reader has; the tests' own have eight
    program = [sys.executable, str(runner), str(copy)]
    subprocess.run(program, check=True, cwd=ROOT, env=one_device)
    first, last = map(float, re.findall(r"([\d.]+) -> ([\d.]+) nats", printed(copy))[0])
    assert last < first - 0.5
    # Of another processor's floats the last digit of a loss may differ.
    without_loss = re.compile(r"[\d.]+ -> [\d.]+ nats")
    assert without_loss.sub("", printed(copy)) == without_loss.sub("", printed(NOTEBOOK))
    pictures = [output for output in outputs(copy) if "data" in output]
    assert len(pictures) == 5
    assert len(pictures) == len([output for output in outputs(NOTEBOOK) if "data" in output])


def test_no_place_of_anybody_is_in_it() -> None:
    assert "/tmp" not in printed(NOTEBOOK)
    assert str(Path.home()) + "/" not in printed(NOTEBOOK)
