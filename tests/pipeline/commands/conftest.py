from pathlib import Path

import pytest

from tests.pipeline.commands.use import SOURCE


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("The people of the town have to be patient with the heat. " * 9)
    file = tmp_path / "config.toml"
    file.write_text(SOURCE.format(path="*.txt"))
    return file
