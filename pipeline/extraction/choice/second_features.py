"""What the second stage of the choice knows of a block: the first stage's scores around it.

A post among posts, a row among rows: the parts of the page that are like the block, next to it or
around it, and how much of them the first stage would keep (compiled).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.kernels import helper
from massivetext.pipeline.extraction.choice import page_facts as pf
from massivetext.pipeline.extraction.choice.features import put
from massivetext.pipeline.extraction.choice.logarithm import LARGEST_BLOCK, count8, family8, text8
from massivetext.pipeline.extraction.choice.page_facts import SHARE
from massivetext.pipeline.extraction.html import page_tree as pt

SCORE_UNIT: Final = 16
"""Scores are log-odds in 16ths."""

SCORE_LIMIT: Final = 8 * SCORE_UNIT

NEIGHBOUR_SCORES: Final = 6
"""Our choice: blocks before and after whose scores are seen one by one."""

_WINDOWS: Final = (3, 8, 20, 50)
_PLACE_FEATURES: Final = 3
_PAGE_FEATURES: Final = 5
_LEVELS: Final = 7
_LEVEL_FEATURES: Final = 4
_FAMILY_LEVELS: Final = 5
_FAMILY_FEATURES: Final = 4
_GROUP_LEVELS: Final = 2
_GROUP_FEATURES: Final = 3

# Where the features of a family and of a group stand among those of a node.
_FAMILY_COLUMN: Final = _LEVEL_FEATURES
_GROUP_COLUMN: Final = _FAMILY_COLUMN + _FAMILY_FEATURES

_SCORES_COLUMN: Final = 1
_WINDOWS_COLUMN: Final = _SCORES_COLUMN + 2 * NEIGHBOUR_SCORES
_PAGE_COLUMN: Final = _WINDOWS_COLUMN + len(_WINDOWS) + _PLACE_FEATURES
_NODES_COLUMN: Final = _PAGE_COLUMN + _PAGE_FEATURES
SECOND_FEATURES: Final = (
    _NODES_COLUMN
    + _LEVELS * _LEVEL_FEATURES
    + _FAMILY_LEVELS * _FAMILY_FEATURES
    + _GROUP_LEVELS * _GROUP_FEATURES
)

_NODE_FEATURES: Final = (
    (0, _LEVEL_FEATURES, _LEVELS, _NODES_COLUMN),
    (
        _FAMILY_COLUMN,
        _FAMILY_FEATURES,
        _FAMILY_LEVELS,
        _NODES_COLUMN + _LEVELS * _LEVEL_FEATURES,
    ),
    (
        _GROUP_COLUMN,
        _GROUP_FEATURES,
        _GROUP_LEVELS,
        _NODES_COLUMN + _LEVELS * _LEVEL_FEATURES + _FAMILY_LEVELS * _FAMILY_FEATURES,
    ),
)
"""Of nodes, families and groups: the first feature of a node, their number, the number of levels,
and the column of the first one."""

# Rows of the sums over nodes, families and groups (int64).
_KEPT: Final = 0  # characters times probability in 256ths
_POSITIVE: Final = 1  # blocks with a score above 0; of families and groups: members with one
_BEST: Final = 2  # highest score
_MEMBERS: Final = 3
_ALL: Final = 4  # characters
_SUMS: Final = 5


class ScoreSums(NamedTuple):
    """The first stage's scores, added up in every way that the features look at."""

    kept_before: NDArray[np.int64]
    """Shape (blocks + 1): characters times probability, before each block and in all."""
    all_before: NDArray[np.int64]
    """The same for characters."""
    nodes: NDArray[np.int64]
    """Shape (_SUMS, nodes)."""
    families: NDArray[np.int64]
    groups: NDArray[np.int64]
    levels: NDArray[np.int32]
    """Shape (nodes, all the features of a level, a family and a group)."""
    page: NDArray[np.int64]
    """Shape (_PAGE_FEATURES): what is the same for all blocks."""


@helper
def room_for_sums(blocks: int, nodes: int) -> ScoreSums:
    """Arrays of the right sizes, not filled."""
    return ScoreSums(
        np.empty(blocks + 1, np.int64),
        np.empty(blocks + 1, np.int64),
        np.empty((_SUMS, nodes), np.int64),
        np.empty((_SUMS, nodes), np.int64),
        np.empty((_SUMS, nodes), np.int64),
        np.empty((nodes, _GROUP_COLUMN + _GROUP_FEATURES), np.int32),
        np.empty(_PAGE_FEATURES, np.int64),
    )


@helper
def probability(score: Any) -> Any:
    """Probability in 256ths of a score; a rational curve close to the logistic one."""
    return 128 + 128 * score // (SCORE_UNIT + abs(score))


@helper
def sum_scores(tree: Any, facts: Any, scores: Any, sums: Any) -> None:
    """Add up the first stage's scores along the page, over nodes, families and groups."""
    _sum_blocks(tree.blocks, scores, sums)
    _sum_nodes(tree.nodes, facts.nodes, sums)
    _describe_levels(facts.nodes, sums)


@helper
def _sum_blocks(blocks: Any, scores: Any, sums: Any) -> None:
    """Sums along the page, over all of it, and over the blocks of each node."""
    sums.kept_before[0] = 0
    sums.all_before[0] = 0
    sums.nodes[:] = 0
    sums.nodes[_BEST] = -SCORE_LIMIT
    positive = 0
    best = -SCORE_LIMIT
    for block in range(blocks.shape[1]):
        node = blocks[pt.BLOCK_NODE, block]
        characters = min(blocks[pt.BLOCK_CHARACTERS, block], LARGEST_BLOCK)
        score = scores[block]
        kept = characters * probability(score)
        sums.kept_before[block + 1] = sums.kept_before[block] + kept
        sums.all_before[block + 1] = sums.all_before[block] + characters
        sums.nodes[_KEPT, node] += kept
        sums.nodes[_POSITIVE, node] += score > 0
        sums.nodes[_BEST, node] = max(sums.nodes[_BEST, node], score)
        positive += score > 0
        best = max(best, score)
    count = blocks.shape[1]
    kept, characters = sums.kept_before[count], max(sums.all_before[count], 1)
    sums.page[0] = text8(kept // 256)
    sums.page[1] = SHARE * kept // (256 * characters)
    sums.page[2] = SHARE * positive // max(count, 1)
    sums.page[3] = best
    sums.page[4] = count8(positive)


@helper
def _sum_nodes(nodes: Any, node_facts: Any, sums: Any) -> None:
    """Sums over all below each node, over families and groups."""
    for node in range(nodes.shape[1] - 1, 0, -1):
        parent = nodes[pt.NODE_PARENT, node]
        sums.nodes[_KEPT, parent] += sums.nodes[_KEPT, node]
        sums.nodes[_POSITIVE, parent] += sums.nodes[_POSITIVE, node]
        sums.nodes[_BEST, parent] = max(sums.nodes[_BEST, parent], sums.nodes[_BEST, node])
    sums.families[:] = 0
    sums.groups[:] = 0
    for node in range(nodes.shape[1]):
        _add_member(node, node_facts, sums.nodes, node_facts[pf.NODE_FAMILY, node], sums.families)
        _add_member(node, node_facts, sums.nodes, node_facts[pf.NODE_GROUP, node], sums.groups)


@helper
def _add_member(node: Any, node_facts: Any, node_sums: Any, index: Any, sums: Any) -> None:
    sums[_KEPT, index] += node_sums[_KEPT, node]
    sums[_POSITIVE, index] += node_sums[_BEST, node] > 0
    sums[_MEMBERS, index] += 1
    sums[_ALL, index] += node_facts[pf.NODE_CHARACTERS, node]


@helper
def _describe_levels(node_facts: Any, sums: Any) -> None:
    """What the blocks below a node know of it, of its family and of its group."""
    total = max(sums.kept_before[len(sums.kept_before) - 1], 1)
    for node in range(node_facts.shape[1]):
        level = sums.levels[node]
        characters = node_facts[pf.NODE_CHARACTERS, node]
        members = max(node_facts[pf.NODE_BLOCKS, node], 1)
        level[0] = SHARE * sums.nodes[_KEPT, node] // (256 * max(characters, 1))
        level[1] = SHARE * sums.nodes[_POSITIVE, node] // members
        level[2] = SHARE * sums.nodes[_KEPT, node] // total
        level[3] = sums.nodes[_BEST, node]
        family = node_facts[pf.NODE_FAMILY, node]
        _describe_members(family, sums.families, level, _FAMILY_COLUMN)
        level[_FAMILY_COLUMN + 3] = SHARE * characters // max(sums.families[_ALL, family], 1)
        _describe_members(node_facts[pf.NODE_GROUP, node], sums.groups, level, _GROUP_COLUMN)


@helper
def _describe_members(index: Any, sums: Any, level: Any, column: Any) -> None:
    members = max(sums[_MEMBERS, index], 1)
    level[column] = SHARE * sums[_KEPT, index] // (256 * max(sums[_ALL, index], 1))
    level[column + 1] = family8(members)
    level[column + 2] = SHARE * sums[_POSITIVE, index] // members


@helper
def describe_whole_scores(sums: Any, row: Any) -> Any:
    """Write what all blocks of the page share to `row`; the number of features."""
    count = 0
    for feature in range(_PAGE_FEATURES):
        count = put(row, count, _PAGE_COLUMN + feature, sums.page[feature])
    return count


@helper
def describe_parent_scores(parent: Any, tree: Any, sums: Any, row: Any) -> Any:
    """Write what the blocks of a node's children share to `row`; the number of features."""
    parents = tree.nodes[pt.NODE_PARENT]
    count = 0
    for first, features, levels, column in _NODE_FEATURES:
        above = parent
        for level in range(1, levels):
            for feature in range(features):
                place = column + level * features + feature
                count = put(row, count, place, sums.levels[above, first + feature])
            above = max(parents[above], 0)
    return count


@helper
def describe_scores(block: Any, tree: Any, scores: Any, sums: Any, row: Any) -> Any:
    """Write what only the block is to `row`; the number of features."""
    count = put(row, 0, 0, scores[block])
    count = _put_neighbour_scores(block, scores, row, count)
    count = _put_windows(block, sums, row, count)
    node = tree.blocks[pt.BLOCK_NODE, block]
    for first, features, _, column in _NODE_FEATURES:
        for feature in range(features):
            count = put(row, count, column + feature, sums.levels[node, first + feature])
    return count


@helper
def _put_neighbour_scores(block: Any, scores: Any, row: Any, count: Any) -> Any:
    column = _SCORES_COLUMN
    for step in range(-NEIGHBOUR_SCORES, NEIGHBOUR_SCORES + 1):
        if step:
            other = block + step
            score = scores[other] if 0 <= other < len(scores) else -SCORE_LIMIT // 2
            count = put(row, count, column, score)
            column += 1
    return count


@helper
def _put_windows(block: Any, sums: Any, row: Any, count: Any) -> Any:
    """Shares kept in windows around the block, and what is kept before and after it."""
    column = _WINDOWS_COLUMN
    kept, characters = sums.kept_before, sums.all_before
    blocks = len(kept) - 1
    for window in _WINDOWS:
        low, high = max(block - window, 0), min(block + window + 1, blocks)
        around = max(characters[high] - characters[low], 1)
        count = put(row, count, column, SHARE * (kept[high] - kept[low]) // (256 * around))
        column += 1
    total = max(kept[blocks], 1)
    count = put(row, count, column, SHARE * kept[block] // total)
    count = put(row, count, column + 1, SHARE * (total - kept[block + 1]) // total)
    return put(row, count, column + 2, SHARE * characters[block] // max(characters[blocks], 1))
