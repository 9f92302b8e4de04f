"""Which blocks of a page are its main text: those whose learned score is above 0."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from massivetext.kernels import helper, kernel
from massivetext.pipeline.extraction.choice.handwritten_rules import (
    add_headings,
    add_plain,
    drop_bare_headings,
)
from massivetext.pipeline.extraction.choice.mail_navigation import drop_mail_navigation
from massivetext.pipeline.extraction.choice.score import score_page
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
    """Shape (3, blocks): log-odds in 16ths, of the block alone; in its surroundings with the page's
    own score added; and those that decide: of the unit that it belongs to, or else its own."""
    units: NDArray[np.int32]
    """The number of the unit that each block belongs to, or `units.NO_UNIT`."""
    kinds: NDArray[np.int32]
    """The kind of each unit, one of `units.UNIT_NAMES`."""


@helper
def choose(tree: Any, weights: Any) -> Choice:
    """Decide for every block whether it is main text; a page with text keeps some of it.

    The blocks of a unit have one score, so they are kept or dropped together.
    """
    scored = score_page(tree, weights)
    scores, units = scored.blocks, scored.units.of_blocks
    keep = np.zeros(scores.shape[1], np.bool_)
    best = 0
    for block in range(scores.shape[1]):
        best = scores[2, block] if block == 0 else max(best, scores[2, block])
    for block in range(scores.shape[1]):
        keep[block] = scores[2, block] > min(0, best - BEST_MARGIN)
    add_plain(tree.nodes, tree.node_words, tree.blocks, units, keep)
    add_headings(tree.nodes, tree.blocks, units, keep)
    drop_mail_navigation(tree, keep)
    drop_bare_headings(tree.nodes, tree.blocks, units, keep)
    return Choice(keep, scores, units, scored.units.kinds[: scored.units.size].copy())


_CHOICE_TYPE: Final[Any] = types.NamedTuple(
    [types.boolean[::1], types.int32[:, ::1], types.int32[::1], types.int32[::1]], Choice
)


@kernel(_CHOICE_TYPE(TREE_TYPE, WEIGHTS_TYPE))
def _choose(tree: Any, weights: Any) -> Choice:
    return choose(tree, weights)


def choose_blocks(tree: PageTree, weights: Weights | None = None) -> Choice:
    """What becomes of the blocks of a page, by the weights that come with the package or others."""
    return _choose(tree, weights or load_weights())
