"""Any file of a finished run, deleted or damaged, is made anew with the same bytes."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from massivetext.pipeline.commands.cli import main

from .small_run import contents, write_config, write_sources

FOLDERS = (
    *("documents", "rejected", "failed", "dedup/keys", "dedup/books", "decontamination"),
    *("corpus", "removed", "sequences", "sequences/provenance", "report"),
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Configuration and output folder of a run."""
    folder = tmp_path_factory.mktemp("finished")
    write_sources(folder / "in")
    config = write_config(folder / "config.toml", str(folder / "in"))
    assert main(["run", str(config), "--output", str(folder / "out"), "--quiet"]) == 0
    return config, folder / "out"


def everything(output: Path) -> dict[str, bytes]:
    """All results: those that other runs must write the same, and what phases keep for others."""
    kept = [p for f in ("dedup", "decontamination") for p in sorted((output / f).rglob("*.*"))]
    return {**contents(output), **{str(p.relative_to(output)): p.read_bytes() for p in kept}}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_deleted_file_is_made_anew_by_the_same_command(
    finished: tuple[Path, Path], tmp_path: Path, folder: str
) -> None:
    config, output = finished
    expected = everything(output)
    shutil.copytree(output, tmp_path / "out")
    for lost in sorted(p for p in (tmp_path / "out" / folder).rglob("*") if p.is_file())[-1:]:
        lost.unlink()
    assert main(["verify", str(tmp_path / "out")]) == 1
    assert main(["run", str(config), "--output", str(tmp_path / "out"), "--quiet"]) == 0
    assert everything(tmp_path / "out") == expected
    assert main(["verify", str(tmp_path / "out")]) == 0


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_damaged_file_is_made_anew_by_verify(
    finished: tuple[Path, Path], tmp_path: Path, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, output = finished
    expected = everything(output)
    shutil.copytree(output, tmp_path / "out")
    damaged = sorted(p for p in (tmp_path / "out" / folder).rglob("*") if p.is_file())[0]
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert main(["verify", str(tmp_path / "out")]) == 1
    assert "--repair` makes it anew" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "out"), "--repair"]) == 0
    assert everything(tmp_path / "out") == expected


@pytest.mark.parametrize("phase", ["curate", "dedup", "decontaminate", "corpus", "sequence"])
def test_a_damaged_manifest_is_found_and_made_anew(
    finished: tuple[Path, Path], tmp_path: Path, phase: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(finished[1], tmp_path / "out")
    manifest = tmp_path / "out/phases" / phase / "manifest.json"
    expected = manifest.read_bytes()
    manifest.write_bytes(expected[: len(expected) // 2])
    assert main(["verify", str(tmp_path / "out")]) == 1
    assert f"phases/{phase}/manifest.json: damaged" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "out"), "--repair"]) == 0
    assert manifest.read_bytes() == expected
    assert everything(tmp_path / "out") == everything(finished[1])


def test_verify_names_files_that_no_phase_has_written(
    finished: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(finished[1], tmp_path / "out")
    part = tmp_path / "out/corpus/books/source-0/0.jsonl.parquet"
    shutil.copy(part, tmp_path / "out/corpus/zz.parquet")
    (tmp_path / "out/corpus/.hidden").write_text("")
    (tmp_path / "out/sequences/_SUCCESS").write_text("")
    assert main(["verify", str(tmp_path / "out"), "--repair"]) == 1
    out = capsys.readouterr().out
    assert "corpus/zz.parquet: no phase has written it" in out
    assert "1 faults" in out
    assert (tmp_path / "out/corpus/zz.parquet").exists()


def test_a_repair_whose_inputs_are_gone_says_so(
    finished: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, _ = finished
    shutil.copytree(config.parent / "in", tmp_path / "in")
    moved = write_config(tmp_path / "config.toml", str(tmp_path / "in"))
    assert main(["run", str(moved), "--output", str(tmp_path / "out"), "--quiet"]) == 0
    shutil.rmtree(tmp_path / "in/books")
    (tmp_path / "out/corpus/c4/0.jsonl.parquet").write_bytes(b"damaged")
    assert main(["verify", str(tmp_path / "out"), "--repair"]) == 2
    assert "source 'books'" in capsys.readouterr().err


def test_a_second_writer_ends_with_the_name_of_the_first(
    finished: tuple[Path, Path], tmp_path: Path
) -> None:
    config, _ = finished
    program = Path(sys.executable).parent / "massivetext"
    command = [program, "run", config, "--output", tmp_path / "out", "--quiet"]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    tried = 0
    while first.poll() is None and time.monotonic() < deadline:
        if not (tmp_path / "out/phases/curate").exists():
            time.sleep(0.05)
            continue
        second = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if first.poll() is None:
            assert second.returncode == 2
            assert (
                f"another run writes to {tmp_path / 'out'}: process {first.pid} on" in second.stderr
            )
            assert len(second.stderr.splitlines()) == 1
            tried += 1
    assert first.wait() == 0, first.stderr.read()  # type: ignore[union-attr]
    assert tried > 0
    assert list((tmp_path / "out/tmp").iterdir()) == []
    assert not (tmp_path / "out/phases/lock").exists()
