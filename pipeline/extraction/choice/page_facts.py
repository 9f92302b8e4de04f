"""What the features of a page are made from: arrays of facts about its blocks and nodes.

All arrays are laid out here, before they are filled: what fills them is lean, see
`massivetext.kernels`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.hash_table import slots_for
from massivetext.kernels import helper

SHARE: Final = 32
"""Shares are given in 32nds."""

# Rows of the block facts (int32). The counts of a block of more than `LARGEST_BLOCK` characters are
# scaled_down, as if it had no more.
FACT_CHARACTERS: Final = 0
FACT_DENSITY: Final = 1  # share of link text
FACT_PUNCTUATION: Final = 2
FACT_WORDS: Final = 3
FACT_CAPITALS: Final = 4  # share
FACT_DIGITS: Final = 5  # share
FACT_FOREIGN: Final = 6  # share of characters beyond ASCII
FACT_MARKS: Final = 7  # bit 0: ends like a sentence, bit 1: begins with a capital
FACT_GROUPS: Final = 8  # bits of `text_words`
FACT_COPIES: Final = 9  # blocks of the page with the same text
FACT_PROSE: Final = 10  # characters of prose
BLOCK_FACTS: Final = 11

# Rows of the node facts (int64). The first four are sums over a node and all below it.
NODE_CHARACTERS: Final = 0
NODE_LINK_CHARACTERS: Final = 1
NODE_BLOCKS: Final = 2
NODE_PROSE: Final = 3
NODE_SIBLINGS: Final = 4  # of the same tag under the same parent, itself included
NODE_GROUP: Final = 5  # number of the group of nodes that look alike: tag and words, parent's too
NODE_TAGS: Final = 6  # bits of the tags around it, itself included
NODE_WORDS: Final = 7  # bits of the words of the names around it, itself included
NODE_FAMILY: Final = 8  # number of the group of nodes of one tag under one parent
NODE_LOOK: Final = 9  # hash of its tag and words
NODE_VALUE: Final = 10  # prose close below it, as readability-like rules count it
NODE_FACTS: Final = 11

# Slots of the spans of the page's two nodes with most prose: the best one, and its parent.
TOP: Final = 0
TOP_END: Final = 1  # the first node behind it and all below it
ABOVE: Final = 2
ABOVE_END: Final = 3


LEVEL_FEATURES: Final = 6


class PageFacts(NamedTuple):
    """Facts of one page, filled by `describe_page`."""

    blocks: NDArray[np.int32]
    """Shape (BLOCK_FACTS, blocks)."""
    nodes: NDArray[np.int64]
    """Shape (NODE_FACTS, nodes)."""
    prose_before: NDArray[np.int64]
    """Shape (blocks + 1): characters of prose before each block, and in all."""
    spans: NDArray[np.int64]
    """Shape (4), see `TOP`."""
    levels: NDArray[np.int32]
    """Shape (nodes, LEVEL_FEATURES): what the blocks below a node know of it."""
    keys: NDArray[np.int64]
    """Room for a hash table, see `hashing`: the key of each slot."""
    numbers: NDArray[np.int32]
    """The number that belongs to each key."""
    members: NDArray[np.int32]
    """Shape (blocks or nodes, the larger): room to count how many have each number."""


@helper
def room_for_facts(blocks: int, nodes: int) -> PageFacts:
    """Arrays of the right sizes, not filled."""
    slots = slots_for(max(blocks, nodes))
    return PageFacts(
        np.empty((BLOCK_FACTS, blocks), np.int32),
        np.empty((NODE_FACTS, nodes), np.int64),
        np.empty(blocks + 1, np.int64),
        np.empty(4, np.int64),
        np.empty((nodes, LEVEL_FEATURES), np.int32),
        np.empty(slots, np.int64),
        np.empty(slots, np.int32),
        np.empty(max(blocks, nodes), np.int32),
    )
