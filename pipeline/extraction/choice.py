"""Which blocks of a page are its main text: the blocks whose learned score is above 0."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.extraction.page_tree import PageTree
from massivetext.pipeline.extraction.rules import add_plain, add_surrounded
from massivetext.pipeline.extraction.score import score_blocks
from massivetext.pipeline.extraction.second_features import SCORE_UNIT
from massivetext.pipeline.extraction.weights import Weights, load_weights

SMALL_PAGE: Final = 1000
"""Characters up to which a page keeps what the rules call plain text, too. Our choice: learned
scores know pages of the web, which are larger; on such a page there is little to tell apart."""

BEST_MARGIN: Final = 2 * SCORE_UNIT
"""Our choice: where no score is above 0, the blocks this close to the best one are kept, so that
no page with text comes out empty."""


class Choice(NamedTuple):
    """What became of the blocks of a page, one column a block."""

    keep: NDArray[np.bool_]
    scores: NDArray[np.int32]
    """Shape (2, blocks): log-odds in 16ths, of the block alone, and in its surroundings with the
    page's own score added."""


def choose_blocks(tree: PageTree, weights: Weights | None = None) -> Choice:
    """Decide for every block whether it is main text; a page with text keeps some of it."""
    scores = score_blocks(tree, weights or load_weights())
    if not scores.shape[1]:
        return Choice(np.zeros(0, np.bool_), scores)
    keep = scores[1] > min(0, int(scores[1].max()) - BEST_MARGIN)
    add_surrounded(tree.nodes, tree.blocks, keep)
    add_plain(tree.nodes, tree.node_words, tree.blocks, SMALL_PAGE, keep)
    return Choice(keep, scores)
