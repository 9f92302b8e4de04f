"""The transforms say of the sample what a run says of it: the same ids, reasons and partners."""

from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
import pytest

from massivetext.config_file import load_config
from massivetext.pipeline.transforms.deduplication import Deduplicate
from massivetext.pipeline.transforms.documents import Document
from massivetext.pipeline.transforms.judging import Judge
from massivetext.pipeline.transforms.reading import Extract, Read
from massivetext.records import MEASURES
from tests.pipeline.transforms.collecting import collect

ROOT: Final = Path(__file__).parents[3]


def rows(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.rglob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    """What the transforms make of the sample."""
    config = load_config(ROOT / "sample/config.toml")
    return collect(
        tmp_path_factory.mktemp("documents"),
        Read(config.sources),
        Extract(config.extraction),
        Judge(config),
        Deduplicate(config, partitions=3),
    )


def test_the_same_documents_are_rejected(sample_run: Path, documents: list[Document]) -> None:
    rejected = rows(sample_run / "rejected")
    assert len(rejected) > 10
    assert sorted((d.id, d.stage, [*d.reasons]) for d in documents if d.stage) == sorted(
        (row["id"], row["stage"], row["reasons"]) for row in rejected
    )
    evidence = {row["id"]: row["evidence"] for row in rejected}
    assert {d.id: [*d.evidence] for d in documents if d.stage} == evidence


def test_the_same_documents_are_removed(sample_run: Path, documents: list[Document]) -> None:
    removed = [row for file in (sample_run / "dedup").rglob("*.parquet") for row in rows_of(file)]
    assert {reason for row in removed for reason in row["reasons"]} == {"exact", "near"}
    assert sorted(
        (d.id, d.partner_id, d.jaccard, *d.reasons)
        for d in documents
        if not d.is_kept and not d.stage
    ) == sorted((row["id"], row["partner_id"], row["jaccard"], *row["reasons"]) for row in removed)


def test_the_same_documents_are_kept(sample_run: Path, documents: list[Document]) -> None:
    """Each with the same names, text and measures."""
    gone = {
        (file.relative_to(sample_run / "dedup").as_posix().removesuffix(".parquet"), row["row"])
        for file in (sample_run / "dedup").rglob("*.parquet")
        for row in rows_of(file)
    }
    every = rows(sample_run / "documents")
    kept = [row for row in every if (row["item"], row["row"]) not in gone]
    assert len(kept) == len(every) - len(gone)
    columns = ("id", "source_id", "subset", "url", "title", "text")
    assert sorted(
        ([getattr(d, name) for name in columns], [d.measures[name] for name in MEASURES])
        for d in documents
        if d.is_kept
    ) == sorted(([row[name] for name in columns], [row[name] for name in MEASURES]) for row in kept)


def rows_of(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    return found
