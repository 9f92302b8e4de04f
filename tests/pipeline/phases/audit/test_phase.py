"""`hosts/`, `index/` and `passages/` of whole runs, held against the tables they are made from."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest

from massivetext.config_file import load_config
from massivetext.pipeline.engine.engine import BeamEngine
from massivetext.pipeline.engine.job import Job
from massivetext.pipeline.phases.audit import parts
from massivetext.pipeline.phases.document_names import NAME_COLUMNS, plain_name
from massivetext.pipeline.phases.lookup import find, scan_for
from massivetext.pipeline.phases.outcome import FOLDERS, FinishedRun
from massivetext.pipeline.phases.phase import run_phase
from massivetext.pipeline.phases.plan import plan
from massivetext.pipeline.phases.table import phase_named
from tests.conftest import ROOT


def rows(output: Path, folder: str) -> list[dict[str, Any]]:
    files = sorted((output / folder).rglob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def counted(output: Path) -> dict[tuple[str, str], Counter[str]]:
    """Documents and bytes by subset and host, document by document."""
    found: dict[tuple[str, str], Counter[str]] = {}
    removed = {(row["item"], row["row"]) for row in rows(output, "removed")}
    for folder in ("documents", "rejected"):
        for row in rows(output, folder):
            verdict = "removed" if (row["item"], row["row"]) in removed else "corpus"
            verdict = "rejected" if folder == "rejected" else verdict
            key = row["subset"], urlsplit(row["url"]).hostname or ""
            counts = found.setdefault(key, Counter())
            for prefix in ("", f"{verdict}_"):
                counts[f"{prefix}documents"] += 1
                counts[f"{prefix}text_bytes" if not prefix else f"{prefix}bytes"] += row[
                    "text_bytes"
                ]
    return found


def assert_hosts(output: Path) -> None:
    expected = counted(output)
    found = rows(output, "hosts")
    assert {(row["subset"], row["host"]) for row in found} == expected.keys()
    for row in found:
        counts = expected[row["subset"], row["host"]]
        assert {name: n for name, n in row.items() if n and name not in ("subset", "host")} == {
            name: n for name, n in counts.items() if n
        }


def test_hosts_are_those_of_all_documents(sample_run: Path) -> None:
    assert_hosts(sample_run)
    top = json.loads((sample_run / "report/funnel.json").read_text())["hosts"]
    names = {row["host"] for row in rows(sample_run, "hosts")} - {""}
    assert top["count"] == len(names)
    assert set(top["all_subsets"]) <= names


def test_every_name_of_every_record_is_found_where_a_scan_finds_it(sample_run: Path) -> None:
    run = FinishedRun.open(str(sample_run))
    assert "audit" in run.finished
    for folder in FOLDERS:
        for row in rows(sample_run, folder)[:: 1 if folder in ("failed", "skipped") else 60]:
            for column in NAME_COLUMNS:
                name = plain_name(row.get(column) or "")
                if name:
                    outcomes, more = find(run, name, most=1000)
                    assert not more
                    places = [outcome.place for outcome in outcomes]
                    assert places == scan_for(str(sample_run), name)
                    assert (folder, row["item"], row["row"]) in [
                        (place.folder, place.item, place.row) for place in places
                    ]


def test_parts_memory_and_workers_change_no_row(
    sample_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of parts of some kilobytes there are many, and each needs a round of its own."""
    monkeypatch.setattr(parts, "TABLE_PART_BYTES", 20_000)
    found = []
    for name, engine in (("a", BeamEngine()), ("b", BeamEngine(memory_bytes=100_000))):
        output = tmp_path / name
        shutil.copytree(sample_run, output)
        (output / "phases/audit/manifest.json").unlink()
        shutil.rmtree(output / "phases/audit")
        config = load_config(str(ROOT / "sample/config.toml"))
        job = Job(config, str(output), engine, quiet=True)
        shutil.rmtree(output / "hosts")
        shutil.rmtree(output / "index")
        shutil.rmtree(output / "passages")
        run_phase(job, phase_named("audit"), plan(config))
        assert len(list((output / "index").iterdir())) > 2
        assert_hosts(output)
        found.append({file.name: file.read_bytes() for file in (output / "index").iterdir()})
        for folder in ("hosts", "passages"):
            assert len(list((output / folder).iterdir())) > 2
            files = (output / folder).iterdir()
            found[-1] |= {f"{folder}/{file.name}": file.read_bytes() for file in files}
    assert found[0] == found[1]
