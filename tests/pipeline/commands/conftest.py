from pathlib import Path

import pytest

from tests.pipeline.commands.use import SOURCE
from tests.pipeline.commands.whatif_run import FULL, KEEP, finished, write_sources


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("The people of the town have to be patient with the heat. " * 9)
    file = tmp_path / "config.toml"
    file.write_text(SOURCE.format(path="*.txt"))
    return file


@pytest.fixture(scope="session")
def pages_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs in `in/`; `finished` makes runs of them beside it."""
    folder = tmp_path_factory.mktemp("pages")
    write_sources(folder / "in")
    return folder


@pytest.fixture(scope="session")
def pages_run(pages_folder: Path) -> Path:
    return finished(pages_folder, "base", FULL)


@pytest.fixture(scope="session")
def kept_pairs_run(pages_folder: Path) -> Path:
    """The same run with `dedup.keep_pairs`."""
    return finished(pages_folder, "pairs", KEEP)
