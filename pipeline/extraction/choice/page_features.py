"""What the page-level decision knows: how the scores of a page's blocks are spread (compiled).

Most of what is lost is lost by the page: a listing of which nothing is sure, an article among ten
teasers. The decision is one number a page, added to the scores of all its blocks.
"""

from __future__ import annotations

from typing import Any, Final

from massivetext.kernels import helper
from massivetext.pipeline.extraction.choice.features import put
from massivetext.pipeline.extraction.choice.logarithm import (
    LARGEST_BLOCK,
    count8,
    scaled_down,
    text8,
)
from massivetext.pipeline.extraction.choice.page_facts import SHARE
from massivetext.pipeline.extraction.choice.second_features import SCORE_LIMIT, probability
from massivetext.pipeline.extraction.html import page_tree as pt

_LEVELS: Final = (-64, -48, -32, -16, -8, 0, 8, 16, 32, 48, 64, 96)
"""Scores between which the page's text is counted."""

_SURE: Final = 32
"""Our choice: the score above which a block counts as sure."""

PAGE_FEATURES: Final = 2 * len(_LEVELS) + 9


@helper
def describe_scored_page(blocks: Any, scores: Any, row: Any) -> Any:
    """Write the features of a page, from its blocks' second-stage scores, to `row`; their number.

    Called once a page, so each level may count the page's text anew.
    """
    total, links, kept, unsure = 0, 0, 0, 0
    best, positive, sure = -SCORE_LIMIT, 0, 0
    for block in range(blocks.shape[1]):
        score = scores[block]
        in_block = blocks[pt.BLOCK_CHARACTERS, block]
        characters = min(in_block, LARGEST_BLOCK)
        share = probability(score)
        total += characters
        links += scaled_down(blocks[pt.BLOCK_LINK_CHARACTERS, block], in_block)
        kept += characters * share
        unsure += characters * min(share, 256 - share)
        best = max(best, score)
        positive += score > 0
        sure += score > _SURE
    total = max(total, 1)
    count = 0
    for level in range(len(_LEVELS)):
        above = 0
        for block in range(blocks.shape[1]):
            characters = min(blocks[pt.BLOCK_CHARACTERS, block], LARGEST_BLOCK)
            above += characters * (scores[block] > _LEVELS[level])
        count = put(row, count, level, text8(above))
        count = put(row, count, len(_LEVELS) + level, SHARE * above // total)
    column = 2 * len(_LEVELS)
    count = put(row, count, column, text8(total))
    count = put(row, count, column + 1, count8(max(blocks.shape[1], 1)))
    count = put(row, count, column + 2, best)
    count = put(row, count, column + 3, count8(positive))
    count = put(row, count, column + 4, count8(sure))
    count = put(row, count, column + 5, SHARE * kept // (256 * total))
    count = put(row, count, column + 6, SHARE * links // total)
    count = put(row, count, column + 7, SHARE * unsure // (128 * total))
    return put(row, count, column + 8, text8(unsure // 128))
