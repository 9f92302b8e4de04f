"""The walls between the rooms: imports run one way, and Beam stays where it stands."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("filters", "dedup", "sequencing", "model", "pipeline")
MAY_IMPORT = {
    "massivetext": {"massivetext"},
    "filters": {"massivetext", "filters"},
    "dedup": {"massivetext", "dedup"},
    "sequencing": {"massivetext", "sequencing"},
    "model": {"massivetext", "model", "sequencing"},
    "extraction": {"massivetext", "extraction"},
    "pipeline": {"massivetext", "extraction", *ROOMS},
}


def python_files() -> list[Path]:
    own = [ROOT / "massivetext", *(ROOT / room for room in ROOMS)]
    return [
        file
        for folder in own
        for file in sorted(folder.rglob("*.py"))
        if folder.name != "massivetext" or file.parent == folder
    ]


def imports(file: Path) -> list[str]:
    """Absolute names of the modules that a file imports."""
    names = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import; imports are absolute"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def room_of(file: Path) -> str:
    parts = file.relative_to(ROOT).parts
    return "extraction" if parts[:2] == ("pipeline", "extraction") else parts[0]


def room_of_import(name: str) -> str | None:
    parts = name.split(".")
    if parts[0] != "massivetext":
        return None
    if parts[1:3] == ["pipeline", "extraction"]:
        return "extraction"
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else "massivetext"


@pytest.mark.parametrize("file", python_files(), ids=lambda f: str(f.relative_to(ROOT)))
def test_imports_run_one_way(file: Path) -> None:
    for name in imports(file):
        assert name.split(".")[0] not in ROOMS, f"{file} imports {name}: say massivetext.{name}"
        room = room_of_import(name)
        if room is not None:
            assert room in MAY_IMPORT[room_of(file)], f"{file} imports {name}"


@pytest.mark.parametrize("room", ["filters", "dedup", "sequencing", "model", "extraction"])
def test_only_beam_modules_import_beam(room: str) -> None:
    folder = ROOT / ("pipeline/extraction" if room == "extraction" else room)
    for file in folder.rglob("*.py"):
        if file.name != "beam.py":
            assert not [n for n in imports(file) if n.startswith("apache_beam")], file


@pytest.mark.parametrize(
    "module", ["filters", "dedup", "sequencing", "model", "pipeline.extraction", "pipeline.readers"]
)
def test_algorithms_work_without_beam(module: str) -> None:
    code = (
        "import sys\n"
        "sys.modules['apache_beam'] = None\n"
        f"import massivetext.{module}\n"
        "assert 'jax' not in sys.modules, 'workers have no JAX'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=100)


def test_the_rooms_of_the_package_are_the_top_level_folders() -> None:
    for room in ROOMS:
        link = ROOT / "massivetext" / room
        assert link.resolve() == ROOT / room
