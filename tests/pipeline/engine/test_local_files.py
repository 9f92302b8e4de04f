import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.local_files import UnusableInputError


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    for name in ("a.txt", "b.txt", "deep/c.txt", "deep/er/d.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def found(folder: Path, pattern: str) -> list[str]:
    return [str(Path(m.path).relative_to(folder)) for m in store.match(f"{folder}/{pattern}")]


def test_patterns_find_files_by_path(shelf: Path) -> None:
    assert found(shelf, "*.txt") == ["a.txt", "b.txt"]
    assert found(shelf, "a.txt") == ["a.txt"]
    assert found(shelf, "*/*.txt") == ["deep/c.txt"]
    assert found(shelf, "d*/**") == ["deep/c.txt", "deep/er/d.txt"]
    assert found(shelf, "**.txt") == ["a.txt", "b.txt", "deep/c.txt", "deep/er/d.txt"]
    assert found(shelf, "none/*") == found(shelf, "a.txt/*") == found(shelf, "none") == []
    metadata = store.match(f"{shelf}/a.txt")[0]
    assert metadata.size_in_bytes == 5
    assert metadata.last_updated_in_seconds == (shelf / "a.txt").stat().st_mtime


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))  # names of sockets are short


SPECIAL: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "is a named pipe; inputs must be files"),
    "socket": (bind, "is a socket; inputs"),
    "dangling link": (lambda p: p.symlink_to("gone"), "is a link to gone, which does not exist"),
    "link to itself": (lambda p: p.symlink_to(p.name), "which leads back to it; delete it"),
    "link to a device": (lambda p: p.symlink_to("/dev/null"), "is a device; inputs"),
}


@pytest.mark.parametrize("pattern", ["x.txt", "*.txt", "**"])
@pytest.mark.parametrize(("make", "message"), SPECIAL.values(), ids=SPECIAL)
def test_what_is_no_file_is_named(
    shelf: Path, make: Callable[[Path], object], message: str, pattern: str
) -> None:
    make(shelf / "x.txt")
    with pytest.raises(UnusableInputError, match=message) as caught:
        found(shelf, pattern)
    assert str(caught.value).startswith(f"{shelf}/x.txt ")
    assert found(shelf, "[ab].txt") == ["a.txt", "b.txt"]  # what is not asked for does no harm


@pytest.mark.parametrize("path", ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "/dev/null"])
def test_streams_and_devices_are_no_inputs(path: str) -> None:
    with pytest.raises(UnusableInputError, match=f"{path} is an? "):
        store.match(path)


def test_a_folder_is_named_with_what_to_write_instead(shelf: Path) -> None:
    with pytest.raises(UnusableInputError, match=rf"is a folder; write {shelf}/deep/\*\* for all"):
        found(shelf, "deep")
    for pattern in ("*", "d*"):
        with pytest.raises(UnusableInputError, match=rf"deep is a folder, .* add {shelf}/deep/\*"):
            found(shelf, pattern)


def test_a_folder_without_files_is_passed_over(shelf: Path) -> None:
    (shelf / "empty/too").mkdir(parents=True)
    assert found(shelf, "[abe]*") == ["a.txt", "b.txt"]


def test_files_that_may_not_be_read_are_counted(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, *_, **__: not path.endswith(".txt"))
    monkeypatch.setattr(os, "supports_effective_ids", set())
    expected = r"a.txt may not be read by this user \(permission denied\).* \(3 more cannot be read"
    with pytest.raises(UnusableInputError, match=expected):
        found(shelf, "**")


def test_folders_that_may_not_be_read_are_named(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def refuse(path: str) -> object:
        if path.endswith(("/deep/", "/lost+found/")):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    (shelf / "lost+found").mkdir()
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UnusableInputError, match="deep/ may not be read by this user") as caught:
        found(shelf, "**")
    assert "lost" not in str(caught.value)
    assert "more" not in str(caught.value)
    assert found(shelf, "*.txt") == ["a.txt", "b.txt"]


def test_linked_folders_are_entered_and_files_read_once(shelf: Path, tmp_path: Path) -> None:
    (shelf / "in").mkdir()
    (shelf / "in/own").symlink_to("../deep")
    (shelf / "in/again").symlink_to("../deep/er")
    assert found(shelf, "in/**.txt") == ["in/again/d.txt", "in/own/c.txt"]
    assert found(shelf, "in/own/*.txt") == found(shelf, "in/o*/*.txt") == ["in/own/c.txt"]
    assert found(shelf, "[di]*/**.txt") == ["deep/c.txt", "deep/er/d.txt"]


@pytest.mark.parametrize("target", [".", "..", "../.."])
def test_a_link_to_a_folder_above_is_named(shelf: Path, target: str) -> None:
    (shelf / "deep/up").symlink_to(target)
    with pytest.raises(UnusableInputError, match="deep/up is a link to a folder that it lies in"):
        found(shelf, "**.txt")


def test_names_that_results_cannot_have_are_named(shelf: Path) -> None:
    (shelf / "a\\b.txt").write_text("")
    with pytest.raises(UnusableInputError, match="has a backslash in its name"):
        found(shelf, "*.txt")
    (shelf / "a\\b.txt").unlink()
    Path(os.fsdecode(os.fsencode(shelf) + b"/caf\xe9.txt")).write_text("")
    with pytest.raises(UnusableInputError, match=r"/caf\\xe9.txt has a name that is not UTF-8"):
        found(shelf, "*.txt")
