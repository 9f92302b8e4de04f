"""The walls between the rooms: imports run one way, and Beam stays where it stands."""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
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
PIPELINE_MAY_IMPORT = {
    "commands": {"commands", "transforms", "phases", "readers", "extraction", "engine"},
    "phases": {"phases", "readers", "extraction", "engine"},
    "readers": {"readers"},
    "extraction": {"extraction"},
    "engine": {"engine"},
    "transforms": {"transforms", "phases", "readers", "extraction", "engine"},
}
"""The rooms of pipeline/; commands may also import the trainer's commands."""
FACES = (("massivetext", "__main__.py"), ("massivetext", "__init__.py"))
"""Where the command line starts, and the Python face, which imports a name when it is asked for."""


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
    if parts in FACES:
        return "pipeline"
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


def pipeline_room(parts: tuple[str, ...]) -> str | None:
    """The room of pipeline/ that a path or a dotted name below massivetext lies in."""
    return parts[1] if parts[:1] == ("pipeline",) and len(parts) > 1 else None


def files_of_pipeline() -> list[Path]:
    return [file for file in python_files() if file.relative_to(ROOT).parts[0] == "pipeline"]


def test_nothing_but_rooms_lies_in_pipeline() -> None:
    own = {path.name for path in (ROOT / "pipeline").iterdir()} - {"__pycache__"}
    assert own == {"__init__.py", *PIPELINE_MAY_IMPORT}


@pytest.mark.parametrize("file", files_of_pipeline(), ids=lambda f: str(f.relative_to(ROOT)))
def test_imports_run_one_way_inside_pipeline(file: Path) -> None:
    """Imports inside functions count as well."""
    room = pipeline_room(file.relative_to(ROOT).parts)
    for name in imports(file) if room != "__init__.py" else ():
        other = pipeline_room(tuple(name.split(".")[1:]))
        if name.startswith("massivetext.pipeline.") and room is not None:
            assert other in PIPELINE_MAY_IMPORT[room], f"{file} imports {name}"


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    named = parts if parts[0] == "massivetext" else ("massivetext", *parts)
    return ".".join(named).removesuffix(".__init__")


def imported_module(name: str, modules: dict[str, Path]) -> str | None:
    """The module of ours that an import names: itself, or the one that holds the name."""
    return next((found for found in (name, name.rpartition(".")[0]) if found in modules), None)


def test_no_module_imports_itself_in_a_circle() -> None:
    """Over all files of the project, imports inside functions included."""
    modules = {module_name(file): file for file in python_files()}
    arrows = {
        module: {imported_module(name, modules) for name in imports(file)} - {None, module}
        for module, file in modules.items()
        if module != "massivetext"  # imports nothing of its own accord: test_public_face.py
    }
    arrows["massivetext"] = set()
    left = dict(arrows)
    while leaves := {module for module, to in left.items() if not to & left.keys()}:
        left = {module: to for module, to in left.items() if module not in leaves}
    assert not left, f"these import each other: {', '.join(sorted(left))}"


ONE_IDEA = {
    # The row of a table that its module adds, and what stands in it.
    "READER": ("pipeline/readers/",),
    "read": ("pipeline/readers/",),
    "FORMAT": ("sequencing/shards/",),
    "EXPORT": ("sequencing/shards/exports/",),
    "COMMAND": ("pipeline/commands/",),
    "COMMANDS": ("pipeline/commands/", "model/commands.py"),
    "add_arguments": ("pipeline/commands/",),
    "run": ("pipeline/commands/",),
    "PHASE": ("pipeline/phases/",),
    "settings": ("pipeline/phases/",),
    "check": ("pipeline/phases/",),
    "COSTS": ("pipeline/phases/",),
    # Where a process starts.
    "main": (
        "massivetext/__main__.py",
        "pipeline/commands/cli.py",
        "pipeline/extraction/training/",
    ),
    # The two vocabularies of the extractor: words of names, words of texts.
    "GROUPS": ("pipeline/extraction/",),
    "GROUP_COUNT": ("pipeline/extraction/",),
    "PATTERNS": ("pipeline/extraction/",),
    # What of the configuration a phase's results depend on: part of its `PHASE`, as `settings` is.
    "stated": ("pipeline/phases/",),
    # An array of any kind, in the signatures of compiled helpers.
    "Array": ("filters/",),
}
"""Public names that several modules define on purpose, and where: they mean the same there."""


def public_names(file: Path) -> Iterator[str]:
    """Names that a module defines at its top level, without those that it imports."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found = [name for target in targets for name in ast.walk(target)]
            names = [name.id for name in found if isinstance(name, ast.Name)]
        else:
            names = []
        yield from (name for name in names if not name.startswith("_"))


def homonyms(files: list[Path]) -> dict[str, list[str]]:
    """Public names that two or more files define, outside of the places where they may."""
    places = defaultdict(set)
    for file in files:
        for name in public_names(file):
            places[name].add(file.relative_to(ROOT).as_posix())
    return {
        name: sorted(found)
        for name, found in places.items()
        if len(found) > 1 and not all(place.startswith(ONE_IDEA.get(name, ())) for place in found)
    }


def test_a_public_name_means_one_thing() -> None:
    """docs/architecture.md lists the words; a second idea gets a word of its own."""
    assert homonyms(python_files()) == {}


def test_homonyms_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    texts = {
        "filters/one.py": "class Rule: ...\ndef read(): ...\n_LIMIT = 1\n",
        "dedup/two.py": "Rule: type = int\n_LIMIT = 2\n",
        "pipeline/readers/new.py": "def read(): ...\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert homonyms([tmp_path / name for name in texts]) == {
        "Rule": ["dedup/two.py", "filters/one.py"],
        "read": ["filters/one.py", "pipeline/readers/new.py"],
    }
