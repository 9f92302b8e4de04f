import json
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from massivetext.pipeline.commands.cli import main


def rows(output: Path, folder: str) -> list[dict[str, Any]]:
    files = sorted((output / folder).rglob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def explain(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explain", *arguments]) == 0
    return capsys.readouterr().out


def test_a_rejected_page_shows_the_measure_the_threshold_and_the_passages(
    sample_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = next(
        row
        for row in rows(sample_run, "rejected")
        if "quality.max_bullet_line_fraction" in row["reasons"]
    )
    for key in (row["id"], row["source_id"], row["url"]):
        out = explain(capsys, str(sample_run), key)
        assert f"rejected at stage {row['stage']}; fails " in out
        assert re.search(
            rf"bullet_line_fraction +{row['bullet_line_fraction']:.4g} +at most 0\.9 .* FAILS", out
        )
        (stored,) = [p for p in row["evidence"] if p["rule"] == "quality.max_bullet_line_fraction"]
        assert f"quality.max_bullet_line_fraction:\n  {stored['passage']!r}" in out
        is_cut = len(row["text"].encode()) < row["text_bytes"]
        assert ("rejected_text = 'excerpt'" in out) == is_cut


def test_a_removed_document_names_its_partner(
    sample_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = next(row for row in rows(sample_run, "removed") if row["reasons"] == ["near"])
    out = explain(capsys, str(sample_run), row["id"])
    assert (
        f"removed: near; its partner is {row['partner_id']}, row {row['partner_row']} of "
        f"documents/{row['partner_item']} (Jaccard {row['jaccard']:.4f}), which stays\n"
    ) in out
    hit = next(row for row in rows(sample_run, "removed") if row["reasons"] == ["test_set"])
    assert f"it matches {hit['test_set']}" in explain(capsys, str(sample_run), hit["id"])


def test_a_kept_document_is_kept(sample_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = rows(sample_run, "corpus")[0]
    out = explain(capsys, str(sample_run), row["id"])
    assert "\nkept: it is in corpus/\n" in out
    assert "FAILS" not in out


def test_a_page_removed_by_its_title_has_nothing_measured(
    sample_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = explain(capsys, str(sample_run), "enwiki/334")
    assert "it matches titles item International Atomic Time (by its title)" in out


def test_copies_of_one_id_have_each_its_own_fate(
    sample_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = next(r for r in rows(sample_run, "removed") if r["partner_id"] == r["id"])
    for hit in (row, next(r for r in rows(sample_run, "removed") if r["test_set"] == "lambada")):
        out = explain(capsys, str(sample_run), hit["id"])
        corpus = [r for r in rows(sample_run, "corpus") if r["id"] == hit["id"]]
        gone = [r for r in rows(sample_run, "removed") if r["id"] == hit["id"]]
        assert out.count("kept: it is in corpus/") == len(corpus)
        assert out.count("\nremoved: ") == len(gone)
    assert f"a copy with the same id, row {row['partner_row']} of documents/" in explain(
        capsys, str(sample_run), row["id"]
    )


def test_records_that_are_no_documents_are_found(
    sample_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = explain(capsys, str(sample_run), "HTTPS://example.ORG/handmade/failed/no-text/")
    assert 'failed, could not be read: no field "text"' in out
    skipped = next(r for r in rows(sample_run, "skipped") if r["kind"] == "request")
    out = explain(capsys, str(sample_run), f"<{skipped['source_id'].upper()}>")
    assert "skipped, holds no document: request" in out
    assert f"at {skipped['offset']} of {skipped['file']}" in out


def test_json_holds_what_the_tables_hold(
    sample_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = next(r for r in rows(sample_run, "rejected") if r["evidence"])
    told = json.loads(explain(capsys, str(sample_run), row["id"], "--json"))
    (record,) = told["records"]
    assert told["further_records"] == 0
    for name in ("id", "item", "row", "stage", "reasons", "evidence", "url", "text_bytes"):
        assert record[name] == row[name]
    assert record["verdict"] == "rejected"
    assert record["in_corpus"] is False
    assert [r["rule"] for r in record["rules"] if r["fails"]] == row["reasons"]
    assert record["measures"]["words"] == row["words"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([""], "the name is empty"),
        (["<>"], "the name is empty"),
        (["no such document"], "no record in "),
        (["no\x1b[31m such"], "<U+001B>[31m"),
        ([], "name a document, or give --sequence N"),
        (["--sequence", "1", "--json"], "--json goes with a document"),
    ],
)
def test_what_cannot_be_explained_is_bad_use(
    sample_run: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["explain", str(sample_run), *arguments]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert not out


@pytest.mark.parametrize(
    ("damaged", "arguments", "message"),
    [
        ("index/index.json", ["enwiki/334"], "the index of names in .* is damaged"),
        ("index/part-*.bin", ["enwiki/334"], "the index of names in .* is damaged"),
        ("removed/**/*.parquet", ["enwiki/334"], "a table in .* is damaged"),
        ("sequences/dataset.json", ["--sequence", "3"], "dataset.json is damaged"),
        ("sequences/shard-*", ["--sequence", "3"], "the file is not the one that was written"),
    ],
)
def test_a_damaged_folder_is_one_line(
    sample_run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damaged: str,
    arguments: list[str],
    message: str,
) -> None:
    shutil.copytree(sample_run, tmp_path / "out")
    for file in (tmp_path / "out").glob(damaged):
        file.write_bytes(b"\x9c\xad no such file \x00" * 9)
    assert main(["explain", str(tmp_path / "out"), *arguments]) == 2
    said = capsys.readouterr().err
    assert re.search(message, said)
    assert said.count("\n") == 1


def test_a_folder_without_shards_is_bad_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(tmp_path), "--sequence", "0"]) == 2
    assert capsys.readouterr().err.endswith("expected the folder `sequences` of a finished run\n")


def test_a_sequence_shows_the_text_of_its_crops(
    sample_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = explain(capsys, str(sample_run), "--sequence", "0")
    (first,) = re.findall(
        r"^tokens 0-(\d+): (\w+) (\w{32}), bytes (\d+)-(\d+)$", out, re.MULTILINE
    )[:1]
    document = next(row for row in rows(sample_run, "corpus") if row["id"] == first[2])
    crop = document["text"].encode()[int(first[3]) : int(first[4])].decode()
    shown = out.split("\n", 2)[1].strip()
    assert shown[:40] in crop
    assert main(["explain", str(sample_run), "--sequence", "1000000"]) == 2
    assert "the shards hold 0 to" in capsys.readouterr().err
