"""Failed inputs on the page, against `failed/`; and the facts of the run."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from massivetext.pipeline.phases.report.failures import SHOWN_FAILURES, cause_of
from massivetext.pipeline.phases.table import phase_named
from tests.conftest import ROOT


def funnel_of(output: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((output / "report/funnel.json").read_text())
    return found


def test_failures_are_those_of_the_tables(sample_run: Path) -> None:
    files = sorted((sample_run / "failed").rglob("*.parquet"))
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    failures = funnel_of(sample_run)["failures"]
    assert sum(failures["causes"].values()) == len(rows) > 0
    assert set(failures["causes"]) == {cause_of(row["error"]) for row in rows}
    places = sorted((row["item"], row["row"], row["offset"]) for row in rows)
    first = [(f["item"], f["row"], f["offset"]) for f in failures["first"]]
    assert first == places[:SHOWN_FAILURES]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("record at byte 1,024 is cut off", "record at byte N is cut off"),
        ("field 'x' has no text; expected \"y\"", "field '...' has no text; expected '...'"),
        (
            "byte 0xe9 at byte 73: not UTF-8, line 1 (char 6.5)",
            "byte N at byte N: not UTF-8, line N (char N)",
        ),
    ],
)
def test_a_cause_has_nothing_of_one_record(error: str, cause: str) -> None:
    assert cause_of(error) == cause


def test_facts_are_those_of_the_phases_and_name_no_place(sample_run: Path) -> None:
    facts = funnel_of(sample_run)["facts"]
    dataset = json.loads((sample_run / "sequences/dataset.json").read_text())
    assert (facts["seed"], facts["config_hash"]) == (dataset["seed"], dataset["config_hash"])
    for name, fact in facts["phases"].items():
        assert fact["results"] == phase_named(name).results
    (file, *_) = sorted((sample_run / "corpus").rglob("*.parquet"))
    stated = pq.read_schema(file).metadata[b"massivetext.settings"].decode()
    assert facts["phases"]["corpus"]["settings"] == stated
    for text in ("index.html", "funnel.json"):
        page = (sample_run / "report" / text).read_text()
        assert str(ROOT) not in page
        assert str(sample_run) not in page
