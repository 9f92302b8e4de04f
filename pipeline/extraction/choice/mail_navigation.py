"""The links around a letter in a mail archive: a rule by hand (compiled).

The learned scores know few archives, and a letter is short beside its links. Left in, they stand
there twice, which the repetition rules take for spam.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from massivetext import ascii_bytes as ab
from massivetext.kernels import helper, lean
from massivetext.pipeline.extraction.html import page_tree as pt

_LABELS: Final = (
    *("previous message", "next message", "messages sorted by", "message sorted by"),
    *("next in thread", "previous in thread", "prev in thread", "prev in list", "next in list"),
    *("in reply to", "maybe in reply to", "next by date", "prev by date", "previous by date"),
    *("next by thread", "prev by thread", "previous by thread", "date prev", "thread prev"),
    *("index(es)", "follow-ups", "mail actions", "contemporary messages", "more information about"),
)
"""How navigation begins in the archives of Pipermail, Hypermail, MHonArc and MARC."""

_LONGEST: Final = 200
"""Bytes; our choice: a longer block is no line of navigation."""

_LEAST_LABELS: Final = 2
"""Our choice: a page with a single one of these lines is no archive."""

_STARTS: Final = np.cumsum([0, *map(len, _LABELS)])
_BYTES: Final = np.frombuffer("".join(_LABELS).encode(), np.uint8)


@lean
def _is_labelled(text: Any, start: Any, stop: Any) -> bool:
    """Whether a text begins with one of the labels, whatever its case, behind a bracket or not."""
    while start < stop and not ab.is_letter(text[start]):
        start += 1
    for label in range(len(_STARTS) - 1):
        first, length = _STARTS[label], _STARTS[label + 1] - _STARTS[label]
        if start + length > stop:
            continue
        matched = 0
        while matched < length and ab.lowered(text[start + matched]) == _BYTES[first + matched]:
            matched += 1
        if matched == length:
            return True
    return False


@helper
def drop_mail_navigation(tree: Any, keep: Any) -> None:
    """Drop the lines of links around a letter, if there are two of them and other text is kept."""
    blocks = tree.blocks
    is_line = np.zeros(blocks.shape[1], np.bool_)
    lines, others = 0, 0
    for block in range(blocks.shape[1]):
        start, stop = blocks[pt.BLOCK_START, block], blocks[pt.BLOCK_STOP, block]
        if keep[block] and blocks[pt.BLOCK_LINKS, block] and stop - start <= _LONGEST:
            is_line[block] = _is_labelled(tree.text_utf8, start, stop)
        lines += is_line[block]
        others += keep[block] and not is_line[block]
    if lines >= _LEAST_LABELS and others:
        for block in range(blocks.shape[1]):
            keep[block] &= not is_line[block]
