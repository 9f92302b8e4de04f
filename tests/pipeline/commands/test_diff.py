"""`diff` against what the tables of both runs say."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from massivetext.pipeline.commands.cli import main
from tests.pipeline.commands.use import fails
from tests.pipeline.commands.whatif_run import FULL, finished

OTHER = "[quality]\nmin_words = 60\n[dedup]\nthreshold = 0.6\n"


@pytest.fixture(scope="module")
def other_run(pages_folder: Path) -> Path:
    """Another run: one input file is missing, and thresholds are others."""
    hidden = pages_folder / "in/web/0.jsonl"
    moved = hidden.rename(pages_folder / "0.jsonl")
    output = finished(pages_folder, "other", FULL + OTHER)
    moved.rename(hidden)
    return output


def verdicts(output: Path) -> dict[str, list[str]]:
    """What became of the documents of each id, in the order of their places."""
    found: dict[tuple[str, int, str], tuple[str, str]] = {}
    for folder in ("documents", "rejected", "removed"):
        for file in sorted((output / folder).rglob("*.parquet")):
            for row in pq.read_table(file).to_pylist():
                said = "kept" if folder == "documents" else f"{folder}: "
                said += ", ".join(row.get("reasons") or ())
                place = "rejected" if folder == "rejected" else "documents"
                found[row["item"], row["row"], place] = row["id"], said
    told: dict[str, list[str]] = {}
    for place in sorted(found, key=lambda p: (p[0], p[2], p[1])):
        told.setdefault(found[place][0], []).append(found[place][1])
    return told


def diff(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["diff", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_it_says_what_the_tables_say(
    pages_run: Path, other_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = diff(capsys, str(pages_run), str(other_run))
    a, b = verdicts(pages_run), verdicts(other_run)
    changed, only_a = Counter[tuple[str, str, str]](), Counter[str]()
    for name, mine in a.items():
        theirs = b.get(name, [])
        pairs = zip(mine, theirs, strict=False)
        changed.update((name, *pair) for pair in pairs if pair[0] != pair[1])
        only_a[name] += max(0, len(mine) - len(theirs))
    told = found["changed"]["examples"]
    assert Counter((d["id"], d["verdict_a"], d["verdict_b"]) for d in told) == changed
    assert found["changed"]["documents"] == changed.total() > 0
    assert Counter(d["id"] for d in found["only_in_a"]["examples"]) == +only_a
    assert found["only_in_a"]["documents"] == only_a.total() > 0
    assert found["only_in_b"]["documents"] == 0
    assert found["settings"]["quality.min_words"] == {"a": 50, "b": 60}


def test_it_names_the_measure_that_is_the_cause(
    pages_run: Path, other_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for document in diff(capsys, str(pages_run), str(other_run))["changed"]["examples"]:
        assert document["causes"]
        for cause in document["causes"]:
            if "rule" not in cause:
                assert cause["reason"] in document[f"verdict_{cause['in']}"]
                continue
            assert (cause["rule"], cause["measure"]) == ("quality.min_words", "words")
            assert cause["threshold_a"] <= cause["value_a"] < cause["threshold_b"]


def test_it_shows_as_many_as_are_asked_for(
    pages_run: Path, other_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = diff(capsys, str(pages_run), str(other_run), "--count", "2")
    assert len(found["changed"]["examples"]) == 2
    assert main(["diff", str(pages_run), str(other_run), "--count", "1"]) == 0
    printed = capsys.readouterr().out
    assert f"{found['changed']['documents']:,} documents with another verdict\n" in printed
    assert found["changed"]["examples"][0]["id"] in printed


def test_wrong_use_is_one_line(
    pages_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for other, said in ((pages_run, "one folder"), (tmp_path, "expected the output folder")):
        code, message = fails(capsys, "diff", str(pages_run), str(other))
        assert code == 2
        assert said in message
