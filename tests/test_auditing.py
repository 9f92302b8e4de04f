"""docs/auditing.md: its tables name every column, and its examples run on the sample's output."""

import json
import re
from pathlib import Path

import jsonschema
import pyarrow.parquet as pq
import pytest

from massivetext.pipeline.phases.audit.hosts import HOST_SCHEMA
from massivetext.pipeline.phases.table import CARD
from massivetext.records import (
    DOCUMENT_SCHEMA,
    FAILED_SCHEMA,
    MEASURES,
    REJECTED_SCHEMA,
    REMOVED_SCHEMA,
    SKIPPED_SCHEMA,
)
from tests.conftest import ROOT

PAGE = (ROOT / "docs/auditing.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"### (\w+)\n```python\n(.*?)```", PAGE, re.DOTALL)
SCHEMAS = {
    "documents": DOCUMENT_SCHEMA,
    "rejected": REJECTED_SCHEMA,
    "failed": FAILED_SCHEMA,
    "skipped": SKIPPED_SCHEMA,
    "corpus": DOCUMENT_SCHEMA,
    "removed": REMOVED_SCHEMA,
    "hosts": HOST_SCHEMA,
}


def test_the_page_names_every_column() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    columns = {name for schema in SCHEMAS.values() for name in schema.names}
    sums = {
        f"{v}_{unit}" for v in ("rejected", "removed", "corpus") for unit in ("documents", "bytes")
    }
    assert columns - set(MEASURES) - sums <= named
    assert sums <= set(HOST_SCHEMA.names)


@pytest.mark.parametrize("folder", SCHEMAS)
def test_every_file_of_a_table_has_its_schema_and_says_what_it_was_made_by(
    sample_run: Path, folder: str
) -> None:
    footers = set()
    for file in sorted((sample_run / folder).rglob("*.parquet")):
        schema = pq.read_schema(file)
        assert schema.equals(SCHEMAS[folder])
        footers.add(
            tuple(sorted((k, v) for k, v in schema.metadata.items() if k != b"ARROW:schema"))
        )
    (footer,) = footers
    stated = {key.decode(): value.decode() for key, value in footer}
    assert set(stated) == {f"massivetext.{k}" for k in ("schema_version", "phase", "settings")}
    assert stated["massivetext.schema_version"] == "3"
    assert re.fullmatch("[0-9a-f]{32}", stated["massivetext.settings"])
    assert str(ROOT) not in str(stated)


@pytest.mark.parametrize(("package", "example"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_the_examples_run(
    sample_run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    package: str,
    example: str,
    tmp_path: Path,
) -> None:
    pytest.importorskip(package.lower())
    monkeypatch.chdir(sample_run.parent)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert len(example.splitlines()) == 3
    exec(compile(example, "docs/auditing.md", "exec"), {})
    assert capsys.readouterr().out


@pytest.mark.parametrize("folder", ["corpus", "rejected", "failed", "skipped", "removed", "hosts"])
def test_datasets_reads_all_rows_whatever_the_files_are_called(
    sample_run: Path, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    rows = 0
    for number, file in enumerate(sorted((sample_run / folder).rglob("*.parquet"))):
        place = tmp_path / "out" / folder / f"c4/c4-train.{number:05d}-of-01024.json.gz.parquet"
        if number % 2:
            place = tmp_path / "out" / folder / f"web/post-test.{number}.warc.gz.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.read_bytes())
        rows += pq.read_metadata(file).num_rows
    card = tmp_path / "out" / folder / CARD
    card.write_bytes((sample_run / folder / CARD).read_bytes())
    found = datasets.load_dataset(str(card.parent), cache_dir=str(tmp_path / "cache"))
    assert list(found) == ["train"]
    assert found["train"].num_rows == rows > 0


def test_funnel_json_fits_its_schema(sample_run: Path) -> None:
    schema = json.loads((sample_run / "report/funnel.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    funnel = json.loads((sample_run / "report/funnel.json").read_text())
    jsonschema.validate(funnel, schema)
    funnel["languages"]["en"] = "many"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(funnel, schema)
