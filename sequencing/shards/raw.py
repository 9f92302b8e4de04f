"""Raw tokens: nothing but little-endian integers, for numpy.memmap and its friends.

OLMo-core reads such files as they are. Beside each lie the indices by which Megatron-LM (`.idx`)
and datatrove and nanotron (`.bin.index`) read it. The file has no checksum; `dataset.json` holds
one for each shard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Final

import numpy as np

from massivetext.sequencing.shards.indices import document_ends, megatron_index
from massivetext.sequencing.shards.labels import Labels
from massivetext.sequencing.token_type import SMALL, Tokens, TokenType, little_endian


class RawFormat:
    """Sequences one after the other."""

    suffix = ".bin"
    checks_records = False

    def write(self, stream: BinaryIO, sequences_NxL: Tokens) -> None:
        """Writes a shard."""
        stream.write(little_endian(sequences_NxL).tobytes())

    def sidecars(self, shard: str, token_type: TokenType, labels: Labels) -> Mapping[str, bytes]:
        """Returns the indices of other libraries to a shard; none reads an empty one.

        Args:
            shard: its file name.
            token_type: of its tokens.
            labels: of its sequences.
        """
        sequences = len(labels.subset_N)
        if not sequences:
            return {}
        return {
            f"{shard.removesuffix(self.suffix)}.idx": megatron_index(
                sequences, labels.length, token_type
            ),
            f"{shard}.index": document_ends(labels),
        }

    def open(self, path: str, length: int, token_type: TokenType = SMALL) -> RawFile:
        """Maps a shard into memory."""
        return RawFile(path, length, token_type)


class RawFile:
    """An open raw shard."""

    def __init__(self, path: str, length: int, token_type: TokenType) -> None:
        with open(path, "rb") as stream:
            is_empty = not stream.read(1)
        # An empty file cannot be mapped.
        tokens = np.empty(0, token_type) if is_empty else np.memmap(path, token_type, "r")
        self._sequences_NxL = tokens.reshape(-1, length)

    def __len__(self) -> int:
        return len(self._sequences_NxL)

    def __getitem__(self, index: int) -> Tokens:
        return np.array(self._sequences_NxL[index])


FORMAT: Final = RawFormat()
