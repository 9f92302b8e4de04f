"""A folder appears whole or not at all."""

import os
from pathlib import Path

import pytest

from massivetext.pipeline.commands.new_folder import new_folder
from massivetext.pipeline.engine.errors import UsageError


def test_it_appears_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a/b"
    with new_folder(str(path)) as folder:
        Path(folder, "file").write_text("x")
        assert not path.exists()
    assert os.listdir(path) == ["file"]
    assert os.listdir(path.parent) == ["b"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    with new_folder(str(tmp_path)) as folder:
        Path(folder, "file").write_text("x")
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("error", [FileNotFoundError, ValueError, KeyboardInterrupt])
def test_nothing_is_left_of_a_failure(tmp_path: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with new_folder(str(tmp_path / "new")) as folder:
            Path(folder, "file").write_text("x")
            raise error

    with pytest.raises(error):
        fail()
    assert os.listdir(tmp_path) == []


def test_what_a_killed_program_left_goes(tmp_path: Path) -> None:
    (tmp_path / "new.part/train").mkdir(parents=True)
    (tmp_path / "new.part/train/old").write_text("x")
    (tmp_path / "new.part/old").write_text("x")
    with new_folder(str(tmp_path / "new")) as folder:
        assert os.listdir(folder) == []
    assert os.listdir(tmp_path / "new") == []


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("nowhere")
    for path in (tmp_path, tmp_path / "file", tmp_path / "link"):
        with pytest.raises(UsageError, match="exists; name a folder"), new_folder(str(path)):
            pass
    with pytest.raises(UsageError, match="cannot write"), new_folder(str(tmp_path / "file/new")):
        pass
    assert sorted(os.listdir(tmp_path)) == ["file", "link"]


def test_two_programs_do_not_write_one_folder(tmp_path: Path) -> None:
    path = str(tmp_path / "new")
    with (
        new_folder(path),
        pytest.raises(UsageError, match="another program writes"),
        new_folder(path),
    ):
        pass
    assert os.listdir(tmp_path) == ["new"]
