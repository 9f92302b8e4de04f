"""A host's share of the sequences, one after the other; where it stands is one integer."""

from __future__ import annotations

from typing import Protocol

from massivetext.sequencing.token_type import Tokens


class Sequences(Protocol):
    """Sequences by number."""

    def __len__(self) -> int:
        """Returns their number."""
        ...

    def __getitem__(self, index: int, /) -> Tokens:
        """Returns a sequence."""
        ...


class SequenceStream:
    """Every `hosts`-th sequence from number `host` on; all hosts together read each one once.

    Sequences are shuffled within a shard already. What stands in `position` goes into a checkpoint:
    a stream that begins there goes on with the next sequence.

    Attributes:
        position: how many sequences it has given.
    """

    def __init__(self, sequences: Sequences, host: int = 0, hosts: int = 1, position: int = 0):
        """Begins where `position` says.

        Raises:
            ValueError: if there is no such host.
        """
        if not 0 <= host < hosts:
            raise ValueError(f"host {host} of {hosts}: expected 0 to {hosts - 1}")
        self._sequences, self._host, self._hosts = sequences, host, hosts
        self.position = position

    def __iter__(self) -> SequenceStream:
        return self

    def __len__(self) -> int:
        """How many are left."""
        return max(0, len(range(self._host, len(self._sequences), self._hosts)) - self.position)

    def __next__(self) -> Tokens:
        index = self._host + self.position * self._hosts
        if index >= len(self._sequences):
            raise StopIteration
        self.position += 1
        return self._sequences[index]
