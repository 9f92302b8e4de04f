"""Output folders of runs, compared."""

from pathlib import Path

from massivetext.pipeline.phases.table import RUN_RECORD

SAME = ("corpus", "sequences", "removed", "rejected", "hosts", "index", "report")
"""The folders that hold the same bytes however a run was made, but for its record."""

RUN_RECORD_PARTS = Path(RUN_RECORD).parts


def files(folder: Path) -> dict[str, bytes]:
    """Returns the bytes of all files below a folder, by their paths."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parts[-2:] != RUN_RECORD_PARTS
    }


def assert_same(found: Path, expected: Path) -> None:
    """Asserts that two folders hold the same files with the same bytes, and at least one."""
    right, left = files(expected), files(found)
    assert right
    assert left.keys() == right.keys()
    assert [name for name in right if left[name] != right[name]] == []
