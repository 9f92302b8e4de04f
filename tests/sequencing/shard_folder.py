"""Folders of shards as a run writes them, of sequences that a test makes up."""

import dataclasses
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from massivetext.sequencing.dataset import Dataset, ShardEntry
from massivetext.sequencing.filling import PROVENANCE_SCHEMA
from massivetext.sequencing.shards import FORMATS, provenance_name, shard_name

TOKENIZER = b"a tokenizer"


def write_shards(
    folder: Path, format_name: str, shards: list[np.ndarray], **changes: Any
) -> Dataset:
    """Writes a shard for each array of sequences; returns `dataset.json`, with changes."""
    entries = []
    for number, sequences_NxL in enumerate(shards):
        name = shard_name(number, len(shards), format_name)
        stream = io.BytesIO()
        FORMATS[format_name].write(stream, sequences_NxL)
        (folder / name).write_bytes(stream.getvalue())
        xxh3 = xxhash.xxh3_64_hexdigest(stream.getvalue())
        entries.append(ShardEntry(name, len(sequences_NxL), sequences_NxL.size, 0, xxh3))
    records = sum(entry.records for entry in entries)
    length = shards[0].shape[1]
    dataset = Dataset(
        schema_version=1, format=format_name, sequence_length=length, vocab_size=65_536, bos=1,
        eos=2, tokenizer_sha256="0" * 64, config_hash="", seed=0, records=records,
        tokens=records * length, utf8_bytes=0, shards=tuple(entries), subsets={}, warnings=(),
    )  # fmt: skip
    dataset = dataclasses.replace(dataset, **changes)
    (folder / "dataset.json").write_text(dataset.to_json())
    return dataset


Segments = Sequence[int]
"""Where the segments of a sequence begin; the first at 0."""


def write_provenance(
    folder: Path, length: int, shards: Sequence[Sequence[tuple[str, Segments]]]
) -> None:
    """Writes what each sequence of each shard is made of: a subset, and segments of documents."""
    (folder / "provenance").mkdir()
    for number, sequences in enumerate(shards):
        rows = [
            {
                "shard": number, "sequence": sequence, "order": order, "subset": subset,
                "document_id": f"{number}-{sequence}-{order}", "visit": 0, "byte_start": 5,
                "byte_end": 9, "crop_token_start": 1, "crop_token_end": 1 + stop - start,
                "token_start": start, "token_end": stop,
            }
            for sequence, (subset, starts) in enumerate(sequences)
            for order, (start, stop) in enumerate(zip(starts, [*starts[1:], length], strict=True))
        ]  # fmt: skip
        table = pa.Table.from_pylist(rows, PROVENANCE_SCHEMA)
        pq.write_table(table, folder / provenance_name(number, len(shards)))


def write_folder(
    folder: Path, format_name: str, sizes: Sequence[int], length: int, vocab_size: int = 1_000
) -> None:
    """Writes random shards of so many sequences, with their provenance and a tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(length)
    kind = np.uint16 if vocab_size <= 1 << 16 else np.uint32
    shards = [rng.integers(3, vocab_size, (size, length)).astype(kind) for size in sizes]
    made: list[list[tuple[str, list[int]]]] = []
    for sequences_NxL in shards:
        made.append([])
        for sequence_L in sequences_NxL:
            starts = sorted({0, *rng.integers(0, length, rng.integers(4)).tolist()})
            sequence_L[starts[1:]] = 1  # BOS; the first segment may go on from before
            made[-1].append((str(rng.choice(["books", "news", "c4"])), starts))
    (folder / "tokenizer.model").write_bytes(TOKENIZER)
    facts = {
        "vocab_size": vocab_size,
        "token_type": np.dtype(kind).name,
        "tokenizer_sha256": hashlib.sha256(TOKENIZER).hexdigest(),
    }
    write_shards(folder, format_name, shards, **facts)
    write_provenance(folder, length, made)
