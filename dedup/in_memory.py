"""All of deduplication for a corpus that fits in memory: the phases of the pipeline, one by one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.exact import GROUP_RECORD, exact_removals
from massivetext.dedup.groups import Records
from massivetext.dedup.jaccard import DocumentSets
from massivetext.dedup.keys import shingle_counts
from massivetext.dedup.pairs import BAND_RECORD, candidate_pairs
from massivetext.dedup.removal import best_verified_pairs, verified_pairs
from massivetext.dedup.rules import RULES, Rule
from massivetext.dedup.shingles import ShingleBatch


def verify(
    rule: Rule,
    pairs: Records,
    lowers: DocumentSets,
    partners: DocumentSets,
    threshold: float,
) -> Records:
    """Returns the `VERIFIED` pairs that a rule needs: all, or each document's best."""
    needed = best_verified_pairs if rule == "pairwise" else verified_pairs
    return needed(pairs, lowers, partners, threshold)


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


def band_records(keys: Records, addresses: NDArray[np.uint64]) -> Records:
    """Returns one `BAND_RECORD` a band of every document that has a shingle."""
    filled = shingle_counts(keys["rank"]) > 0
    records = np.empty((int(filled.sum()), keys["bands"].shape[1]), BAND_RECORD)
    records["key"] = keys["bands"][filled]
    records["address"] = addresses[filled, None]
    records["rank"] = keys["rank"][filled, None]
    return records.reshape(-1)


def find_removals(
    keys: Records,
    addresses: NDArray[np.uint64],
    sets_of: Callable[[NDArray[np.int64]], ShingleBatch],
    threshold: float = 0.8,
    rule: Rule = "pairwise",
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
    near = RULES[rule](verify(rule, pairs, sets, sets, threshold))
    removals = np.concatenate([exact, near])
    return removals[np.argsort(removals["address"])]
