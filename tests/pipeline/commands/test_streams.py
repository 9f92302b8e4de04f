"""Closed, full and unread standard streams: the exit code is that of the work."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

FULL = "cannot write to standard output: No space left on device"


def shell(tmp_path: Path, line: str) -> tuple[int, str]:
    """Exit code and standard error of a line of shell, in which M is the program."""
    program = f"{shlex.quote(sys.executable)} -m massivetext"
    script = f'M() {{ {program} "$@"; }}\nset -o pipefail\n{line}'
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def said(message: str) -> str:
    """What stands on standard error; without a message, nothing."""
    return f"massivetext: {message}\n" if message else ""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    words = "<p>The people of the town have to be patient with the heat.</p>" * 40
    (tmp_path / "page.html").write_text(f"<html><body>{words}</body></html>")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("M --help >/dev/full", 1, FULL),
        ("M --help | head -1 >/dev/null", 0, ""),
        ("M --help >&- 2>&- <&-", 0, ""),
        pytest.param("M verify none >/dev/full", 1, FULL, marks=pytest.mark.slow),
        pytest.param("M verify none 2>&- >&-", 1, "", marks=pytest.mark.slow),
        ("M run none.toml 2>/dev/full", 2, ""),
        ("M run none.toml 2>&-", 2, ""),
        ("M extract <&-", 2, "cannot read standard input, which is closed; name an HTML file"),
    ],
)
def test_streams_of_commands(tmp_path: Path, line: str, code: int, message: str) -> None:
    assert shell(tmp_path, line) == (code, said(message))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("M extract page.html >/dev/full", 1, FULL),
        ("M extract page.html | head -c 1 >/dev/null", 0, ""),
        ("M extract page.html >&-", 0, ""),
    ],
)
def test_streams_of_extract(page: Path, line: str, code: int, message: str) -> None:
    assert shell(page, line) == (code, said(message))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("streams", "message"),
    [
        ("2>&- >&- <&-", ""),
        ("2>&- >/dev/null", ""),
        ("2>/dev/full >&-", ""),
        (">/dev/full", f"massivetext: {FULL}; what was done is committed\n"),
        ("| head -1 >/dev/null", ""),
    ],
)
def test_a_run_does_its_work_whoever_listens(config: Path, streams: str, message: str) -> None:
    line = f"M curate config.toml --output out --quiet {streams}"
    assert shell(config.parent, line) == (0, message)
    assert (config.parent / "out/phases/curate/manifest.json").exists()


@pytest.mark.slow
def test_lines_for_machines_are_objects(config: Path) -> None:
    import json

    code, err = shell(config.parent, "M curate config.toml --output out --log json >/dev/null")
    assert code == 0
    events = [json.loads(line) for line in err.splitlines()]
    (step,) = [event for event in events if event["event"] == "step"]
    assert (step["phase"], step["step"], step["items_done"]) == ("curate", "read", 1)
    code, err = shell(config.parent, "M curate none.toml --log=json")
    assert code == 2
    assert json.loads(err)["level"] == "error"
    code, err = shell(config.parent, "M curate config.toml --log=json --memory 10")
    assert code == 2
    assert "expected at least 1MB" in json.loads(err)["message"]
