"""A Beam pipeline of one's own: which documents of some Parquet files are copies of others?

    python examples/find_copies.py 'out/sample/documents/**/*.parquet' copies.txt

Copies have the same words, whatever their spaces and punctuation. The files need the columns `id`
and `text`. Texts stay where they are read: what travels between workers are 68 bytes a document,
and 36 more for each copy that another block of rows must know of.
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

from massivetext.dedup.beam import KeyedBytes, ReturnHeads, split_by
from massivetext.dedup.exact import GROUP_RECORD, TEXT_BUCKETS, exact_removals, group_records
from massivetext.dedup.groups import partition_of
from massivetext.dedup.heads import bucket_heads
from massivetext.dedup.keys import KeySettings, document_keys
from massivetext.dedup.packed import item_of, pack_item, row_of
from massivetext.dedup.row_blocks import RowBlocks
from massivetext.records import address

PARTITIONS = 16  # how many workers can compare at once; the result does not depend on it


def count_rows(path: str) -> int:
    """Returns how many documents a file has."""
    with FileSystems.open(path) as stream:
        return int(pq.read_metadata(stream).num_rows)


def send_keys(element: tuple[int, Iterable[str]], blocks: RowBlocks) -> Iterator[KeyedBytes]:
    """Yields the keys of a file's documents, by the block of rows in which they lie."""
    number, (path,) = element
    with FileSystems.open(path) as stream:
        table = pq.read_table(stream, columns=["id", "text"])
    texts, ids = table["text"].to_pylist(), table["id"].to_pylist()
    keys = document_keys(texts, ids, "", KeySettings())
    addresses = np.uint64(address(number, 0)) + np.arange(keys.size, dtype=np.uint64)
    records = group_records(keys, addresses)
    yield from split_by(records, blocks.numbers(records["address"]))


def send_heads(element: KeyedBytes, blocks: RowBlocks) -> Iterator[KeyedBytes]:
    """Yields the documents of a block that may be the originals of others, by hash range."""
    block, packed = element
    heads = bucket_heads(np.frombuffer(packed, GROUP_RECORD), TEXT_BUCKETS)
    item, _, _ = blocks.place(block)
    for partition, part in split_by(heads, partition_of(heads["group_high"], PARTITIONS)):
        yield partition, pack_item(np.frombuffer(part, GROUP_RECORD), item)


def to_blocks(element: tuple[tuple[int, int], bytes]) -> Iterator[KeyedBytes]:
    """Yields heads, as keys again, by the block that must know of them."""
    heads = np.frombuffer(element[1], TEXT_BUCKETS.head_dtype)
    records = np.empty(heads.size, GROUP_RECORD)
    for name in GROUP_RECORD.names or ():
        records[name] = heads[name]
    yield from split_by(records, heads["block"].astype(np.int64))


def name_copies(
    element: tuple[int, Iterable[bytes]], blocks: RowBlocks, paths: Sequence[str]
) -> Iterator[str]:
    """Yields a line for each copy in a block: where it lies, and where the one lies that stays."""
    block, packed = element
    removals = exact_removals(np.frombuffer(b"".join(packed), GROUP_RECORD))
    mine = removals[blocks.numbers(removals["address"]) == block]
    places = [
        [f"{paths[i]} row {r}" for i, r in zip(item_of(field), row_of(field), strict=True)]
        for field in (mine["address"], mine["partner"])
    ]
    for copy, original in zip(*places, strict=True):
        yield f"{copy} is a copy of {original}"


def main(pattern: str, output: str, beam_options: list[str]) -> None:
    """Writes the copies among the files of a pattern to a text file."""
    metadata = FileSystems.match([pattern])[0].metadata_list
    paths = sorted(file.path for file in metadata)
    blocks = RowBlocks.of([count_rows(path) for path in paths])
    options = PipelineOptions(beam_options or ["--runner=FnApiRunner"])
    with beam.Pipeline(options=options) as pipeline:
        keys = (
            pipeline
            | "Files" >> beam.Create(list(enumerate(paths)), reshuffle=False)
            | "Spread" >> beam.GroupByKey()
            | "Keys" >> beam.FlatMap(send_keys, blocks).with_output_types(KeyedBytes)
        )
        heads = (
            keys
            | "Heads" >> beam.FlatMap(send_heads, blocks).with_output_types(KeyedBytes)
            | "Winners" >> ReturnHeads(TEXT_BUCKETS, blocks)
            | "To blocks" >> beam.FlatMap(to_blocks).with_output_types(KeyedBytes)
        )
        (
            (keys, heads)
            | "Keys and heads" >> beam.Flatten()
            | "By block" >> beam.GroupByKey()
            | "Copies" >> beam.FlatMap(name_copies, blocks, paths)
            | "Write" >> beam.io.WriteToText(output, shard_name_template="")
        )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
