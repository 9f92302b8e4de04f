"""What a shard format is: a way to write equal-length sequences to a stream and to read them back.

A new format is a module beside this one, named after it, with `FORMAT`, and a name in
`massivetext/formats.py`. Formats that tell more of a sequence than its tokens are `LabelledFormat`;
those with files of other libraries beside a shard are `FormatWithSidecars`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import BinaryIO, Protocol, runtime_checkable

from massivetext.sequencing.shards.labels import Labels
from massivetext.sequencing.token_type import SMALL, Tokens, TokenType


class SequenceFile(Protocol):
    """An open shard: sequences by number."""

    def __len__(self) -> int:
        """Returns the number of sequences."""
        ...

    def __getitem__(self, index: int, /) -> Tokens:
        """Returns a sequence, 0 <= index < len."""
        ...


@runtime_checkable
class FileOfRuns(Protocol):
    """An open shard that reads sequences side by side faster than one by one."""

    def read_run(self, first: int, stop: int) -> Tokens:
        """Returns the sequences [first, stop), shape (stop - first, length)."""
        ...


class ShardFormat(Protocol):
    """How a shard lies in a file. The same sequences give the same bytes."""

    @property
    def suffix(self) -> str:
        """Returns the end of the file's name, with its dot."""
        ...

    @property
    def checks_records(self) -> bool:
        """Whether a damaged record is found when it is read."""
        ...

    def write(self, stream: BinaryIO, sequences_NxL: Tokens) -> None:
        """Writes a whole shard, little-endian; the stream takes bytes in order and cannot seek."""
        ...

    def open(self, path: str, length: int, token_type: TokenType = SMALL) -> SequenceFile:
        """Opens a local file of sequences of `length` tokens of this type."""
        ...


@runtime_checkable
class LabelledFormat(Protocol):
    """A format that says of a sequence what its tokens belong to."""

    def write_labelled(self, stream: BinaryIO, sequences_NxL: Tokens, labels: Labels) -> None:
        """Writes a whole shard, as `ShardFormat.write` does, with its labels."""
        ...


@runtime_checkable
class FormatWithSidecars(Protocol):
    """A format whose shards other libraries read by a file beside them."""

    def sidecars(self, shard: str, token_type: TokenType, labels: Labels) -> Mapping[str, bytes]:
        """Returns the files beside a shard, by name.

        Args:
            shard: its file name.
            token_type: of its tokens.
            labels: of its sequences.
        """
        ...


@runtime_checkable
class FormatWithCard(Protocol):
    """A format that Hugging Face `datasets` loads by the card of its folder (`README.md`)."""

    def card(self, checksums: Iterable[str], is_held_out: bool, has_held_out: bool) -> str:
        """Returns the card.

        Args:
            checksums: of the shards, in their order.
            is_held_out: whether it is of the folder of held-out documents.
            has_held_out: whether the folder has such a folder below it.
        """
        ...
