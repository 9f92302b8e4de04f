"""Megatron-LM: a `.bin` of tokens and its `.idx` a shard; every sequence is a document."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final

from massivetext.sequencing.dataset import Dataset
from massivetext.sequencing.shards.exports.export import token_bytes
from massivetext.sequencing.shards.exports.exported import ExportedSplit
from massivetext.sequencing.shards.indices import megatron_index
from massivetext.sequencing.token_type import little_endian


class MegatronExport:
    """Pairs of files, as `megatron.core.datasets` takes their common beginning for a path."""

    def least_bytes(self, dataset: Dataset) -> int:
        """Returns the size of the tokens."""
        return token_bytes(dataset)

    def write_split(self, folder: str, split: ExportedSplit) -> None:
        """Writes the files of a split."""
        for shard, name in split.shard_names(""):
            path, sequences = os.path.join(folder, name), 0
            with open(f"{path}.bin", "wb") as stream:
                for tokens_NxL in split.batches(shard):
                    stream.write(little_endian(tokens_NxL).tobytes())
                    sequences += len(tokens_NxL)
            with open(f"{path}.idx", "wb") as stream:
                stream.write(megatron_index(sequences, split.length, split.token_type))

    def more_files(self, splits: Sequence[str], checksums: Sequence[str]) -> Mapping[str, str]:
        """Returns none."""
        return {}


EXPORT: Final = MegatronExport()
