"""All of deduplication for a corpus that fits in memory: the phases of the pipeline, one by one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.exact import exact_removals, group_records
from massivetext.dedup.groups import Records
from massivetext.dedup.jaccard import DocumentSets
from massivetext.dedup.pairs import band_records, candidate_pairs
from massivetext.dedup.removal import best_verified_pairs, verified_pairs
from massivetext.dedup.removal_rules import REMOVAL_RULES, RemovalRule
from massivetext.dedup.shingles import ShingleBatch


def verify_pairs(
    rule: RemovalRule,
    pairs: Records,
    lowers: DocumentSets,
    partners: DocumentSets,
    threshold: float,
) -> Records:
    """Returns the `VERIFIED` pairs that a rule needs: all, or each document's best."""
    needed = best_verified_pairs if rule == "pairwise" else verified_pairs
    return needed(pairs, lowers, partners, threshold)


def find_removals(
    keys: Records,
    addresses: NDArray[np.uint64],
    sets_of: Callable[[NDArray[np.int64]], ShingleBatch],
    threshold: float = 0.8,
    rule: RemovalRule = "pairwise",
) -> Records:
    """Returns `REMOVAL`s by address.

    Args:
        keys: `key_dtype` (documents,), from `document_keys`.
        addresses: uint64 (documents,), ascending.
        sets_of: gives the sorted shingle sets of the documents with these indices.
        threshold: the Jaccard that must be exceeded.
        rule: which documents of verified pairs go.
    """
    exact = exact_removals(group_records(keys, addresses))
    winners = ~np.isin(addresses, exact["address"])
    pairs = candidate_pairs(band_records(keys[winners], addresses[winners]), threshold)
    needed = np.unique(np.concatenate([pairs["lower"], pairs["partner"]]))
    sets = DocumentSets(needed, sets_of(np.searchsorted(addresses, needed)))
    near = REMOVAL_RULES[rule](verify_pairs(rule, pairs, sets, sets, threshold))
    removals = np.concatenate([exact, near])
    return removals[np.argsort(removals["address"])]
