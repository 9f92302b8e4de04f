"""What the decision on a unit knows: all of its blocks, their scores, its place (compiled).

Features are integers, as those of blocks are: see `features`.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.kernels import helper, lean
from massivetext.pipeline.extraction.choice import page_facts as pf
from massivetext.pipeline.extraction.choice import text_words
from massivetext.pipeline.extraction.choice.features import put, put_bits
from massivetext.pipeline.extraction.choice.logarithm import count8, log8, scaled_down, text8
from massivetext.pipeline.extraction.choice.node_facts import TAG_GROUP_COUNT
from massivetext.pipeline.extraction.choice.page_facts import LEVEL_FEATURES, SHARE
from massivetext.pipeline.extraction.choice.second_features import SCORE_LIMIT, probability
from massivetext.pipeline.extraction.choice.units import UNIT_NAMES
from massivetext.pipeline.extraction.html import elements, name_words
from massivetext.pipeline.extraction.html import page_tree as pt

# Columns of the sums over the blocks of each unit (int64).
_FIRST_BLOCK: Final = 0
_LAST_BLOCK: Final = 1
_CHARACTERS: Final = 2
_KEPT: Final = 3  # characters times probability in 256ths
_KEPT_ALONE: Final = 4  # the same by the first stage
_SURE: Final = 5  # characters of blocks with a score above 0
_POSITIVE: Final = 6  # blocks with a score above 0
_BLOCKS: Final = 7
_SCORES: Final = 8  # sum
_BEST: Final = 9
_WORST: Final = 10
_LINKED: Final = 11  # blocks that are all link
_LABELLED: Final = 12  # blocks with a word of `text_words`
_GROUPS: Final = 13  # bits of those words
_COPIED: Final = 14  # blocks whose text stands on the page more than once
_DIGITS: Final = 15  # characters times share
_ENDED: Final = 16  # blocks that end like a sentence
_HEADERS: Final = 17  # blocks in `th`
_LINK_CHARACTERS: Final = 18
_PROSE: Final = 19  # characters
_BEFORE: Final = 20  # sum of the scores of the blocks right before each block
_BEHIND: Final = 21
_WEIGHED: Final = 22  # characters times score
_SUMS: Final = 23

_NEIGHBOURS: Final = 4
"""Our choice: blocks before and after a unit whose scores are seen one by one."""

_WINDOWS: Final = (4, 12, 40)
_LEVELS: Final = 3

_UNIT_KINDS: Final = len(UNIT_NAMES)
_WHOLE_FEATURES: Final = 16
_SCORE_FEATURES: Final = 9
_PLACE_FEATURES: Final = 8
_NEIGHBOUR_FEATURES: Final = 3
_WINDOW_FEATURES: Final = 2
_PAGE_FEATURES: Final = 4

_SCORES_COLUMN: Final = _UNIT_KINDS + _WHOLE_FEATURES
_PLACE_COLUMN: Final = _SCORES_COLUMN + _SCORE_FEATURES
_NEIGHBOURS_COLUMN: Final = _PLACE_COLUMN + _PLACE_FEATURES
_WINDOWS_COLUMN: Final = _NEIGHBOURS_COLUMN + 2 * _NEIGHBOURS * _NEIGHBOUR_FEATURES
_PAGE_COLUMN: Final = _WINDOWS_COLUMN + len(_WINDOWS) * _WINDOW_FEATURES
_LEVELS_COLUMN: Final = _PAGE_COLUMN + _PAGE_FEATURES
_TAGS_COLUMN: Final = _LEVELS_COLUMN + _LEVELS * LEVEL_FEATURES
_NAMES_COLUMN: Final = _TAGS_COLUMN + TAG_GROUP_COUNT
_TEXT_COLUMN: Final = _NAMES_COLUMN + 2 * name_words.GROUP_COUNT
UNIT_FEATURES: Final = _TEXT_COLUMN + text_words.GROUP_COUNT

_H1: Final = elements.tag("h1")
_H6: Final = elements.tag("h6")
_TH: Final = elements.tag("th")


class UnitSums(NamedTuple):
    """What the features of units are read from."""

    units: NDArray[np.int64]
    """Shape (units, _SUMS)."""
    kept_before: NDArray[np.int64]
    """Shape (blocks + 1): characters times probability in 256ths, before each block and in all."""
    all_before: NDArray[np.int64]
    """The same for characters."""


@helper
def sum_units(tree: Any, facts: Any, units: Any, scores: Any) -> UnitSums:
    """Add up the blocks of each unit, and the scores along the page.

    `scores` are those of both stages, the page's own added to the second one's.
    """
    blocks = tree.blocks.shape[1]
    sums = np.zeros((units.size, _SUMS), np.int64)
    kept_before, all_before = np.zeros(blocks + 1, np.int64), np.zeros(blocks + 1, np.int64)
    all_sums = UnitSums(sums, kept_before, all_before)
    _add_blocks(tree, facts, units, scores, all_sums)
    return all_sums


@lean
def _add_blocks(tree: Any, facts: Any, units: Any, scores: Any, all_sums: Any) -> None:
    """Add all blocks to the sums."""
    sums, kept_before, all_before = all_sums.units, all_sums.kept_before, all_sums.all_before
    for unit in range(units.size):
        sums[unit, _BEST] = -2 * SCORE_LIMIT
        sums[unit, _WORST] = 2 * SCORE_LIMIT
    for block in range(tree.blocks.shape[1]):
        characters = facts.blocks[pf.FACT_CHARACTERS, block]
        kept = characters * probability(scores[1, block])
        kept_before[block + 1] = kept_before[block] + kept
        all_before[block + 1] = all_before[block] + characters
        unit = units.of_blocks[block]
        if unit >= 0:
            _add_block(tree, facts.blocks, block, scores, sums[unit])


@lean
def _add_block(tree: Any, facts: Any, block: Any, scores: Any, sums: Any) -> None:
    """Add a block to the sums of its unit."""
    alone, score = scores[0, block], scores[1, block]
    characters = facts[pf.FACT_CHARACTERS, block]
    if sums[_BLOCKS] == 0:
        sums[_FIRST_BLOCK] = block
    sums[_LAST_BLOCK] = block
    sums[_BLOCKS] += 1
    sums[_CHARACTERS] += characters
    sums[_KEPT] += characters * probability(score)
    sums[_KEPT_ALONE] += characters * probability(alone)
    sums[_SURE] += characters * (score > 0)
    sums[_POSITIVE] += score > 0
    sums[_SCORES] += score
    sums[_WEIGHED] += characters * score
    sums[_BEST] = max(sums[_BEST], score)
    sums[_WORST] = min(sums[_WORST], score)
    sums[_LINKED] += facts[pf.FACT_DENSITY, block] >= SHARE - 1
    sums[_LABELLED] += facts[pf.FACT_GROUPS, block] != 0
    sums[_GROUPS] |= facts[pf.FACT_GROUPS, block]
    sums[_COPIED] += facts[pf.FACT_COPIES, block] > 1
    sums[_DIGITS] += characters * facts[pf.FACT_DIGITS, block]
    sums[_ENDED] += facts[pf.FACT_MARKS, block] & 1
    sums[_HEADERS] += tree.nodes[pt.NODE_TAG, tree.blocks[pt.BLOCK_NODE, block]] == _TH
    links = tree.blocks[pt.BLOCK_LINK_CHARACTERS, block]
    sums[_LINK_CHARACTERS] += scaled_down(links, tree.blocks[pt.BLOCK_CHARACTERS, block])
    sums[_PROSE] += facts[pf.FACT_PROSE, block]
    sums[_BEFORE] += scores[1, max(block - 1, 0)]
    sums[_BEHIND] += scores[1, min(block + 1, scores.shape[1] - 1)]


@lean
def mean_score(unit: Any, all_sums: Any) -> Any:
    """The mean of the scores of a unit's blocks, weighed by their characters."""
    return all_sums.units[unit, _WEIGHED] // max(all_sums.units[unit, _CHARACTERS], 1)


@lean
def describe_unit(
    unit: Any, tree: Any, facts: Any, units: Any, all_sums: Any, scores: Any, row: Any
) -> Any:
    """Write the features of a unit to `row`; their number."""
    node, sums = units.nodes[unit], all_sums.units[unit]
    count = put(row, 0, units.kinds[unit], 1)
    count = _put_whole(node, facts, sums, row, count)
    count = _put_scores(sums, row, count)
    count = _put_place(tree, facts, node, all_sums, sums, row, count)
    count = _put_neighbours(tree, facts, sums, scores[1], row, count)
    count = _put_windows(all_sums, sums, row, count)
    above = node
    for level in range(_LEVELS):
        above = max(tree.nodes[pt.NODE_PARENT, above], 0)
        column = _LEVELS_COLUMN + level * LEVEL_FEATURES
        for feature in range(LEVEL_FEATURES):
            count = put(row, count, column + feature, facts.levels[above, feature])
    count = put_bits(row, count, _TAGS_COLUMN, facts.nodes[pf.NODE_TAGS, node])
    count = put_bits(row, count, _NAMES_COLUMN, tree.node_words[node])
    around = facts.nodes[pf.NODE_WORDS, node]
    count = put_bits(row, count, _NAMES_COLUMN + name_words.GROUP_COUNT, around)
    return put_bits(row, count, _TEXT_COLUMN, sums[_GROUPS])


@lean
def _put_whole(node: Any, facts: Any, sums: Any, row: Any, count: Any) -> Any:
    """The unit by itself."""
    characters, blocks = max(sums[_CHARACTERS], 1), max(sums[_BLOCKS], 1)
    column = _UNIT_KINDS
    count = put(row, count, column, text8(characters))
    count = put(row, count, column + 1, count8(blocks))
    count = put(row, count, column + 2, log8(characters // blocks))
    count = put(row, count, column + 3, SHARE * sums[_LINK_CHARACTERS] // characters)
    count = put(row, count, column + 4, text8(sums[_PROSE]))
    count = put(row, count, column + 5, SHARE * sums[_PROSE] // characters)
    count = put(row, count, column + 6, SHARE * sums[_LINKED] // blocks)
    count = put(row, count, column + 7, SHARE * sums[_LABELLED] // blocks)
    count = put(row, count, column + 8, SHARE * sums[_COPIED] // blocks)
    count = put(row, count, column + 9, sums[_DIGITS] // characters)
    count = put(row, count, column + 10, SHARE * sums[_ENDED] // blocks)
    count = put(row, count, column + 11, SHARE * sums[_HEADERS] // blocks)
    count = put(row, count, column + 12, int(sums[_HEADERS] > 0))
    page = max(facts.nodes[pf.NODE_CHARACTERS, 0], 1)
    count = put(row, count, column + 13, SHARE * sums[_CHARACTERS] // page)
    count = put(row, count, column + 14, facts.levels[node, 5])
    return put(row, count, column + 15, count8(sums[_LABELLED]))


@lean
def _put_scores(sums: Any, row: Any, count: Any) -> Any:
    """The scores of the unit's blocks."""
    characters, blocks = max(sums[_CHARACTERS], 1), max(sums[_BLOCKS], 1)
    column = _SCORES_COLUMN
    count = put(row, count, column, SHARE * sums[_KEPT] // (256 * characters))
    count = put(row, count, column + 1, SHARE * sums[_KEPT_ALONE] // (256 * characters))
    count = put(row, count, column + 2, SHARE * sums[_SURE] // characters)
    count = put(row, count, column + 3, SHARE * sums[_POSITIVE] // blocks)
    count = put(row, count, column + 4, sums[_SCORES] // blocks)
    count = put(row, count, column + 5, sums[_BEST])
    count = put(row, count, column + 6, sums[_WORST])
    count = put(row, count, column + 7, sums[_BEFORE] // blocks)
    return put(row, count, column + 8, sums[_BEHIND] // blocks)


@lean
def _put_place(
    tree: Any, facts: Any, node: Any, all_sums: Any, sums: Any, row: Any, count: Any
) -> Any:
    """Where on the page the unit stands, and what the page keeps."""
    kept, characters = all_sums.kept_before, all_sums.all_before
    blocks = tree.blocks.shape[1]
    first, last = sums[_FIRST_BLOCK], sums[_LAST_BLOCK]
    others = max(kept[blocks] - sums[_KEPT], 1)
    total = max(characters[blocks], 1)
    column = _PLACE_COLUMN
    count = put(row, count, column, SHARE * kept[first] // others)
    count = put(row, count, column + 1, SHARE * (kept[blocks] - kept[last + 1]) // others)
    count = put(row, count, column + 2, SHARE * characters[first] // total)
    count = put(row, count, column + 3, SHARE * sums[_KEPT] // max(kept[blocks], 1))
    count = put(row, count, column + 4, text8(others // 256))
    spans = facts.spans
    count = put(row, count, column + 5, int(spans[pf.TOP] <= node < spans[pf.TOP_END]))
    count = put(row, count, column + 6, int(spans[pf.ABOVE] <= node < spans[pf.ABOVE_END]))
    in_unit = sums[_CHARACTERS]
    count = put(row, count, column + 7, log8(256 * in_unit // (others // 256 + 1)))
    column = _PAGE_COLUMN
    count = put(row, count, column, SHARE * kept[blocks] // (256 * total))
    count = put(row, count, column + 1, text8(total))
    count = put(row, count, column + 2, count8(blocks))
    return put(row, count, column + 3, facts.levels[0, 1])


@lean
def _put_neighbours(tree: Any, facts: Any, sums: Any, scores: Any, row: Any, count: Any) -> Any:
    """The blocks before and after the unit."""
    column = _NEIGHBOURS_COLUMN
    for step in range(1, _NEIGHBOURS + 1):
        for other in (sums[_FIRST_BLOCK] - step, sums[_LAST_BLOCK] + step):
            if 0 <= other < tree.blocks.shape[1]:
                tag = tree.nodes[pt.NODE_TAG, tree.blocks[pt.BLOCK_NODE, other]]
                count = put(row, count, column, scores[other])
                count = put(row, count, column + 1, log8(facts.blocks[pf.FACT_PROSE, other]))
                count = put(row, count, column + 2, int(_H1 <= tag <= _H6))
            else:
                count = put(row, count, column, -SCORE_LIMIT // 2)
            column += _NEIGHBOUR_FEATURES
    return count


@lean
def _put_windows(all_sums: Any, sums: Any, row: Any, count: Any) -> Any:
    """Shares kept in windows before and after the unit."""
    kept, characters = all_sums.kept_before, all_sums.all_before
    first, last = sums[_FIRST_BLOCK], sums[_LAST_BLOCK] + 1
    column = _WINDOWS_COLUMN
    for window in _WINDOWS:
        low, high = max(first - window, 0), min(last + window, len(kept) - 1)
        before, after = characters[first] - characters[low], characters[high] - characters[last]
        share = SHARE * (kept[first] - kept[low]) // (256 * max(before, 1))
        count = put(row, count, column, share)
        share = SHARE * (kept[high] - kept[last]) // (256 * max(after, 1))
        count = put(row, count, column + 1, share)
        column += _WINDOW_FEATURES
    return count
