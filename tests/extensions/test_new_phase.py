"""A new phase takes the files that CONTRIBUTING.md names: its module and its row in the table.

It removes short documents. In a copy of the project the command line knows it, `run` runs it, its
removals leave the corpus with their reason, `estimate` counts it and `verify` checks its files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
import pytest

from tests.extensions.project_copy import ProjectCopy, files_named
from tests.pipeline.small_run import write_config, write_sources

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MODULE: Final = '''"""Phase SHORTEN: documents of few characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from massivetext.pipeline.engine import store
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.engine.results import ItemResult, merge_counts
from massivetext.pipeline.engine.steps import Map
from massivetext.pipeline.phases.document_batches import document_batches, documents_path
from massivetext.pipeline.phases.manifest import Manifest
from massivetext.pipeline.phases.phase import PhaseRun, PhaseWork
from massivetext.pipeline.phases.plan import WorkItem
from massivetext.records import REMOVAL_SCHEMA

LEAST_CHARACTERS: Final = 800


@dataclass(frozen=True)
class ShortenItem:
    """Writes `short/<name>.parquet` of an item."""

    output: str

    def __call__(self, item: WorkItem) -> ItemResult[None]:
        """Returns the ledger of the item."""
        rows, documents = [], 0
        columns = ["id", "source_id", "text"]
        for numbers, table in document_batches(documents_path(self.output, item.name), columns):
            documents += table.num_rows
            for number, found in zip(numbers.tolist(), table.to_pylist(), strict=True):
                if len(found.pop("text")) < LEAST_CHARACTERS:
                    rows.append(
                        {"row": number, "subset": item.subset, "reasons": ["short"], **found}
                    )
        table = pa.Table.from_pylist(rows, REMOVAL_SCHEMA)
        entry = store.write_table(self.output, f"short/{item.name}.parquet", table)
        ledger = {
            "documents": documents, "corpus": documents - len(rows), "removed": len(rows)
        }
        return ItemResult((entry,), ledger, {"short": len(rows)})


def settings(job: Job, items: Sequence[WorkItem]) -> dict[str, Any]:
    """Returns the threshold."""
    del job, items
    return {"least_characters": LEAST_CHARACTERS}


def shorten(run: PhaseRun) -> Manifest:
    """Writes `short/`."""
    results = run.steps.run(Map("find", run.items, ShortenItem(run.job.output)))
    return run.manifest(results, merge_counts(result.statistics for result in results.values()))


PHASE: Final = PhaseWork(settings, shorten)
'''

ROW: Final = """    Phase(
        "shorten",
        "find documents of few characters",
        "shorten",
        folders=("short",),
        upstream=("curate",),
        removes=Removes("short", ("short",)),
    ),
"""

COMMAND: Final = """
import sys
from massivetext.pipeline.commands.cli import main
sys.exit(main({arguments!r}))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    copy = ProjectCopy.make(tmp_path_factory.mktemp("phase"))
    copy.write("pipeline/phases/shorten.py", MODULE)
    copy.insert_before("pipeline/phases/table.py", '    Phase(\n        "corpus",', ROW)
    return copy


@pytest.fixture(scope="module")
def config(project: ProjectCopy) -> Path:
    folder = project.root.parent
    write_sources(folder / "in")
    return write_config(folder / "run.toml", str(folder / "in"))


@pytest.fixture(scope="module")
def output(project: ProjectCopy, config: Path) -> Path:
    output = project.root.parent / "out"
    command(project, "run", str(config), "--output", str(output), "--quiet")
    return output


def command(project: ProjectCopy, *arguments: str) -> str:
    return project.python("-c", COMMAND.format(arguments=list(arguments)))


def test_it_takes_the_files_that_contributing_names(project: ProjectCopy) -> None:
    assert project.changed == files_named("a new phase", {"<name>": "shorten"})


def test_what_it_removes_leaves_the_corpus_with_its_reason(output: Path) -> None:
    kept = texts(output / "corpus")
    short = [text for text in texts(output / "documents") if len(text) < 800]
    assert kept
    assert short
    assert min(map(len, kept)) >= 800
    reasons = [row["reasons"] for row in rows(output / "removed")]
    assert sum("short" in found for found in reasons) == len(short)
    totals = json.loads((output / "report/funnel.json").read_text())["total"]
    assert totals["corpus"] == len(kept)
    assert totals["removed"]["short"] <= len(short)


def test_the_commands_know_it(project: ProjectCopy, config: Path, output: Path) -> None:
    assert "find documents of few characters" in command(project, "--help")
    command(project, "shorten", str(config), "--output", str(output), "--quiet")
    assert ", 0 faults" in command(project, "verify", str(output))


def test_estimate_counts_it(project: ProjectCopy, config: Path) -> None:
    folder = project.root.parent / "estimate"
    command(project, "estimate", str(config), "--output", str(folder))
    phases = json.loads((folder / "estimate.json").read_text())["phases"]
    assert phases["shorten"]["core_seconds"] > 0


def rows(folder: Path) -> list[dict[str, object]]:
    return [
        row for file in sorted(folder.rglob("*.parquet")) for row in pq.read_table(file).to_pylist()
    ]


def texts(folder: Path) -> list[str]:
    return [str(row["text"]) for row in rows(folder)]
