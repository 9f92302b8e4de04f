"""A new shard format, NumPy's own, takes the files that CONTRIBUTING.md names.

It is added to a copy of the project, where a run writes it and `ShardReader` reads it back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pytest

from massivetext.sequencing import ShardReader
from tests.extensions.project_copy import ProjectCopy, files_named
from tests.pipeline.small_run import write_config, write_sources

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MODULE: Final = '''"""NumPy's file format: a header that names type and shape, then the tokens."""

from __future__ import annotations

import io
from typing import BinaryIO, Final

import numpy as np

from massivetext.sequencing.token_type import SMALL, Tokens, TokenType


class NpyFormat:
    """An array of all sequences."""

    suffix = ".npy"
    checks_records = False

    def write(self, stream: BinaryIO, sequences_NxL: Tokens) -> None:
        """Writes a shard."""
        buffer = io.BytesIO()
        np.save(buffer, sequences_NxL, allow_pickle=False)
        stream.write(buffer.getvalue())

    def open(self, path: str, length: int, token_type: TokenType = SMALL) -> Tokens:
        """Opens a shard."""
        return np.load(path, allow_pickle=False)


FORMAT: Final = NpyFormat()
'''

RUN: Final = """
import sys
from massivetext.pipeline.commands.cli import main
sys.exit(main(["run", {config!r}, "--output", {output!r}, "--quiet"]))
"""

READ: Final = """
import numpy as np
from massivetext.sequencing import ShardReader
reader = ShardReader({folder!r})
assert reader.dataset.format == "npy" and len(reader._files) == 0
np.save({copy!r}, np.stack(list(reader)))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    copy = ProjectCopy.make(tmp_path_factory.mktemp("shards"))
    copy.write("sequencing/shards/npy.py", MODULE)
    copy.replace("massivetext/formats.py", '"parquet", "raw")', '"parquet", "raw", "npy")')
    return copy


def run(project: ProjectCopy, folder: Path, shard_format: str) -> Path:
    """Returns the shards of a run over a small input."""
    config = write_config(folder / f"{shard_format}.toml", str(folder / "in"))
    config.write_text(
        config.read_text().replace("shards = 2", f'shards = 2\nformat = "{shard_format}"')
    )
    output = folder / shard_format
    project.python("-c", RUN.format(config=str(config), output=str(output)))
    return output / "sequences"


def test_it_takes_the_files_that_are_named(project: ProjectCopy) -> None:
    assert project.changed == files_named("a new shard format", {"<name>": "npy"})
    assert len(project.changed) <= 3


def test_the_tests_of_all_shard_formats_hold_for_it(project: ProjectCopy) -> None:
    tests = "tests/sequencing/test_shards.py"
    assert "[npy]" in project.python("-m", "pytest", "-vv", tests, "tests/test_architecture.py")


def test_a_run_writes_it_and_the_reader_reads_it_back(project: ProjectCopy, tmp_path: Path) -> None:
    write_sources(tmp_path / "in")
    folder = run(project, tmp_path, "npy")
    shards = sorted(folder.glob("shard-*"))
    assert [shard.name for shard in shards] == [
        "shard-00000-of-00002.npy",
        "shard-00001-of-00002.npy",
    ]
    copied = tmp_path / "read.npy"
    project.python("-c", READ.format(folder=str(folder), copy=str(copied)))
    expected = np.stack(list(ShardReader(run(project, tmp_path, "raw"))))
    assert len(expected)
    np.testing.assert_array_equal(np.load(copied), expected)
    np.testing.assert_array_equal(np.concatenate([np.load(shard) for shard in shards]), expected)
