"""Only deduplication, of rows that this project has not made: JSON lines or Parquet, any columns.

    python examples/only_deduplication.py 'theirs/*.parquet' out/theirs --text content --id key

Writes `out/theirs-kept.jsonl`, and `out/theirs-removed.jsonl` with what each removed row resembles.
The rules are the paper's: exact copies by their words, near ones by a 13-gram Jaccard above 0.8,
which --threshold changes. Beam's options follow, for example --runner=FlinkRunner.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from massivetext import Config, Deduplicate, Document
from massivetext.config import Dedup


def rows_of(pattern: str, columns: list[str]) -> beam.PTransform:
    """Returns what reads rows as mappings, by the end of the files' names."""
    if pattern.endswith(".parquet"):
        return beam.io.ReadFromParquet(pattern, columns=columns)
    return _JsonLines(pattern)


class _JsonLines(beam.PTransform):
    """Rows of JSON lines."""

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self.pattern = pattern

    def expand(self, pcoll: Any) -> Any:
        lines = pcoll | "Lines" >> beam.io.ReadFromText(self.pattern)
        return lines | "Parse" >> beam.Map(json.loads)


def to_document(row: Mapping[str, Any], text: str, identifier: str) -> Document:
    """Returns a row as a document: nothing but a text and a name is needed."""
    return Document(id=str(row[identifier]), text=row[text] or "")


def kept_line(document: Document) -> str:
    """Returns a line of JSON."""
    return json.dumps({"id": document.id, "text": document.text}, ensure_ascii=False)


def removed_line(document: Document) -> str:
    """Returns a line of JSON that says why."""
    (reason,) = document.reasons
    row = {"id": document.id, "reason": reason, "resembles": document.partner_id}
    return json.dumps({**row, "jaccard": document.jaccard})


def main(options: argparse.Namespace, beam_options: list[str]) -> None:
    """Writes both files."""
    config = Config(seed=options.seed, dedup=Dedup(threshold=options.threshold))
    settings = PipelineOptions(beam_options or ["--runner=FnApiRunner"])
    with beam.Pipeline(options=settings) as pipeline:
        documents = (
            pipeline
            | "Rows" >> rows_of(options.pattern, [options.id, options.text])
            | "Documents" >> beam.Map(to_document, options.text, options.id)
            | "Deduplicate" >> Deduplicate(config)
        )
        (
            documents
            | "Kept" >> beam.Filter(lambda document: document.is_kept)
            | "Kept lines" >> beam.Map(kept_line)
            | "Write kept"
            >> beam.io.WriteToText(f"{options.output}-kept.jsonl", shard_name_template="")
        )
        (
            documents
            | "Removed" >> beam.Filter(lambda document: not document.is_kept)
            | "Removed lines" >> beam.Map(removed_line)
            | "Write removed"
            >> beam.io.WriteToText(f"{options.output}-removed.jsonl", shard_name_template="")
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pattern", help="files of rows: *.parquet, or JSON lines")
    parser.add_argument("output", help="beginning of the names of both results")
    parser.add_argument("--text", default="text", help="column of the text")
    parser.add_argument("--id", default="id", help="column of the name")
    parser.add_argument("--threshold", type=float, default=Dedup().threshold)
    parser.add_argument("--seed", type=int, default=0, help="draws which of two rows stays")
    main(*parser.parse_known_args())
