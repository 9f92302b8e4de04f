"""One record of keys a document: all that finding duplicates needs, without its text."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xxhash
from numpy.typing import NDArray

from massivetext.dedup.minhash import BAND_KEY_BITS, band_keys, signatures
from massivetext.dedup.normalise import split_batch
from massivetext.dedup.shingles import count_distinct, shingle_batch
from massivetext.records import stable_hash

SHINGLE_BYTES: Final = 8
"""A shingle is a hash of 64 bits."""

COUNT_BITS: Final = 24
"""Low bits of a rank: the number of distinct shingles, at most 16.7 million. A record has at most
20 million bytes, hence fewer than 10 million words."""

PRECEDENCE_BITS: Final = 64 - COUNT_BITS
"""High bits of a rank: the subset's place in `prefer`, then random bits."""

MAX_COUNT: Final = 2**COUNT_BITS - 1


@dataclass(frozen=True)
class KeySettings:
    """What the keys depend on: the options of `[dedup]` and the run's seed.

    Attributes:
        seed: decides which of two duplicates goes.
        ngram: words a shingle.
        bands: band keys a document.
        rows: permutations a band.
        fold_case: whether upper and lower case are the same.
        prefer: subsets whose documents win against all later and unnamed ones.
        within_subsets: whether only documents of one subset can be duplicates (`scope`).
    """

    seed: int = 0
    ngram: int = 13
    bands: int = 20
    rows: int = 6
    fold_case: bool = False
    prefer: tuple[str, ...] = ()
    within_subsets: bool = False


@functools.cache
def key_dtype(bands: int) -> np.dtype[Any]:
    """Returns the record of one document, little-endian.

    Its fields: `group_high`, `group_low`: 128 bits that exact duplicates share; `raw`: 64 bits of
    the unnormalised text; `rank`: see `pack_ranks`; `bands`: the band keys. Group and bands mean
    nothing where the rank's count is 0.
    """
    return np.dtype(
        [
            ("group_high", "<u8"),
            ("group_low", "<u8"),
            ("raw", "<u8"),
            ("rank", "<u8"),
            ("bands", "<u8", (bands,)),
        ]
    )


def document_keys(
    texts: Sequence[str], ids: Sequence[str], subset: str, settings: KeySettings
) -> NDArray[np.void]:
    """Returns `key_dtype` (documents,): the keys of a batch of documents of one subset."""
    words = split_batch(texts, settings.fold_case)
    shingles = shingle_batch(words, settings.ngram)
    counts = count_distinct(shingles)
    records = np.zeros(len(texts), key_dtype(settings.bands))
    salt = stable_hash(0, subset, "dedup scope") if settings.within_subsets else 0
    hashes = []
    for text, normalised in zip(texts, words.normalised_bytes(), strict=True):
        digest = xxhash.xxh3_128_intdigest(normalised, salt)
        raw = xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))
        hashes.append((digest >> 64, digest & (2**64 - 1), raw))
    columns = np.array(hashes, np.uint64).reshape(-1, 3)
    for name, column in zip(("group_high", "group_low", "raw"), columns.T, strict=True):
        records[name] = column
    records["rank"] = pack_ranks(ids, subset, counts, settings)
    signatures_DxK = signatures(shingles, settings.bands * settings.rows)
    records["bands"] = band_keys(signatures_DxK, settings.bands, settings.rows)
    records["bands"] ^= np.uint64(salt >> (64 - BAND_KEY_BITS))
    return records


def pack_ranks(
    ids: Sequence[str], subset: str, counts: NDArray[np.int64], settings: KeySettings
) -> NDArray[np.uint64]:
    """Returns uint64 (documents,): precedence (40 bits, the lower wins), then the shingle count.

    Precedence is the subset's place in `prefer` followed by random bits of (seed, id). Two ids
    that share all of them, one pair in 2^38, are told apart by address, like copies of one id.
    """
    place_bits = len(settings.prefer).bit_length()
    place = (*settings.prefer, subset).index(subset)
    draws = np.array(
        [stable_hash(settings.seed, name, "dedup priority") for name in ids], np.uint64
    )
    random_bits = draws >> np.uint64(64 - PRECEDENCE_BITS + place_bits)
    precedence = np.uint64(place << (PRECEDENCE_BITS - place_bits)) | random_bits
    return precedence << np.uint64(COUNT_BITS) | np.minimum(counts, MAX_COUNT).astype(np.uint64)


def precedences(ranks: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Returns the precedence of each rank: of two duplicates the one with the lower stays."""
    return ranks >> np.uint64(COUNT_BITS)


def ranks_against(ranks: NDArray[np.uint64], old: bool) -> NDArray[np.uint64]:
    """Returns ranks for a comparison with an older corpus: every old document wins against new.

    Among the old ones and among the new ones the order is the same, but for the last bit.
    """
    halved = precedences(ranks) >> np.uint64(1)
    half = np.uint64(0 if old else 1 << (PRECEDENCE_BITS - 1))
    return (halved | half) << np.uint64(COUNT_BITS) | ranks & np.uint64(MAX_COUNT)


def shingle_counts(ranks: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Returns the number of distinct shingles in each rank."""
    return (ranks & np.uint64(MAX_COUNT)).astype(np.int64)


def set_bytes(ranks: NDArray[np.uint64]) -> int:
    """Returns what the shingle sets of documents of these ranks take."""
    return SHINGLE_BYTES * int(shingle_counts(ranks).sum())
