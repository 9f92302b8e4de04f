"""Tokenised crops on their way from documents to shards: flat arrays, sorted by hash.

A crop's hash decides its part of the corpus and its place among the crops of that part; so a part
holds the same crops in the same order, whatever files the documents came from. A shard is made of
parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.records import stable_hash
from massivetext.sequencing.token_type import Tokens, little_endian, no_tokens

CROP_DTYPE: Final = np.dtype(
    [
        ("hash", "<u8"),
        ("document", "V16"),
        ("byte_start", "<i8"),
        ("byte_stop", "<i8"),
        ("tokens", "<i8"),
    ]
)
"""A crop: its hash, its document's id as 16 bytes, its bytes [start, stop) of the document, and
its number of tokens without BOS and EOS."""


@dataclass(frozen=True)
class CropBatch:
    """Crops and their tokens, one crop's after the other's.

    Attributes:
        crops_C: CROP_DTYPE rows.
        tokens: as many as crops_C["tokens"] sums to.
    """

    crops_C: NDArray[np.void]
    tokens: Tokens

    def to_bytes(self) -> tuple[bytes, bytes]:
        """Returns both arrays as bytes, to be shuffled or stored."""
        return self.crops_C.tobytes(), little_endian(self.tokens).tobytes()

    @classmethod
    def from_bytes(cls, crops: bytes | memoryview, tokens: bytes | memoryview) -> CropBatch:
        """Returns the batch that `to_bytes` described."""
        crops_C = np.frombuffer(crops, CROP_DTYPE)
        size_bytes = len(tokens) // max(1, int(crops_C["tokens"].sum()))
        return cls(crops_C, np.frombuffer(tokens, f"<u{size_bytes}") if size_bytes else no_tokens())


def crop_hash(seed: int, document_id: str, visit: int) -> int:
    """Returns the 64-bit hash that decides if a crop is drawn, its part, and its place there."""
    return stable_hash(seed, f"{document_id}\0{visit}", "bucket")


def part_of(hash_C: NDArray[np.uint64], parts: int) -> NDArray[np.int64]:
    """Returns the part that each hash belongs to."""
    return (hash_C % np.uint64(parts)).astype(np.int64)


def in_hash_order(crops_C: NDArray[np.void]) -> NDArray[np.intp]:
    """Returns the order of crops by hash; ids decide between equal hashes."""
    ids_Cx2 = np.ascontiguousarray(crops_C["document"]).view(">u8").reshape(-1, 2)
    return np.lexsort((ids_Cx2[:, 1], ids_Cx2[:, 0], crops_C["hash"]))


def sorted_batch(batches: Iterable[CropBatch]) -> CropBatch:
    """Returns one batch of the crops of all batches, in hash order."""
    crops_C, tokens = join_in_hash_order(batches)
    return CropBatch(crops_C, np.concatenate([no_tokens(), *tokens]))


def join_in_hash_order(
    batches: Iterable[CropBatch],
) -> tuple[NDArray[np.void], list[Tokens]]:
    """Returns the crops of all batches in hash order, and the tokens of each (views)."""
    parts = list(batches)
    crops_C = np.concatenate([np.empty(0, CROP_DTYPE), *(part.crops_C for part in parts)])
    tokens = [view for part in parts for view in tokens_of_crops(part)]
    order = in_hash_order(crops_C)
    return crops_C[order], [tokens[crop] for crop in order]


def split_by_part(batch: CropBatch, parts: int) -> dict[int, CropBatch]:
    """Returns the crops of each part, in hash order; only parts that have any."""
    part_C = part_of(batch.crops_C["hash"], parts)
    order = in_hash_order(batch.crops_C)
    order = order[np.argsort(part_C[order], kind="stable")]
    present, first = np.unique(part_C[order], return_index=True)
    views = tokens_of_crops(batch)
    return {
        int(part): CropBatch(batch.crops_C[crops], np.concatenate([views[crop] for crop in crops]))
        for part, crops in zip(present, np.split(order, first)[1:], strict=True)
    }


def tokens_of_crops(batch: CropBatch) -> list[Tokens]:
    """Returns the tokens of each crop."""
    stop_C = np.cumsum(batch.crops_C["tokens"])
    bounds = zip((stop_C - batch.crops_C["tokens"]).tolist(), stop_C.tolist(), strict=True)
    return [batch.tokens[start:stop] for start, stop in bounds]
