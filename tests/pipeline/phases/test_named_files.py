"""Lists, models and test sets count by name and content, wherever they lie."""

import shutil
from pathlib import Path

import pytest

from massivetext.config import Exclude
from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.named_files import checksums_of
from massivetext.pipeline.phases.table import PHASES, manifest_path
from tests.pipeline.small_run import write_config, write_sources


def test_files_of_one_name_and_files_below_folders_are_all_told(tmp_path: Path) -> None:
    for name in ("a/list.txt", "b/list.txt", "lists/adult/domains", "lists/games/domains"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    named = [str(tmp_path / name) for name in ("b/list.txt", "a/list.txt", "lists/")]
    digests = [store.digest_file(path)[1] for path in named[:2]]
    found = checksums_of(Exclude(urls=tuple(named)))
    assert found["list.txt"] == digests
    assert found.keys() == {"list.txt", "lists/adult/domains", "lists/games/domains"}
    assert digests[0] != digests[1]


LISTS = """
[exclude]
source_ids = ["gone.txt"]

[[decontamination.test_set]]
name = "ours"
format = "text"
path = "test.txt"
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("moved") / "here"
    write_sources(folder / "in")
    config = write_config(folder / "config.toml", "in")
    config.write_text(config.read_text() + LISTS)
    (folder / "gone.txt").write_text("books-4\n")
    (folder / "test.txt").write_text("nobody wrote this")
    assert main(["run", str(config), "--output", str(folder / "out"), "--quiet"]) == 0
    return folder


def test_a_run_goes_on_where_its_folder_has_moved(here: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    shutil.copytree(here, there)
    assert main(["run", str(there / "config.toml"), "--output", str(there / "out"), "--quiet"]) == 0
    for phase in PHASES:
        path = manifest_path(phase.name)
        assert (there / "out" / path).read_bytes() == (here / "out" / path).read_bytes()


def test_a_list_of_another_content_is_another_list(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "there"
    shutil.copytree(here, there)
    (there / "test.txt").write_text("somebody wrote this")
    assert main(["run", str(there / "config.toml"), "--output", str(there / "out"), "--quiet"]) == 2
    assert "inputs.test.txt" in capsys.readouterr().err
