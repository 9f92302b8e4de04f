"""The check before a release sees each thing that may be wrong."""

import io
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.release.check import (
    ROOT,
    check_sample_licences,
    check_sdist,
    check_texts,
    check_wheel,
    stated_version,
)

VERSION = "1.2.3"
METADATA = (
    "Metadata-Version: 2.4\nName: massivetext\nVersion: 1.2.3\nLicense-Expression: Apache-2.0\n"
    "License-File: LICENSE\nRequires-Python: >=3.11\nDescription-Content-Type: text/markdown\n\n"
)
WHEEL = {
    "massivetext/py.typed": "",
    "massivetext-1.2.3.dist-info/METADATA": METADATA,
    "massivetext-1.2.3.dist-info/licenses/LICENSE": "Apache",
}
SDIST = dict.fromkeys(["LICENSE", "README.md", "CHANGELOG.md", "setup.py", "pyproject.toml"], "x")


def faults(checks: object) -> list[str]:
    return [check.name for check in checks if check.fault]  # type: ignore[attr-defined]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The texts of this repository that tell its version."""
    (tmp_path / "massivetext").mkdir()
    for name in ("massivetext/__init__.py", "CHANGELOG.md", "CITATION.cff"):
        shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def test_this_repository_passes() -> None:
    assert faults(check_texts(ROOT)) == []
    assert check_sample_licences(ROOT).fault == ""


@pytest.mark.parametrize(
    ("file", "old", "new", "name"),
    [
        ("massivetext/__init__.py", '__version__ = "', '__version__ = "x', "version"),
        ("CHANGELOG.md", "### Fixed", "### Fixes", "changes"),
        ("CHANGELOG.md", "\n## ", "\n## 9.9.9 (2030-01-01)\n\n## ", "changes"),
        ("CITATION.cff", "\nversion: ", "\nversion: 9", "citation"),
    ],
)
def test_texts_that_disagree_are_seen(
    checkout: Path, file: str, old: str, new: str, name: str
) -> None:
    text = (checkout / file).read_text(encoding="utf-8")
    assert old in text
    (checkout / file).write_text(text.replace(old, new), encoding="utf-8")
    assert name in faults(check_texts(checkout))


def wheel(folder: Path, files: dict[str, str]) -> Path:
    path = folder / "massivetext.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def sdist(folder: Path, files: dict[str, str]) -> Path:
    path = folder / "massivetext.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in {**files, "PKG-INFO": METADATA}.items():
            member = tarfile.TarInfo(f"massivetext-1.2.3/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
    return path


def test_sound_archives_pass(tmp_path: Path) -> None:
    assert faults(check_wheel(wheel(tmp_path, WHEEL), VERSION)) == []
    assert faults(check_sdist(sdist(tmp_path, SDIST), VERSION)) == []


@pytest.mark.parametrize("name", [name for name in WHEEL if "METADATA" not in name])
def test_a_file_that_the_wheel_lacks_is_seen(tmp_path: Path, name: str) -> None:
    files = {other: content for other, content in WHEEL.items() if other != name}
    assert faults(check_wheel(wheel(tmp_path, files), VERSION)) == ["wheel: files"]


def test_metadata_that_differ_are_seen(tmp_path: Path) -> None:
    place = "massivetext-1.2.3.dist-info/METADATA"
    old = METADATA.replace("License-File: LICENSE\n", "").replace("3.11", "3.9")
    found = faults(check_wheel(wheel(tmp_path, WHEEL | {place: old}), VERSION))
    assert found == ["wheel: License-File", "wheel: Requires-Python"]


@pytest.mark.parametrize("name", SDIST)
def test_a_file_that_the_sdist_lacks_is_seen(tmp_path: Path, name: str) -> None:
    files = {other: content for other, content in SDIST.items() if other != name}
    assert faults(check_sdist(sdist(tmp_path, files), VERSION)) == ["sdist: files"]


def test_the_version_is_that_of_the_package() -> None:
    import massivetext

    assert stated_version(ROOT) == massivetext.__version__
