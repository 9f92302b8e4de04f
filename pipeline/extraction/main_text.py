"""The main text of a page in one compiled step: bytes to tree, scores, choice and layout.

Every call of a kernel and every array that Python touches costs microseconds, many of them where a
page comes alone and nothing is in the processor's caches.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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
from massivetext.pipeline.extraction.layout.kept_text import decoded, lay_out, write_kept
from massivetext.pipeline.extraction.markdown import markdown_of, plain_markdown
from massivetext.pipeline.extraction.page_data import data_text

THIN: Final = 500
"""Our choice: a page of which fewer characters are kept may have its text elsewhere. Notices of
consent have up to about 400; above, the text of a page is seldom hidden."""

LEAST_VEILED: Final = 200
"""Our choice: bytes of hidden text, two sentences, from which a thin page is looked at again, and
the least that is found there."""

GAIN: Final = 7
SHOWN: Final = 4
"""Our choice: at the second look 7 hidden characters must be kept for 4 shown ones. On pages with a
gold text 13 to 24 of 100 hidden characters are text, and many repeat what is shown: of 2,022 pages
this share takes 16, all of them rightly; one for one takes 20, three of them wrongly."""

DATA_THIN: Final = 400
DATA_GAIN: Final = 3
"""Our choice: a text of fewer characters gives way to the page's data, if there is three times as
much of it. Longer ones are often the introduction of a page that is no article."""


def is_thin(kept: int, veiled: int) -> bool:
    """Whether a page is looked at again, given its kept characters and its hidden bytes."""
    return kept < THIN and veiled >= LEAST_VEILED and SHOWN * veiled >= GAIN * kept


def is_hiding(shown: int, hidden: int) -> bool:
    """Whether a page hides its text, given the kept characters that are shown and hidden."""
    return hidden >= LEAST_VEILED and SHOWN * hidden >= GAIN * shown


_is_thin = helper(is_thin)
_is_hiding = helper(is_hiding)


@helper
def _kept_characters(blocks: Any, keep: Any) -> Any:
    """`(shown, hidden)`: characters of the kept blocks."""
    shown, hidden = 0, 0
    for block in range(blocks.shape[1]):
        if keep[block]:
            characters = blocks[pt.BLOCK_CHARACTERS, block]
            if blocks[pt.BLOCK_FLAGS, block] & pt.VEILS:
                hidden += characters
            else:
                shown += characters
    return shown, hidden


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
    if parsed.veiled < LEAST_VEILED or not is_thin(_kept(parsed, weights)[0], parsed.veiled):
        return parsed
    unveiled = parse(html_utf8, True)
    return unveiled if is_hiding(*_kept(unveiled, weights)) else parsed


def _kept(parsed: ParsedPage, weights: Weights) -> tuple[int, int]:
    """`(shown, hidden)`: characters of the blocks that are kept."""
    characters = parsed.tree.blocks[pt.BLOCK_CHARACTERS]
    keep = choose_blocks(parsed.tree, weights).keep
    is_veiled = parsed.tree.blocks[pt.BLOCK_FLAGS] & pt.VEILS != 0
    return int(characters[keep & ~is_veiled].sum()), int(characters[keep & is_veiled].sum())


@kernel(
    types.Tuple((types.uint8[::1], types.int64, types.int64, types.int64))(
        types.Array(types.uint8, 1, "C", readonly=True), WEIGHTS_TYPE
    )
)
def _text_of_bytes(html: Any, weights: Any) -> Any:
    """`(main text, start of the title, its stop, whether the page holds frames' documents)`."""
    tree, (start, stop, veiled, has_frames), _ = read_page(html, False, False)
    keep = choose(tree, weights).keep
    kept, _ = _kept_characters(tree.blocks, keep)
    if _is_thin(kept, veiled):
        unveiled, _, _ = read_page(html, True, False)
        unveiled_keep = choose(unveiled, weights).keep
        shown, hidden = _kept_characters(unveiled.blocks, unveiled_keep)
        if _is_hiding(shown, hidden):
            tree, keep = unveiled, unveiled_keep
    return write_kept(tree, keep), start, stop, has_frames


@kernel(types.uint8[::1](TREE_TYPE, WEIGHTS_TYPE))
def _text_of_tree(tree: Any, weights: Any) -> Any:
    return write_kept(tree, choose(tree, weights).keep)


def raw_text(html_utf8: bytes, weights: Weights) -> tuple[str, str]:
    """`(main text, title)` of a page given as UTF-8, read by the compiled pass over bytes."""
    text, start, stop, has_frames = _text_of_bytes(np.frombuffer(html_utf8, np.uint8), weights)
    if has_frames:
        html_utf8 = with_frames(html_utf8)
        text, start, stop, _ = _text_of_bytes(np.frombuffer(html_utf8, np.uint8), weights)
    return _or_data(decoded(text), html_utf8), title_of(html_utf8, start, stop)


def lxml_text(html_utf8: bytes, weights: Weights) -> tuple[str, str]:
    """`(main text, title)` of a page given as UTF-8, read by lxml."""
    parsed = parse_page(html_utf8, parse_with_lxml, weights)
    return _or_data(decoded(_text_of_tree(parsed.tree, weights)), html_utf8), parsed.title


def forms_of(
    html_utf8: bytes, parse: Callable[..., ParsedPage], weights: Weights, with_links: bool
) -> tuple[str, str, str]:
    """`(main text, the same as Markdown, title)` of a page given as UTF-8.

    The text is the one that `raw_text` or `lxml_text` gives: both forms are made of one choice.
    """
    parsed = parse_page(html_utf8, partial(parse, with_spans=True), weights)
    keep = choose_blocks(parsed.tree, weights).keep
    kept = lay_out(parsed.tree, keep)
    text = _or_data(kept, html_utf8)
    if text != kept:
        return text, plain_markdown(text), parsed.title
    return text, markdown_of(parsed, keep, with_links), parsed.title


def _or_data(text: str, html_utf8: bytes) -> str:
    """The text, or what the page carries as data, if there is much more of it."""
    if len(text) >= DATA_THIN:
        return text
    data = data_text(html_utf8)
    return data if len(data) >= max(LEAST_VEILED, DATA_GAIN * len(text)) else text
