"""docs/architecture.md names what exists: rooms, files, functions, folders, and a page's way."""

import ast
import re
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
import pytest

from massivetext.pipeline.phases.table import PHASES
from massivetext.sequencing import ShardReader
from massivetext.sequencing.tokenizer import make_tokenizer
from tests.test_architecture import MAY_IMPORT, PIPELINE_MAY_IMPORT, ROOT

PAGE: Final = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
CODE: Final = sorted(set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", PAGE, flags=re.S))))
FILES: Final = [code for code in CODE if re.fullmatch(r"(?:[\w-]+/)+(?:[\w-]+\.\w+)?", code)]
OWN: Final = r"(?:massivetext|filters|dedup|sequencing|model|pipeline)(?:\.\w+)+"
NAMES: Final = [code for code in CODE if re.fullmatch(OWN, code)]
TABLES: Final = [
    [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE)
]
OUTPUT_TREE: Final = re.findall(r"```text\n(documents/.*?)```", PAGE, re.DOTALL)[0]
BESIDE_FILES: Final = {
    *("curate/read", "documents/", "corpus/", "dedup/", "hosts/", "index/", "passages/")
}
"""What looks like a file of the repository and is one of the output folder, or a step."""


def table(*header: str) -> list[list[str]]:
    (rows,) = [rows[2:] for rows in TABLES if rows[0][: len(header)] == list(header)]
    return rows


def members(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    """Names that the statements of a module or a class define."""
    found: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
        elif isinstance(node, ast.Assign):
            found |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
    return found


def is_defined(name: str) -> bool:
    """Whether a dotted name is a module of ours, or what a module or its class defines."""
    parts = name.removeprefix("massivetext.").split(".")
    folder = ROOT / "massivetext" if name.startswith("massivetext.") else ROOT
    while parts and (folder / parts[0]).is_dir():
        folder /= parts.pop(0)
    file = folder / f"{parts.pop(0)}.py" if parts else folder / "__init__.py"
    if not file.is_file():
        return False
    body = ast.parse(file.read_text(encoding="utf-8")).body
    for part in parts:
        node = members(body).get(part)
        if node is None:
            return False
        body = node.body if isinstance(node, ast.ClassDef) else []
    return True


def test_the_page_names_files_and_functions() -> None:
    assert len(FILES) > 15
    assert len(NAMES) > 40


@pytest.mark.parametrize("file", sorted({*FILES} - BESIDE_FILES))
def test_files_exist(file: str) -> None:
    assert (ROOT / file).exists()


@pytest.mark.parametrize("name", NAMES)
def test_names_are_defined(name: str) -> None:
    assert is_defined(name)


@pytest.mark.parametrize(
    ("name", "defined"),
    [
        ("filters.rule.Rule", True),
        ("massivetext.kernels.helper", True),
        ("sequencing.tokenizer.Tokenizer.encode", True),
        ("sequencing.draws.Draw.by_visit", True),
        ("dedup.heads.HEADS_PER_BUCKET", True),
        ("filters.rules.Gone", False),
        ("filters.gone.Rule", False),
        ("sequencing.tokenizer.Tokenizer.gone", False),
        ("sequencing.gone", False),
    ],
)
def test_names_that_are_gone_are_seen(name: str, defined: bool) -> None:
    assert is_defined(name) == defined


def test_rooms_may_import_what_the_page_says() -> None:
    stated = {}
    for room, _, imports in table("room"):
        own = room.strip("`").rstrip("/")
        stated[own] = {*re.findall(r"`([\w/]+)/`", imports)}
        if imports.startswith("all"):
            stated[own] = {"all", *stated[own]}
    held = {room: MAY_IMPORT[room] - {room} for room in MAY_IMPORT if room != "pipeline"}
    held["pipeline/extraction"] = held.pop("extraction")
    below = {room: PIPELINE_MAY_IMPORT[room] - {room} for room in PIPELINE_MAY_IMPORT}
    assert below["readers"] == below["engine"] == set()
    assert below["transforms"] == PIPELINE_MAY_IMPORT.keys() - {"commands", "transforms"}
    assert below["commands"] == below["transforms"] | {"transforms"}
    assert below["phases"] == below["transforms"] - {"phases"}
    assert stated == {
        **held,
        "pipeline/readers": {"massivetext"},
        "pipeline/engine": {"massivetext"},
        "pipeline/phases": {"all", "pipeline/commands", "pipeline/transforms"},
        "pipeline/transforms": {"all", "pipeline/commands"},
        "pipeline/commands": {"all"},
    }


def test_the_phases_are_those_of_the_table() -> None:
    stated = {name: re.findall(r"`([\w.]+)`", writes) for name, _, writes, _ in table("phase")}
    assert stated == {phase.name: list(phase.folders) for phase in PHASES}
    assert list(stated) == [phase.name for phase in PHASES]


def test_words_stand_once_and_in_order() -> None:
    words = [row[0] for row in table("word")]
    assert words == sorted(set(words))


def test_there_are_ten_decisions_and_each_is_whole() -> None:
    decisions = re.split(r"^### \d+\. ", PAGE, flags=re.MULTILINE)[1:]
    assert len(decisions) == 10
    for decision in decisions:
        parts = re.findall(r"^- \*\*(.+?)\.\*\*", decision, re.MULTILINE)
        assert parts == ["Context", "Decision", "Figure", "Would change it"]
        assert re.search(r"\*\*Figure\.\*\*[^*]*\d", decision)


def test_the_output_folder_is_that_of_a_run(sample_run: Path) -> None:
    stated = {line.split()[0].split("/")[0] for line in OUTPUT_TREE.splitlines()}
    assert stated == {path.name for path in sample_run.iterdir()}
    assert not list((sample_run / "tmp").iterdir())
    item = "massiveweb/pages-00000.warc.gz"
    names = {"<item>": item, "<phase>": "curate", "<step>/*": "read/**/*"}
    for path, *_ in map(str.split, OUTPUT_TREE.splitlines()):
        pattern = re.sub("|".join(map(re.escape, names)), lambda found: names[found[0]], path)
        assert list(sample_run.glob(pattern)), path


def test_the_way_of_a_document_is_that_of_the_sample(sample_run: Path) -> None:
    way = " ".join(row[3] for row in table("", "what happens"))
    (document,) = re.findall(r"explain OUT ([0-9a-f]{32})", PAGE)
    item = "massiveweb/pages-00000.warc.gz"
    places = {}
    for folder in ("documents", "corpus"):
        rows = pq.read_table(sample_run / f"{folder}/{item}.parquet").to_pylist()
        places[folder] = next(n for n, row in enumerate(rows) if row["id"] == document)
        page = rows[places[folder]]
        assert page["url"].endswith("/mod_systemd.html")
        assert f"`{folder}/`, row {places[folder]}" in way
    size_bytes = len(page["text"].encode())
    assert f"{size_bytes:,} bytes of text" in way
    assert f"{page['words']} words, English" in way
    assert f"bytes 0 to {size_bytes:,}" in way
    tokens = make_tokenizer((sample_run / "sequences/tokenizer.model").read_bytes())
    assert f"{len(tokens.encode(page['text'].encode()))} tokens" in way
    (number,) = re.findall(r"sequence (\d+), tokens", way)
    pieces = ShardReader(sample_run / "sequences").provenance(int(number))
    (piece,) = [piece for piece in pieces if piece.document_id == document]
    assert f"tokens {piece.token_start} to {piece.token_end}" in way
    assert f"{piece.crop_token_end} tokens with BOS and EOS" in way
