"""The cache by content: a replaced file is seen, a copied one is loaded once."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.content_cache import (
    MOST_PER_LOADER,
    digest_bytes,
    digest_files,
    load_by_content,
)

Loader = Callable[[Path], list[str]]


@pytest.fixture
def loads() -> tuple[Loader, list[Path]]:
    """A loader of its own for each test, and the paths that it has read."""
    read: list[Path] = []

    def load(path: Path) -> list[str]:
        read.append(path)
        return path.read_text().split()

    return load, read


def load_file(path: Path, load: Loader) -> list[str]:
    return load_by_content(path, digest_files([path]), load)


def test_a_file_replaced_under_its_path_is_loaded_anew(
    tmp_path: Path, loads: tuple[Loader, list[Path]]
) -> None:
    load, _ = loads
    path = tmp_path / "list"
    path.write_text("one two")
    assert load_file(path, load) == ["one", "two"]
    path.write_text("six ten")  # of the same size
    assert load_file(path, load) == ["six", "ten"]


def test_the_same_content_under_two_paths_is_loaded_once(
    tmp_path: Path, loads: tuple[Loader, list[Path]]
) -> None:
    load, read = loads
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("one")
    second.write_text("one")
    assert load_file(first, load) is load_file(second, load)
    assert read == [first]


def test_two_loaders_share_nothing() -> None:
    assert load_by_content("7", "digest", int) == 7
    assert load_by_content("7", "digest", list) == ["7"]


def test_the_least_recently_asked_goes_first(
    tmp_path: Path, loads: tuple[Loader, list[Path]]
) -> None:
    load, read = loads
    files = [tmp_path / str(i) for i in range(MOST_PER_LOADER + 1)]
    for file in files:
        file.write_text(file.name)
    for file in [*files[:-1], files[0], files[-1]]:
        load_file(file, load)
    assert read == files
    load_file(files[0], load)
    assert read == files
    load_file(files[1], load)
    assert read == [*files, files[1]]


def test_a_failure_is_not_kept(tmp_path: Path) -> None:
    answers = iter([OSError("disk"), "read"])

    def load(_: Path) -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(OSError, match="disk"):
        load_by_content(tmp_path, "digest", load)
    assert load_by_content(tmp_path, "digest", load) == "read"


def test_a_loader_may_load(tmp_path: Path, loads: tuple[Loader, list[Path]]) -> None:
    load, read = loads
    (tmp_path / "inner").write_text("one")

    def outer(folder: Path) -> list[str]:
        return load_file(folder / "inner", load)

    assert load_by_content(tmp_path, "digest", outer) == ["one"]
    assert read == [tmp_path / "inner"]


def test_threads_load_once() -> None:
    begun: list[str] = []
    is_waiting = threading.Event()

    def load(source: str) -> list[str]:
        begun.append(source)
        is_waiting.wait(0.2)  # time for the others to come
        return [source]

    threads = [
        threading.Thread(target=load_by_content, args=("model", "digest", load)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert begun == ["model"]


def test_digests_tell_apart_what_a_loader_would(tmp_path: Path) -> None:
    for name, content in (("ab", "ab"), ("a", "a"), ("b", "b"), ("copy", "a")):
        (tmp_path / name).write_text(content)
    ab, a, b, copy = (tmp_path / name for name in ("ab", "a", "b", "copy"))
    lists = [[], [ab], [a], [b], [a, b], [b, a], [a, a]]
    digests = [digest_files(files, *options) for files in lists for options in ((), ("x",), ("y",))]
    assert len(set(digests)) == len(digests)
    assert digest_files([a, b]) == digest_files([copy, b]) == digest_bytes(b"a", b"b")
    assert digest_files([a]) != digest_files([], "a")
