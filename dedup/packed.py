"""Records as `bytes`, the form in which Beam moves them.

All records of an element come from one work item (`pack_item`), so the high half of their addresses
is sent once: a band record costs 18 bytes, not 24. Little-endian throughout.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.groups import Records
from massivetext.dedup.jaccard import DocumentSets, join_documents
from massivetext.dedup.minhash import BAND_KEY_BITS
from massivetext.dedup.shingles import ShingleBatch

_HEAD_BYTES: Final = 4


def item_of(addresses: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Returns the number of the work item in each address (`records.address`)."""
    return (addresses >> np.uint64(32)).astype(np.int64)


def row_of(addresses: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Returns the row in its item's `documents/` file in each address."""
    return (addresses & np.uint64(0xFFFFFFFF)).astype(np.int64)


def pack_item(records: Records, item_number: int) -> bytes:
    """Returns records whose field `address` lies in one work item, by their `_sent_bytes`."""
    columns = np.frombuffer(records.tobytes(), np.uint8).reshape(-1, records.itemsize)
    sent = columns[:, _sent_bytes(records.dtype)]
    return item_number.to_bytes(_HEAD_BYTES, "little") + sent.tobytes()


def unpack_item(packed: bytes, dtype: np.dtype[Any]) -> Records:
    """Returns the records that `pack_item` packed."""
    item_number = int.from_bytes(packed[:_HEAD_BYTES], "little")
    sent = _sent_bytes(dtype)
    columns = np.zeros(((len(packed) - _HEAD_BYTES) // sent.size, dtype.itemsize), np.uint8)
    columns[:, sent] = np.frombuffer(packed, np.uint8, offset=_HEAD_BYTES).reshape(-1, sent.size)
    records = columns.reshape(-1).view(dtype)
    records["address"] |= np.uint64(item_number << 32)
    return records


def packed_bytes(dtype: np.dtype[Any]) -> int:
    """Returns how many bytes `pack_item` makes of a record."""
    return int(_sent_bytes(dtype).size)


@functools.cache
def _sent_bytes(dtype: np.dtype[Any]) -> NDArray[np.int64]:
    """Which bytes of a record are sent: of an address its row, of a band key those it can have."""
    narrower = {"address": 4, "key": BAND_KEY_BITS // 8}
    sent, offset = list[int](), 0
    for name in dtype.names or ():
        sent += range(offset, offset + narrower.get(name, dtype[name].itemsize))
        offset += dtype[name].itemsize
    return np.array(sent, np.int64)


def pack_sets(addresses: NDArray[np.uint64], sets: ShingleBatch) -> bytes:
    """Returns shingle sets and whose they are: a count, addresses, sizes, hashes."""
    count = np.array([addresses.size], np.uint64)
    sizes = np.diff(sets.offsets).astype(np.uint64)
    return b"".join(part.tobytes() for part in (count, addresses, sizes, sets.hashes))


def unpack_sets(packed: Iterable[bytes]) -> DocumentSets:
    """Returns the sets of all parts that `pack_sets` packed, by address."""
    parts = []
    for part in packed:
        values = np.frombuffer(part, np.uint64)
        count = int(values[0])
        ends = np.cumsum(values[count + 1 : 2 * count + 1]).astype(np.int64)
        sets = ShingleBatch(values[2 * count + 1 :], np.concatenate([[0], ends]))
        parts.append(DocumentSets(values[1 : count + 1], sets))
    return join_documents(parts)
