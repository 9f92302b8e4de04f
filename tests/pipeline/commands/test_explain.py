import re
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
        assert f"rejected at stage {row['stage']}" in out
        assert re.search(
            rf"bullet_line_fraction +{row['bullet_line_fraction']:.4g} +at most 0\.9 .* FAILS", out
        )
        assert re.search(r"quality\.max_bullet_line_fraction:\n +1 x ", out)
        assert "rejected_text = 'excerpt'" in out


def test_a_removed_document_names_its_partner(
    sample_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = next(row for row in rows(sample_run, "removed") if row["reasons"] == ["near"])
    out = explain(capsys, str(sample_run), row["id"])
    assert (
        f"removed: near; its partner {row['partner_id']} stays (Jaccard {row['jaccard']:.4f})"
        in (out)
    )
    hit = next(row for row in rows(sample_run, "removed") if row["reasons"] == ["test_set"])
    assert f"it matches {hit['test_set']}" in explain(capsys, str(sample_run), hit["id"])


def test_a_kept_document_is_kept(sample_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = rows(sample_run, "corpus")[0]
    out = explain(capsys, str(sample_run), row["id"])
    assert "\nkept\n" in out
    assert "FAILS" not in out


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
