"""Exact duplicates: documents of one raw text, or of one normalised text.

The paper removes exact duplicates before near ones. Documents whose normalised text is the same
have the same 13-grams, Jaccard 1, so one pass over 128-bit hashes finds both kinds; only the
winner of each group goes on to the bands.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from massivetext.dedup.groups import Records, differs
from massivetext.dedup.keys import precedences
from massivetext.dedup.removal import EXACT, NEAR, REMOVAL

GROUP_RECORD: Final = np.dtype(
    [
        ("group_high", "<u8"),
        ("group_low", "<u8"),
        ("raw", "<u8"),
        ("address", "<u8"),
        ("rank", "<u8"),
    ]
)
"""A document's group (128 bits of its normalised text), raw text, address and rank."""


def group_heads(records: Records) -> Records:
    """Returns the winner of every raw text of every group: only these can be partners."""
    ordered = _by_raw_text(records)
    return ordered[differs(ordered, "group_high", "group_low", "raw")]


def exact_removals(records: Records) -> Records:
    """Returns `REMOVAL`s by address: every `GROUP_RECORD` but the winner of its group.

    The partner is the winner among the documents of the same raw text, kind `EXACT`; for that
    winner itself the winner of the whole group, kind `NEAR` with Jaccard 1.
    """
    ordered = _by_raw_text(_with_company(records))
    raw_winner = _first_of_run(differs(ordered, "group_high", "group_low", "raw"))
    winner = _winners(ordered)
    is_raw_winner = raw_winner == np.arange(ordered.size)
    removed = winner != np.arange(ordered.size)
    removals = np.empty(int(removed.sum()), REMOVAL)
    removals["address"] = ordered["address"][removed]
    partner = np.where(is_raw_winner, winner, raw_winner)
    removals["partner"] = ordered["address"][partner[removed]]
    removals["kind"] = np.where(is_raw_winner, NEAR, EXACT)[removed]
    removals["jaccard"] = 1.0
    return removals[np.argsort(removals["address"])]


def _with_company(records: Records) -> Records:
    """Leaves out the records that are alone with the first half of their group's hash."""
    order = np.argsort(records["group_high"])
    alone = differs(records[["group_high"]][order], "group_high")
    alone &= np.append(alone[1:], True)
    return records[order[~alone]]


def _by_raw_text(records: Records) -> Records:
    """Returns distinct records by group, raw text, precedence and address."""
    order = np.lexsort(
        (
            records["address"],
            precedences(records["rank"]),
            records["raw"],
            records["group_low"],
            records["group_high"],
        )
    )
    ordered = records[order]
    return ordered[differs(ordered, "group_high", "group_low", "address")]


def _winners(ordered: Records) -> np.ndarray:
    """Returns int64 (records,): the index of the winner of each record's whole group."""
    order = np.lexsort(
        (
            ordered["address"],
            precedences(ordered["rank"]),
            ordered["group_low"],
            ordered["group_high"],
        )
    )
    winner = np.empty(ordered.size, np.int64)
    first = _first_of_run(differs(ordered[order], "group_high", "group_low"))
    winner[order] = order[first]
    return winner


def _first_of_run(starts: np.ndarray) -> np.ndarray:
    """Returns int64: for each record the index at which its run of equal records starts."""
    return np.maximum.accumulate(np.where(starts, np.arange(starts.size), 0))
