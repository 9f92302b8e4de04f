"""Stores and workers that fail: nothing is lost, nothing counts twice, the bytes are the same."""

import io
import multiprocessing
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from apache_beam.io.aws.clients.s3.messages import S3ClientError

from massivetext.config import Config
from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.engine import lock, retries, store
from massivetext.pipeline.engine.commits import CommitItem, Commits
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.errors import RunError
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.processes import close_processes
from massivetext.pipeline.engine.results import ItemResult
from massivetext.pipeline.engine.steps import Map
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.pipeline.readers import FileRange
from tests.pipeline.steps import steps_of

from . import object_store
from .object_store import Fault, faults
from .small_run import contents, finished_run, write_config, write_sources


@dataclass(frozen=True)
class Place:
    """A run on the tests' object store: its configuration, and where its output lies in truth."""

    config: Path
    local: Path

    @property
    def output(self) -> str:
        return f"{object_store.SCHEME}://out"

    def run(self, *options: str) -> int:
        return main(["run", str(self.config), "--output", self.output, "--quiet", *options])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv(object_store.ROOT_VARIABLE, str(tmp_path / "objects"))
    monkeypatch.setattr(retries, "PAUSES_SECONDS", (0.0, 0.0, 0.0))
    write_sources(tmp_path / "objects/in")
    config = write_config(tmp_path / "config.toml", f"{object_store.SCHEME}://in")
    return Place(config, tmp_path / "objects/out")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run on local files writes."""
    folder = tmp_path_factory.mktemp("local")
    finished_run(folder)
    return contents(folder / "out")


def same(found: dict[str, bytes], expected: dict[str, bytes]) -> bool:
    """Whether two runs wrote the same; failed records name the file they were read from."""
    return {k: v for k, v in found.items() if not k.startswith("failed/")} == {
        k: v for k, v in expected.items() if not k.startswith("failed/")
    } and found.keys() == expected.keys()


PASSING = {
    "when an input is opened": Fault("open", object_store.fail, where="/in/", after=2),
    "while reading": Fault("read", object_store.fail, where="/in/", after=3),
    "while reading a Parquet input": Fault("read", object_store.fail, 9, where="1.parquet"),
    "before the file is made": Fault("create", object_store.fail, after=7),
    "between temporary file and rename": Fault("rename", object_store.fail, after=5),
    "in the middle of the copy": Fault("rename", object_store.halfway, after=9),
    "between copy and delete": Fault("rename", object_store.copied_only, where="/documents/"),
    "at an item's record": Fault("rename", object_store.halfway, where="phases/curate/read"),
    "at a round's record": Fault("rename", object_store.halfway, where="phases/dedup/pairs"),
    "at a shard": Fault("rename", object_store.halfway, where="/sequences/shard"),
    "twice in a row": Fault("open", object_store.fail, where="/corpus/", times=2),
    "slow all the time": Fault("rename", object_store.slow, times=10_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_run_gets_over_faults_that_pass(
    place: Place, expected: dict[str, bytes], fault: Fault
) -> None:
    with faults(fault) as met:
        assert place.run() == 0
        assert met.faults >= min(fault.times, 2)
    assert same(contents(place.local), expected)
    assert main(["verify", place.output]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("where", ["/documents/", "phases/curate/manifest", "/sequences/shard"])
def test_a_full_store_ends_the_run_which_goes_on_when_there_is_room(
    place: Place, expected: dict[str, bytes], capsys: pytest.CaptureFixture[str], where: str
) -> None:
    with faults(Fault("rename", object_store.full, where=where, times=10_000)):
        assert place.run() == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "No space left on device" in error
    assert "run the same command again" in error
    assert place.run() == 0
    assert same(contents(place.local), expected)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of 200 kB, where this user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # whatever still reads there


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


@pytest.mark.slow
def test_a_disk_that_is_full_and_then_larger_and_then_read_only(
    small_disk: Path,
    tmp_path: Path,
    expected: dict[str, bytes],
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_sources(tmp_path / "in")
    config = write_config(tmp_path / "config.toml", str(tmp_path / "in"))
    run = ["run", str(config), "--output", str(small_disk / "out"), "--quiet"]
    assert main(run) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "No space left on device" in error
    assert "run the same command again" in error
    assert list((small_disk / "out/phases").rglob("*.json"))
    remount(small_disk, "size=64m")
    assert main(run) == 0
    assert same(contents(small_disk / "out"), expected)
    remount(small_disk, "ro")
    assert main([*run, "--restart"]) == 2
    assert "Read-only file system" in capsys.readouterr().err
    remount(small_disk, "rw")


def test_a_read_only_output_is_refused_before_any_work(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    with faults(Fault("create", object_store.read_only, times=10_000)):
        assert place.run() == 2
    assert "cannot write to the output folder objects://out" in capsys.readouterr().err


def test_an_input_that_cannot_be_looked_into_is_no_damaged_file(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    with faults(Fault("read", object_store.fail, where="1.parquet", times=100)):
        assert place.run() == 2
    assert "cannot read objects://in/books/1.parquet: no answer" in capsys.readouterr().err


@pytest.mark.slow
def test_a_finished_run_does_nothing_again(place: Place) -> None:
    assert place.run() == 0
    with faults() as met:
        assert place.run() == 0
        written = {path for kind, path in met.operations if kind == "rename"}
    # The lock of a store is a record, which its holder writes.
    assert not {path for path in written if not path.endswith(("writable", lock.PATH))}


@pytest.mark.slow
def test_an_object_cut_short_is_made_again(place: Place, expected: dict[str, bytes]) -> None:
    assert place.run() == 0
    (place.local / "phases/curate/manifest.json").unlink()
    cut = sorted((place.local / "documents").rglob("*.parquet"))[0]
    cut.write_bytes(cut.read_bytes()[:100])
    assert place.run() == 0
    assert same(contents(place.local), expected)


def item(number: int, name: str) -> WorkItem:
    return WorkItem(number, name, "books", 0, "none", FileRange(0, 1), 1, 1.0, 1.0)


@dataclass(frozen=True)
class WriteSlowly:
    """Writes a file by two attempts at once."""

    output: str
    barrier: threading.Barrier

    def __call__(self, work_item: WorkItem) -> ItemResult[None]:
        self.barrier.wait()
        entry = store.write_bytes(self.output, f"made/{work_item.name}", b"content" * 10_000)
        return ItemResult((entry,), {"in": 1, "kept": 1})


def test_two_attempts_at_once_write_one_file_and_one_record(place: Place) -> None:
    commits = Commits(place.output, "phases/make/step", "key")
    commit = CommitItem(WriteSlowly(place.output, threading.Barrier(2)), commits)
    done: list[str] = []

    def attempt() -> None:
        commit(item(0, "a"))
        done.append("a")

    with faults(Fault("rename", object_store.slow, times=100)):
        attempts = [threading.Thread(target=attempt) for _ in range(2)]
        for thread in attempts:
            thread.start()
        for thread in attempts:
            thread.join()
    assert done == ["a", "a"]
    files = sorted(str(p.relative_to(place.local)) for p in place.local.rglob("*") if p.is_file())
    assert files == ["made/a", "phases/make/step/a.json"]
    result = commits.read(item(0, "a"))
    assert result is not None
    assert result.files[0].size_bytes == 70_000


@dataclass(frozen=True)
class KillWorker:
    """Kills the process that works on an item, so many times; but not this one, which waits."""

    folder: str
    victim: str
    times: int
    moment: str = "while reading"

    def __call__(self, work_item: WorkItem) -> ItemResult[None]:
        if multiprocessing.parent_process() is None:
            self._wait()
        self._die(work_item, "while reading")
        with store.commit(self.folder, f"made/{work_item.name}") as pending:
            pending.stream.write(b"1")
            self._die(work_item, "before the rename")
        self._die(work_item, "after the rename")
        return ItemResult((pending.entry,), {"in": 1, "kept": 1})

    def _wait(self) -> None:
        deadline = time.monotonic() + 100
        while len(self._deaths()) < min(self.times, 3) and time.monotonic() < deadline:
            time.sleep(0.1)

    def _deaths(self) -> str:
        deaths = Path(self.folder, "deaths")
        return deaths.read_text() if deaths.exists() else ""

    def _die(self, work_item: WorkItem, moment: str) -> None:
        died = self._deaths()
        if (work_item.name, moment) == (self.victim, self.moment) and len(died) < self.times:
            Path(self.folder, "deaths").write_text(died + "x")
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["while reading", "before the rename", "after the rename"])
def test_a_worker_process_that_dies_is_replaced(tmp_path: Path, moment: str) -> None:
    items = [item(number, f"books/{number}") for number in range(4)]
    job = Job(Config(), str(tmp_path), BeamEngine(workers=2), quiet=True)
    work = KillWorker(str(tmp_path), "books/2", 2, moment)
    results = steps_of(job, "make").run(Map("step", items, work))
    assert [result.ledger["kept"] for result in results.values()] == [1, 1, 1, 1]
    assert (tmp_path / "deaths").read_text() == "xx"
    assert [file.read_bytes() for file in sorted((tmp_path / "made/books").iterdir())] == [b"1"] * 4
    close_processes()


@pytest.mark.slow
def test_an_item_that_kills_every_worker_is_named(tmp_path: Path) -> None:
    job = Job(Config(), str(tmp_path), BeamEngine(workers=2), quiet=True)
    items = [item(number, f"books/{number}") for number in range(4)]
    work = KillWorker(str(tmp_path), "books/2", times=100)
    with pytest.raises(RunError, match=r"died 3 times on books/2, .* fewer --workers"):
        steps_of(job, "make").run(Map("step", items, work))
    close_processes()


@pytest.mark.parametrize("content", [b"", b'{"key": "k', b"[1]", b"\xff"])
def test_a_record_that_is_not_whole_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "record.json").write_bytes(content)
    assert store.read_record(str(tmp_path / "record.json")) is None
    assert store.read_record(str(tmp_path / "none.json")) is None


def test_faults_that_last_are_told_from_those_that_pass() -> None:
    wrapped = object_store.BeamIOError("rename", {"a": OSError(28, "No space left on device")})
    assert not store.is_transient(OSError(28, "No space left on device"))
    assert not store.is_transient(NotADirectoryError(20, "Not a directory"))
    assert not store.is_transient(IsADirectoryError(21, "Is a directory"))
    assert not store.is_transient(wrapped)
    refused = object_store.BeamIOError("delete", {"a": S3ClientError("AccessDenied", 403)})
    assert not store.is_transient(refused)
    assert not store.is_transient(object_store.BeamIOError("list", {"a": ValueError("no bucket")}))
    assert not store.is_transient(io.UnsupportedOperation("not seekable"))
    busy = object_store.BeamIOError("delete", {"a": S3ClientError("SlowDown", 503)})
    assert store.is_transient(busy)
    assert store.is_transient(object_store.BeamIOError("no answer", {"a": TimeoutError()}))
    assert store.is_transient(ConnectionResetError())
