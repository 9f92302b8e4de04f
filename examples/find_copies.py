"""A Beam pipeline of one's own: which documents of some Parquet files are copies of others?

    python examples/find_copies.py 'out/sample/documents/**/*.parquet' copies.txt

Copies have the same words, whatever their spaces and punctuation. The files need the columns `id`
and `text`. Texts stay where they are read: what travels between workers are 36 bytes a document.
Beam's options follow, for example --runner=FlinkRunner.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

import apache_beam as beam
import numpy as np
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from massivetext.dedup.beam import ExactDuplicates, Packed
from massivetext.dedup.groups import partition_of
from massivetext.dedup.in_memory import group_records
from massivetext.dedup.keys import KeySettings, document_keys
from massivetext.dedup.packed import item_of, pack_item, row_of
from massivetext.dedup.removal import REMOVAL
from massivetext.records import address

PARTITIONS = 16  # how many workers can compare at once; the result does not depend on it


def send_keys(element: tuple[int, Iterable[str]]) -> Iterator[Packed]:
    """Yields the keys of a file's documents, by the range of hashes that they fall into."""
    number, (path,) = element
    with FileSystems.open(path) as stream:
        table = pq.read_table(stream, columns=["id", "text"])
    texts, ids = table["text"].to_pylist(), table["id"].to_pylist()
    keys = document_keys(texts, ids, "", KeySettings())
    addresses = np.array([address(number, row) for row in range(len(ids))], np.uint64)
    records = group_records(keys, addresses)
    partitions = partition_of(records["group_high"], PARTITIONS)
    for partition in np.unique(partitions).tolist():
        yield partition, pack_item(records[partitions == partition], number)


def name_copies(element: Packed, paths: Sequence[str]) -> Iterator[str]:
    """Yields a line for each copy: where it lies, and where the document lies that stays."""
    removals = np.frombuffer(element[1], REMOVAL)
    places = [
        [f"{paths[i]} row {r}" for i, r in zip(item_of(field), row_of(field), strict=True)]
        for field in (removals["address"], removals["partner"])
    ]
    for copy, original in zip(*places, strict=True):
        yield f"{copy} is a copy of {original}"


def main(pattern: str, output: str, beam_options: list[str]) -> None:
    """Writes the copies among the files of a pattern to a text file."""
    metadata = FileSystems.match([pattern])[0].metadata_list
    paths = sorted(file.path for file in metadata)
    options = PipelineOptions(beam_options or ["--runner=FnApiRunner"])
    with beam.Pipeline(options=options) as pipeline:
        (
            pipeline
            | "Files" >> beam.Create(list(enumerate(paths)), reshuffle=False)
            | "Spread" >> beam.GroupByKey()
            | "Keys" >> beam.FlatMap(send_keys).with_output_types(Packed)
            | "Copies" >> ExactDuplicates()
            | "Names" >> beam.FlatMap(name_copies, paths)
            | "Write" >> beam.io.WriteToText(output, shard_name_template="")
        )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
