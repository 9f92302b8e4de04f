"""Whose an output folder is, what in it is not ours, and inputs that lie where results go."""

from pathlib import Path

import pytest

from massivetext.config import Config, Source
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.output_folder import (
    record_job,
    recorded_job,
    require_apart,
    require_own,
)
from massivetext.pipeline.phases.plan import plan


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    return path


@pytest.mark.parametrize(
    "name", ["documents/mine.parquet", "notes.txt", "phases/moon.csv", "a/b/c"]
)
def test_a_folder_of_others_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path / name)
    with pytest.raises(UsageError, match=f"holds no run: {name} is not ours"):
        require_own(str(tmp_path))


@pytest.mark.parametrize(
    "name",
    [".DS_Store", ".git/config", "estimate.json", "phases/curate/settings.json", "phases/lock"],
)
def test_an_empty_folder_and_one_of_ours_are_taken(tmp_path: Path, name: str) -> None:
    require_own(str(tmp_path / "missing"))
    require_own(str(tmp_path))
    write(tmp_path / name)
    require_own(str(tmp_path))


def refused(output: Path, pattern: Path) -> str:
    config = Config(sources=(Source("books", "text", "text", str(pattern)),))
    with pytest.raises(UsageError) as caught:
        require_apart(str(output), config, plan(config))
    return str(caught.value)


@pytest.mark.parametrize("pattern", ["*.txt", "**", "deep/a.txt"])
def test_inputs_in_the_output_folder_are_refused(tmp_path: Path, pattern: str) -> None:
    write(tmp_path / "out/a.txt")
    write(tmp_path / "out/deep/a.txt")
    assert "lies in the output folder" in refused(tmp_path / "out", tmp_path / "out" / pattern)
    (tmp_path / "link").symlink_to(tmp_path / "out")
    assert "lies in the output folder" in refused(tmp_path / "link", tmp_path / "out" / pattern)


@pytest.mark.parametrize("pattern", ["**", "**/*.parquet", "**/index.html", "out/corpus/*/*"])
def test_a_pattern_that_will_match_results_is_refused(tmp_path: Path, pattern: str) -> None:
    for name in ("a.parquet", "index.html", "out/corpus/x/b.txt"):
        write(tmp_path / name)
    (tmp_path / "out/corpus/x/b.txt").rename(tmp_path / "b.txt")
    config = Config(sources=(Source("books", "text", "text", str(tmp_path / pattern)),))
    items = plan(Config(sources=(Source("books", "text", "text", str(tmp_path / "*.parquet")),)))
    with pytest.raises(UsageError, match="matches what this run writes to"):
        require_apart(str(tmp_path / "out"), config, items)


@pytest.mark.parametrize("pattern", ["*.txt", "in/**", "**/*.txt.gz", "*/a.txt"])
def test_an_output_beside_or_below_the_inputs_is_taken(tmp_path: Path, pattern: str) -> None:
    for name in ("a.txt", "in/a.txt", "in/b.txt.gz"):
        write(tmp_path / name)
    config = Config(sources=(Source("books", "text", "text", str(tmp_path / pattern)),))
    require_apart(str(tmp_path / "out"), config, plan(config))
    require_apart(str(tmp_path / "outer"), config, plan(config))


def test_the_job_that_a_folder_records_is_the_one_that_was_run(tmp_path: Path) -> None:
    from massivetext.config_file import load_config

    for sample in ("sample/config.toml", "docs/../sample/config.toml"):
        config = load_config(Path(__file__).parents[3] / sample)
        job = Job(config, str(tmp_path), BeamEngine(), against=("/old",))
        record_job(job)
        found = recorded_job(str(tmp_path), BeamEngine())
        assert (found.config, found.against) == (config, ("/old",))


def test_without_the_record_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="run `massivetext run` with its configuration"):
        recorded_job(str(tmp_path), BeamEngine())
