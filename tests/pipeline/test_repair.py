"""Any file of a finished run, deleted or damaged, is rebuilt with the same bytes."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.phases.table import RUN_RECORD

from .small_run import contents, finished_run, write_config

FOLDERS = (
    *("documents", "rejected", "failed", "dedup/keys", "dedup/books", "decontamination"),
    *("corpus", "removed", "sequences", "sequences/provenance", "report"),
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Configuration and output folder of a run."""
    folder = tmp_path_factory.mktemp("finished")
    return finished_run(folder), folder / "out"


def everything(output: Path) -> dict[str, bytes]:
    """All results: those that other runs must write the same, and what phases keep for others."""
    kept = [p for f in ("dedup", "decontamination") for p in sorted((output / f).rglob("*.*"))]
    return {**contents(output), **{str(p.relative_to(output)): p.read_bytes() for p in kept}}


def contents_of(folder: Path) -> list[Path]:
    """Returns the files of a folder that a phase vouches for."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if path.name != Path(RUN_RECORD).name]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_deleted_file_is_made_anew_by_the_same_command(
    finished: tuple[Path, Path], tmp_path: Path, folder: str
) -> None:
    config, output = finished
    expected = everything(output)
    shutil.copytree(output, tmp_path / "out")
    for lost in contents_of(tmp_path / "out" / folder)[-1:]:
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
    damaged = contents_of(tmp_path / "out" / folder)[0]
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert main(["verify", str(tmp_path / "out")]) == 1
    assert "--repair` rebuilds it" in capsys.readouterr().out
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
    assert f"phases/{phase}/manifest.json: missing or damaged" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "out"), "--repair"]) == 0
    assert manifest.read_bytes() == expected
    assert everything(tmp_path / "out") == everything(finished[1])


@pytest.mark.parametrize("phase", ["curate", "dedup", "decontaminate", "corpus", "audit", "report"])
def test_a_lost_folder_of_records_is_found_and_made_anew(
    finished: tuple[Path, Path], tmp_path: Path, phase: str
) -> None:
    shutil.copytree(finished[1], tmp_path / "out")
    shutil.rmtree(tmp_path / "out/phases" / phase)
    assert main(["verify", str(tmp_path / "out")]) == 1
    assert main(["verify", str(tmp_path / "out"), "--repair"]) == 0
    assert everything(tmp_path / "out") == everything(finished[1])


def test_a_run_whose_inputs_have_changed_is_not_repaired_and_loses_nothing(
    finished: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(finished[0].parent / "in", tmp_path / "in")
    config = write_config(tmp_path / "config.toml", str(tmp_path / "in"))
    assert main(["run", str(config), "--output", str(tmp_path / "out"), "--quiet"]) == 0
    damaged = tmp_path / "out/corpus/c4/0.jsonl.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    with (tmp_path / "in/c4/0.jsonl").open("a") as file:
        file.write("\n")
    assert main(["verify", str(tmp_path / "out"), "--repair"]) == 2
    assert "cannot be repaired: the phase 'curate'" in capsys.readouterr().err
    assert damaged.exists()


def test_the_output_itself_is_no_older_corpus_by_whatever_path(
    finished: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(finished[1], tmp_path / "out")
    (tmp_path / "link").symlink_to(tmp_path / "out")
    run = ["run", str(finished[0]), "--output", str(tmp_path / "link"), "--restart", "--quiet"]
    assert main([*run, "--against", str(tmp_path / "out")]) == 2
    assert "is this run's own output" in capsys.readouterr().err
    assert everything(tmp_path / "out") == everything(finished[1])


def test_what_was_made_of_an_input_that_is_gone_goes_with_it(
    finished: tuple[Path, Path], tmp_path: Path
) -> None:
    shutil.copytree(finished[0].parent / "in", tmp_path / "in")
    config = write_config(tmp_path / "config.toml", str(tmp_path / "in"))
    run = ["run", str(config), "--output", str(tmp_path / "out"), "--quiet"]
    assert main(run) == 0
    for phase in ("decontaminate", "corpus"):  # as a run that was killed leaves them
        (tmp_path / "out/phases" / phase / "manifest.json").unlink()
    (tmp_path / "in/c4/1.jsonl").unlink()
    assert main([*run, "--restart"]) == 0
    assert [path for path in (tmp_path / "out").rglob("1.jsonl.*") if "c4" in path.parts] == []
    assert main(["verify", str(tmp_path / "out")]) == 0


def test_files_of_others_among_the_shards_stay(finished: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.copytree(finished[1], tmp_path / "out")
    mine = [
        tmp_path / "out" / name
        for name in (
            *("sequences/shard-notes.txt", "sequences/shard-old/ckpt.bin", "documents/a.parquet"),
            *("sequences/provenance/shard-mine.csv", "phases/curate/mine.txt", "report/my.html"),
        )
    ]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    changed = tmp_path / "changed.toml"
    changed.write_text("seed = 1\n" + finished[0].read_text() + "[quality]\nmin_words = 49\n")
    run = ["run", str(changed), "--output", str(tmp_path / "out"), "--quiet", "--restart"]
    assert main(run) == 0
    assert [path for path in mine if path.read_text() != "mine"] == []


@pytest.mark.parametrize(
    "garbage", ['{"results": []}', '{"results": 5}', "[]", '{"results": null}']
)
def test_settings_of_another_shape_are_no_fault_of_the_program(
    finished: tuple[Path, Path], tmp_path: Path, garbage: str
) -> None:
    shutil.copytree(finished[1], tmp_path / "out")
    settings = tmp_path / "out/phases/corpus/settings.json"
    settings.write_text(garbage)
    assert main(["sequence", str(finished[0]), "--output", str(tmp_path / "out"), "--quiet"]) == 2
    assert main(["run", str(finished[0]), "--output", str(tmp_path / "out"), "--quiet"]) in (0, 2)


@pytest.mark.parametrize("garbage", ["{}", '{"config": 5, "against": []}', "[]", '{"config": {}}'])
def test_a_record_of_the_job_of_another_shape_is_told(
    finished: tuple[Path, Path], tmp_path: Path, garbage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(finished[1], tmp_path / "out")
    (tmp_path / "out/phases/job.json").write_text(garbage)
    assert main(["verify", str(tmp_path / "out"), "--repair"]) == 2
    assert "does not say what it was made with" in capsys.readouterr().err


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
