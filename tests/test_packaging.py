"""The wheel and the sdist, each installed into an empty environment, run the sample: slow."""

import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("pipeline", "filters", "dedup", "sequencing", "model")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The two archives, built from a copy of the tracked files as a clone would hold them."""
    clone, dist = tmp_path_factory.mktemp("clone") / "massivetext", tmp_path_factory.mktemp("dist")
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", ROOT, clone], check=True)
    subprocess.run([sys.executable, "-m", "build", "-o", dist, clone], check=True, timeout=900)
    return {"wheel": next(dist.glob("*.whl")), "sdist": next(dist.glob("*.tar.gz"))}


def test_the_archives_hold_every_module_once(built: dict[str, Path]) -> None:
    modules = {
        f"massivetext/{path.relative_to(ROOT)}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if "training" not in path.parts
    }
    wheel = set(zipfile.ZipFile(built["wheel"]).namelist())
    assert modules <= wheel
    assert _data_files() <= wheel
    assert {name.split("/")[0].split("-")[0] for name in wheel} == {"massivetext"}
    with tarfile.open(built["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        assert modules <= names
        assert _data_files() <= names
        assert not any(archive.getmember(member.name).issym() for member in archive.getmembers())


def _data_files() -> set[str]:
    """The tracked files of the rooms that modules read: all but code and pages."""
    listed = subprocess.run(
        ["git", "ls-files", *ROOMS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = {f"massivetext/{name}" for name in listed.stdout.splitlines()}
    return {name for name in files if not name.endswith((".py", ".md"))}


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_an_empty_environment_runs_the_sample(
    built: dict[str, Path], kind: str, tmp_path: Path
) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    binaries = environment / "bin"
    install = [binaries / "python", "-m", "pip", "install", "-q", built[kind]]
    subprocess.run(install, check=True, timeout=900)
    shutil.copytree(ROOT / "sample", tmp_path / "sample")
    run = [binaries / "massivetext", "run", "sample/config.toml", "--output", "out", "--quiet"]
    result = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out/sequences/dataset.json").exists()
    verify = [binaries / "massivetext", "verify", "out"]
    checked = subprocess.run(verify, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert " 0 faults" in checked.stdout
    train = [binaries / "massivetext", "train", "out/sequences", "--steps", "1"]
    refused = subprocess.run(train, cwd=tmp_path, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "massivetext[train]" in refused.stderr
