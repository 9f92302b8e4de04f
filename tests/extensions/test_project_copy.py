"""The copy that extensions are tried in: it is the project, runs alone, and edits cannot miss."""

import importlib
from pathlib import Path

import pytest

from tests.extensions.project_copy import ROOT, ProjectCopy, files_named


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    return ProjectCopy.make(tmp_path_factory.mktemp("copy"))


def test_python_runs_the_copy_and_not_the_project(copy: ProjectCopy) -> None:
    copy.replace("massivetext/config.py", "max_words: int = 100_000", "max_words: int = 7")
    code = "from massivetext.config import Quality; print(Quality().max_words)"
    assert copy.python("-c", code) == "7\n"
    assert copy.changed == {"massivetext/config.py"}
    assert "max_words: int = 100_000" in (ROOT / "massivetext/config.py").read_text()


def test_rooms_are_links_into_the_copy(copy: ProjectCopy) -> None:
    assert (copy.root / "massivetext/filters").resolve() == copy.root.resolve() / "filters"


def test_an_edit_that_finds_nothing_or_too_much_fails(copy: ProjectCopy) -> None:
    for missing, places in (("no such text", 0), ("_words: int", 3)):
        with pytest.raises(AssertionError, match=f"holds {places} times"):
            copy.insert_after("massivetext/config.py", missing, "x")


def test_failures_are_seen(copy: ProjectCopy) -> None:
    assert "wrong" in copy.python("-c", "raise SystemExit('wrong')", fails=True)
    with pytest.raises(AssertionError, match="wrong"):
        copy.python("-c", "raise SystemExit('wrong')")
    with pytest.raises(AssertionError, match="exit code 0"):
        copy.python("-c", "pass", fails=True)


def test_unchanged_kernels_are_not_compiled_anew(tmp_path: Path) -> None:
    importlib.import_module("massivetext.filters.measure_kernel")  # compiled for the project
    code = (
        "from massivetext.filters.measure_kernel import tally\n"
        "print(sum(tally.stats.cache_hits.values()), sum(tally.stats.cache_misses.values()))"
    )
    assert ProjectCopy.make(tmp_path).python("-c", code) == "1 0\n"


def test_the_files_of_a_row() -> None:
    assert "massivetext/config.py" in files_named("a new rule")
    with pytest.raises(AssertionError, match="0 rows"):
        files_named("a new moon")
