"""`index/`: names of records by hash, and where they lie: a look-up reads two blocks of one file.

A part holds the entries of a range of hashes, in their order. Its head has the first hash of every
block of entries, so that the second read fetches the block that a hash must be in.

    8 bytes     MAGIC
    u8          number of entries
    u8 each     the first hash of every block of BLOCK_ENTRIES entries
    ENTRY each  the entries, by hash, folder, item, row

All little-endian.
"""

from __future__ import annotations

from typing import BinaryIO, Final

import numpy as np
import xxhash
from numpy.typing import NDArray

INDEX: Final = "index/index.json"
"""Says, below the output folder, how many parts there are, and what items' numbers stand for."""

MAGIC: Final = b"MTINDEX1"

ENTRY: Final = np.dtype([("hash", "<u8"), ("folder", "u1"), ("item", "<u4"), ("row", "<u4")])
"""A name's hash and the place of a record of that name: its folder's and its item's number."""

BLOCK_ENTRIES: Final = 4_096
"""Our choice: a block of 70 kB, read in a millisecond from a disk and one request from a store."""

_HEAD_BYTES: Final = 16
_FIRST_READ_BYTES: Final = 1 << 16
"""Holds the head of a part of 33 million entries."""


def hash_of_name(name: str) -> int:
    """Returns the 64-bit hash of a name in its plain form."""
    return xxhash.xxh3_64_intdigest(name.encode(errors="surrogatepass"))


def in_order(entries: NDArray[np.void]) -> NDArray[np.void]:
    """Returns entries in the order of a part, each once."""
    return np.unique(entries)


def index_bytes(entries: NDArray[np.void]) -> bytes:
    """Returns the file of a part.

    Args:
        entries: in order.
    """
    fences = entries["hash"][::BLOCK_ENTRIES].astype("<u8")
    count = np.array([entries.size], "<u8")
    return b"".join((MAGIC, count.tobytes(), fences.tobytes(), entries.tobytes()))


def find_entries(stream: BinaryIO, wanted: int) -> NDArray[np.void]:
    """Returns the entries of a hash in a part; usually two reads.

    Args:
        stream: the part's file.
        wanted: the hash.

    Raises:
        ValueError: if the file is not part of an index.
    """
    head = stream.read(_FIRST_READ_BYTES)
    if head[:8] != MAGIC:
        raise ValueError("expected a part of an index of names")
    count = int(np.frombuffer(head, "<u8", 1, 8)[0])
    blocks = -(-count // BLOCK_ENTRIES)
    start = _HEAD_BYTES + 8 * blocks
    if len(head) < start:
        head += stream.read(start - len(head))
    fences = np.frombuffer(head, "<u8", blocks, _HEAD_BYTES)
    # Entries of one hash may begin in the block before the first one that begins with it.
    first = max(0, int(np.searchsorted(fences, np.uint64(wanted), side="left")) - 1)
    last = int(np.searchsorted(fences, np.uint64(wanted), side="right"))
    if last <= first:
        return np.empty(0, ENTRY)
    stream.seek(start + first * BLOCK_ENTRIES * ENTRY.itemsize)
    content = stream.read((last - first) * BLOCK_ENTRIES * ENTRY.itemsize)
    entries = np.frombuffer(content[: len(content) // ENTRY.itemsize * ENTRY.itemsize], ENTRY)
    return entries[entries["hash"] == np.uint64(wanted)]
