"""A second writer is refused and told who is at work; a dead one's lock is taken over."""

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from massivetext.pipeline.engine import lock
from massivetext.pipeline.engine.errors import UsageError
from tests.pipeline.object_store import ROOT_VARIABLE, SCHEME

WHO = rf"process {os.getpid()} on {socket.gethostname()}, since 20"


@pytest.fixture(params=["folder", "store"])
def output(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "folder":
        return str(tmp_path / "out")
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    monkeypatch.setattr(lock, "_SETTLE_SECONDS", 0.0)
    return f"{SCHEME}://bucket/out"


def local(output: str, tmp_path: Path) -> Path:
    return tmp_path / output.replace(f"{SCHEME}://", "") if SCHEME in output else Path(output)


def test_a_second_writer_is_told_who_writes(output: str) -> None:
    with lock.hold(output):
        if SCHEME not in output:
            with pytest.raises(UsageError, match=WHO):
                lock.look(output)
        started = time.monotonic()
        with pytest.raises(UsageError, match=WHO), lock.hold(output):
            raise AssertionError("two writers")
        assert time.monotonic() - started < 5
    lock.look(output)  # the first has ended
    with lock.hold(output):
        pass


def test_nothing_stays_behind(output: str, tmp_path: Path) -> None:
    with lock.hold(output):
        assert (local(output, tmp_path) / lock.PATH).exists()
    assert [p for p in local(output, tmp_path).rglob("*") if p.is_file()] == []


def test_an_empty_folder_of_the_user_stays(tmp_path: Path) -> None:
    with lock.hold(str(tmp_path)):
        pass
    assert list(tmp_path.iterdir()) == []


def hold_for_ever(output: str, held: object) -> None:
    with lock.hold(output):
        held.set()  # type: ignore[attr-defined]
        time.sleep(60)


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=hold_for_ever, args=(str(tmp_path), held))
    process.start()
    assert held.wait(30)
    with pytest.raises(UsageError, match=rf"process {process.pid} "), lock.hold(str(tmp_path)):
        pass
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert (tmp_path / lock.PATH).exists()
    with lock.hold(str(tmp_path)):
        pass


INTERRUPTED = """
import sys, time
from massivetext.interrupts import end_on_interrupt
from massivetext.pipeline.engine import lock
end_on_interrupt()
with lock.hold(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_an_interrupted_program_gives_the_lock_back(tmp_path: Path) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"held\n"
        assert (tmp_path / lock.PATH).exists()
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == 130
    assert not (tmp_path / lock.PATH).exists()


def leave_record(folder: Path, **changes: object) -> None:
    holder = replace(lock._this_process(), **changes)  # type: ignore[arg-type]
    (folder / "phases").mkdir(parents=True)
    (folder / lock.PATH).write_text(json.dumps(holder.__dict__))


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"born": "1"}, False),  # the number of the process was used again
        ({"pid": 2**22 + 1}, False),
        ({"place": "elsewhere", "host": "elsewhere"}, True),
        ({"place": "elsewhere", "renewed": 0.0}, False),
        ({"place": "", "renewed": 0.0}, False),
    ],
)
def test_on_a_store_a_record_counts_while_its_process_lives_or_renews_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], counts: bool
) -> None:
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    monkeypatch.setattr(lock, "_SETTLE_SECONDS", 0.0)
    leave_record(tmp_path / "bucket/out", **changes)
    if counts:
        with (
            pytest.raises(UsageError, match="another run writes"),
            lock.hold("objects://bucket/out"),
        ):
            pass
    else:
        with lock.hold("objects://bucket/out"):
            pass


def test_a_record_is_renewed_while_the_work_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    monkeypatch.setattr(lock, "_SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.05)
    path = tmp_path / "bucket/out" / lock.PATH
    with lock.hold("objects://bucket/out"):
        first, deadline = path.stat().st_mtime_ns, time.monotonic() + 10
        while path.stat().st_mtime_ns == first:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_who_came_over_our_record_has_won(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    path = tmp_path / "bucket/out" / lock.PATH
    other = json.dumps(replace(lock._this_process(), host="other").__dict__)
    monkeypatch.setattr(time, "sleep", lambda seconds: path.write_text(other))
    with pytest.raises(UsageError, match="on other"), lock.hold("objects://bucket/out"):
        pass


def test_a_folder_that_nobody_can_write_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UsageError, match="cannot write to the output"),
        lock.hold(str(tmp_path / "file" / "out")),
    ):
        pass
