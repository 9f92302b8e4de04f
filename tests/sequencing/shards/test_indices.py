"""Indices of other libraries, byte by byte; `make test-trainers` reads them by these libraries."""

import struct

import numpy as np
import pytest

from massivetext.sequencing.shards import FORMATS
from massivetext.sequencing.shards.format import FormatWithSidecars
from massivetext.sequencing.shards.labels import Labels
from massivetext.sequencing.token_type import LARGE, SMALL, TokenType

RAW = FORMATS["raw"]


def sidecars(token_type: TokenType, starts: list[int], sequences: int) -> dict[str, bytes]:
    assert isinstance(RAW, FormatWithSidecars)
    labels = Labels(np.array(starts, np.int64), ["web"] * sequences, 4)
    return dict(RAW.sidecars("shard-00000-of-00001.bin", token_type, labels))


@pytest.mark.parametrize(("token_type", "code", "size"), [(SMALL, 8, 2), (LARGE, 4, 4)])
def test_a_sequence_is_a_document_of_megatron(token_type: TokenType, code: int, size: int) -> None:
    index = sidecars(token_type, [0, 4, 8], 3)["shard-00000-of-00001.idx"]
    expected = b"MMIDIDX\0\0" + struct.pack("<QBQQ", 1, code, 3, 4)
    expected += struct.pack("<3i", 4, 4, 4)
    expected += struct.pack("<3q", 0, 4 * size, 8 * size)
    expected += struct.pack("<4q", 0, 1, 2, 3)
    assert index == expected


def test_datatrove_is_told_where_segments_end() -> None:
    index = sidecars(SMALL, [0, 3, 4, 6, 7], 2)["shard-00000-of-00001.bin.index"]
    assert struct.unpack("<5Q", index) == (3, 4, 6, 7, 8)


def test_an_empty_shard_has_no_index() -> None:
    assert sidecars(SMALL, [], 0) == {}
