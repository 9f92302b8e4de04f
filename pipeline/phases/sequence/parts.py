"""Where shards find the crops of their parts: in sorted files, or in the crop files themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from massivetext.pipeline.engine import store
from massivetext.pipeline.phases.sequence.items import read_crop_file
from massivetext.sequencing.beam import VisitId
from massivetext.sequencing.crop_batches import (
    CROP_DTYPE,
    CropBatch,
    in_hash_order,
    join_in_hash_order,
    tokens_of_crops,
)
from massivetext.sequencing.token_type import Tokens

PART_SCHEMA: Final = pa.schema(
    [
        ("subset", pa.string()),
        ("visit", pa.int32()),
        ("crops", pa.large_binary()),
        ("tokens", pa.large_binary()),
    ]
)
"""A sorted part: one row (and row group) a visit, the arrays of a `CropBatch`."""

MOST_OPENED: Final = 4096
"""Our choice: crop files times parts, up to which shards read the crop files themselves. Opening a
file takes a millisecond; sorting takes as long for each 30 KB of tokens (measured)."""

READ_BYTES: Final = 64_000_000
"""Our choice: what shards hold of the tokens of crop files. Files are read once for so much: a row
group of a file covers several parts."""


def must_sort(parts: int, files: int) -> bool:
    """Whether so many parts of so many crop files are sorted first."""
    return parts * files > MOST_OPENED


@dataclass(frozen=True)
class CropFile:
    """A file of tokenised crops, and the subset that they come from."""

    path: str
    subset: str


class OpenParts(Protocol):
    """The parts of a shard."""

    def crops(self, part: int, visit: VisitId) -> NDArray[np.void]:
        """Returns the crops of a visit in a part: CROP_DTYPE rows in hash order."""
        ...

    def tokens(self, part: int, visit: VisitId) -> Iterator[Tokens]:
        """Yields the tokens of each of these crops; cheap if parts are read in their order."""
        ...


class PartSource(Protocol):
    """All parts of a side of the corpus."""

    def open(self, parts: Sequence[int]) -> OpenParts:
        """Returns neighbouring parts, to be read."""
        ...


@dataclass(frozen=True)
class SortedParts:
    """Parts that were sorted before, each in a file of its own.

    Attributes:
        output: the output folder.
        folder: of the parts, below the output folder.
    """

    output: str
    folder: str

    def open(self, parts: Sequence[int]) -> OpenParts:
        """See `PartSource`."""
        del parts
        return self

    def crops(self, part: int, visit: VisitId) -> NDArray[np.void]:
        """See `OpenParts`."""
        found = [np.frombuffer(crops, CROP_DTYPE) for (crops,) in self._read(part, visit, "crops")]
        return np.concatenate([np.empty(0, CROP_DTYPE), *found])

    def tokens(self, part: int, visit: VisitId) -> Iterator[Tokens]:
        """See `OpenParts`."""
        for arrays in self._read(part, visit, "crops", "tokens"):
            yield from tokens_of_crops(CropBatch.from_bytes(*arrays))

    def _read(self, part: int, visit: VisitId, *columns: str) -> Iterator[tuple[memoryview, ...]]:
        """Yields some columns of a visit's row, if the part has one."""
        for group in store.row_groups(store.below(self.output, part_path(self.folder, part))):
            (name,) = group.read(list(VisitId._fields)).to_pylist()
            if VisitId(**name) == visit:
                row = group.read([*columns])
                yield tuple(memoryview(row[column][0].as_buffer()) for column in columns)


@dataclass(frozen=True)
class CropFiles:
    """Parts that lie in pieces, in each file of tokenised crops.

    Attributes:
        output: the output folder.
        files: of tokenised crops.
        token_bytes: size of a token in them.
    """

    output: str
    files: Sequence[CropFile]
    token_bytes: int

    def open(self, parts: Sequence[int]) -> OpenParts:
        """See `PartSource`."""
        return _OpenCropFiles(self, range(min(parts), max(parts) + 1))


class _OpenCropFiles:
    """See `CropFiles`: sizes of all crops, and the tokens of some parts at a time."""

    def __init__(self, files: CropFiles, parts: range) -> None:
        self._files = files
        found: dict[tuple[int, VisitId], list[NDArray[np.void]]] = defaultdict(list)
        size_bytes = dict.fromkeys(parts, 0)
        for part, visit, (crops,) in self._rows(parts, "crops"):
            found[part, visit].append(np.frombuffer(crops, CROP_DTYPE))
            size_bytes[part] += int(found[part, visit][-1]["tokens"].sum()) * files.token_bytes
        self._crops = {name: _sorted(np.concatenate(rows)) for name, rows in found.items()}
        self._together = list(in_ranges(size_bytes, READ_BYTES))
        self._held = range(0)
        self._batches: dict[tuple[int, VisitId], list[CropBatch]] = {}

    def crops(self, part: int, visit: VisitId) -> NDArray[np.void]:
        """See `OpenParts`."""
        return self._crops.get((part, visit), np.empty(0, CROP_DTYPE))

    def tokens(self, part: int, visit: VisitId) -> Iterator[Tokens]:
        """See `OpenParts`."""
        if part not in self._held:
            (self._held,) = (parts for parts in self._together if part in parts)
            self._batches = defaultdict(list)
            for number, found, arrays in self._rows(self._held, "crops", "tokens"):
                self._batches[number, found].append(CropBatch.from_bytes(*arrays))
        yield from join_in_hash_order(self._batches.pop((part, visit), []))[1]

    def _rows(self, parts: range, *columns: str) -> Iterator[tuple[int, VisitId, list[memoryview]]]:
        for file in self._files.files:
            rows = read_crop_file(self._files.output, file.path, parts, [*columns])
            for part, visit, arrays in rows:
                yield part, VisitId(file.subset, visit), arrays


def in_ranges(size_bytes: Mapping[int, int], most_bytes: int) -> Iterator[range]:
    """Yields neighbouring numbers together, as many as hold at most so many bytes, or a single one.

    Args:
        size_bytes: by number, ascending and without a gap.
        most_bytes: what a range holds at most, if not a single number holds more.
    """
    first, held_bytes = min(size_bytes, default=0), 0
    for number, more_bytes in size_bytes.items():
        if number > first and held_bytes + more_bytes > most_bytes:
            yield range(first, number)
            first, held_bytes = number, 0
        held_bytes += more_bytes
    if size_bytes:
        yield range(first, max(size_bytes) + 1)


def _sorted(crops_C: NDArray[np.void]) -> NDArray[np.void]:
    return crops_C[in_hash_order(crops_C)]


def part_path(folder: str, part: int) -> str:
    """Returns the path of a sorted part."""
    return f"{folder}/{part:05d}.parquet"
