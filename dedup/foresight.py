"""Duplicates among some of the documents whose candidate pairs are known, without their texts.

What is known is of all documents: those that share a normalised text, every candidate pair with its
Jaccard, and whole buckets that have more documents than heads. Of any part of the documents the
duplicates follow: in each text's group another document may be the first, for which the same pairs
hold, and in a crowded bucket others may be heads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.exact import TEXT_BUCKETS, exact_removals
from massivetext.dedup.groups import Records, differs
from massivetext.dedup.heads import bucket_starts, in_bucket_order
from massivetext.dedup.keys import precedences
from massivetext.dedup.pairs import candidate_pairs, distinct_pairs
from massivetext.dedup.removal import VERIFIED
from massivetext.dedup.removal_rules import REMOVAL_RULES, RemovalRule

Present = Callable[[NDArray[np.uint64]], NDArray[np.bool_]]
"""Addresses -> which of the documents there are."""

Verify = Callable[[Records], NDArray[np.float64]]
"""`PAIR`s -> their exact Jaccard, from texts."""

STAND_IN: Final = np.dtype([("address", "<u8"), ("by", "<u8"), ("rank", "<u8")])
"""The first document of a text, and the one that is first among those that there are."""


class OrderChangedError(Exception):
    """In a crowded bucket another document stands for a text: its heads must be found anew."""


@dataclass(frozen=True)
class KnownPairs:
    """What is known of all documents.

    Attributes:
        copies: `GROUP_RECORD`s of all documents whose texts others have, each once.
        pairs: `VERIFIED` candidate pairs of the first documents of texts, whatever their Jaccard.
        crowds: `BAND_RECORD`s, each once: all documents of buckets with more of them than heads.
    """

    copies: Records
    pairs: Records
    crowds: Records

    def removals(
        self, present: Present, threshold: float, rule: RemovalRule, verify: Verify
    ) -> Records:
        """Returns `REMOVAL`s by address, of the documents that there are.

        Args:
            present: tells which they are.
            threshold: the Jaccard that must be exceeded.
            rule: which documents of verified pairs go.
            verify: asked about pairs of crowded buckets that nobody has compared.

        Raises:
            OrderChangedError: if the pairs of a crowded bucket do not follow.
        """
        copies = self.copies[present(self.copies["address"])]
        exact = exact_removals(copies)
        stand_ins = self._stand_ins(copies)
        known, _ = _among(self.pairs, ("lower", "partner"), present, stand_ins)
        known = _oriented(known)
        fresh = self._fresh_pairs(known, present, stand_ins, threshold)
        verified = np.empty(fresh.size, VERIFIED)
        for name in fresh.dtype.names or ():
            verified[name] = fresh[name]
        verified["jaccard"] = verify(fresh) if fresh.size else 0.0
        pairs = np.concatenate([known, verified])
        near = REMOVAL_RULES[rule](pairs[pairs["jaccard"] > threshold])
        removals = np.concatenate([exact, near])
        return removals[np.argsort(removals["address"])]

    def _stand_ins(self, copies: Records) -> Records:
        """Returns a `STAND_IN` of each text of which there is a document, by first document.

        Args:
            copies: those that there are.
        """
        everybody = in_bucket_order(self.copies, TEXT_BUCKETS)
        first = everybody["address"][bucket_starts(everybody, TEXT_BUCKETS)]
        order = np.argsort(everybody["address"])
        here = in_bucket_order(copies, TEXT_BUCKETS)
        leaders = here[differs(here, *TEXT_BUCKETS.key)]
        places = np.searchsorted(everybody["address"][order], leaders["address"])
        found = np.empty(leaders.size, STAND_IN)
        found["address"] = first[order[places]]
        found["by"], found["rank"] = leaders["address"], leaders["rank"]
        return found[np.argsort(found["address"])]

    def _fresh_pairs(
        self, known: Records, present: Present, stand_ins: Records, threshold: float
    ) -> Records:
        """Returns the candidate pairs of crowded buckets that are not among the known ones."""
        if not self.crowds.size:
            return known[:0][["lower", "lower_rank", "partner", "partner_rank"]]
        crowds, is_moved = _among(self.crowds, ("address",), present, stand_ins)
        if is_moved:
            raise OrderChangedError
        pairs = candidate_pairs(crowds, threshold)
        return distinct_pairs(pairs[~_is_among(pairs, known)])


def _among(
    records: Records, fields: tuple[str, ...], present: Present, stand_ins: Records
) -> tuple[Records, bool]:
    """Returns the records whose documents there are, or their stand-ins, which take their places.

    And whether a stand-in has taken the place of another document.
    """
    after, stays, is_moved = records.copy(), np.ones(records.size, np.bool_), False
    for field in fields:
        addresses = records[field]
        places = np.searchsorted(stand_ins["address"], addresses)
        places = np.minimum(places, max(stand_ins.size - 1, 0))
        has_other = (
            stand_ins["address"][places] == addresses
            if stand_ins.size
            else np.zeros(addresses.size, np.bool_)
        )
        others = stand_ins[places[has_other]]
        rank = "rank" if field == "address" else f"{field}_rank"
        after[field][has_other], after[rank][has_other] = others["by"], others["rank"]
        moved = others["by"] != others["address"]
        is_moved = is_moved or bool(moved.any())
        stays &= present(after[field])
    return after[stays], is_moved


def _oriented(pairs: Records) -> Records:
    """Returns pairs with the document that would stay as the partner."""
    mine, theirs = precedences(pairs["lower_rank"]), precedences(pairs["partner_rank"])
    wins = (mine < theirs) | ((mine == theirs) & (pairs["lower"] < pairs["partner"]))
    after = pairs.copy()
    for name, other in (("lower", "partner"), ("lower_rank", "partner_rank")):
        after[name][wins], after[other][wins] = pairs[other][wins], pairs[name][wins]
    return after


def _is_among(pairs: Records, known: Records) -> NDArray[np.bool_]:
    """Returns bool: which pairs are known."""
    both = np.concatenate([pairs[["lower", "partner"]], known[["lower", "partner"]]])
    order = np.lexsort((np.arange(both.size) < pairs.size, both["partner"], both["lower"]))
    ordered = both[order]
    starts = differs(ordered, "lower", "partner")
    first = np.maximum.accumulate(np.where(starts, np.arange(both.size), 0))
    is_known = np.empty(both.size, np.bool_)
    is_known[order] = order[first] >= pairs.size
    found: NDArray[np.bool_] = is_known[: pairs.size]
    return found
