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
from massivetext.pipeline.extraction.choice.choose import choose, choose_blocks
from massivetext.pipeline.extraction.choice.weights import WEIGHTS_TYPE, Weights, load_weights
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.frames import with_frames
from massivetext.pipeline.extraction.html.lxml_tree import parse_with_lxml
from massivetext.pipeline.extraction.html.page_tree import TREE_TYPE, ParsedPage
from massivetext.pipeline.extraction.html.raw_tree import read_page, title_of
from massivetext.pipeline.extraction.layout.kept_text import decoded, write_kept
from massivetext.pipeline.extraction.page_data import data_text

THIN: Final = 500
"""Our choice: a page of whose text fewer characters are kept may have its text elsewhere. Notices of
consent have up to about 400; above, the text of a page is seldom hidden."""

LEAST_VEILED: Final = 200
"""Our choice: bytes of hidden text, two sentences, from which a thin page is looked at again."""

GAIN: Final = 3
"""Our choice: so many times as much must be kept at the second look. What pages hide is text in 13
to 24 of 100 characters only (measured on pages with a gold text), so a little more is no reason."""


def is_thin(kept: int, veiled: int) -> bool:
    """Whether a page is looked at again, given its kept characters and its hidden bytes."""
    return kept < THIN and veiled >= LEAST_VEILED


def is_richer(kept: int, unveiled: int) -> bool:
    """Whether what is kept with hidden text is the page's text, given the characters of both."""
    return unveiled >= max(GAIN * kept, LEAST_VEILED)


_is_thin = helper(is_thin)
_is_richer = helper(is_richer)


@helper
def _kept_characters(blocks: Any, keep: Any) -> Any:
    total = 0
    for block in range(blocks.shape[1]):
        total += blocks[pt.BLOCK_CHARACTERS, block] * keep[block]
    return total


def parse_page(
    html_utf8: bytes,
    parse: Callable[[bytes, bool], ParsedPage],
    weights: Weights | None = None,
) -> ParsedPage:
    """The tree of a page; with what it hides, if little of what it shows is its text.

    `weights` decide what is text; those of the package, if none are given.
    """
    weights = weights or load_weights()
    html_utf8 = with_frames(html_utf8)
    parsed = parse(html_utf8, False)
    kept = _kept(parsed, weights) if parsed.veiled >= LEAST_VEILED else THIN
    if not is_thin(kept, parsed.veiled):
        return parsed
    unveiled = parse(html_utf8, True)
    return unveiled if is_richer(kept, _kept(unveiled, weights)) else parsed


def _kept(parsed: ParsedPage, weights: Weights) -> int:
    blocks = parsed.tree.blocks[pt.BLOCK_CHARACTERS]
    return int(blocks[choose_blocks(parsed.tree, weights).keep].sum())


@kernel(
    types.Tuple((types.uint8[::1], types.int64, types.int64))(
        types.Array(types.uint8, 1, "C", readonly=True), WEIGHTS_TYPE
    )
)
def _text_of_bytes(html: Any, weights: Any) -> Any:
    """`(main text, start of the title, its stop)`."""
    tree, start, stop, veiled = read_page(html, False)
    keep = choose(tree, weights).keep
    kept = _kept_characters(tree.blocks, keep)
    if _is_thin(kept, veiled):
        unveiled, _, _, _ = read_page(html, True)
        unveiled_keep = choose(unveiled, weights).keep
        if _is_richer(kept, _kept_characters(unveiled.blocks, unveiled_keep)):
            tree, keep = unveiled, unveiled_keep
    return write_kept(tree, keep), start, stop


@kernel(types.uint8[::1](TREE_TYPE, WEIGHTS_TYPE))
def _text_of_tree(tree: Any, weights: Any) -> Any:
    return write_kept(tree, choose(tree, weights).keep)


def raw_text(html_utf8: bytes, weights: Weights) -> tuple[str, str]:
    """`(main text, title)` of a page given as UTF-8, read by the compiled pass over bytes."""
    html_utf8 = with_frames(html_utf8)
    text, start, stop = _text_of_bytes(np.frombuffer(html_utf8, np.uint8), weights)
    return _or_data(decoded(text), html_utf8), title_of(html_utf8, start, stop)


def lxml_text(html_utf8: bytes, weights: Weights) -> tuple[str, str]:
    """`(main text, title)` of a page given as UTF-8, read by lxml."""
    parsed = parse_page(html_utf8, parse_with_lxml, weights)
    return _or_data(decoded(_text_of_tree(parsed.tree, weights)), html_utf8), parsed.title


def _or_data(text: str, html_utf8: bytes) -> str:
    """The text, or what the page carries as data, if there is much more of it."""
    if len(text) >= THIN:
        return text
    data = data_text(html_utf8)
    return data if is_richer(len(text), len(data)) else text
