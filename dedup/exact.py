"""Exact duplicates: documents of one raw text, or of one normalised text.

The paper removes exact duplicates before near ones. Documents whose normalised text is the same
have the same 13-grams, Jaccard 1, so one pass over 128-bit hashes finds both kinds; only the
winner of each group goes on to the bands.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.groups import Records
from massivetext.dedup.heads import (
    HEADS_PER_BUCKET,
    Buckets,
    are_heads,
    bucket_starts,
    first_of_kind,
    has_company,
    in_bucket_order,
)
from massivetext.dedup.keys import shingle_counts
from massivetext.dedup.removal import EXACT, NEAR, REMOVAL

GROUP_RECORD: Final = np.dtype(
    [
        ("group_high", "<u8"),
        ("group_low", "<u8"),
        ("raw", "<u4"),
        ("address", "<u8"),
        ("rank", "<u8"),
    ]
)
"""A document's group (128 bits of its normalised text), raw text, address and rank.

32 bits of the raw text's hash: they only tell the two kinds of duplicates apart."""

TEXT_BUCKETS: Final = Buckets(GROUP_RECORD, ("group_high", "group_low"), kind="raw")
"""The heads of a group: the winner of each raw text."""


def group_records(keys: Records, addresses: NDArray[np.uint64]) -> Records:
    """Returns one `GROUP_RECORD` for every document that has a word, from its `key_dtype` record.

    Our choice: texts without a word are nobody's duplicates, not even of each other. What they are
    worth is for the quality filter to say; the phase counts them.
    """
    filled = shingle_counts(keys["rank"]) > 0
    records = np.empty(int(filled.sum()), GROUP_RECORD)
    for name in ("group_high", "group_low", "rank"):
        records[name] = keys[name][filled]
    records["raw"] = keys["raw"][filled].astype(np.uint32)  # its low half
    records["address"] = addresses[filled]
    return records


def exact_removals(records: Records, top: int = HEADS_PER_BUCKET) -> Records:
    """Returns `REMOVAL`s by address: every `GROUP_RECORD` but the winner of its group.

    The partner is the winner among the documents of the same raw text, kind `EXACT`, if that is
    one of the group's heads; otherwise the winner of the group, kind `NEAR` with Jaccard 1.
    """
    ordered = in_bucket_order(records[has_company(records, TEXT_BUCKETS)], TEXT_BUCKETS)
    winner = bucket_starts(ordered, TEXT_BUCKETS)
    copy = first_of_kind(ordered, winner, "raw")
    numbers = np.arange(ordered.size)
    is_copy = (copy != numbers) & are_heads(ordered, winner, TEXT_BUCKETS, top)[copy]
    removed = winner != numbers
    removals = np.empty(int(removed.sum()), REMOVAL)
    removals["address"] = ordered["address"][removed]
    removals["partner"] = ordered["address"][np.where(is_copy, copy, winner)[removed]]
    removals["kind"] = np.where(is_copy, EXACT, NEAR)[removed]
    removals["jaccard"], removals["next"] = 1.0, removals["partner"]
    return removals[np.argsort(removals["address"])]
