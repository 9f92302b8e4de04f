"""What the learned choice knows of a block as the page is: small integers (compiled).

Features are integers, with an integer logarithm, so that every processor sees the same numbers.
Most are 0: a row holds those that are not, each with its column. They come in three rows, so that
nothing is done twice: what all blocks of the page share, what the blocks below one node share, and
the rest. The second stage sees what the first one made of the page, too: `second_features`.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.kernels import helper, inlined
from massivetext.pipeline.extraction.choice import page_facts as pf
from massivetext.pipeline.extraction.choice import text_words
from massivetext.pipeline.extraction.choice.block_facts import describe_blocks
from massivetext.pipeline.extraction.choice.logarithm import count8, family8, log8, text8
from massivetext.pipeline.extraction.choice.node_facts import (
    TAG_BITS,
    TAG_GROUP_COUNT,
    describe_nodes,
)
from massivetext.pipeline.extraction.choice.page_facts import LEVEL_FEATURES, SHARE
from massivetext.pipeline.extraction.html import elements, name_words
from massivetext.pipeline.extraction.html import page_tree as pt

LEVELS: Final = 5
"""Our choice: how many nodes around a block are described one by one, its own the first."""

NEIGHBOURS: Final = 3
"""Our choice: how many blocks before and after are described."""

_OWN_FEATURES: Final = 13
_PLACE_FEATURES: Final = 6
_NEIGHBOUR_FEATURES: Final = 6
_PAGE_FEATURES: Final = 5
_NEIGHBOURS_COLUMN: Final = _OWN_FEATURES + _PLACE_FEATURES
_PAGE_COLUMN: Final = _NEIGHBOURS_COLUMN + 2 * NEIGHBOURS * _NEIGHBOUR_FEATURES
_LEVELS_COLUMN: Final = _PAGE_COLUMN + _PAGE_FEATURES
_TAGS_COLUMN: Final = _LEVELS_COLUMN + LEVELS * LEVEL_FEATURES
_NAMES_COLUMN: Final = _TAGS_COLUMN + 2 * TAG_GROUP_COUNT
_TEXT_COLUMN: Final = _NAMES_COLUMN + 3 * name_words.GROUP_COUNT
_HIDING_COLUMN: Final = _TEXT_COLUMN + text_words.GROUP_COUNT
FIRST_FEATURES: Final = _HIDING_COLUMN + pt.PLACE_COUNT

_H1: Final = elements.tag("h1")
_H6: Final = elements.tag("h6")


class FeatureRow(NamedTuple):
    """Room for the features of one block that are not 0."""

    columns: NDArray[np.int64]
    values: NDArray[np.float32]


@helper
def room_for_features(features: int) -> FeatureRow:
    """Arrays that hold any row of this many features."""
    return FeatureRow(np.empty(features + 1, np.int64), np.empty(features + 1, np.float32))


@inlined
def put(row: Any, count: Any, column: Any, value: Any) -> Any:
    """Write a feature behind `count` others, if it is not 0; how many there are then."""
    row.columns[count] = column
    row.values[count] = value
    return count + (value != 0)


@helper
def describe_page(tree: Any, facts: Any) -> None:
    """Fill everything that the features of single blocks are read from."""
    describe_blocks(tree, facts)
    describe_nodes(tree, facts)


@helper
def describe_whole(tree: Any, facts: Any, row: Any) -> Any:
    """Write what all blocks of the page share to `row`; the number of features."""
    blocks = tree.blocks.shape[1]
    spans = facts.spans
    count = put(row, 0, _PAGE_COLUMN, text8(facts.prose_before[blocks]))
    count = put(row, count, _PAGE_COLUMN + 1, count8(blocks))
    count = put(row, count, _PAGE_COLUMN + 2, facts.levels[0, 1])
    count = put(row, count, _PAGE_COLUMN + 3, facts.levels[spans[pf.TOP], 4])
    return put(row, count, _PAGE_COLUMN + 4, facts.levels[spans[pf.ABOVE], 4])


@helper
def describe_parent(parent: Any, tree: Any, facts: Any, row: Any) -> Any:
    """Write what the blocks of a node's children share to `row`; the number of features."""
    parents = tree.nodes[pt.NODE_PARENT]
    count = 0
    above = parent
    for level in range(1, LEVELS):
        column = _LEVELS_COLUMN + level * LEVEL_FEATURES
        for feature in range(LEVEL_FEATURES):
            count = put(row, count, column + feature, facts.levels[above, feature])
        above = max(parents[above], 0)
    near = tree.node_words[parent] | tree.node_words[max(parents[parent], 0)]
    tags, words = facts.nodes[pf.NODE_TAGS, parent], facts.nodes[pf.NODE_WORDS, parent]
    count = put_bits(row, count, _TAGS_COLUMN + TAG_GROUP_COUNT, tags)
    count = put_bits(row, count, _NAMES_COLUMN + name_words.GROUP_COUNT, near)
    return put_bits(row, count, _NAMES_COLUMN + 2 * name_words.GROUP_COUNT, words)


@helper
def describe_block(block: Any, tree: Any, facts: Any, row: Any) -> Any:
    """Write what only the block is to `row`; the number of features."""
    node = tree.blocks[pt.BLOCK_NODE, block]
    count = _put_own(block, tree, facts.blocks, row)
    count = _put_place(block, tree, facts, row, count)
    count = _put_neighbours(block, tree, facts.blocks, row, count)
    for feature in range(LEVEL_FEATURES):
        count = put(row, count, _LEVELS_COLUMN + feature, facts.levels[node, feature])
    count = put_bits(row, count, _TAGS_COLUMN, TAG_BITS[tree.nodes[pt.NODE_TAG, node]])
    count = put_bits(row, count, _NAMES_COLUMN, tree.node_words[node])
    count = put_bits(row, count, _TEXT_COLUMN, facts.blocks[pf.FACT_GROUPS, block])
    places = (tree.blocks[pt.BLOCK_FLAGS, block] & pt.PLACE_FLAGS & ~pt.VEILS) >> pt.FIRST_PLACE
    return put_bits(row, count, _HIDING_COLUMN, places)


@helper
def _put_own(block: Any, tree: Any, facts: Any, row: Any) -> Any:
    """The block by itself."""
    characters = facts[pf.FACT_CHARACTERS, block]
    punctuation = facts[pf.FACT_PUNCTUATION, block]
    count = put(row, 0, 0, log8(characters))
    count = put(row, count, 1, facts[pf.FACT_DENSITY, block])
    count = put(row, count, 2, family8(tree.blocks[pt.BLOCK_LINKS, block]))
    count = put(row, count, 3, log8(punctuation))
    count = put(row, count, 4, log8(facts[pf.FACT_WORDS, block]))
    count = put(row, count, 5, facts[pf.FACT_CAPITALS, block])
    count = put(row, count, 6, facts[pf.FACT_DIGITS, block])
    count = put(row, count, 7, facts[pf.FACT_FOREIGN, block])
    count = put(row, count, 8, facts[pf.FACT_MARKS, block] & 1)
    count = put(row, count, 9, facts[pf.FACT_MARKS, block] >> 1)
    count = put(row, count, 10, family8(facts[pf.FACT_COPIES, block] - 1))
    count = put(row, count, 11, tree.blocks[pt.BLOCK_MARGIN, block])
    return put(row, count, 12, log8(punctuation * 256 // characters))


@helper
def _put_place(block: Any, tree: Any, facts: Any, row: Any, count: Any) -> Any:
    """Where on the page the block stands."""
    blocks = tree.blocks.shape[1]
    node = tree.blocks[pt.BLOCK_NODE, block]
    before, spans = facts.prose_before, facts.spans
    near = before[min(block + 6, blocks)] - before[max(block - 5, 0)]
    around = before[min(block + 16, blocks)] - before[max(block - 15, 0)]
    column = _OWN_FEATURES
    count = put(row, count, column, text8(near))
    count = put(row, count, column + 1, text8(around))
    count = put(row, count, column + 2, SHARE * block // blocks)
    count = put(row, count, column + 3, SHARE * before[block] // max(before[blocks], 1))
    in_top = spans[pf.TOP] <= node < spans[pf.TOP_END]
    in_above = spans[pf.ABOVE] <= node < spans[pf.ABOVE_END]
    count = put(row, count, column + 4, int(in_top))
    return put(row, count, column + 5, int(in_above))


@helper
def _put_neighbours(block: Any, tree: Any, facts: Any, row: Any, count: Any) -> Any:
    """The blocks before and after."""
    own_tag = tree.nodes[pt.NODE_TAG, tree.blocks[pt.BLOCK_NODE, block]]
    column = _NEIGHBOURS_COLUMN
    for step in range(-NEIGHBOURS, NEIGHBOURS + 1):
        if step == 0:
            continue
        other = block + step
        if 0 <= other < tree.blocks.shape[1]:
            tag = tree.nodes[pt.NODE_TAG, tree.blocks[pt.BLOCK_NODE, other]]
            count = put(row, count, column, log8(facts[pf.FACT_CHARACTERS, other]))
            count = put(row, count, column + 1, facts[pf.FACT_DENSITY, other])
            count = put(row, count, column + 2, log8(facts[pf.FACT_PUNCTUATION, other]))
            count = put(row, count, column + 3, int(facts[pf.FACT_GROUPS, other] != 0))
            count = put(row, count, column + 4, int(tag == own_tag))
            count = put(row, count, column + 5, int(_H1 <= tag <= _H6))
        else:
            count = put(row, count, column, -8)
        column += _NEIGHBOUR_FEATURES
    return count


@helper
def put_bits(row: Any, count: Any, column: Any, bits: Any) -> Any:
    """A feature a bit, from `column` on."""
    rest = np.int64(bits)
    while rest:
        lowest = rest & -rest
        row.columns[count] = column + (np.float64(lowest).view(np.int64) >> 52) - 1023
        row.values[count] = 1
        count += 1
        rest ^= lowest
    return count
