"""Which blocks of a page are its main text."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.extraction import elements, name_words
from massivetext.pipeline.extraction.page_tree import PageTree


class Choice(NamedTuple):
    """What became of the blocks of a page, one value a block."""

    keep: NDArray[np.bool_]
    score: NDArray[np.int32]
    """Positive for main text."""


_OUTSIDE_TAGS: Final = [elements.tag(t) for t in ("nav", "footer", "aside", "header", "menu")]
_OUTSIDE_WORDS: Final = sum(
    1 << bit
    for bit, words in enumerate(name_words.GROUPS)
    if words.split()[0]
    in "-nav- breadcrumb footer sidebar related share -ad- cookie newsletter modal".split()
)


def choose_blocks(tree: PageTree) -> Choice:
    """Decide for every block whether it is main text."""
    parents = tree.node_parent.tolist()
    tags, words = tree.node_tag.tolist(), tree.node_words.tolist()
    outside = [False] * len(parents)
    article = elements.tag("article")
    frame = {elements.tag(t) for t in ("html", "body", "main", "article")}
    in_article = [False] * len(parents)
    for node in range(1, len(parents)):
        parent = parents[node]
        in_article[node] = in_article[parent] or tags[node] == article
        is_outside = tags[node] in _OUTSIDE_TAGS and not in_article[node]
        is_named = bool(words[node] & _OUTSIDE_WORDS) and tags[node] not in frame
        outside[node] = outside[parent] or is_outside or is_named
    density = tree.block_link_characters / np.maximum(tree.block_characters, 1)
    score = np.where(density > 0.5, -2, 1) - 4 * np.array(outside)[tree.block_node]
    score = score.astype(np.int32)
    for least in (0, -3, -10):
        keep = score > least
        if 4 * tree.block_characters[keep].sum() > tree.block_characters.sum() // 4:
            break
    return Choice(keep, score)
