"""The main text of a page in one compiled step: bytes to tree, scores, choice and layout.

Every call of a kernel and every array that Python touches costs microseconds, many of them where a
page comes alone and nothing is in the processor's caches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import types

from massivetext.kernels import helper, kernel
from massivetext.pipeline.extraction.choice.choose import choose
from massivetext.pipeline.extraction.choice.weights import WEIGHTS_TYPE, Weights
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.lxml_tree import parse_with_lxml
from massivetext.pipeline.extraction.html.page_tree import TREE_TYPE, ParsedPage
from massivetext.pipeline.extraction.html.raw_tree import read_page, title_of
from massivetext.pipeline.extraction.layout.kept_text import decoded, write_kept

SCANT_CHARACTERS: Final = 250
HIDDEN_CHARACTERS: Final = 1000
"""Our choice: a page that shows fewer than 250 characters and hides at least 1,000 more hides its
text. Such pages build themselves by scripts, and keep their text in `noscript` or hidden elements.
"""


def is_scant(characters: int) -> bool:
    """Whether a page shows so little that it may hide its text."""
    return characters < SCANT_CHARACTERS


def hides_text(shown: int, in_all: int) -> bool:
    """Whether a page hides its text, given the characters that it shows, and that there are."""
    return shown == 0 or in_all - shown >= HIDDEN_CHARACTERS


_is_scant = helper(is_scant)
_hides_text = helper(hides_text)


@helper
def _characters(tree: Any) -> Any:
    total = 0
    for block in range(tree.blocks.shape[1]):
        total += tree.blocks[pt.BLOCK_CHARACTERS, block]
    return total


def parse_page(html_utf8: bytes, parse: Callable[[bytes, bool], ParsedPage]) -> ParsedPage:
    """The tree of a page; with what it hides, if it shows next to nothing."""
    parsed = parse(html_utf8, False)
    shown = int(parsed.tree.blocks[pt.BLOCK_CHARACTERS].sum())
    if not is_scant(shown):
        return parsed
    unveiled = parse(html_utf8, True)
    in_all = int(unveiled.tree.blocks[pt.BLOCK_CHARACTERS].sum())
    return unveiled if hides_text(shown, in_all) else parsed


@kernel(
    types.Tuple((types.uint8[::1], types.int64, types.int64))(
        types.Array(types.uint8, 1, "C", readonly=True), WEIGHTS_TYPE
    )
)
def _text_of_bytes(html: Any, weights: Any) -> Any:
    """`(main text, start of the title, its stop)`."""
    tree, start, stop, _ = read_page(html, False)
    shown = _characters(tree)
    if _is_scant(shown):
        unveiled, unveiled_start, unveiled_stop, _ = read_page(html, True)
        if _hides_text(shown, _characters(unveiled)):
            tree, start, stop = unveiled, unveiled_start, unveiled_stop
    return write_kept(tree, choose(tree, weights).keep), start, stop


@kernel(types.uint8[::1](TREE_TYPE, WEIGHTS_TYPE))
def _text_of_tree(tree: Any, weights: Any) -> Any:
    return write_kept(tree, choose(tree, weights).keep)


def raw_text(html_utf8: bytes, weights: Weights) -> tuple[str, str]:
    """`(main text, title)` of a page given as UTF-8, read by the compiled pass over bytes."""
    text, start, stop = _text_of_bytes(np.frombuffer(html_utf8, np.uint8), weights)
    return decoded(text), title_of(html_utf8, start, stop)


def lxml_text(html_utf8: bytes, weights: Weights) -> tuple[str, str]:
    """`(main text, title)` of a page given as UTF-8, read by lxml."""
    parsed = parse_page(html_utf8, parse_with_lxml)
    return decoded(_text_of_tree(parsed.tree, weights)), parsed.title
