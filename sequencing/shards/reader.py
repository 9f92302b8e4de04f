"""Reading a folder of shards as one list of sequences.

Importing this needs numpy alone. ArrayRecord needs its own package, Parquet shards and provenance
pyarrow, folders elsewhere fsspec, when they are first used.
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.sequencing.dataset import DATASET_FILE, Dataset
from massivetext.sequencing.shards.format import FileOfRuns, SequenceFile, ShardFormat
from massivetext.sequencing.shards.formats import FORMATS, provenance_name
from massivetext.sequencing.shards.labels import Labels
from massivetext.sequencing.shards.local_copies import LocalCopies
from massivetext.sequencing.shards.provenance import CropPiece, ShardProvenance
from massivetext.sequencing.shards.stream import SequenceStream
from massivetext.sequencing.token_type import Tokens, token_type_of

if TYPE_CHECKING:
    from massivetext.sequencing.tokenizer import Tokenizer

_MOST_OPEN: Final = 64
"""Our choice: shards open at a time; a process may have some hundred files, and shares them."""


class NoShardsError(FileNotFoundError):
    """A folder without `dataset.json`."""


class ShardReader:
    """All sequences of a folder of shards, in the order of the shards.

    Random access (`reader[i]`, also `reader[-1]`), so it can be a source of grain or of PyTorch;
    files are opened when they are first needed, some at a time, and again after pickling. Damage is
    found: by the checksum of a record where the format has one, else by that of the shard when it
    is opened.

    Attributes:
        folder: the folder with `dataset.json`: a path, or a URL that fsspec knows.
        dataset: its content.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Reads `dataset.json`; opens no shard yet.

        Raises:
            NoShardsError: if the folder holds no `dataset.json`.
            FileNotFoundError: if it lacks a shard.
            ValueError: if `dataset.json` cannot be understood.
        """
        self._local = LocalCopies(folder)
        self.folder = self._local.folder
        if not self._local.exists(DATASET_FILE):
            raise NoShardsError(
                f"{self.folder} holds no {DATASET_FILE}: expected the folder `sequences` of a "
                "finished run"
            )
        with open(self._local.path(DATASET_FILE), "rb") as stream:
            self.dataset = Dataset.from_json(stream.read())
        self._stops = list(itertools.accumulate(shard.records for shard in self.dataset.shards))
        self._files: dict[int, SequenceFile] = {}
        self._sound: set[int] = set()
        self._provenances: dict[int, ShardProvenance] = {}
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
        return {**self.__dict__, "_files": {}, "_provenances": {}}

    def read_run(self, shard: int, first: int, stop: int) -> Tokens:
        """Returns sequences [first, stop) of a shard, shape (stop - first, sequence_length)."""
        opened = self._file(shard)
        if isinstance(opened, FileOfRuns):
            return opened.read_run(first, stop)
        return np.stack([opened[row] for row in range(first, stop)])

    def stream(self, host: int = 0, hosts: int = 1, position: int = 0) -> SequenceStream:
        """Returns a host's share of the sequences, from a position on."""
        return SequenceStream(self, host, hosts, position)

    def provenance(self, index: int) -> list[CropPiece]:
        """Returns what a sequence is made of, in order.

        Raises:
            IndexError: if there is no such sequence.
        """
        shard, row = self.locate(index)
        return self._provenance(shard).pieces(row)

    def labels(self, shard: int) -> Labels:
        """Returns the segments and subsets of a shard's sequences, as its provenance tells them."""
        return self._provenance(shard).labels(self.dataset.sequence_length)

    def release(self, shard: int) -> None:
        """Closes what is open of a shard, and deletes copies of it; it can be read again."""
        self._files.pop(shard, None)
        self._provenances.pop(shard, None)
        self._local.discard(self.dataset.shards[shard].name)
        self._local.discard(provenance_name(shard, len(self.dataset.shards)))

    def segment_ids(self, index: int) -> NDArray[np.int32]:
        """Returns which crop each token belongs to, counted from 1; for masks between documents.

        0 stands for padding in most trainers, of which there is none.
        """
        if self.dataset.bos != self.dataset.eos:
            begins = self[index] == self.dataset.bos
            begins[0] = True
            return np.cumsum(begins, dtype=np.int32)
        sizes = [piece.token_end - piece.token_start for piece in self.provenance(index)]
        return np.repeat(np.arange(1, len(sizes) + 1, dtype=np.int32), sizes)

    @property
    def tokenizer_path(self) -> str:
        """The file of the tokenizer that made the tokens."""
        return self._local.path(self.dataset.tokenizer)

    def tokenizer(self) -> Tokenizer:
        """Returns the tokenizer that made the tokens.

        Raises:
            ValueError: if the file beside the shards is another one.
        """
        from massivetext.sequencing.tokenizer import make_tokenizer

        with open(self.tokenizer_path, "rb") as stream:
            model = stream.read()
        found = hashlib.sha256(model).hexdigest()
        if found != self.dataset.tokenizer_sha256:
            raise ValueError(
                f"{self.tokenizer_path} is not the tokenizer of these shards: its SHA-256 is "
                f"{found[:12]}..., {DATASET_FILE} says {self.dataset.tokenizer_sha256[:12]}..."
            )
        return make_tokenizer(model)

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

    def _provenance(self, shard: int) -> ShardProvenance:
        if shard not in self._provenances:
            path = self._local.path(provenance_name(shard, len(self.dataset.shards)))
            self._provenances[shard] = ShardProvenance(path, self.dataset.shards[shard].records)
        return self._provenances[shard]

    def _file(self, shard: int) -> SequenceFile:
        opened = self._files.get(shard)
        if opened is None:
            opened = self._open(shard)
            if len(self._files) >= _MOST_OPEN:
                # The one that was opened first goes; whoever reads it at this moment still has it.
                self._files.pop(next(iter(self._files.copy())), None)
            self._files[shard] = opened
        return opened

    def _open(self, shard: int) -> SequenceFile:
        entry, shard_format = self.dataset.shards[shard], FORMATS[self.dataset.format]
        path = self._local.path(entry.name)
        opened = self._opened(shard_format, path)
        if len(opened) != entry.records:
            raise ValueError(
                f"{path} holds {len(opened):,} sequences; {DATASET_FILE} says "
                f"{entry.records:,}: the file is not the one that was written"
            )
        # A format that says nothing of checksums has none.
        if entry.xxh3 and not getattr(shard_format, "checks_records", False):
            if shard not in self._sound:
                _require_checksum(path, entry.xxh3)
            self._sound.add(shard)
        return opened

    def _opened(self, shard_format: ShardFormat, path: str) -> SequenceFile:
        """Opens a shard; formats that know uint16 alone are not asked for another type."""
        length = self.dataset.sequence_length
        token_type = token_type_of(self.dataset.vocab_size)
        if token_type == token_type_of(0):
            return shard_format.open(path, length)
        return shard_format.open(path, length, token_type)

    def require_whole(self) -> None:
        """Opens every shard, which finds cut and exchanged files; reads little of them.

        Raises:
            ValueError: if a shard is damaged.
            OSError: if one cannot be read.
        """
        for shard in range(len(self.dataset.shards)):
            self._file(shard)

    def _check_files(self) -> None:
        for entry in self.dataset.shards:
            if not self._local.exists(entry.name):
                raise FileNotFoundError(f"{self.folder} lacks the shard {entry.name}")


def _require_checksum(path: str, xxh3: str) -> None:
    """Reads a whole shard and compares it with what was written."""
    import xxhash

    with open(path, "rb") as stream:
        found = hashlib.file_digest(stream, xxhash.xxh3_64).hexdigest()
    if found != xxh3:
        raise ValueError(f"{path} is damaged: its checksum is {found}, {DATASET_FILE} says {xxh3}")
