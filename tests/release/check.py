"""Checks what a release would publish: `make release-check`.

    python tests/release/check.py [FOLDER]

Builds wheel, sdist and documentation from what git tracks at HEAD, into FOLDER (out/release), and
prints a line for each check. The exit code is 1 if one fails. docs/releasing.md has the recipe.
"""

from __future__ import annotations

import email.message
import email.parser
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

_VERSION: Final = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")
"""Our choice: the part of PEP 440 that our releases use."""
_HEADINGS: Final = {"New", "Changed", "Breaking", "Fixed"}
_SDIST_FILES: Final = {"LICENSE", "README.md", "CHANGELOG.md", "setup.py", "pyproject.toml"}


@dataclass(frozen=True)
class Check:
    """One thing that must hold.

    Attributes:
        name: what is looked at.
        fault: what is wrong and what to do; "" if nothing is.
    """

    name: str
    fault: str


def stated_version(root: Path) -> str:
    """Returns the version that the package states."""
    text = (root / "massivetext/__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.*)"$', text, re.MULTILINE)
    return found[1] if found else ""


def check_texts(root: Path) -> Iterator[Check]:
    """Yields what holds of version, changes and citation in a checkout."""
    version = stated_version(root)
    form = "" if _VERSION.fullmatch(version) else f"{version!r} is not a version such as 1.2.3"
    yield Check("version", form)
    yield Check("changes", _changes_fault((root / "CHANGELOG.md").read_text("utf-8"), version))
    citation = (root / "CITATION.cff").read_text(encoding="utf-8")
    cited = f"\nversion: {version}\n" in citation
    yield Check("citation", "" if cited else f"CITATION.cff has another version than {version}")


def _changes_fault(changes: str, version: str) -> str:
    """Returns what is wrong with the newest release of the changes."""
    first = re.search(r"^## (\S+) \(.*\)\n(.*?)(?=^## |\Z)", changes, re.DOTALL | re.MULTILINE)
    if first is None or first[1] != version:
        return f"the first heading of CHANGELOG.md is not '## {version} (date)'"
    headings = set(re.findall(r"^### (.+)$", first[2], re.MULTILINE))
    unknown = ", ".join(sorted(headings - _HEADINGS))
    return f"unknown headings {unknown}; expected New, Changed, Breaking, Fixed" if unknown else ""


def check_wheel(wheel: Path, version: str) -> Iterator[Check]:
    """Yields what holds of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = _metadata(archive.read(f"massivetext-{version}.dist-info/METADATA"))
    yield from _check_metadata("wheel", metadata, version)
    licence = f"massivetext-{version}.dist-info/licenses/LICENSE"
    yield _check_files("wheel: files", {"massivetext/py.typed", licence} - names)


def check_sdist(sdist: Path, version: str) -> Iterator[Check]:
    """Yields what holds of an sdist."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        content = archive.extractfile(f"massivetext-{version}/PKG-INFO")
        metadata = _metadata(content.read() if content else b"")
    yield from _check_metadata("sdist", metadata, version)
    yield _check_files("sdist: files", _SDIST_FILES - names)


def _metadata(content: bytes) -> email.message.Message:
    return email.parser.BytesParser().parsebytes(content)


def _check_metadata(archive: str, metadata: email.message.Message, version: str) -> Iterator[Check]:
    """Yields what holds of the core metadata of an archive."""
    for key, expected in (
        ("Version", version),
        ("License-Expression", "Apache-2.0"),
        ("License-File", "LICENSE"),
        ("Requires-Python", ">=3.11"),
        ("Description-Content-Type", "text/markdown"),
    ):
        found = metadata[key]
        fault = "" if found == expected else f"found {found!r}, expected {expected!r}"
        yield Check(f"{archive}: {key}", fault)


def _check_files(name: str, missing: set[str]) -> Check:
    return Check(name, f"missing {', '.join(sorted(missing))}; see MANIFEST.in" if missing else "")


def check_sample_licences(root: Path) -> Check:
    """Returns whether the page of the sample's licences names each licence file's package."""
    page = (root / "sample/LICENCES.md").read_text(encoding="utf-8").lower()
    files = sorted((root / "sample/licences").iterdir())
    unnamed = [file.name for file in files if file.stem.lower() not in page]
    return Check("sample: licences", f"LICENCES.md does not name {unnamed}" if unnamed else "")


def build(folder: Path) -> Path:
    """Builds wheel, sdist and site of HEAD below a folder; returns its clone.

    Raises:
        subprocess.CalledProcessError: if one cannot be built.
    """
    shutil.rmtree(folder, ignore_errors=True)
    clone = folder / "clone"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", ROOT, clone], check=True)
    archives = [sys.executable, "-m", "build", "--outdir", folder / "dist", clone]
    subprocess.run(archives, check=True, stdout=subprocess.DEVNULL)
    site = [sys.executable, "-m", "docs.site.build", folder / "docs"]
    subprocess.run(site, check=True, cwd=clone)
    return clone


def main(folder: Path) -> int:
    """Builds, checks and prints; returns the exit code."""
    clone = build(folder.resolve())
    version = stated_version(clone)
    checks = [
        *check_texts(clone),
        check_sample_licences(clone),
        *check_wheel(next((folder / "dist").glob("*.whl")), version),
        *check_sdist(next((folder / "dist").glob("*.tar.gz")), version),
    ]
    for check in checks:
        print(f"{'FAILED' if check.fault else 'passed'}  {check.name}  {check.fault}".rstrip())
    return 1 if any(check.fault for check in checks) else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "out/release"))
