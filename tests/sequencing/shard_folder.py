"""Folders of shards as a run writes them, of sequences that a test makes up."""

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from massivetext.sequencing.dataset import Dataset, ShardEntry
from massivetext.sequencing.shards import FORMATS, shard_name


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
