"""What inline markup covers: emphasis, code, links, formulas; and the names of block elements.

The text form has no use for it, so parsers note it only if they are asked to: the Markdown form
(`extraction.markdown`) reads it beside the tree.
"""

from __future__ import annotations

import html as character_references
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.extraction.html import elements

# Kinds of spans.
EMPHASIS: Final = 1
STRONG: Final = 2
CODE: Final = 3  # its value: the names of the element
LINK: Final = 4  # its value: the address
TEX: Final = 5
TEX_DISPLAY: Final = 6  # a formula that stands on a line of its own
NAMES: Final = 7  # no text: the names of a block element, which is a node

# Rows of `Spans.rows`, one column a span, in the order of their ends.
SPAN_KIND: Final = 0
SPAN_START: Final = 1
"""First byte in `PageTree.text_utf8`. White space at the ends of a span is not part of it."""
SPAN_STOP: Final = 2
SPAN_NODE: Final = 3
"""The node that has these NAMES; of the other kinds 0."""
SPAN_VALUE_START: Final = 4
"""First byte of the value in `Spans.source`."""
SPAN_VALUE_STOP: Final = 5
SPAN_ROWS: Final = 6


def _kinds() -> NDArray[np.uint8]:
    """The kind of each tag: what the rendering section of the HTML standard shows alike."""
    kinds = np.zeros(len(elements.TAGS) + 1, np.uint8)
    for kind, names in (
        (EMPHASIS, "em i"),
        (STRONG, "strong b"),
        (CODE, "code kbd samp tt"),
        (LINK, "a"),
    ):
        for name in names.split():
            kinds[elements.tag(name)] = kind
    return kinds


KIND_OF_TAG: Final = _kinds()
"""The kind of the span that each inline element makes, 0 for none; of `a` only with an address."""


class Spans(NamedTuple):
    """The spans of a page, and where their values stand."""

    rows: NDArray[np.int32]
    """Shape (SPAN_ROWS, spans)."""
    source: bytes
    """Bytes that hold the values as attributes have them, with references."""

    def value(self, span: int) -> str:
        """The address or the names of a span."""
        start, stop = self.rows[SPAN_VALUE_START, span], self.rows[SPAN_VALUE_STOP, span]
        value = self.source[start:stop].decode("utf-8", "replace") if start >= 0 else ""
        return character_references.unescape(value)


NO_SPANS: Final = Spans(np.zeros((SPAN_ROWS, 0), np.int32), b"")
