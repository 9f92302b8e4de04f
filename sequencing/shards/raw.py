"""Raw tokens: nothing but little-endian uint16, for numpy.memmap and its friends.

The file has no checksum; `dataset.json` holds one for each shard.
"""

from __future__ import annotations

from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray


class RawFormat:
    """Sequences one after the other."""

    suffix = ".bin"

    def write(self, stream: BinaryIO, sequences_NxL: NDArray[np.uint16]) -> None:
        """Writes a shard."""
        stream.write(sequences_NxL.astype("<u2").tobytes())

    def open(self, path: str, length: int) -> RawFile:
        """Maps a shard into memory."""
        return RawFile(path, length)


class RawFile:
    """An open raw shard."""

    def __init__(self, path: str, length: int) -> None:
        with open(path, "rb") as stream:
            is_empty = not stream.read(1)
        # An empty file cannot be mapped.
        tokens = np.empty(0, "<u2") if is_empty else np.memmap(path, "<u2", "r")
        self._sequences_NxL = tokens.reshape(-1, length)

    def __len__(self) -> int:
        return len(self._sequences_NxL)

    def __getitem__(self, index: int) -> NDArray[np.uint16]:
        return np.array(self._sequences_NxL[index])


FORMAT: Final = RawFormat()
