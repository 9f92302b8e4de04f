"""A new metric of training takes the two files that CONTRIBUTING.md names and is logged."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.extensions.project_copy import ProjectCopy, files_named
from tests.extensions.training import command, log, write_shards

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROW: Final = '        "largest_update": lambda step: optax.tree.norm(step.updates, ord="inf"),\n'
EXPECTED: Final = '    "largest_update": 0.4,\n'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    copy = ProjectCopy.make(tmp_path_factory.mktemp("metric"))
    copy.insert_after("model/metrics.py", "optax.tree.norm(step.updates),\n", ROW)
    copy.insert_after("tests/model/test_metrics.py", '    "update_norm": 0.5,\n', EXPECTED)
    return copy


def test_it_takes_the_files_that_are_named(project: ProjectCopy) -> None:
    assert project.changed == files_named("a new metric of training")
    assert len(project.changed) == 2


def test_its_test_holds(project: ProjectCopy) -> None:
    project.python("-m", "pytest", "tests/model/test_metrics.py")


def test_it_is_logged(project: ProjectCopy, tmp_path: Path) -> None:
    shards = write_shards(project, tmp_path / "sequences")
    run = ("--steps", 2, "--window", 32, "--batch", 8, "--quiet")
    command(project, "train", shards, *run)
    rows = log(tmp_path / "model")
    assert len(rows) == 2
    assert all(0 < row["largest_update"] < row["update_norm"] for row in rows)
