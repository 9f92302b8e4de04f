"""A table of hashed hosts and URLs: in memory, and in a file that all processes of a machine share.

A file begins with a line of JSON: how many entries, what was left out, and the checksum of what
follows, the two arrays that `filters.host_kernel` looks hashes up in. Processes map it, so that its
pages lie in memory once.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import xxhash
from numpy.typing import NDArray

VERSION: Final = 1
"""Of the file's layout and of the hashes: raised when either changes, so that old files go."""

_MOST_SHOWN: Final = 10
"""Our choice: how many of the entries that were left out are named."""

_ENTRIES_PER_BUCKET: Final = 8
"""Our choice: a cache line of hashes; the array of buckets then takes a sixteenth of theirs."""

_FIRST_LINE_BYTES: Final = 4096
"""Our choice: a page of memory, so that the arrays begin at the border of one."""

_BLOCK: Final = 1 << 16


@dataclass(frozen=True)
class LeftOut:
    """Lines of lists that do not count.

    Attributes:
        count: how many.
        shown: the first of them.
    """

    count: int = 0
    shown: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = ", ..." if self.count > len(self.shown) else ""
        return ", ".join(self.shown) + more

    def plus(self, text: str) -> LeftOut:
        """Returns these and one more line."""
        shown = self.shown if len(self.shown) == _MOST_SHOWN else (*self.shown, text[:80])
        return LeftOut(self.count + 1, shown)


@dataclass(frozen=True, eq=False)
class HostTable:
    """Hashes of hosts and URLs.

    Attributes:
        hashes: uint64[entries], sorted, each once.
        starts: uint32[2**bits + 1], where the hashes with each value of the first bits begin.
        refused: entries that are public suffixes.
        ignored: lines that are no entries.
    """

    hashes: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    starts: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(2, np.uint32))
    refused: LeftOut = LeftOut()
    ignored: LeftOut = LeftOut()

    def __len__(self) -> int:
        return len(self.hashes)


def table_of(
    hashes: NDArray[np.uint64], refused: LeftOut = LeftOut(), ignored: LeftOut = LeftOut()
) -> HostTable:
    """Returns the table of some hashes, in any order; sorts them where they are."""
    hashes.sort()
    size = _keep_distinct(hashes)
    distinct = hashes[:size]
    bits = max(0, (size // _ENTRIES_PER_BUCKET).bit_length() - 1)
    borders = np.arange(2**bits + 1, dtype=np.float64) * 2.0 ** (64 - bits)
    borders[-1] = 2.0**63  # the last border is 2**64, which no uint64 holds
    starts = np.searchsorted(distinct, borders.astype(np.uint64)).astype(np.uint32)
    starts[-1] = size
    return HostTable(distinct, starts, refused, ignored)


def _keep_distinct(values: NDArray[np.uint64]) -> int:
    """Moves the distinct ones of sorted values to the front; returns how many.

    Block by block: a copy of the whole would double the memory.
    """
    size = 0
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        is_new = np.empty(len(block), bool)
        is_new[1:] = block[1:] != block[:-1]
        is_new[:1] = size == 0 or block[0] != values[size - 1]
        kept = block[is_new]
        values[size : size + len(kept)] = kept
        size += len(kept)
    return size


def write_hosts(stream: BinaryIO, table: HostTable) -> None:
    """Writes a table to a file.

    Raises:
        OSError: if it cannot be written.
    """
    parts = [table.starts.data.cast("B"), _padding(table.starts.nbytes)]
    parts.append(table.hashes.data.cast("B") if len(table) else memoryview(b""))
    facts = {
        "version": VERSION,
        "entries": len(table),
        "buckets": len(table.starts) - 1,
        "refused": asdict(table.refused),
        "ignored": asdict(table.ignored),
        "checksum": _checksum(parts),
    }
    line = json.dumps(facts).encode()
    stream.write(line.ljust(_FIRST_LINE_BYTES - 1) + b"\n")
    for part in parts:
        stream.write(part)


def _padding(size: int) -> memoryview:
    return memoryview(bytes(-size % 8))


def _checksum(parts: Iterable[Any]) -> str:
    total = xxhash.xxh3_64()
    for part in parts:
        total.update(part)
    return total.hexdigest()


def map_table(path: Path) -> HostTable | None:
    """Returns the table in a file, mapped; None if the file is absent or is not a sound table."""
    try:
        with path.open("rb") as stream:
            facts = json.loads(stream.read(_FIRST_LINE_BYTES))
            blocks = iter(lambda: stream.read(1 << 20), b"")
            if facts["version"] != VERSION or facts["checksum"] != _checksum(blocks):
                return None
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        n_starts = int(facts["buckets"]) + 1
        starts = np.frombuffer(mapped, np.uint32, n_starts, _FIRST_LINE_BYTES)
        offset = _FIRST_LINE_BYTES + starts.nbytes + len(_padding(starts.nbytes))
        hashes = np.frombuffer(mapped, np.uint64, int(facts["entries"]), offset)
        left_out = [LeftOut(f["count"], tuple(f["shown"])) for f in _left_out(facts)]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return HostTable(hashes, starts, *left_out)


def _left_out(facts: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return facts["refused"], facts["ignored"]
