"""What the second stage of the choice knows of a block: the first stage's scores around it.

A post among posts, a row among rows: the parts of the page that are like the block, next to it or
around it, and how much of them the first stage would keep.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext.kernels import part
from massivetext.pipeline.extraction import page_tree as pt
from massivetext.pipeline.extraction.features import (
    NODE_BLOCKS,
    NODE_CHARACTERS,
    NODE_FAMILY,
    NODE_GROUP,
    SHARE,
    log8,
)

SCORE_UNIT: Final = 16
"""Scores are log-odds in 16ths."""

SCORE_LIMIT: Final = 8 * SCORE_UNIT

NEIGHBOUR_SCORES: Final = 6
"""Our choice: blocks before and after whose scores are seen one by one."""

_WINDOWS: Final = (3, 8, 20, 50)
_PAGE_FEATURES: Final = 8
_LEVELS: Final = 7
_LEVEL_FEATURES: Final = 4
_FAMILY_LEVELS: Final = 5
_FAMILY_FEATURES: Final = 4
_GROUP_LEVELS: Final = 2
_GROUP_FEATURES: Final = 3
SECOND_FEATURES: Final = (
    1
    + 2 * NEIGHBOUR_SCORES
    + len(_WINDOWS)
    + _PAGE_FEATURES
    + _LEVELS * _LEVEL_FEATURES
    + _FAMILY_LEVELS * _FAMILY_FEATURES
    + _GROUP_LEVELS * _GROUP_FEATURES
)

# Rows of the sums over nodes, families and groups (int64).
_KEPT: Final = 0  # characters times probability in 256ths
_POSITIVE: Final = 1  # blocks with a score above 0; of families and groups: members with one
_BEST: Final = 2  # highest score
_MEMBERS: Final = 3
_ALL: Final = 4  # characters
SUMS: Final = 5


@part
def probability(score: int) -> int:
    """Probability in 256ths of a score; a rational curve close to the logistic one."""
    return 128 + 128 * score // (SCORE_UNIT + abs(score))


@part
def sum_scores(
    nodes: Any, blocks: Any, node_facts: Any, scores: Any, kept_before: Any, all_before: Any,
    node_sums: Any, family_sums: Any, group_sums: Any, page: Any,
) -> None:  # fmt: skip
    """Add up the first stage's scores along the page, over nodes, families and groups."""
    kept_before[0] = 0
    all_before[0] = 0
    node_sums[:] = 0
    node_sums[_BEST] = -SCORE_LIMIT
    positive = 0
    best = -SCORE_LIMIT
    for block in range(blocks.shape[1]):
        node = blocks[pt.BLOCK_NODE, block]
        characters = blocks[pt.BLOCK_CHARACTERS, block]
        score = scores[block]
        kept = characters * probability(score)
        kept_before[block + 1] = kept_before[block] + kept
        all_before[block + 1] = all_before[block] + characters
        node_sums[_KEPT, node] += kept
        node_sums[_POSITIVE, node] += score > 0
        node_sums[_BEST, node] = max(node_sums[_BEST, node], score)
        positive += score > 0
        best = max(best, score)
    for node in range(nodes.shape[1] - 1, 0, -1):
        parent = nodes[pt.NODE_PARENT, node]
        node_sums[_KEPT, parent] += node_sums[_KEPT, node]
        node_sums[_POSITIVE, parent] += node_sums[_POSITIVE, node]
        node_sums[_BEST, parent] = max(node_sums[_BEST, parent], node_sums[_BEST, node])
    family_sums[:] = 0
    group_sums[:] = 0
    for node in range(nodes.shape[1]):
        _add_member(node, node_facts[NODE_FAMILY, node], node_facts, node_sums, family_sums)
        _add_member(node, node_facts[NODE_GROUP, node], node_facts, node_sums, group_sums)
    count = max(blocks.shape[1], 1)
    page[0] = log8(kept_before[count] // 256)
    page[1] = SHARE * kept_before[count] // (256 * max(all_before[count], 1))
    page[2] = SHARE * positive // count
    page[3] = best
    page[4] = log8(positive)


@part
def _add_member(node: int, index: int, node_facts: Any, node_sums: Any, sums: Any) -> None:
    sums[_KEPT, index] += node_sums[_KEPT, node]
    sums[_POSITIVE, index] += node_sums[_BEST, node] > 0
    sums[_MEMBERS, index] += 1
    sums[_ALL, index] += node_facts[NODE_CHARACTERS, node]


@part
def describe_scores(
    block: int, nodes: Any, blocks: Any, node_facts: Any, scores: Any, kept_before: Any,
    all_before: Any, node_sums: Any, family_sums: Any, group_sums: Any, page: Any, row: Any,
) -> None:  # fmt: skip
    """Write the second-stage features of one block to `row`."""
    count = blocks.shape[1]
    row[0] = scores[block]
    column = 1
    for step in range(-NEIGHBOUR_SCORES, NEIGHBOUR_SCORES + 1):
        if step:
            other = block + step
            row[column] = scores[other] if 0 <= other < count else -SCORE_LIMIT // 2
            column += 1
    for window in _WINDOWS:
        low, high = max(block - window, 0), min(block + window + 1, count)
        kept = kept_before[high] - kept_before[low]
        row[column] = SHARE * kept // (256 * max(all_before[high] - all_before[low], 1))
        column += 1
    total = max(kept_before[count], 1)
    row[column] = SHARE * kept_before[block] // total
    row[column + 1] = SHARE * (total - kept_before[block + 1]) // total
    row[column + 2] = SHARE * all_before[block] // max(all_before[count], 1)
    for offset in range(5):
        row[column + 3 + offset] = page[offset]
    column += _PAGE_FEATURES
    node = blocks[pt.BLOCK_NODE, block]
    ancestor = node
    for _ in range(_LEVELS):
        characters = max(node_facts[NODE_CHARACTERS, ancestor], 1)
        members = max(node_facts[NODE_BLOCKS, ancestor], 1)
        row[column] = SHARE * node_sums[_KEPT, ancestor] // (256 * characters)
        row[column + 1] = SHARE * node_sums[_POSITIVE, ancestor] // members
        row[column + 2] = SHARE * node_sums[_KEPT, ancestor] // total
        row[column + 3] = node_sums[_BEST, ancestor]
        column += _LEVEL_FEATURES
        ancestor = max(nodes[pt.NODE_PARENT, ancestor], 0)
    ancestor = node
    for _ in range(_FAMILY_LEVELS):
        family = node_facts[NODE_FAMILY, ancestor]
        column = _put_sums(family, family_sums, row, column)
        row[column] = (
            SHARE * node_facts[NODE_CHARACTERS, ancestor] // max(family_sums[_ALL, family], 1)
        )
        column += 1
        ancestor = max(nodes[pt.NODE_PARENT, ancestor], 0)
    parent = max(nodes[pt.NODE_PARENT, node], 0)
    column = _put_sums(node_facts[NODE_GROUP, node], group_sums, row, column)
    _put_sums(node_facts[NODE_GROUP, parent], group_sums, row, column)


@part
def _put_sums(index: int, sums: Any, row: Any, column: int) -> int:
    row[column] = SHARE * sums[_KEPT, index] // (256 * max(sums[_ALL, index], 1))
    row[column + 1] = log8(sums[_MEMBERS, index])
    row[column + 2] = SHARE * sums[_POSITIVE, index] // max(sums[_MEMBERS, index], 1)
    return column + 3


@part
def sums_array(count: int) -> Any:
    """Room for the sums over so many nodes, families or groups."""
    return np.empty((SUMS, count), np.int64)
