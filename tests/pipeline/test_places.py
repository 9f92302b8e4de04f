"""Runs in folders whose names are not plain, and with paths that are URLs of local files."""

import os
from pathlib import Path

import pytest

from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.engine import store

from .commands.use import SOURCE, fails
from .small_run import contents, write_config, write_sources


@pytest.mark.slow
def test_wildcards_in_names_of_folders_and_urls_of_files_change_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sources(tmp_path / "in")
    plain = write_config(tmp_path / "c.toml", "in")
    assert main(["run", str(plain), "--output", str(tmp_path / "out"), "--quiet"]) == 0
    folder = tmp_path / "g[1]"
    write_sources(folder / "in")
    config = write_config(folder / "c.toml", "in")
    output = tmp_path / "out[1]*"
    run = ["run", config.as_uri(), "--output", output.as_uri(), "--quiet"]
    assert main(run) == 0
    assert main([*run, "--restart"]) == 0
    found, expected = contents(output), contents(tmp_path / "out")
    assert found.keys() == expected.keys()
    # Rows of failed/ name the file that they come from.
    assert [k for k in expected if found[k] != expected[k] and not k.startswith("failed/")] == []
    assert not store.exists(str(output / "phases/writable"))
    assert main(["verify", output.as_uri()]) == 0
    (file, *_) = sorted((output / "documents").rglob("*.parquet"))
    name = store.read_table(str(file))["id"][0].as_py()
    assert main(["explain", output.as_uri(), name]) == 0
    again = ["--output", str(tmp_path / "new?"), "--against", output.as_uri(), "--quiet"]
    assert main(["curate", str(config), *again[:2], "--quiet"]) == 0
    assert main(["dedup", str(config), *again]) == 0
    capsys.readouterr()


@pytest.mark.parametrize("path", ["in/*", "in/pipe", "/dev/stdin", "in", "ftp://host/x"])
def test_what_is_no_input_ends_with_2_and_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.txt").write_text("text")
    os.mkfifo(tmp_path / "in/pipe")
    config = tmp_path / "c.toml"
    config.write_text(SOURCE.format(path=path))
    code, err = fails(capsys, "run", str(config), "--quiet")
    assert code == 2
    assert len(err.splitlines()) == 1
    assert "source 'books': " in err


def test_a_pipe_in_place_of_a_list_is_not_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("text")
    os.mkfifo(tmp_path / "pipe")
    for section, key in (
        ('[safesearch]\ndomains = ["pipe"]', "safesearch.domains"),
        ('[tokenizer]\nmodel = "pipe"', "tokenizer.model"),
        ('[decontamination]\ntitles = ["pipe"]', "decontamination.titles"),
    ):
        (tmp_path / "c.toml").write_text(f"{SOURCE.format(path='a.txt')}\n{section}\n")
        code, err = fails(capsys, "run", str(tmp_path / "c.toml"), "--quiet")
        assert (code, len(err.splitlines())) == (2, 1)
        assert f"{key}: {tmp_path}/pipe is a named pipe; write it to a file first" in err


@pytest.mark.parametrize("path", ["s4://bucket/out", "file://host/out", "caf\udce9"])
@pytest.mark.parametrize("command", ["verify", "explain", "run"])
def test_an_output_that_cannot_be_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, path: str
) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "c.toml").write_text(SOURCE.format(path="a.txt"))
    arguments = {
        "verify": [path],
        "explain": [path, "id"],
        "run": [str(tmp_path / "c.toml"), "--output", path, "--quiet"],
    }
    code, err = fails(capsys, command, *arguments[command])
    assert (code, len(err.splitlines())) == (2, 1)
