"""Runners for the tests of this folder, and the run that all others are compared with."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clusters import prepare, runs


@pytest.fixture(scope="session")
def prepared() -> None:
    missing = [str(part) for part in prepare.PARTS if not part.exists()]
    if missing:
        pytest.fail(f"{', '.join(missing)} not there: `make test-runners` fetches what it needs")


@pytest.fixture(scope="session")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder of which the embedded default has made the first phase; do not change it."""
    return runs.run("curate", tmp_path_factory.mktemp("curated") / "out")


@pytest.fixture(scope="session")
def reference(curated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a run on the embedded default; do not change it."""
    output = shutil.copytree(curated, tmp_path_factory.mktemp("reference") / "out")
    return runs.run("run", output)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[runs.Cluster]:
    with runs.cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started
