"""`report/run.json`: what differs from run to run, beside the run and told by nothing else."""

import json
from pathlib import Path

import pytest

from massivetext import __version__
from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.phases.table import PHASES, RUN_RECORD
from tests.pipeline.small_run import finished_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run-record")
    finished_run(folder)
    return folder


def test_it_tells_times_throughput_and_versions(folder: Path) -> None:
    record = json.loads((folder / "out" / RUN_RECORD).read_text())
    assert list(record["phases"]) == [phase.name for phase in PHASES]
    seconds = [told["seconds"] for told in record["phases"].values()]
    assert min(seconds) >= 0 < max(seconds)  # a phase may be done while another one works
    curate = record["phases"]["curate"]
    files = [path for path in (folder / "in").rglob("*") if path.is_file()]
    assert curate["items"] == len(files)
    assert curate["input_bytes"] == sum(path.stat().st_size for path in files)
    assert curate["records_per_second"] == pytest.approx(
        curate["ledger"]["in"] / curate["seconds"], abs=0.1
    )
    assert record["massivetext"] == __version__
    assert record["runner"] == "FnApiRunner"
    assert record["processes"] >= 1
    assert {"apache-beam", "pyarrow", "numba"} <= record["packages"].keys()


def test_a_finished_run_keeps_it_and_nobody_misses_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "out" / RUN_RECORD
    before = path.read_bytes()
    arguments = [str(folder / "config.toml"), "--output", str(folder / "out"), "--quiet"]
    assert main(["run", *arguments]) == 0
    assert path.read_bytes() == before
    path.unlink()
    assert main(["verify", str(folder / "out")]) == 0
    capsys.readouterr()
    assert not path.exists()


@pytest.mark.parametrize("damaged", [b"", b"[]", b'{"phases": 3}', b"\xff"])
def test_a_damaged_record_begins_anew(folder: Path, damaged: bytes) -> None:
    path = folder / "out" / RUN_RECORD
    path.write_bytes(damaged)
    arguments = [str(folder / "config.toml"), "--output", str(folder / "out"), "--quiet"]
    with (folder / "config.toml").open("a") as config:
        config.write(f"# {damaged!r}\n")
    for manifest in (folder / "out/phases/report").glob("manifest.json"):
        manifest.unlink()
    assert main(["report", *arguments]) == 0
    assert list(json.loads(path.read_text())["phases"]) == ["report"]
