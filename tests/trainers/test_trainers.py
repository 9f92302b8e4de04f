"""Real trainers read our shards by what docs/shards.md shows.

All of them by `make test-trainers`, in an environment of their own. Two that the tests' own
environment has are read by every test run, so that the page cannot rot unseen.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.trainers.checks_table import FORMATS
from tests.trainers.page import sections

ROOT = Path(__file__).parents[2]
TRAINERS = ROOT / ".venv-trainers/bin/python"

LIGHT = {"grain": "grain", "Hugging Face datasets": "datasets"}
"""Trainers of the tests' own environment, and the package to import."""


def reads(python: Path | str, heading: str, folder: Path) -> None:
    """Runs the example of a trainer and compares what it reads."""
    command = [str(python), "-m", "tests.trainers.checks", heading]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {
        **os.environ, "PYTHONPATH": paths, "JAX_PLATFORMS": "cpu", "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder / "hf"), "TF_CPP_MIN_LOG_LEVEL": "3",
    }  # fmt: skip
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4_000:]
    assert done.stdout.splitlines()[-1] == f"read: {heading}"


@pytest.mark.parametrize("heading", LIGHT)
def test_a_light_trainer_reads_the_shards(heading: str, made: Callable[[str], Path]) -> None:
    if find_spec(LIGHT[heading]) is None:
        pytest.skip(f"needs {LIGHT[heading]}")
    reads(sys.executable, heading, made(FORMATS[heading]))


@pytest.mark.trainers
@pytest.mark.timeout(600)
@pytest.mark.parametrize("heading", FORMATS)
def test_a_trainer_reads_the_shards(heading: str, made: Callable[[str], Path]) -> None:
    assert TRAINERS.exists(), "`make test-trainers` installs the trainers"
    reads(TRAINERS, heading, made(FORMATS[heading]))


def test_every_trainer_of_the_page_is_checked() -> None:
    assert set(sections()) == set(FORMATS)
    assert all(len(text.split("```")[1].splitlines()) <= 18 for text in sections().values())
