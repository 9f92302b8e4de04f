"""`massivetext export`: what it writes is tested beside the exports; here, how it is asked for."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from massivetext.pipeline.commands import export
from massivetext.pipeline.commands.cli import main
from tests.pipeline.commands.use import fails
from tests.sequencing.shard_folder import write_folder


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """The output folder of a run, as far as exports read it."""
    folder = tmp_path / "out"
    write_folder(folder / "sequences", "raw", [3, 4], 16)
    write_folder(folder / "sequences/held_out", "raw", [2], 16)
    return folder


def test_it_lies_beside_the_run_and_is_told(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(run_folder), "--to", "mds"]) == 0
    into = f"{run_folder}-mds"
    assert capsys.readouterr().out.splitlines() == [
        f"{into}/train: 7 sequences of 16 tokens",
        f"{into}/held_out: 2 sequences of 16 tokens",
    ]
    assert sorted(os.listdir(into)) == ["export.json", "held_out", "tokenizer.model", "train"]


def test_a_folder_of_shards_will_do(run_folder: Path, tmp_path: Path) -> None:
    into = tmp_path / "deep/er"
    given = ["export", str(run_folder / "sequences"), "--to", "megatron", "--into", str(into)]
    assert main(given) == 0
    assert sorted(os.listdir(into / "train")) == [
        f"shard-0000{n}-of-00002.{kind}" for n in range(2) for kind in ("bin", "idx")
    ]
    given = ["export", str(run_folder / "sequences/held_out"), "--to", "hf"]
    assert main(given) == 2  # it would lie beside it, among the shards
    assert main([*given, "--into", str(tmp_path / "alone")]) == 0
    assert sorted(os.listdir(tmp_path)) == ["alone", "deep", "out"]


def test_an_empty_split_is_left_out(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(run_folder / "sequences/held_out")
    write_folder(run_folder / "sequences/held_out", "raw", [0], 16)
    assert main(["export", str(run_folder), "--to", "mds"]) == 0
    assert "held_out" not in os.listdir(f"{run_folder}-mds")
    shutil.rmtree(run_folder / "sequences")
    write_folder(run_folder / "sequences", "raw", [0, 0], 16)
    capsys.readouterr()
    code, said = fails(capsys, "export", str(run_folder), "--to", "hf")
    assert code == 2
    assert "are empty; there is nothing to export" in said


def test_what_cannot_be_done_is_one_line(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine").write_text("x")
    out, here = str(run_folder), str(tmp_path / "here")
    shards = str(run_folder / "sequences/more")
    cases = [
        ((str(taken), "--to", "mds"), "holds no sequences; name the output folder"),
        ((str(tmp_path / "none"), "--to", "mds"), "holds no sequences"),
        ((out, "--to", "litdata"), "invalid choice: 'litdata'"),
        ((out,), "say whose files to write, by --to megatron|mds|hf|maxtext"),
        ((out, "--to", "mds", "--into", str(taken)), "exists; name a folder that is new or empty"),
        ((out, "--to", "mds", "--into", str(taken / "mine/x")), "cannot write"),
        ((out, "--to", "mds", "--into", "s3://bucket/x"), "expected a folder on this machine"),
        ((out, "--to", "mds", "--into", shards), "lies among shards"),
        (("s3://bucket/out", "--to", "mds"), "say where to write, by --into FOLDER"),
        ((out, "--to", "mds", "--into", here, "--", "--runner=x"), "options after -- are for Beam"),
    ]
    for given, expected in cases:
        code, said = fails(capsys, "export", *given)
        assert (code, len(said.splitlines())) == (2, 1), said
        assert expected in said
    assert sorted(os.listdir(tmp_path)) == ["out", "taken"]
    (run_folder / "sequences/dataset.json").write_text("{}")
    code, said = fails(capsys, "export", out, "--to", "mds")
    assert (code, "cannot read the shards of" in said) == (2, True)


def test_a_damaged_shard_ends_it(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = run_folder / "sequences/shard-00001-of-00002.bin"
    content = bytearray(path.read_bytes())
    content[9] ^= 1
    path.write_bytes(content)
    code, said = fails(capsys, "export", str(run_folder), "--to", "maxtext")
    assert (code, len(said.splitlines())) == (1, 1)
    assert "shard-00001-of-00002.bin" in said
    assert "is damaged" in said
    assert os.listdir(run_folder.parent) == ["out"]


def test_a_disk_that_is_too_small_is_seen_before(
    run_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(run_folder)._replace(free=200)
    monkeypatch.setattr(export.shutil, "disk_usage", lambda path: usage)
    code, said = fails(capsys, "export", str(run_folder), "--to", "megatron")
    assert (code, "its disk has 0.000 GB left" in said) == (2, True)


def test_a_full_disk_ends_it(
    run_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_require_room", lambda *_: None)
    limited = Path("/dev/full")
    if not limited.exists():
        pytest.skip("needs /dev/full")

    def write_split(self, folder, split):
        with open(limited, "wb") as stream:
            stream.write(b"x" * 100_000)

    from massivetext.sequencing.shards.exports.hf import HuggingFaceExport

    monkeypatch.setattr(HuggingFaceExport, "write_split", write_split)
    code, said = fails(capsys, "export", str(run_folder), "--to", "hf")
    assert (code, len(said.splitlines())) == (1, 1)
    assert "No space left on device; nothing was exported" in said
    assert os.listdir(run_folder.parent) == ["out"]


SLOW = """
import sys, time
from massivetext.pipeline.commands import cli
from massivetext.sequencing.shards.exports.exported import ExportedSplit
read = ExportedSplit._read
def slowly(self, shard, rows):
    print("reading", flush=True)
    time.sleep(60)
    return read(self, shard, rows)
ExportedSplit._read = slowly
sys.argv = ["massivetext", *sys.argv[1:]]
cli.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_export_can_be_run_again(run_folder: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", SLOW, "export", str(run_folder), "--to", "megatron"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"reading\n"
        time.sleep(0.1)
        process.send_signal(number)
        process.wait(20)
        assert process.stderr is not None
        said = process.stderr.read().decode()
    into = Path(f"{run_folder}-megatron")
    assert not into.exists()
    if number == signal.SIGINT:
        assert (process.returncode, said) == (130, "massivetext: interrupted\n")
        assert os.listdir(run_folder.parent) == ["out"]
    assert main(["export", str(run_folder), "--to", "megatron"]) == 0
    assert sorted(os.listdir(run_folder.parent)) == ["out", "out-megatron"]
    assert len(os.listdir(into / "train")) == 4
