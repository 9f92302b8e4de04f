"""Removals: what verification left of candidate pairs, and rows of `dedup/`."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from massivetext.dedup.groups import Records, differs
from massivetext.dedup.jaccard import DocumentSets, jaccard_of_pairs
from massivetext.dedup.pairs import PAIR
from massivetext.records import REMOVAL_SCHEMA

EXACT: Final = 0
"""`REMOVAL.kind`: the partner has the same raw text."""

NEAR: Final = 1
"""`REMOVAL.kind`: the partner has a Jaccard above the threshold, perhaps 1."""

KIND_NAMES: Final = ("exact", "near")
"""The reason that `removed/` states for each kind."""

REMOVAL: Final = np.dtype(
    [("address", "<u8"), ("partner", "<u8"), ("kind", "u1"), ("jaccard", "<f8"), ("next", "<u8")]
)
"""A removed document, the document it is too similar to, how similar they are, and the document to
ask about what stays: the partner, or the winner of the cluster."""

VERIFIED: Final = np.dtype([*((name, PAIR[name]) for name in PAIR.names or ()), ("jaccard", "<f8")])
"""A `PAIR` and its exact Jaccard."""


def verified_pairs(
    pairs: Records, lowers: DocumentSets, partners: DocumentSets, threshold: float
) -> Records:
    """Returns the `VERIFIED` pairs among candidate `PAIR`s: those above the threshold, in order.

    Args:
        pairs: candidates.
        lowers: the shingle sets of their lower documents.
        partners: those of their partners; may be the same.
        threshold: the Jaccard that must be exceeded.
    """
    jaccards = jaccard_of_pairs(
        lowers.sets,
        lowers.indices(pairs["lower"]),
        partners.sets,
        partners.indices(pairs["partner"]),
    )
    above = jaccards > threshold
    verified = np.empty(int(above.sum()), VERIFIED)
    for name in PAIR.names or ():
        verified[name] = pairs[name][above]
    verified["jaccard"] = jaccards[above]
    return verified


def best_verified_pairs(
    pairs: Records, lowers: DocumentSets, partners: DocumentSets, threshold: float
) -> Records:
    """Returns of each lower document its first `VERIFIED` pair: that with the winning partner.

    As `verified_pairs` for pairs in the order of `distinct_pairs`, but a document's pairs are
    compared one by one until one is above the threshold.
    """
    starts = np.flatnonzero(differs(pairs, "lower"))
    ends = np.append(starts[1:], pairs.size)
    found = [np.empty(0, VERIFIED)]
    while starts.size:
        verified = verified_pairs(pairs[starts], lowers, partners, threshold)
        found.append(verified)
        open_ = ~np.isin(pairs["lower"][starts], verified["lower"])
        starts, ends = starts[open_] + 1, ends[open_]
        starts, ends = starts[starts < ends], ends[starts < ends]
    best = np.concatenate(found)
    return best[np.argsort(best["lower"])]


def merge_removals(near: pa.Table, test: pa.Table) -> pa.Table:
    """Returns one row a removed document, of `REMOVAL_SCHEMA` by row, with the reasons of both.

    Args:
        near: rows of the dedup phase for one item's documents: reasons exact or near, partner.
        test: rows of the decontaminate phase for the same: reason test_set, set and item.
    """
    merged = {row["row"]: row for row in near.to_pylist()}
    for row in test.to_pylist():
        other = merged.get(row["row"])
        if other is None:
            merged[row["row"]] = row
            continue
        stated = {name: value for name, value in row.items() if value is not None}
        reasons = [*other["reasons"], *row["reasons"]]
        merged[row["row"]] = {**other, **stated, "reasons": reasons}
    return pa.Table.from_pylist([merged[row] for row in sorted(merged)], REMOVAL_SCHEMA)
