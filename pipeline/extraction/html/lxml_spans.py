"""Spans of the page that lxml reads: as in `raw_spans`, but counted in characters that show.

Where white space goes is not known before a block ends. So places are numbers of characters that
are not white space, and become bytes at the end of the page.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html import spans as sp
from massivetext.pipeline.extraction.html.lxml_hiding import Element
from massivetext.pipeline.extraction.html.spans import Spans


class SpanCollector:
    """Collects the spans of a page, in the order of their ends."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int, int, int, int]] = []
        self._values = bytearray()

    def note_element(self, element: Element, first: int, last: int) -> None:
        """Note what an inline element covers: the characters from `first` to before `last`."""
        kind = int(sp.KIND_OF_TAG[elements.TAG_NUMBER.get(element.tag, elements.UNKNOWN_TAG)])
        value = element.get("href" if kind == sp.LINK else "class")
        if kind and first < last and not (kind == sp.LINK and value is None):
            self._rows.append((kind, first, last, 0, *self._stored(value)))

    def note_formula(self, first: int, last: int, is_display: bool) -> None:
        """Note a formula that is written as its TeX."""
        if first < last:
            kind = sp.TEX_DISPLAY if is_display else sp.TEX
            self._rows.append((kind, first, last, 0, -1, -1))

    def note_names(self, element: Element, node: int, place: int) -> None:
        """Note the names of a block element."""
        names = element.get("class")
        if names:
            self._rows.append((sp.NAMES, place, place, node, *self._stored(names)))

    def forget(self, place: int) -> None:
        """Take back the spans of what is taken back or changed, from `place` on."""
        while self._rows and self._rows[-1][0] != sp.NAMES and self._rows[-1][1] >= place:
            self._rows.pop()

    def _stored(self, value: str | None) -> tuple[int, int]:
        if value is None:
            return -1, -1
        start = len(self._values)
        self._values += value.replace("&", "&amp;").encode("utf-8", "replace")
        return start, len(self._values)

    def spans(self, text_utf8: NDArray[np.uint8]) -> Spans:
        """The spans of the whole text."""
        rows = np.array(self._rows, np.int32).reshape(-1, sp.SPAN_ROWS).T.copy()
        begins = np.flatnonzero(text_utf8 & 0xC0 != 0x80)  # of characters
        shown = text_utf8[begins] > ord(" ")
        ends = np.append(begins[1:], text_utf8.size)[shown]
        begins = begins[shown]
        is_text = rows[sp.SPAN_KIND] != sp.NAMES
        rows = rows[:, ~is_text | (rows[sp.SPAN_START] < begins.size)]
        is_text = rows[sp.SPAN_KIND] != sp.NAMES
        last = np.minimum(rows[sp.SPAN_STOP, is_text], begins.size) - 1
        rows[sp.SPAN_START, is_text] = begins[rows[sp.SPAN_START, is_text]]
        rows[sp.SPAN_STOP, is_text] = ends[last]
        return Spans(rows, bytes(self._values))
