"""MosaicML Streaming: MDS shards and their `index.json`, as `streaming.MDSWriter` writes them.

A sample has `tokens`, the name that LLM Foundry reads (`StreamingTextDataset`), and `subset`. The
format is that of `streaming/base/format/mds`: the number of samples and where each begins and the
last ends (uint32), the columns as JSON, the samples; a sample begins with the sizes of its columns
whose size is not fixed (uint32). The package itself needs PyTorch and the clients of five clouds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import xxhash

from massivetext.sequencing.dataset import Dataset
from massivetext.sequencing.shards.exports.export import token_bytes
from massivetext.sequencing.shards.exports.exported import ExportedSplit
from massivetext.sequencing.token_type import little_endian

MDS_SHARD_BYTES: Final = 1 << 26
"""The default of MDSWriter: 64 MB."""

MDS_HASH: Final = "xxh3_64"
"""By its name in MDS: `StreamingDataset(validate_hash=...)` finds damage by it."""

_VERSION: Final = 2
_PLACE_BYTES: Final = 4


class MdsExport:
    """Shards of samples of two columns."""

    def least_bytes(self, dataset: Dataset) -> int:
        """Returns the size of the tokens."""
        return token_bytes(dataset)

    def write_split(self, folder: str, split: ExportedSplit) -> None:
        """Writes the files of a split."""
        writer = _Writer(folder, _columns(split))
        for shard in split.shards:
            for sample in _samples(split, shard):
                writer.add(sample)
        writer.finish()

    def more_files(self, splits: Sequence[str], checksums: Sequence[str]) -> Mapping[str, str]:
        """Returns none."""
        return {}


def _columns(split: ExportedSplit) -> dict[str, Any]:
    """Returns what MDS says of the columns, which are ordered by name, and of a shard."""
    tokens = f"ndarray:{split.token_type.name}:{split.length}"
    return {
        "version": _VERSION,
        "format": "mds",
        "compression": None,
        "hashes": [MDS_HASH],
        "size_limit": MDS_SHARD_BYTES,
        "column_names": ["subset", "tokens"],
        "column_encodings": ["str", tokens],
        "column_sizes": [None, split.length * split.token_type.itemsize],
    }


def _samples(split: ExportedSplit, shard: int) -> Iterator[bytes]:
    for tokens_NxL, _, subsets in split.labelled_batches(shard):
        for tokens_L, subset in zip(little_endian(tokens_NxL), subsets, strict=True):
            name = subset.encode()
            yield np.uint32(len(name)).tobytes() + name + tokens_L.tobytes()


@dataclass
class _Writer:
    """Collects samples until a shard is full.

    Attributes:
        folder: where shards go.
        columns: of every shard.
        shards: what the index says of those that are written.
        waiting: samples of the next one.
        size_bytes: of the next one.
    """

    folder: str
    columns: dict[str, Any]
    shards: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[bytes] = field(default_factory=list)
    size_bytes: int = 0

    def add(self, sample: bytes) -> None:
        """Takes a sample; writes a shard first if it has no room for it."""
        size_bytes = len(sample) + _PLACE_BYTES
        if self.waiting and self._head_bytes + self.size_bytes + size_bytes > MDS_SHARD_BYTES:
            self._write_shard()
        self.waiting.append(sample)
        self.size_bytes += size_bytes

    def finish(self) -> None:
        """Writes what waits, and the index."""
        self._write_shard()
        with open(os.path.join(self.folder, "index.json"), "w", encoding="utf-8") as stream:
            json.dump({"version": _VERSION, "shards": self.shards}, stream, sort_keys=True)

    @property
    def _description(self) -> bytes:
        return json.dumps(self.columns, sort_keys=True).encode()

    @property
    def _head_bytes(self) -> int:
        return 2 * _PLACE_BYTES + len(self._description)

    def _write_shard(self) -> None:
        sizes = [len(sample) for sample in self.waiting]
        head_bytes = self._head_bytes + _PLACE_BYTES * len(sizes)
        places = head_bytes + np.cumsum([0, *sizes])
        head = np.array([len(sizes), *places], np.uint32).tobytes() + self._description
        content = b"".join([head, *self.waiting])
        name = f"shard.{len(self.shards):05}.mds"
        with open(os.path.join(self.folder, name), "wb") as stream:
            stream.write(content)
        hashes = {MDS_HASH: xxhash.xxh3_64_hexdigest(content)}
        raw_data = {"basename": name, "bytes": len(content), "hashes": hashes}
        entry = {"samples": len(sizes), "raw_data": raw_data, "zip_data": None}
        self.shards.append({**entry, **self.columns})
        self.waiting, self.size_bytes = [], 0


EXPORT: Final = MdsExport()
