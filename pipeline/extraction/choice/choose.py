"""Which blocks of a page are its main text: the blocks whose learned score is above 0."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from massivetext.kernels import helper, kernel
from massivetext.pipeline.extraction.choice.handwritten_rules import (
    add_plain,
    add_surrounded,
    drop_bare_headings,
)
from massivetext.pipeline.extraction.choice.mail_navigation import drop_mail_navigation
from massivetext.pipeline.extraction.choice.score import score_blocks
from massivetext.pipeline.extraction.choice.second_features import SCORE_UNIT
from massivetext.pipeline.extraction.choice.weights import WEIGHTS_TYPE, Weights, load_weights
from massivetext.pipeline.extraction.html.page_tree import TREE_TYPE, PageTree

BEST_MARGIN: Final = 2 * SCORE_UNIT
"""Our choice: where no score is above 0, the blocks this close to the best one are kept, so that
no page with text comes out empty."""


class Choice(NamedTuple):
    """What became of the blocks of a page, one column a block."""

    keep: NDArray[np.bool_]
    scores: NDArray[np.int32]
    """Shape (2, blocks): log-odds in 16ths, of the block alone, and in its surroundings with the
    page's own score added."""


@helper
def choose(tree: Any, weights: Any) -> Choice:
    """Decide for every block whether it is main text; a page with text keeps some of it."""
    scores = score_blocks(tree, weights)
    keep = np.zeros(scores.shape[1], np.bool_)
    best = 0
    for block in range(scores.shape[1]):
        best = scores[1, block] if block == 0 else max(best, scores[1, block])
    for block in range(scores.shape[1]):
        keep[block] = scores[1, block] > min(0, best - BEST_MARGIN)
    add_surrounded(tree.nodes, tree.blocks, keep)
    add_plain(tree.nodes, tree.node_words, tree.blocks, keep)
    drop_mail_navigation(tree, keep)
    drop_bare_headings(tree.nodes, tree.blocks, keep)
    return Choice(keep, scores)


_CHOICE_TYPE: Final[Any] = types.NamedTuple([types.boolean[::1], types.int32[:, ::1]], Choice)


@kernel(_CHOICE_TYPE(TREE_TYPE, WEIGHTS_TYPE))
def _choose(tree: Any, weights: Any) -> Choice:
    return choose(tree, weights)


def choose_blocks(tree: PageTree, weights: Weights | None = None) -> Choice:
    """What becomes of the blocks of a page, by the weights that come with the package or others."""
    return _choose(tree, weights or load_weights())
