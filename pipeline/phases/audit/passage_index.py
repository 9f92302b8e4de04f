"""`passages/`: sampled 13-grams of the documents in `corpus/`, and which documents have them.

A part holds the entries of a range of hashes, by hash and document; its head has the first key of
every block of entries, so that a look-up reads the blocks that a key can be in.

    8 bytes       PASSAGES_MAGIC
    u8            number of entries
    u4 each       the first key of every block of PASSAGE_BLOCK entries
    9 bytes each  the entries, PASSAGE_ENTRY, by key and document

All little-endian. A key is half of a hash: with the number of the part, which the other half
decides, it tells 32 bits and more. Documents that share one by chance are told apart by their text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.hashing import mix_64

PASSAGES: Final = "passages/passages.json"
"""Says, below the output folder, how many parts there are, and whose documents' numbers are."""

PASSAGES_MAGIC: Final = b"MTPASSG1"

PASSAGE_ENTRY: Final = np.dtype([("key", "<u4"), ("low", "<u4"), ("high", "u1")])
"""Half of a 13-gram's hash, and the number of a document that has it, in 40 bits."""

GRAM_SAMPLE: Final = np.dtype([("hash", "<u8"), ("row", "<u4")])
"""A sampled 13-gram of an item on its way to its part: its spread hash, and the
document's row."""

PASSAGE_BLOCK: Final = 4_096
"""Our choice: a block of 37 kB, read in less than a millisecond."""

_HEAD_BYTES: Final = 16


def spread_hashes(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Returns the hashes by which 13-grams go to parts: the least of many would all go to a few."""
    return mix_64(hashes)


def part_entries(samples: NDArray[np.void], first_document: int) -> NDArray[np.void]:
    """Returns the entries of an item's samples, in the order that these have.

    Args:
        samples: `GRAM_SAMPLE`.
        first_document: number of the item's first document.
    """
    entries = np.empty(samples.size, PASSAGE_ENTRY)
    entries["key"] = (samples["hash"] & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    documents = samples["row"].astype(np.uint64) + np.uint64(first_document)
    entries["low"] = (documents & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    entries["high"] = (documents >> np.uint64(32)).astype(np.uint8)
    return entries


def documents_of(entries: NDArray[np.void]) -> NDArray[np.uint64]:
    """Returns the numbers of the documents of entries."""
    return entries["low"].astype(np.uint64) | entries["high"].astype(np.uint64) << np.uint64(32)


def in_passage_order(entries: NDArray[np.void]) -> NDArray[np.void]:
    """Returns entries in the order of a part, each once."""
    documents = documents_of(entries)
    order = np.lexsort((documents, entries["key"]))
    keys, documents = entries["key"][order], documents[order]
    is_new = np.ones(order.size, bool)
    is_new[1:] = (keys[1:] != keys[:-1]) | (documents[1:] != documents[:-1])
    return entries[order[is_new]]


def part_bytes(entries: NDArray[np.void]) -> Iterator[bytes]:
    """Yields the file of a part in pieces.

    Args:
        entries: in order.
    """
    yield PASSAGES_MAGIC
    yield np.array([entries.size], "<u8").tobytes()
    yield entries["key"][::PASSAGE_BLOCK].astype("<u4").tobytes()
    yield entries.tobytes()


@dataclass(frozen=True)
class Holders:
    """The documents that have some 13-grams.

    Attributes:
        documents: uint64, their numbers: a document stands once for each 13-gram that it has.
        cut: 13-grams of which some documents were left out, as more have them than were asked for.
    """

    documents: NDArray[np.uint64]
    cut: int


def find_holders(stream: BinaryIO, hashes: NDArray[np.uint64], most: int) -> Holders:
    """Returns the documents of a part that have some 13-grams.

    Args:
        stream: the part's file.
        hashes: spread ones that belong to this part.
        most: documents to return of a 13-gram, the first ones; boilerplate may have millions.

    Raises:
        ValueError: if the file is not part of an index of passages.
    """
    part = _Part(stream)
    keys = np.unique((hashes & np.uint64(0xFFFFFFFF)).astype(np.uint32))
    # Entries of one key may begin in the block before the first one that begins with it.
    first = np.maximum(np.searchsorted(part.fences, keys, side="left") - 1, 0)
    last = np.searchsorted(part.fences, keys, side="right")
    read_blocks = -(-most // PASSAGE_BLOCK) + 1
    is_cut = last - first > read_blocks
    last = np.minimum(last, first + read_blocks)
    found, cut = [np.empty(0, np.uint64)], 0
    for first_block, last_block, chosen in _runs(first, last):
        entries = part.read(first_block, last_block)
        starts = np.searchsorted(entries["key"], keys[chosen], side="left")
        stops = np.searchsorted(entries["key"], keys[chosen], side="right")
        for key, start, stop in zip(chosen, starts.tolist(), stops.tolist(), strict=True):
            found.append(documents_of(entries[start : min(stop, start + most)]))
            cut += bool(is_cut[key]) or stop - start > most
    return Holders(np.concatenate(found), cut)


class _Part:
    """An open part."""

    def __init__(self, stream: BinaryIO) -> None:
        head = stream.read(_HEAD_BYTES)
        if head[:8] != PASSAGES_MAGIC or len(head) < _HEAD_BYTES:
            raise ValueError("expected a part of an index of passages")
        self._entries = int(np.frombuffer(head, "<u8", 1, 8)[0])
        blocks = -(-self._entries // PASSAGE_BLOCK)
        self.fences = np.frombuffer(stream.read(4 * blocks), "<u4")
        if self.fences.size < blocks:
            raise ValueError("a part of an index of passages is cut off")
        self._stream, self._start = stream, _HEAD_BYTES + 4 * blocks

    def read(self, first: int, last: int) -> NDArray[np.void]:
        """Returns the entries of blocks [first, last).

        Raises:
            ValueError: if they are not all there, or not in order: what was looked up could be
                missed without a word.
        """
        start, stop = first * PASSAGE_BLOCK, min(last * PASSAGE_BLOCK, self._entries)
        self._stream.seek(self._start + start * PASSAGE_ENTRY.itemsize)
        content = self._stream.read((stop - start) * PASSAGE_ENTRY.itemsize)
        if len(content) < (stop - start) * PASSAGE_ENTRY.itemsize:
            raise ValueError("a part of an index of passages is cut off")
        entries = np.frombuffer(content, PASSAGE_ENTRY)
        keys = entries["key"]
        is_fenced = np.array_equal(keys[::PASSAGE_BLOCK], self.fences[first:last])
        if not is_fenced or (keys[1:] < keys[:-1]).any():
            raise ValueError("a part of an index of passages is damaged")
        return entries


def _runs(
    first: NDArray[np.int64], last: NDArray[np.int64]
) -> Iterator[tuple[int, int, list[int]]]:
    """Yields runs of blocks [first, last) to read at once, and the keys that are looked up in each.

    Args:
        first: of each key, ascending.
        last: of each key; no block is read of a key whose `last` is not above its `first`.
    """
    start, stop, run = 0, 0, list[int]()
    for key in np.flatnonzero(last > first).tolist():
        if run and first[key] > stop:
            yield start, stop, run
            run = []
        if not run:
            start, stop = int(first[key]), int(last[key])
        stop = max(stop, int(last[key]))
        run.append(key)
    if run:
        yield start, stop, run
