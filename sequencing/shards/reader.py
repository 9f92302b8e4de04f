"""Reading a folder of shards as one list of sequences."""

from __future__ import annotations

import bisect
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import pyarrow.parquet as pq

from massivetext.sequencing.dataset import DATASET_FILE, Dataset
from massivetext.sequencing.shards.format import SequenceFile
from massivetext.sequencing.shards.formats import FORMATS, provenance_name
from massivetext.sequencing.token_type import Tokens, token_type_of


@dataclass(frozen=True)
class CropPiece:
    """A piece of a sequence, and where it comes from.

    Tokens [token_start, token_end) of the sequence are tokens [crop_token_start, crop_token_end) of
    the crop, whose token 0 is its BOS; the crop is bytes [byte_start, byte_end) of the document.
    """

    document_id: str
    subset: str
    visit: int
    byte_start: int
    byte_end: int
    crop_token_start: int
    crop_token_end: int
    token_start: int
    token_end: int


class ShardReader:
    """All sequences of a local folder of shards, in the order of the shards.

    Random access (`reader[i]`, also `reader[-1]`), so it can be a source of grain; files are
    opened when they are first needed, and again after pickling.

    Attributes:
        folder: the folder with `dataset.json`.
        dataset: its content.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Reads `dataset.json`; opens no shard yet.

        Raises:
            FileNotFoundError: if the folder holds no `dataset.json` or lacks a shard.
            ValueError: if `dataset.json` cannot be understood.
        """
        self.folder = os.fspath(folder)
        path = os.path.join(self.folder, DATASET_FILE)
        if not os.path.exists(path):
            raise FileNotFoundError(
                f"{self.folder} holds no {DATASET_FILE}: expected the folder `sequences` of a "
                "finished run"
            )
        with open(path, encoding="utf-8") as stream:
            self.dataset = Dataset.from_json(stream.read())
        self._stops = list(itertools.accumulate(shard.records for shard in self.dataset.shards))
        self._files: dict[int, SequenceFile] = {}
        self._check_files()

    def __len__(self) -> int:
        return self.dataset.records

    def __getitem__(self, index: int) -> Tokens:
        """Returns a sequence, shape (sequence_length,)."""
        shard, row = self.locate(index)
        return self._file(shard)[row]

    def __iter__(self) -> Iterator[Tokens]:
        return (self[index] for index in range(len(self)))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_files": {}}

    def provenance(self, index: int) -> list[CropPiece]:
        """Returns what a sequence is made of, in order.

        Raises:
            IndexError: if there is no such sequence.
        """
        shard, row = self.locate(index)
        path = os.path.join(self.folder, provenance_name(shard, len(self.dataset.shards)))
        table = pq.read_table(path, filters=[("sequence", "==", row)])
        return [
            CropPiece(**{f.name: piece[f.name] for f in fields(CropPiece)})
            for piece in table.to_pylist()
        ]

    @property
    def tokenizer_path(self) -> str:
        """The file of the tokenizer that made the tokens."""
        return os.path.join(self.folder, self.dataset.tokenizer)

    def locate(self, index: int) -> tuple[int, int]:
        """Returns number of the shard and row in it of a sequence.

        Raises:
            IndexError: if there is no such sequence.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"sequence {index} of {len(self)}")
        index = int(index) % len(self)
        shard = bisect.bisect_right(self._stops, index)
        return shard, index - self._stops[shard] + self.dataset.shards[shard].records

    def _file(self, shard: int) -> SequenceFile:
        if shard not in self._files:
            entry = self.dataset.shards[shard]
            shard_format = FORMATS[self.dataset.format]
            path = os.path.join(self.folder, entry.name)
            token_type = token_type_of(self.dataset.vocab_size)
            opened = shard_format.open(path, self.dataset.sequence_length, token_type)
            if len(opened) != entry.records:
                raise ValueError(
                    f"{path} holds {len(opened):,} sequences; {DATASET_FILE} says "
                    f"{entry.records:,}: the file is not the one that was written"
                )
            self._files[shard] = opened
        return self._files[shard]

    def _check_files(self) -> None:
        for entry in self.dataset.shards:
            if not os.path.exists(os.path.join(self.folder, entry.name)):
                raise FileNotFoundError(f"{self.folder} lacks the shard {entry.name}")
