"""Chains of removals: which document stays in the end, though partners were removed themselves.

Every removed document points to the one that it went for, which may have gone too. A block of rows
knows the `CHAIN_LINK`s of its own removed documents and asks other blocks where theirs point; each
round doubles how far a link reaches (pointer jumping), so that a chain of n documents takes about
log2(n) rounds. A corpus in memory is one block that asks itself.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.groups import Records

NO_DOCUMENT: Final = np.uint64(2**64 - 1)
"""`CHAIN_LINK.ahead` of a document that points to none of this run's documents."""

CHAIN_LINK: Final = np.dtype(
    [("address", "<u8"), ("last", "<u8"), ("ahead", "<u8"), ("open", "u1")]
)
"""A removed document, the last removed one that is known of its chain, the document that this one
points to, and whether that one is still to be asked about. A document that was not removed is told
of as one whose `last` is NO_DOCUMENT."""

MOST_ROUNDS: Final = 40
"""Enough for a chain of 2**40 documents; a ring never ends."""


def chain_start(addresses: NDArray[np.uint64], next_: NDArray[np.uint64]) -> Records:
    """Returns the `CHAIN_LINK`s of a block's removed documents before the first round.

    Args:
        addresses: of the documents, ascending.
        next_: the documents that they point to, or NO_DOCUMENT.
    """
    links = np.empty(addresses.size, CHAIN_LINK)
    links["address"] = links["last"] = addresses
    links["ahead"], links["open"] = next_, next_ != NO_DOCUMENT
    return links


def chain_asked(links: Records) -> NDArray[np.uint64]:
    """Returns the documents that a block must ask about."""
    return np.unique(links["ahead"][links["open"] == 1])


def chain_answers(links: Records, addresses: NDArray[np.uint64]) -> Records:
    """Returns the `CHAIN_LINK`s of documents of a block, those that were not removed among them."""
    answers = np.empty(addresses.size, CHAIN_LINK)
    answers["address"], answers["last"], answers["ahead"] = addresses, NO_DOCUMENT, NO_DOCUMENT
    answers["open"] = 0
    known = np.isin(addresses, links["address"])
    answers[known] = links[np.searchsorted(links["address"], addresses[known])]
    return answers


def chain_round(links: Records, answers: Records) -> Records:
    """Returns the links after a round.

    Args:
        links: of the block.
        answers: `CHAIN_LINK`s by address of at least `chain_asked(links)`, from before the round.
    """
    after = links.copy()
    is_open = links["open"] == 1
    found = answers[np.searchsorted(answers["address"], links["ahead"][is_open])]
    stays = found["last"] == NO_DOCUMENT
    after["last"][is_open] = np.where(stays, links["last"][is_open], found["last"])
    after["ahead"][is_open] = np.where(stays, links["ahead"][is_open], found["ahead"])
    after["open"][is_open] = np.where(stays, 0, found["open"])
    return after


def last_of_chains(addresses: NDArray[np.uint64], next_: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Returns the last removed document of each one's chain, for removals in memory.

    Args:
        addresses: of the removed documents, ascending.
        next_: the documents that they point to, or NO_DOCUMENT.

    Raises:
        ValueError: if documents point to each other in a ring.
    """
    links = chain_start(addresses, next_)
    for _ in range(MOST_ROUNDS):
        if not links["open"].any():
            last: NDArray[np.uint64] = links["last"]
            return last
        links = chain_round(links, chain_answers(links, chain_asked(links)))
    raise ValueError("removed documents point to each other in a ring")
