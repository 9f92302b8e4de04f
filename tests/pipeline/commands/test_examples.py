"""`examples` against what the tables say of a rule."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from massivetext.pipeline.commands.cli import main
from tests.pipeline.commands.use import fails


def examples(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["examples", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def rows(output: Path, folder: str) -> list[dict[str, Any]]:
    """Rows of the subsets that are web pages."""
    files = [f for s in ("web", "pages") for f in sorted((output / folder / s).rglob("*.parquet"))]
    return [row for file in files for row in pq.read_table(file).to_pylist()]


@pytest.mark.parametrize(
    "rule", ["quality.min_words", "repetition.max_duplicate_5_gram_character_fraction"]
)
def test_the_nearest_are_the_nearest(
    pages_run: Path, capsys: pytest.CaptureFixture[str], rule: str
) -> None:
    found = examples(capsys, str(pages_run), "--rule", rule, "--near", "--count", "4")
    measure, threshold = found["measure"], found["threshold"]
    kept = rows(pages_run, "documents")
    dropped = [row for row in rows(pages_run, "rejected") if rule in row["reasons"]]
    for which, everything in (("kept", kept), ("dropped", dropped)):
        distances = sorted(abs(row[measure] - threshold) for row in everything)
        assert [abs(d["value"] - threshold) for d in found[which]] == distances[:4]
        assert found["documents"][which] == len(everything) > 0
    assert all(document["passage"]["passage"] for document in found["dropped"])


def test_a_rule_that_is_not_in_force_keeps_and_drops_nothing(
    pages_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = examples(capsys, str(pages_run), "--rule", "source.licenses")
    assert found["documents"] == {"kept": 0, "dropped": 0}


def test_they_are_printed_with_passage_and_command(
    pages_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(pages_run), "--rule", "language.keep"]
    found = examples(capsys, *arguments)
    assert main(["examples", *arguments]) == 0
    printed = capsys.readouterr().out
    assert found["dropped"]
    for document in (*found["kept"], *found["dropped"]):
        assert f"massivetext explain {pages_run} {document['id']}\n" in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rule", "quality.min_word"), "did you mean quality.min_words?"),
        (("--rule", "language.keep", "--near"), "no threshold that a document can be near to"),
        (("--rule", "quality.min_words", "--count", "0"), "expected a positive integer"),
        (("--rule", "quality.min_words", "--count", "99999"), "at most 10,000"),
    ],
)
def test_wrong_use_is_one_line(
    pages_run: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    code, message = fails(capsys, "examples", str(pages_run), *arguments)
    assert code == 2
    assert said in message
    assert message.count("\n") == 1
