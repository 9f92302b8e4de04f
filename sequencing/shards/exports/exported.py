"""What is exported: the shards of one split, in any format, some sequences at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from massivetext.sequencing.shards.parquet import LabelledRows, rows_of_groups
from massivetext.sequencing.shards.reader import ShardReader
from massivetext.sequencing.token_type import Tokens, TokenType, token_type_of


class UnreadableShardError(Exception):
    """A shard, its provenance or the tokenizer, that is missing or damaged."""


def _nothing(_: int) -> None:
    """Tells nobody how many sequences have been read."""


@dataclass(frozen=True)
class ExportedSplit:
    """A folder of shards.

    Attributes:
        name: `train` or `held_out`.
        reader: of the folder.
        tell_read: is told how many sequences were read each time.
    """

    name: str
    reader: ShardReader
    tell_read: Callable[[int], None] = _nothing

    @property
    def length(self) -> int:
        """Tokens a sequence."""
        return self.reader.dataset.sequence_length

    @property
    def token_type(self) -> TokenType:
        """Of the tokens."""
        return token_type_of(self.reader.dataset.vocab_size)

    def tokenizer(self) -> bytes:
        """Returns the file of the tokenizer.

        Raises:
            UnreadableShardError: if it is missing, or is not the one of the shards.
        """
        dataset = self.reader.dataset
        with self._watched(dataset.tokenizer), open(self.reader.tokenizer_path, "rb") as stream:
            model = stream.read()
            if hashlib.sha256(model).hexdigest() != dataset.tokenizer_sha256:
                raise ValueError("it is not the tokenizer of these shards")
        return model

    @property
    def shards(self) -> list[int]:
        """Numbers of the shards that hold sequences; most readers refuse empty files."""
        return [n for n, entry in enumerate(self.reader.dataset.shards) if entry.records]

    def shard_names(self, suffix: str) -> Iterator[tuple[int, str]]:
        """Yields the number of each shard and the name of its file in the export."""
        shards = self.shards
        for place, shard in enumerate(shards):
            yield shard, f"shard-{place:05d}-of-{len(shards):05d}{suffix}"

    def batches(self, shard: int) -> Iterator[Tokens]:
        """Yields the sequences of a shard, shape (some, length); releases it at its end."""
        for rows in self._row_groups(shard):
            yield self._read(shard, rows)
        self.reader.release(shard)

    def labelled_batches(self, shard: int) -> Iterator[LabelledRows]:
        """Yields the sequences of a shard with segment ids and subsets, as `batches` does."""
        with self._watched(self._name(shard)):
            labels = self.reader.labels(shard)
        for rows in self._row_groups(shard):
            segment_ids = labels.segment_ids(rows.start, rows.stop)
            subsets = list(labels.subset_N[rows.start : rows.stop])
            yield self._read(shard, rows), segment_ids, subsets
        self.reader.release(shard)

    def _row_groups(self, shard: int) -> Iterator[range]:
        return rows_of_groups(self.reader.dataset.shards[shard].records, self.length)

    def _read(self, shard: int, rows: range) -> Tokens:
        with self._watched(self._name(shard)):
            sequences_NxL = self.reader.read_run(shard, rows.start, rows.stop)
        self.tell_read(len(rows))
        return sequences_NxL

    def _name(self, shard: int) -> str:
        return f"{self.reader.dataset.shards[shard].name} or its provenance"

    @contextmanager
    def _watched(self, name: str) -> Iterator[None]:
        """Tells faults of what is read from those of what is written."""
        try:
            yield
        except (OSError, ValueError, IndexError, RuntimeError) as error:  # each format has its own
            said = " ".join(str(error).split())
            raise UnreadableShardError(
                f"cannot read {name} in {self.reader.folder}: {said}"
            ) from error
