"""The whole program killed at random moments: the same command finishes it, and redoes nothing."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from massivetext.pipeline.commands.cli import main

from .small_run import contents, write_config, write_sources

KILLS = 20

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def start(config: Path, output: Path, workers: int) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).parent / "massivetext"
    command = [program, "run", config, "--output", output, "--quiet", "--workers", str(workers)]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def item_records(output: Path) -> dict[str, tuple[int, int]]:
    """What identifies the records of finished items: written again, one would be another file."""
    found = {}
    for path in sorted(output.glob("phases/*/*/**/*.json")):
        if "index" in path.parts:
            continue  # of the test sets: no item, it is built whenever its phase begins
        status = path.stat()
        found[str(path.relative_to(output))] = (status.st_ino, status.st_mtime_ns)
    return found


def processes_of(group: int) -> list[int]:
    """The processes that are left of a program's group."""
    left = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        if int(fields[2]) == group and fields[0] != "Z":
            left.append(int(stat.parent.name))
    return left


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes], float]:
    """The configuration, what a run without accidents writes, and how many seconds it takes."""
    folder = tmp_path_factory.mktemp("whole")
    write_sources(folder / "in", documents=200)
    config = write_config(folder / "config.toml", str(folder / "in"))
    started = time.monotonic()
    assert start(config, folder / "out", 1).wait() == 0
    return config, contents(folder / "out"), time.monotonic() - started


def settled_records(output: Path) -> dict[str, tuple[int, int]]:
    """Returns the records once no worker of the killed program writes any more."""
    while (found := item_records(output)) != (time.sleep(1) or item_records(output)):
        pass
    return found


@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_run_is_finished_by_the_same_command(
    whole: tuple[Path, dict[str, bytes], float], tmp_path: Path, number: int
) -> None:
    config, expected, seconds = whole
    process = start(config, tmp_path / "out", workers=1 + number % 2)
    # Stratified, so that each twentieth of a run is met; the first imports do not count.
    moment = (number + random.Random(number).random()) / KILLS
    time.sleep(seconds * (0.2 + 0.8 * moment))
    os.kill(process.pid, signal.SIGKILL)  # the program alone: its workers must notice by themselves
    process.wait()
    before = settled_records(tmp_path / "out")
    assert main(["run", str(config), "--output", str(tmp_path / "out"), "--quiet"]) == 0
    after = item_records(tmp_path / "out")
    assert {name for name in before if before[name] != after[name]} == set()
    assert contents(tmp_path / "out") == expected
    assert main(["verify", str(tmp_path / "out")]) == 0
    wait_until_gone(process.pid)


def wait_until_gone(group: int) -> None:
    for _ in range(100):
        if not processes_of(group):
            return
        time.sleep(0.1)
    assert processes_of(group) == []


def test_only_the_phases_that_a_change_alters_are_done_again(
    whole: tuple[Path, dict[str, bytes], float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, _, _ = whole
    changed = tmp_path / "config.toml"
    changed.write_text(config.read_text())
    run = ["run", str(changed), "--output", str(tmp_path / "out"), "--quiet"]
    assert main(run) == 0
    before = item_records(tmp_path / "out")
    changed.write_text(config.read_text().replace("length = 64", "length = 32"))
    assert main(run) == 2
    assert "sequence.length was 64 and is 32 now" in capsys.readouterr().err
    assert item_records(tmp_path / "out") == before
    assert main([*run, "--restart"]) == 0
    after = item_records(tmp_path / "out")
    redone = {name.split("/")[1] for name in before if before[name] != after.get(name)}
    assert redone == {"sequence", "report"}  # the report states every setting
