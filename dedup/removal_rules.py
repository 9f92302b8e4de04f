"""Who goes: from verified pairs to removals, by one of three rules.

All rules remove only documents that have a partner with an exact Jaccard above the threshold.
`pairwise`, the default, is the paper's "randomly remove one of them" with a seeded draw: of every
such pair the document that loses by precedence goes. `greedy` asks the documents in the order of
precedence and removes those that have a kept partner. `cluster` keeps one document a connected
component.

`pairwise` decides about a document from its own pairs alone. The other two need several rounds, in
which every block of rows knows the verified pairs of its own lower documents, asks other blocks
about its documents' partners, and (`cluster`) tells them what it has learnt. A corpus in memory is
one block that asks itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from massivetext.dedup.groups import Records, differs
from massivetext.dedup.keys import precedences
from massivetext.dedup.removal import NEAR, REMOVAL, VERIFIED

RemovalRule = Literal["pairwise", "greedy", "cluster"]

KEPT: Final = 0
REMOVED: Final = 1
OPEN: Final = 2
"""`GREEDY.state`, and what a block says of a document that another one asks about."""

GREEDY: Final = np.dtype(
    [*((name, VERIFIED[name]) for name in VERIFIED.names or ()), ("state", "u1")]
)
"""A verified pair of a document that is still open, or the one that has decided about it."""

STATUS: Final = np.dtype([("address", "<u8"), ("state", "u1")])
"""A document, and whether it stays."""

NODE: Final = np.dtype(
    [
        ("address", "<u8"),
        ("rank", "<u8"),
        ("label", "<u8"),
        ("label_rank", "<u8"),
        ("partner", "<u8"),
        ("jaccard", "<f8"),
    ]
)
"""A document of some verified pair: the best document of its component that it has heard of, and
the winning one of its direct partners."""

LABEL: Final = np.dtype([("address", "<u8"), ("label", "<u8"), ("label_rank", "<u8")])
"""A document, and a document of its component."""


def pairwise_removals(verified: Records) -> Records:
    """Returns `REMOVAL`s by address: every lower document, with its winning partner."""
    ordered = _by_lower(verified)
    return _removals(ordered[differs(ordered, "lower")])


def greedy_start(verified: Records) -> Records:
    """Returns the `GREEDY` state of a block before the first round: all its documents are open."""
    ordered = _by_lower(verified)
    state = np.empty(ordered.size, GREEDY)
    for name in VERIFIED.names or ():
        state[name] = ordered[name]
    state["state"] = OPEN
    return state


def greedy_asked(state: Records) -> NDArray[np.uint64]:
    """Returns the documents that open ones depend on."""
    return np.unique(state["partner"][state["state"] == OPEN])


def greedy_answers(state: Records, addresses: NDArray[np.uint64]) -> Records:
    """Returns the `STATUS` of documents of a block; what has no winning partner stays."""
    answers = np.zeros(addresses.size, STATUS)
    answers["address"] = addresses
    documents = state[differs(state, "lower")]
    known = np.isin(addresses, documents["lower"])
    places = np.searchsorted(documents["lower"], addresses[known])
    answers["state"][known] = documents["state"][places]
    return answers


def greedy_round(state: Records, answers: Records) -> Records:
    """Returns the state after a round.

    A document looks at its partners in the order of precedence: those that went do not count; if
    the first that counts stays, the document goes; if none counts, it stays.

    Args:
        state: of the block.
        answers: `STATUS` by address of at least `greedy_asked(state)`.
    """
    pairs = state[state["state"] == OPEN]
    if not pairs.size:
        return state
    partner = answers["state"][np.searchsorted(answers["address"], pairs["partner"])]
    starts = np.flatnonzero(differs(pairs, "lower"))
    document = np.repeat(np.arange(starts.size), np.diff(np.append(starts, pairs.size)))
    counts = np.where(partner == REMOVED, pairs.size, np.arange(pairs.size))
    first = np.minimum.reduceat(counts, starts)
    stays = first == pairs.size
    goes = ~stays
    goes[goes] = partner[first[goes]] == KEPT
    still_open = (partner != REMOVED) & ~(stays | goes)[document]
    decided = pairs[np.where(stays, starts, first)[stays | goes]]
    decided["state"] = np.where(stays, KEPT, REMOVED)[stays | goes]
    joined = np.concatenate([state[state["state"] != OPEN], decided, pairs[still_open]])
    return joined[np.argsort(joined["lower"], kind="stable")]


def greedy_removed(state: Records) -> Records:
    """Returns the `REMOVAL`s of a block after the last round."""
    return _removals(state[state["state"] == REMOVED])


def turned(verified: Records) -> Records:
    """Returns the pairs turned around, of each partner only that with its best lower document."""
    both = verified.copy()
    for name, other in (("lower", "partner"), ("lower_rank", "partner_rank")):
        both[name], both[other] = verified[other], verified[name]
    ordered = _by_lower(both)
    return ordered[differs(ordered, "lower")]


def cluster_start(verified: Records) -> Records:
    """Returns the `NODE`s of a block by address.

    Args:
        verified: the pairs of the block's lower documents, and what other blocks `turned` to it.
    """
    ordered = _by_lower(verified)
    first = ordered[differs(ordered, "lower")]
    nodes = np.empty(first.size, NODE)
    nodes["address"], nodes["rank"] = first["lower"], first["lower_rank"]
    nodes["partner"], nodes["jaccard"] = first["partner"], first["jaccard"]
    nodes["label"], nodes["label_rank"] = first["lower"], first["lower_rank"]
    return nodes


def cluster_asked(nodes: Records, verified: Records) -> NDArray[np.uint64]:
    """Returns the documents whose labels a block must know."""
    return np.unique(np.concatenate([verified["partner"], nodes["label"]]))


def cluster_answers(nodes: Records, addresses: NDArray[np.uint64]) -> Records:
    """Returns the `LABEL`s of documents of a block."""
    answers = np.empty(addresses.size, LABEL)
    found = nodes[np.searchsorted(nodes["address"], addresses)]
    for name in LABEL.names or ():
        answers[name] = found[name]
    return answers


def cluster_messages(nodes: Records, verified: Records, answers: Records) -> Records:
    """Returns better `LABEL`s for documents of this and other blocks, one a document.

    Of both documents of a pair, and of what their labels point to, each learns of the better
    label; and each document takes the label of its label. The number of rounds grows with the
    logarithm of a component's size (after FastSV, Zhang, Azad and Hu 2020).

    Args:
        nodes: of the block.
        verified: the pairs of its lower documents.
        answers: `LABEL`s by address of at least `cluster_asked(nodes, verified)`.
    """
    lower = nodes[np.searchsorted(nodes["address"], verified["lower"])]
    partner = answers[np.searchsorted(answers["address"], verified["partner"])]
    ends = np.concatenate([_labels(lower, lower["address"]), _labels(partner, partner["address"])])
    other = np.concatenate([_labels(partner, lower["address"]), _labels(lower, partner["address"])])
    better = other[_before(other, ends)]
    roots = better.copy()
    roots["address"] = ends["label"][_before(other, ends)]
    label_of_label = answers[np.searchsorted(answers["address"], nodes["label"])]
    jumps = _labels(label_of_label, nodes["address"])
    jumps = jumps[_before(jumps, _labels(nodes, nodes["address"]))]
    return _best_labels(np.concatenate([better, roots, jumps]))


def cluster_round(nodes: Records, messages: Records) -> Records:
    """Returns the nodes after a round.

    Args:
        nodes: of the block.
        messages: `LABEL`s of its documents, from any block.
    """
    best = _best_labels(np.concatenate([messages, _labels(nodes, nodes["address"])]))
    after = nodes.copy()
    after["label"], after["label_rank"] = best["label"], best["label_rank"]
    return after


def cluster_removed(nodes: Records) -> Records:
    """Returns the `REMOVAL`s of a block after the last round: all but the components' winners.

    The partner is the winning one of a document's direct partners, which may have lost itself.
    """
    losers = nodes[nodes["label"] != nodes["address"]]
    removals = np.empty(losers.size, REMOVAL)
    for name in ("address", "partner", "jaccard"):
        removals[name] = losers[name]
    removals["kind"], removals["next"] = NEAR, losers["label"]
    return removals


def greedy_removals(verified: Records) -> Records:
    """Returns `REMOVAL`s by address: each document with a kept partner, and the winning one."""
    state = greedy_start(verified)
    while greedy_asked(state).size:
        state = greedy_round(state, greedy_answers(state, greedy_asked(state)))
    return greedy_removed(state)


def cluster_removals(verified: Records) -> Records:
    """Returns `REMOVAL`s by address: all of a connected component but its winner."""
    nodes = cluster_start(np.concatenate([verified, turned(verified)]))
    messages = np.empty(1, LABEL)
    while messages.size:
        answers = cluster_answers(nodes, cluster_asked(nodes, verified))
        messages = cluster_messages(nodes, verified, answers)
        nodes = cluster_round(nodes, messages)
    return cluster_removed(nodes)


REMOVAL_RULES: Final[Mapping[RemovalRule, Callable[[Records], Records]]] = {
    "pairwise": pairwise_removals,
    "greedy": greedy_removals,
    "cluster": cluster_removals,
}
"""From verified pairs to removals."""


def _by_lower(verified: Records) -> Records:
    """Returns pairs by lower document, those with winning partners first."""
    order = np.lexsort(
        (verified["partner"], precedences(verified["partner_rank"]), verified["lower"])
    )
    return verified[order]


def _removals(verified: Records) -> Records:
    removals = np.empty(verified.size, REMOVAL)
    removals["address"], removals["partner"] = verified["lower"], verified["partner"]
    removals["kind"], removals["jaccard"] = NEAR, verified["jaccard"]
    removals["next"] = verified["partner"]
    return removals


def _labels(records: Records, addresses: NDArray[np.uint64]) -> Records:
    """Returns `LABEL`s of these documents, with the labels in the records."""
    labels = np.empty(records.size, LABEL)
    labels["address"] = addresses
    labels["label"], labels["label_rank"] = records["label"], records["label_rank"]
    return labels


def _before(one: Records, other: Records) -> NDArray[np.bool_]:
    """Whether labels win against others."""
    mine, theirs = precedences(one["label_rank"]), precedences(other["label_rank"])
    return (mine < theirs) | ((mine == theirs) & (one["label"] < other["label"]))


def _best_labels(labels: Records) -> Records:
    """Returns the winning label of each document, by address."""
    order = np.lexsort((labels["label"], precedences(labels["label_rank"]), labels["address"]))
    ordered = labels[order]
    return ordered[differs(ordered, "address")]
