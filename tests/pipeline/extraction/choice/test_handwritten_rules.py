"""The rules beside the scores, on small trees."""

import numpy as np
import pytest
from numba import types

from massivetext.kernels import kernel
from massivetext.pipeline.extraction.choice.handwritten_rules import (
    add_plain,
    add_surrounded,
    drop_bare_headings,
)
from massivetext.pipeline.extraction.html.raw_tree import parse_raw

_ARRAYS = (types.int32[:, ::1], types.int64[::1], types.int32[:, ::1], types.boolean[::1])


@kernel(types.void(*_ARRAYS))
def surrounded(nodes, node_words, blocks, keep):
    add_surrounded(nodes, blocks, keep)


@kernel(types.void(*_ARRAYS))
def plain(nodes, node_words, blocks, keep):
    add_plain(nodes, node_words, blocks, keep)


@kernel(types.void(*_ARRAYS))
def bare_headings(nodes, node_words, blocks, keep):
    drop_bare_headings(nodes, blocks, keep)


def kept(rule, html: str, before: str) -> list[str]:
    """Texts of the blocks that a rule leaves kept, given those that were kept before."""
    tree = parse_raw(html.encode()).tree
    texts = [tree.block_text(block) for block in range(tree.blocks.shape[1])]
    keep = np.array([text in before.split() for text in texts])
    rule(tree.nodes, tree.node_words, tree.blocks, keep)
    return [text for text, is_kept in zip(texts, keep, strict=True) if is_kept]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a</p><ul><li>x<li>y</ul><p>b</p>", ["a", "x", "y", "b"]),
        ("<p>a</p><table><tr><td>x<td>y</table><p>b</p>", ["a", "x", "y", "b"]),
        ("<p>a</p><ul><li><a href=x>x</a></ul><p>b</p>", ["a", "b"]),
        ("<p>a</p><div>x</div><p>b</p>", ["a", "b"]),
        ("<div><p>a</p></div><ul><li>x</ul><div><p>b</p></div>", ["a", "b"]),
        ("<p>a</p><ul><li>x</ul>", ["a"]),
    ],
)
def test_a_list_between_kept_siblings_is_kept(html: str, expected: list[str]) -> None:
    assert kept(surrounded, html, "a b") == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>x</p><nav>y</nav><div class=sidebar><p>z</p></div>", ["x"]),
        ("<article><header>x</header></article><header>y</header>", ["x"]),
        ("<p><a href=x>link</a></p><p>text with a <a href=x>link</a></p>", ["text with a link"]),
        ("<p>" + "w" * 1001 + "</p><p>x</p>", []),
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
