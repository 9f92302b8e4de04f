"""Who goes: from verified pairs to removals, by one of three rules, and removals as rows.

All rules remove only documents that have a partner with an exact Jaccard above the threshold.
`pairwise`, the default, is the paper's "randomly remove one of them" with a seeded draw: of every
such pair the document that loses by precedence goes. `greedy` asks the documents in the order of
precedence and removes those that have a kept partner. `cluster` keeps one document a connected
component.

`pairwise` decides about a document from its own pairs alone. The other two need all pairs at once:
in this version they are resolved in one process, 40 bytes a verified pair.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from massivetext.dedup.groups import Records, differs
from massivetext.dedup.jaccard import DocumentSets, jaccard_of_pairs
from massivetext.dedup.keys import precedences
from massivetext.dedup.pairs import PAIR
from massivetext.records import REMOVAL_SCHEMA

EXACT: Final = 0
"""`REMOVAL.kind`: the partner has the same raw text."""

NEAR: Final = 1
"""`REMOVAL.kind`: the partner has a Jaccard above the threshold, perhaps 1."""

REASONS: Final = ("exact", "near")
"""The reason that `removed/` states for each kind."""

REMOVAL: Final = np.dtype(
    [("address", "<u8"), ("partner", "<u8"), ("kind", "u1"), ("jaccard", "<f8")]
)
"""A removed document, the document it is too similar to, and how similar they are."""

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


def pairwise_removals(verified: Records) -> Records:
    """Returns `REMOVAL`s by address: every lower document, with its winning partner."""
    order = np.lexsort(
        (verified["partner"], precedences(verified["partner_rank"]), verified["lower"])
    )
    ordered = verified[order]
    return _removals(ordered[differs(ordered, "lower")])


def greedy_removals(verified: Records) -> Records:
    """Returns `REMOVAL`s by address: each document with a kept partner, and the winning one."""
    order = np.lexsort(
        (
            verified["partner"],
            precedences(verified["partner_rank"]),
            verified["lower"],
            precedences(verified["lower_rank"]),
        )
    )
    removed: set[int] = set()
    chosen = []
    lowers, partners = verified["lower"].tolist(), verified["partner"].tolist()
    for index in order.tolist():
        if lowers[index] not in removed and partners[index] not in removed:
            removed.add(lowers[index])
            chosen.append(index)
    kept = verified[np.array(chosen, np.int64)]
    return _removals(kept[np.argsort(kept["lower"])])


def cluster_removals(verified: Records) -> Records:
    """Returns `REMOVAL`s by address: all of a connected component but its winner.

    The partner is the winning one of a document's direct partners, which may have lost itself.
    """
    both = np.concatenate([verified, _turned(verified)])
    order = np.lexsort((both["partner"], precedences(both["partner_rank"]), both["lower"]))
    ordered = both[order]
    first = ordered[differs(ordered, "lower")]
    component = _components(ordered, first["lower"])
    winners = np.lexsort((first["lower"], precedences(first["lower_rank"]), component))
    is_winner = np.zeros(first.size, np.bool_)
    starts = np.ones(first.size, np.bool_)
    starts[1:] = np.diff(component[winners]) != 0
    is_winner[winners[starts]] = True
    return _removals(first[~is_winner])


def _components(pairs: Records, addresses: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Returns int64 (documents,): the least index of each document's connected component."""
    lower = np.searchsorted(addresses, pairs["lower"])
    partner = np.searchsorted(addresses, pairs["partner"])
    label = np.arange(addresses.size)
    while True:
        least = np.minimum(label[lower], label[partner])
        lowered = label.copy()
        np.minimum.at(lowered, label[lower], least)
        np.minimum.at(lowered, label[partner], least)
        lowered = lowered[lowered]
        if np.array_equal(lowered, label):
            return label
        label = lowered


def _turned(verified: Records) -> Records:
    """Returns the pairs with lower document and partner exchanged."""
    turned = verified.copy()
    turned["lower"], turned["lower_rank"] = verified["partner"], verified["partner_rank"]
    turned["partner"], turned["partner_rank"] = verified["lower"], verified["lower_rank"]
    return turned


def _removals(verified: Records) -> Records:
    removals = np.empty(verified.size, REMOVAL)
    removals["address"], removals["partner"] = verified["lower"], verified["partner"]
    removals["kind"], removals["jaccard"] = NEAR, verified["jaccard"]
    return removals


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
