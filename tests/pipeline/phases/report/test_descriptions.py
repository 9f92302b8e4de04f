"""`croissant.json` as mlcroissant reads it, and `DATASHEET.md` held against the funnel."""

import json
from pathlib import Path

import pyarrow.parquet as pq

from massivetext.pipeline.commands.cli import main
from massivetext.pipeline.phases.report.datasheet import TO_ANSWER
from massivetext.records import DOCUMENT_SCHEMA


def test_croissant_is_valid_and_its_records_are_the_corpus(sample_run: Path) -> None:
    import mlcroissant  # here: it takes seconds to import

    dataset = mlcroissant.Dataset(str(sample_run / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert dataset.metadata.ctx.is_v1_1()
    ids, rows = [], 0
    for record in dataset.records("documents"):
        assert {key.partition("/")[2] for key in record} == set(DOCUMENT_SCHEMA.names)
        ids.append(record["documents/id"].decode())
        rows += record["documents/words"] >= 0
    files = sorted((sample_run / "corpus").rglob("*.parquet"))
    expected = [name for file in files for name in pq.read_table(file)["id"].to_pylist()]
    assert sorted(ids) == sorted(expected)
    assert rows == len(expected)


def test_the_datasheet_states_the_figures_of_the_funnel(sample_run: Path) -> None:
    sheet = (sample_run / "DATASHEET.md").read_text()
    funnel = json.loads((sample_run / "report/funnel.json").read_text())
    for name, row in (*funnel["subsets"].items(), ("total", funnel["total"])):
        assert f"| {name} | {row['in']:,} | {row['corpus']:,} | {row['text_bytes']:,} |" in sheet
    for reason, count in funnel["total"]["removed"].items():
        assert f"{reason} {count:,}" in sheet
    sections = [line for line in sheet.split("\n") if line.startswith("## ")]
    assert len(sections) == 7
    questions = sheet.count("\n**")
    assert 10 < sheet.count(TO_ANSWER) < questions


def test_both_belong_to_the_run(sample_run: Path) -> None:
    manifest = json.loads((sample_run / "phases/report/manifest.json").read_text())
    assert {"DATASHEET.md", "croissant.json"} < {file["path"] for file in manifest["files"]}
    assert main(["verify", str(sample_run)]) == 0
