"""Indices of other libraries to a file of nothing but tokens.

Megatron-LM's `.idx` (version 1): magic, version, code of the token type, numbers of sequences and
of document bounds; then the length of each sequence (int32), the place of each in bytes (int64),
and the number of the first sequence of each document, ended by that of all (int64). See
`megatron/core/datasets/indexed_dataset.py`.

datatrove's and nanotron's `.index`: the ends of all documents, in tokens (uint64). See
`datatrove/utils/dataset.py`.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from massivetext.sequencing.shards.labels import Labels
from massivetext.sequencing.token_type import LARGE, SMALL, TokenType

_MEGATRON_MAGIC: Final = b"MMIDIDX\0\0"
_MEGATRON_VERSION: Final = 1
_MEGATRON_CODES: Final = {SMALL: 8, LARGE: 4}
"""uint16; int32, which has the bytes of uint32 for all ids below 2^31."""


def megatron_index(sequences: int, length: int, token_type: TokenType) -> bytes:
    """Returns the index by which every sequence is a document of its own.

    So Megatron draws whole sequences, as they were packed and mixed, and not crops.
    """
    header = struct.pack(
        "<QBQQ", _MEGATRON_VERSION, _MEGATRON_CODES[token_type], sequences, sequences + 1
    )
    length_N = np.full(sequences, length, "<i4")
    place_N = np.arange(sequences, dtype="<i8") * (length * token_type.itemsize)
    first_D = np.arange(sequences + 1, dtype="<i8")
    return b"".join(
        [_MEGATRON_MAGIC, header, length_N.tobytes(), place_N.tobytes(), first_D.tobytes()]
    )


def document_ends(labels: Labels) -> bytes:
    """Returns the ends of all segments of a shard: positions are counted anew behind each."""
    tokens = len(labels.subset_N) * labels.length
    return np.append(labels.start_G[1:], tokens).astype("<u8").tobytes()
