"""Records as `bytes`, the form in which Beam moves them.

All records of an element come from one work item (`pack_item`), so the high half of their addresses
is sent once: a band record costs 20 bytes, not 24. Little-endian throughout.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.groups import Records
from massivetext.dedup.jaccard import DocumentSets
from massivetext.dedup.shingles import ShingleBatch

_HEAD_BYTES: Final = 4


def item_of(addresses: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Returns the number of the work item in each address (`records.address`)."""
    return (addresses >> np.uint64(32)).astype(np.int64)


def row_of(addresses: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Returns the row in its item's `documents/` file in each address."""
    return (addresses & np.uint64(0xFFFFFFFF)).astype(np.int64)


def pack_item(records: Records, item_number: int) -> bytes:
    """Returns records whose field `address` lies in one work item, 4 bytes shorter each."""
    packed = np.empty(records.size, _row_dtype(records.dtype))
    for name in packed.dtype.names or ():
        packed[name] = row_of(records["address"]) if name == "address" else records[name]
    return item_number.to_bytes(_HEAD_BYTES, "little") + packed.tobytes()


def unpack_item(packed: bytes, dtype: np.dtype[Any]) -> Records:
    """Returns the records that `pack_item` packed."""
    item_number = int.from_bytes(packed[:_HEAD_BYTES], "little")
    rows = np.frombuffer(packed, _row_dtype(dtype), offset=_HEAD_BYTES)
    records = np.empty(rows.size, dtype)
    for name in rows.dtype.names or ():
        records[name] = rows[name]
    records["address"] |= np.uint64(item_number << 32)
    return records


@functools.cache
def _row_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    names = dtype.names or ()
    return np.dtype([(name, "<u4" if name == "address" else dtype[name]) for name in names])


def pack_sets(addresses: NDArray[np.uint64], sets: ShingleBatch) -> bytes:
    """Returns shingle sets and whose they are: a count, addresses, sizes, hashes."""
    count = np.array([addresses.size], np.uint64)
    sizes = np.diff(sets.offsets).astype(np.uint64)
    return b"".join(part.tobytes() for part in (count, addresses, sizes, sets.hashes))


def unpack_sets(packed: Iterable[bytes]) -> DocumentSets:
    """Returns the sets of all parts that `pack_sets` packed."""
    addresses, sets = [np.empty(0, np.uint64)], list[NDArray[np.uint64]]()
    for part in packed:
        values = np.frombuffer(part, np.uint64)
        count = int(values[0])
        addresses.append(values[1 : count + 1])
        ends = np.cumsum(values[count + 1 : 2 * count + 1]).astype(np.int64)
        sets += np.split(values[2 * count + 1 :], ends[:-1]) if count else []
    joined = np.concatenate(addresses)
    order = np.argsort(joined)
    offsets = np.zeros(joined.size + 1, np.int64)
    np.cumsum([sets[index].size for index in order], out=offsets[1:])
    hashes = np.concatenate([np.empty(0, np.uint64), *(sets[index] for index in order)])
    return DocumentSets(joined[order], ShingleBatch(hashes, offsets))
