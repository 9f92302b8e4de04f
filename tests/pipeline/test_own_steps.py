"""Own measures, rules and edits in whole runs: what they leave, on one worker and on two."""

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.phases.report.edited_texts import EDITS_SCHEMA

from .small_run import contents, write_config, write_sources

CODE = """
import pyarrow as pa
import pyarrow.compute as pc

from own_test_words import LIGHT


def lights(texts):
    return pc.count_substring(texts, LIGHT)


def shape(texts, columns, *, mark):
    marks = pc.cast(pc.count_substring(texts, mark), pa.float64())
    return pa.table({"marks": marks, "books": pc.equal(columns["subset"], "books")})


def mask(texts, columns):
    assert columns.column_names == ["id"]
    return pc.replace_substring(texts, "river", "RIVER")
"""
STEPS = """
[dedup]
keep_pairs = true

[[measure]]
name = "lights"
call = "own_test_rules:lights"

[[measure]]
name = "shape"
call = "own_test_rules:shape"
gives = ["marks", "books"]
columns = ["subset", "language"]
settings = { mark = "old" }

[[rule]]
measure = "lights"
max = 8
subsets = ["books"]
source = "our choice: a test"

[[rule]]
measure = "lights"
max = 7
subsets = ["c4"]

[[rule]]
measure = "shape.marks"
min = 1
max = 9

[[edit]]
name = "mask"
call = "own_test_rules:mask"
columns = ["id"]
subsets = ["c4"]
"""
OWN = ["own.lights", "own.shape.marks", "own.shape.books"]


def configured(folder: Path, steps: str = STEPS, code: str = CODE) -> Path:
    if not (folder / "in").exists():
        write_sources(folder / "in")
    (folder / "own_test_rules.py").write_text(code)
    (folder / "own_test_words.py").write_text('LIGHT = "light"\n')
    config = write_config(folder / "config.toml", str(folder / "in"))
    config.write_text(config.read_text() + steps)
    return config


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`config.toml` and a run of it in `out/`; do not change it."""
    folder = tmp_path_factory.mktemp("own")
    config = configured(folder)
    assert main(["run", str(config), "--output", str(folder / "out"), "--quiet"]) == 0
    return folder


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ds.dataset(folder / f"out/{table}").to_table().to_pylist()
    return found


def funnel(folder: Path) -> Any:
    return json.loads((folder / "out/report/funnel.json").read_text())


def expected_reasons(row: dict[str, Any], text: str) -> list[str]:
    lights, marks = text.count("light"), text.count("old")
    assert (row["own.lights"], row["own.shape.marks"]) == (lights, marks)
    assert row["own.shape.books"] == (row["subset"] == "books")
    return [
        *["language.keep"] * (row["language"] != "en"),
        *["own.lights"] * (lights > (8 if row["subset"] == "books" else 7)),
        *["own.shape.marks.min"] * (marks < 1),
        *["own.shape.marks.max"] * (marks > 9),
    ]


def sources(folder: Path) -> dict[str, str]:
    """The texts of the input by id, as the edit leaves them."""
    found = {}
    for file in (folder / "in").rglob("*.*"):
        lines = (
            pq.read_table(file).to_pylist()
            if file.suffix == ".parquet"
            else [json.loads(line) for line in file.read_text().splitlines() if line[:1] == "{"]
        )
        for row in lines:
            is_edited = row["id"].startswith("c4")
            text = row["text"].replace("river", "RIVER") if is_edited else row["text"]
            found[row["id"]] = text
    return found


def test_every_document_has_its_own_measures_and_exactly_the_reasons_that_follow(
    folder: Path,
) -> None:
    texts = sources(folder)
    kept, rejected = rows(folder, "documents"), rows(folder, "rejected")
    for row in kept:
        assert row["text"] == texts[row["source_id"]]
        assert expected_reasons(row, row["text"]) == []
    reasons = [row["reasons"] for row in rejected]
    assert reasons == [expected_reasons(row, texts[row["source_id"]]) for row in rejected]
    assert {"own.lights", "own.shape.marks.min"} <= {name for names in reasons for name in names}
    assert {row["stage"] for row in rejected} == {"content", "own"}
    assert len(kept) + len(rejected) == len(texts)


@pytest.mark.parametrize("table", ["documents", "rejected", "corpus"])
def test_the_tables_have_the_columns_in_every_file(folder: Path, table: str) -> None:
    for file in (folder / "out" / table).rglob("*.parquet"):
        schema = pq.read_schema(file)
        place = schema.get_field_index("opt_out_signals")
        assert schema.names[place + 1 : place + 4] == OWN
        assert {str(schema.field(name).type) for name in OWN} == {"double"}


def test_two_workers_write_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    arguments = ["run", str(folder / "config.toml"), "--output", str(tmp_path / "out")]
    assert main([*arguments, "--workers", "2", "--quiet"]) == 0
    assert contents(tmp_path / "out") == contents(folder / "out")


def test_ids_are_those_of_a_run_without_steps(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "in", tmp_path / "in")
    config = write_config(tmp_path / "config.toml", str(tmp_path / "in"))
    assert main(["curate", str(config), "--output", str(tmp_path / "out"), "--quiet"]) == 0

    def ids(run: Path) -> list[str]:
        return sorted(row["id"] for t in ("documents", "rejected") for row in rows(run, t))

    assert ids(tmp_path) == ids(folder)


def test_the_report_tells_of_rules_and_edits(folder: Path) -> None:
    counts = funnel(folder)
    schema = json.loads((folder / "out/report/funnel.schema.json").read_text())
    jsonschema.validate(counts, schema)
    assert schema["properties"]["edits"] == EDITS_SCHEMA
    rejected = rows(folder, "rejected")
    for name in ("own.lights", "own.shape.marks.min", "own.shape.marks.max"):
        rule = counts["rules"][name]
        assert sum(rule["failed"].values()) == sum(name in row["reasons"] for row in rejected)
        around = rule["around_threshold"]
        judged = len(rejected) + len(rows(folder, "documents"))
        assert sum(bin["alone"] + bin["others"] for bin in around["bins"]) == judged
    lights = counts["rules"]["own.lights"]
    edges = {point["threshold"] for point in lights["around_threshold"]["dropped_at"]}
    assert {7, 8} <= edges, "bins meet at the bounds of both subsets"
    assert lights["meaning"] == "The measure own.lights is at most 8 (books); 7 (c4)."
    assert lights["around_threshold"]["threshold"] == 7
    assert counts["total"]["rejected"]["own"] == sum(row["stage"] == "own" for row in rejected)
    edit = counts["edits"]["mask"]
    texts = [text for name, text in sources(folder).items() if name.startswith("c4")]
    counted = edit["subsets"]["c4"]
    assert list(edit["subsets"]) == ["c4"]
    assert counted["documents"] == len(texts)
    assert counted["changed"] == sum("RIVER" in text for text in texts)
    assert counted["bytes_before"] == counted["bytes_after"]
    assert all("RIVER" in example["after"] for example in edit["examples"])
    page = (folder / "out/report/index.html").read_text()
    assert '<th scope="col" class="n">own</th>' in page
    assert "<h2>Edits</h2>" in page
    sheet = (folder / "out/DATASHEET.md").read_text()
    assert "own.lights (own_test_rules:lights)" in sheet
    croissant = json.loads((folder / "out/croissant.json").read_text())
    fields = [field["name"] for field in croissant["recordSet"][0]["field"]]
    assert fields[-3:] == OWN


def test_explain_tells_measures_bounds_and_verdicts(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = next(row for row in rows(folder, "rejected") if "own.lights" in row["reasons"])
    assert main(["explain", str(folder / "out"), row["id"], "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    outcome = told["records"][0] if "records" in told else told
    (rule,) = (rule for rule in outcome["rules"] if rule["rule"] == "own.lights")
    bound = 8 if row["subset"] == "books" else 7
    assert (rule["value"], rule["threshold"], rule["fails"]) == (row["own.lights"], bound, True)
    assert outcome["measures"]["own.shape.books"] == row["own.shape.books"]
    assert main(["explain", str(folder / "out"), row["id"]]) == 0
    assert "own.lights:" in capsys.readouterr().out


def test_examples_know_own_rules(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["examples", str(folder / "out"), "--rule", "own.lights", "--near", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    bounds = {"books": 8, "c4": 7}
    distances = [abs(d["value"] - bounds[d["subset"]]) for d in found["dropped"]]
    assert distances == sorted(distances)
    assert found["documents"]["dropped"] == sum(
        "own.lights" in row["reasons"] for row in rows(folder, "rejected")
    )
    assert main(["examples", str(folder / "out"), "--rule", "own.light"]) == 2
    assert "did you mean own.lights" in capsys.readouterr().err


@pytest.mark.parametrize("asked", ["own.lights=5", "own.lights.max=11", "own.shape.marks.min=3"])
def test_whatif_foresees_what_a_run_does(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: str
) -> None:
    assert main(["whatif", str(folder / "out"), "--set", asked, "--json"]) == 0
    foreseen = json.loads(capsys.readouterr().out)
    key, _, value = asked.partition("=")
    steps = STEPS
    if key.startswith("own.lights"):
        steps = steps.replace("max = 8", f"max = {value}").replace("max = 7", f"max = {value}")
    else:
        steps = steps.replace("min = 1", f"min = {value}")
    shutil.copytree(folder / "in", tmp_path / "in")
    config = configured(tmp_path, steps)
    for phase in ("curate", "dedup", "decontaminate", "exclude", "corpus"):
        assert main([phase, str(config), "--output", str(tmp_path / "out"), "--quiet"]) == 0
    assert foreseen["documents_after"] == len(rows(tmp_path, "corpus"))
    assert foreseen["documents_before"] == len(rows(folder, "corpus"))


def test_whatif_refuses_unknown_bounds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["whatif", str(folder / "out"), "--set", "own.shape.marks=1"]) == 2
    assert "write own.shape.marks.min or own.shape.marks.max" in capsys.readouterr().err


def test_a_change_of_the_code_makes_the_documents_anew(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(folder, tmp_path / "run")
    run = tmp_path / "run"
    config = write_config(run / "config.toml", str(run / "in"))
    config.write_text(config.read_text() + STEPS)
    arguments = ["curate", str(config), "--output", str(run / "out"), "--quiet"]
    manifest = run / "out/phases/curate/manifest.json"
    before = manifest.read_bytes()
    assert main(arguments) == 0
    assert manifest.read_bytes() == before, "nothing has changed"
    assert "runs code of own_test_rules (beside the configuration)" in capsys.readouterr().err
    (run / "own_test_words.py").write_text('LIGHT = "light "\n')
    assert main(arguments) == 2
    assert "code of own steps.own_test_words was" in capsys.readouterr().err
    assert main([*arguments, "--restart"]) == 0
    assert json.loads(manifest.read_text())["key"] != json.loads(before)["key"]


def test_repair_needs_no_code_beside_a_configuration(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(folder / "out", tmp_path / "out")
    damaged = sorted((tmp_path / "out/documents").rglob("*.parquet"))[0]
    content = damaged.read_bytes()
    damaged.unlink()
    (folder / "own_test_rules.py").rename(tmp_path / "away.py")
    try:
        assert main(["verify", str(tmp_path / "out"), "--repair"]) == 0
    finally:
        (tmp_path / "away.py").rename(folder / "own_test_rules.py")
    assert damaged.read_bytes() == content
    assert "runs code of own_test_rules" in capsys.readouterr().err, "it is a stranger's, perhaps"


MEASURE = '[[measure]]\nname = "m"\ncall = "own_test_rules:f"\n'
EDIT = '[[edit]]\nname = "m"\ncall = "own_test_rules:f"\n'


@pytest.mark.parametrize(
    ("steps", "code", "exit_code", "message"),
    [
        (MEASURE, "def f(texts):\n    return texts[:1]\n", 1, "returned values of the type string"),
        (MEASURE, "def f(texts): raise KeyError('no\\nkey')\n", 1, "raised KeyError: 'no"),
        (
            MEASURE,
            "import pyarrow as pa\ndef f(texts): return pa.array([1.0])\n",
            1,
            "returned 1 values for",
        ),
        (
            MEASURE,
            "import numpy as np\ndef f(texts): return np.full(len(texts), np.nan)\n",
            1,
            "returned nan for text 0",
        ),
        (EDIT, "def f(texts): return None\n", 1, "edit 'm' (own_test_rules:f) returned None"),
        (MEASURE, "def g(texts): ...\n", 2, "has no attribute 'f'"),
        (MEASURE, "f = 3\n", 2, "is a value of the type int, and no function"),
        (MEASURE, "1 / 0\n", 2, "cannot be loaded: ZeroDivisionError"),
        (MEASURE.replace("own_test_rules", "no_such_rules"), "", 2, "no module 'no_such_rules'"),
    ],
)
def test_a_broken_step_is_one_line_and_commits_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    steps: str,
    code: str,
    exit_code: int,
    message: str,
) -> None:
    config = configured(tmp_path, steps, code)
    output = tmp_path / "out"
    assert main(["curate", str(config), "--output", str(output), "--quiet"]) == exit_code
    lines = [line for line in capsys.readouterr().err.splitlines() if "runs code" not in line]
    assert len(lines) == 1
    assert message in lines[0]
    assert not list(output.rglob("documents/**/*.parquet"))


def test_a_broken_step_on_another_process_is_one_line_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured(tmp_path, MEASURE, "def f(texts): return 1 / 0\n")
    arguments = ["curate", str(config), "--output", str(tmp_path / "out"), "--workers", "2"]
    assert main([*arguments, "--quiet"]) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if "runs code" not in line]
    assert len(lines) == 1
    assert "raised ZeroDivisionError: division by zero (own_test_rules.py line 1)" in lines[0]
