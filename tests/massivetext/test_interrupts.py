"""Ctrl-C ends the program with one line and 130, whatever it is at."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from massivetext.interrupts import READING_COMMANDS, interrupt_message
from massivetext.pipeline.commands.cli import COMMANDS
from tests.pipeline.small_run import write_config, write_sources

AGAIN = "massivetext: interrupted; run the same command again to continue where it stopped\n"

COMPILING = (
    "massivetext: compiling kernels, once for each installation; all of them take a minute or two\n"
)

WAITING = """
import atexit, sys, threading, time
from massivetext.interrupts import end_on_interrupt
end_on_interrupt()
atexit.register(lambda: open(sys.argv[2], "w").close())
print("ready", flush=True)
{work}
"""


def interrupted(
    program: list[str], times: int = 1, after_seconds: float = 0.0, says: str = "ready\n"
) -> tuple[int, str]:
    """Interrupts a program and all that it started, as a terminal does; returns code and stderr."""
    process = subprocess.Popen(
        [sys.executable, *program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert not says or process.stdout.readline() == says
    time.sleep(after_seconds)
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.1)
    _, err = process.communicate(timeout=20)
    assert not members_of(process.pid)
    return process.returncode, err


def members_of(session: int) -> list[int]:
    """The processes of a session that live; those that have ended wait for their parent."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(folder.name))
    return found


@pytest.mark.parametrize(
    "work",
    [
        "time.sleep(60)",
        "while True: pass",
        "threading.Thread(target=time.sleep, args=(60,)).start()",
        "try:\n    time.sleep(60)\nfinally:\n    raise ValueError",
        "class A:\n    def __del__(self): time.sleep(60)\nA()",
    ],
    ids=["waiting", "busy", "with a thread", "raising", "in a destructor"],
)
def test_an_interrupt_is_a_line_and_130(tmp_path: Path, work: str) -> None:
    program = ["-c", WAITING.format(work=work), "run", str(tmp_path / "cleaned")]
    assert interrupted(program) == (130, AGAIN)
    assert (tmp_path / "cleaned").exists()


def test_commands_that_commit_nothing_have_nothing_to_continue(tmp_path: Path) -> None:
    program = ["-c", WAITING.format(work="time.sleep(60)"), "verify", str(tmp_path / "cleaned")]
    assert interrupted(program) == (130, "massivetext: interrupted\n")
    assert {*READING_COMMANDS} <= {command.name for command in COMMANDS}
    assert interrupt_message("run") != interrupt_message("extract") == "interrupted"


def test_the_second_interrupt_waits_for_nothing(tmp_path: Path) -> None:
    work = "atexit.register(time.sleep, 60)\ntime.sleep(60)"
    begun = time.monotonic()
    program = ["-c", WAITING.format(work=work), "run", str(tmp_path / "cleaned")]
    assert interrupted(program, times=2) == (130, AGAIN)
    assert time.monotonic() - begun < 1.4


def test_a_handler_of_its_own_is_left_to_its_work(tmp_path: Path) -> None:
    work = (
        "import signal\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(7))\n"
        "print('has its own', flush=True)\n"
        "time.sleep(60)"
    )
    code = WAITING.format(work=work).replace('print("ready", flush=True)', "")
    program = ["-c", code, "train", str(tmp_path / "cleaned")]
    assert interrupted(program, says="has its own\n")[0] == 7


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.3])
def test_the_start_of_the_program_can_be_interrupted(tmp_path: Path, seconds: float) -> None:
    write_sources(tmp_path / "in")
    config = write_config(tmp_path / "config.toml", str(tmp_path / "in"))
    # As the console script does; the interrupt comes while the rest is imported.
    script = (
        "import massivetext.__main__ as start\n"
        "take_charge = start._take_charge\n"
        "def told():\n"
        "    take_charge()\n"
        "    print('ready', flush=True)\n"
        "start._take_charge = told\n"
        "start.main()"
    )
    run = ["run", str(config), "--output", str(tmp_path / "out")]
    assert interrupted(["-c", script, *run], after_seconds=seconds) == (130, AGAIN)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_can_be_interrupted_at_any_moment(tmp_path: Path, workers: str) -> None:
    write_sources(tmp_path / "in")
    config = write_config(tmp_path / "config.toml", str(tmp_path / "in"))
    for number in range(20):
        output = tmp_path / f"out-{number}"
        run = ["-m", "massivetext", "run", str(config), "--output", str(output), "--quiet"]
        moment = random.Random(number).uniform(0.5, 6)
        program = [*run, "--workers", workers]
        code, err = interrupted(program, after_seconds=moment, says="")
        # A clean checkout may still have kernels to compile, which it tells.
        assert (code, err.replace(COMPILING, "")) == (130, AGAIN), moment
