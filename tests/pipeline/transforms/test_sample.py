"""The transforms say of the sample what a run says of it: the same ids, reasons and partners."""

from pathlib import Path
from typing import Any, Final

import apache_beam as beam
import pyarrow.parquet as pq
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from massivetext.config_file import load_config
from massivetext.pipeline.transforms.deduplication import Deduplicate
from massivetext.pipeline.transforms.documents import Document
from massivetext.pipeline.transforms.judging import Judge
from massivetext.pipeline.transforms.reading import Extract, Read

ROOT: Final = Path(__file__).parents[3]


def rows(folder: Path) -> list[dict[str, Any]]:
    return [
        row for file in sorted(folder.rglob("*.parquet")) for row in pq.read_table(file).to_pylist()
    ]


class Collected(list[Document]):
    """Documents in files, by which they come back from a runner."""


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    """What the transforms make of the sample."""
    import pickle

    folder = tmp_path_factory.mktemp("documents")
    config = load_config(ROOT / "sample/config.toml")

    def keep(document: Document) -> None:
        with open(folder / "all", "ab") as stream:
            pickle.dump(document, stream)

    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        (
            pipeline
            | "Read" >> Read(config.sources)
            | "Extract" >> Extract(config.extraction)
            | "Judge" >> Judge(config)
            | "Deduplicate" >> Deduplicate(config, partitions=3)
            | "Keep" >> beam.Map(keep)
        )
    found = []
    with open(folder / "all", "rb") as stream:
        while True:
            try:
                found.append(pickle.load(stream))
            except EOFError:
                return found


def test_the_same_documents_are_kept_and_rejected(
    sample_run: Path, documents: list[Document]
) -> None:
    rejected = {row["id"]: row for row in rows(sample_run / "rejected")}
    near = [row for row in rows(sample_run / "dedup") if "row" in row]
    assert rejected
    assert len(near) > 5
    of_rules = {d.id: d for d in documents if d.stage is not None}
    assert {i: (d.stage, list(d.reasons)) for i, d in of_rules.items()} == {
        i: (row["stage"], row["reasons"]) for i, row in rejected.items()
    }
    assert {i: list(d.evidence) for i, d in of_rules.items()} == {
        i: row["evidence"] for i, row in rejected.items()
    }
    removed = [d for d in documents if d.stage is None and not d.is_kept]
    assert sorted((d.id, d.partner_id, d.jaccard, *d.reasons) for d in removed) == sorted(
        (row["id"], row["partner_id"], row["jaccard"], *row["reasons"]) for row in near
    )
    gone = sorted(row["id"] for row in near)
    kept = sorted(row["id"] for row in rows(sample_run / "documents"))
    for identifier in gone:
        kept.remove(identifier)
    assert sorted(d.id for d in documents if d.is_kept) == kept
