"""What a shard format is: a way to write equal-length sequences to a stream and to read them back.

A new format is a module beside this one, named after it, with `FORMAT`, and a name in
`massivetext/formats.py`.
"""

from __future__ import annotations

from typing import BinaryIO, Protocol

from massivetext.sequencing.token_type import SMALL, Tokens, TokenType


class SequenceFile(Protocol):
    """An open shard: sequences by number."""

    def __len__(self) -> int:
        """Returns the number of sequences."""
        ...

    def __getitem__(self, index: int, /) -> Tokens:
        """Returns a sequence, 0 <= index < len."""
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
