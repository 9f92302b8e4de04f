"""The rules beside the scores, on small trees."""

import numpy as np
import pytest
from numba import types

from massivetext.kernels import kernel
from massivetext.pipeline.extraction.choice.choose import choose_blocks
from massivetext.pipeline.extraction.choice.handwritten_rules import (
    SMALL_PAGE,
    add_plain,
    drop_bare_headings,
)
from massivetext.pipeline.extraction.html.page_tree import TREE_TYPE
from massivetext.pipeline.extraction.html.raw_tree import parse_raw

_ARGUMENTS = (TREE_TYPE, types.int32[::1], types.boolean[::1])


@kernel(types.void(*_ARGUMENTS))
def plain(tree, units, keep):
    add_plain(tree.nodes, tree.node_words, tree.blocks, units, keep)


@kernel(types.void(*_ARGUMENTS))
def bare_headings(tree, units, keep):
    drop_bare_headings(tree.nodes, tree.blocks, units, keep)


def kept(rule, html: str, before: str) -> list[str]:
    """Texts of the blocks that a rule leaves kept, given those that were kept before."""
    tree = parse_raw(html.encode()).tree
    texts = [tree.block_text(block) for block in range(tree.blocks.shape[1])]
    keep = np.array([text in before.split() for text in texts])
    rule(tree, choose_blocks(tree).units, keep)
    return [text for text, is_kept in zip(texts, keep, strict=True) if is_kept]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>x</p><nav>y</nav><div class=sidebar><p>z</p></div>", ["x"]),
        ("<article><header>x</header></article><header>y</header>", ["x"]),
        ("<p><a href=x>link</a></p><p>text with a <a href=x>link</a></p>", ["text with a link"]),
        ("<ul><li><a href=x>y</a><li>x</ul>", ["y", "x"]),
        ("<ul><li><a href=x>a long link</a><li>x</ul>", []),
        ("<p>" + "w" * SMALL_PAGE + "</p><p>x</p>", []),
    ],
)
def test_a_small_page_keeps_its_plain_text(html: str, expected: list[str]) -> None:
    assert kept(plain, html, "") == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a</p><h2>h</h2><p>x</p>", ["a"]),
        ("<p>a</p><h2>h</h2><p>x</p><p>b</p>", ["a", "h", "b"]),
        ("<p>a</p><h2>h</h2><p>x</p><h2>g</h2><p>b</p>", ["a", "g", "b"]),
        ("<p>a</p><h2>h</h2><h3>g</h3><p>x</p>", ["a"]),
        ("<p>a</p><h2>h</h2><h3>g</h3><p>b</p>", ["a", "h", "g", "b"]),
        ("<p>a</p><section><h2>h</h2><p>x</p></section><p>b</p>", ["a", "b"]),
        ("<p>a</p><div><h2>h</h2></div><p>x</p>", ["a", "h"]),
        ("<h1>h</h1><p>x</p><h2>g</h2><p>b</p>", ["h", "g", "b"]),
        ("<p>a</p><h2>h</h2>", ["a", "h"]),
        ("<h2>h</h2><p>x</p>", ["h"]),
    ],
)
def test_a_heading_of_dropped_text_is_dropped(html: str, expected: list[str]) -> None:
    assert kept(bare_headings, html, "a b g h") == expected
