"""Hugging Face `datasets`: Parquet and a card, so that `load_dataset(folder)` gives the splits."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final

from massivetext.sequencing.dataset import Dataset
from massivetext.sequencing.shards.card import CARD_FILE, card
from massivetext.sequencing.shards.exports.exported import ExportedSplit
from massivetext.sequencing.shards.parquet import FORMAT, write_rows


class HuggingFaceExport:
    """Parquet shards of tokens, segments and subset."""

    def least_bytes(self, dataset: Dataset) -> int:
        """Returns 0: how well tokens can be compressed is not known before."""
        del dataset
        return 0

    def write_split(self, folder: str, split: ExportedSplit) -> None:
        """Writes the files of a split."""
        for shard, name in split.shard_names(FORMAT.suffix):
            with open(os.path.join(folder, name), "wb") as stream:
                write_rows(stream, split.labelled_batches(shard), split.length)

    def more_files(self, splits: Sequence[str], checksums: Sequence[str]) -> Mapping[str, str]:
        """Returns the card."""
        patterns = {split: f"{split}/*{FORMAT.suffix}" for split in splits}
        return {CARD_FILE: card(patterns, checksums)}


EXPORT: Final = HuggingFaceExport()
