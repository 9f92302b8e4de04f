"""What the page-level decision knows: how the scores of a page's blocks are spread (compiled).

Most of what is lost is lost by the page: a listing of which nothing is sure, an article among ten
teasers. The decision is one number a page, added to the scores of all its blocks.
"""

from __future__ import annotations

from typing import Any, Final

from massivetext.kernels import part
from massivetext.pipeline.extraction import page_tree as pt
from massivetext.pipeline.extraction.features import SHARE, log8
from massivetext.pipeline.extraction.second_features import SCORE_LIMIT, probability

_LEVELS: Final = (-64, -48, -32, -16, -8, 0, 8, 16, 32, 48, 64, 96)
"""Scores between which the page's text is counted."""

PAGE_FEATURES: Final = 2 * len(_LEVELS) + 9


@part
def describe_scored_page(blocks: Any, scores: Any, row: Any) -> None:
    """Write the features of a page, from its blocks' second-stage scores, to `row`."""
    count = max(blocks.shape[1], 1)
    row[:] = 0
    total, links, kept, unsure = 0, 0, 0, 0
    best, positive, sure = -SCORE_LIMIT, 0, 0
    for block in range(blocks.shape[1]):
        score = scores[block]
        characters = blocks[pt.BLOCK_CHARACTERS, block]
        share = probability(score)
        total += characters
        links += blocks[pt.BLOCK_LINK_CHARACTERS, block]
        kept += characters * share
        unsure += characters * min(share, 256 - share)
        best = max(best, score)
        positive += score > 0
        sure += score > 32
        for level in range(len(_LEVELS)):
            if score > _LEVELS[level]:
                row[level] += characters
    total = max(total, 1)
    for level in range(len(_LEVELS)):
        row[len(_LEVELS) + level] = SHARE * row[level] // total
        row[level] = log8(row[level])
    column = 2 * len(_LEVELS)
    row[column] = log8(total)
    row[column + 1] = log8(count)
    row[column + 2] = best
    row[column + 3] = log8(positive)
    row[column + 4] = log8(sure)
    row[column + 5] = SHARE * kept // (256 * total)
    row[column + 6] = SHARE * links // total
    row[column + 7] = SHARE * unsure // (128 * total)
    row[column + 8] = log8(unsure // 128)
