"""What the layout knows of a page, as lists: for forms that are not compiled."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from massivetext.pipeline.extraction.html import elements, name_words
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.page_tree import ParsedPage
from massivetext.pipeline.extraction.layout import contexts as cx
from massivetext.pipeline.extraction.layout.breaks import layout_plan
from massivetext.pipeline.extraction.layout.markers import marker_of
from massivetext.pipeline.extraction.markdown.coverage import coverage_of

NOTHING: Final = -1

MOST_CONTAINERS: Final = 16
"""Our choice: lists and quotations around a text beyond these are left out, as in the text form;
this bounds the output."""

_LI: Final = elements.tag("li")
_TR: Final = elements.tag("tr")
_BLOCKQUOTE: Final = elements.tag("blockquote")
_LISTS: Final = frozenset(elements.tag(name) for name in ("ul", "ol", "menu", "dir"))
_HEADINGS: Final = {elements.tag(name): int(name[1]) for name in elements.HEADING_TAGS}
_PREFORMATTED: Final = frozenset(elements.tag(name) for name in elements.PREFORMATTED_TAGS)


class LaidOutPage:
    """The nodes and kept blocks of a page, and what each node stands in."""

    def __init__(self, parsed: ParsedPage, keep: NDArray[np.bool_]) -> None:
        tree = parsed.tree
        plan = layout_plan(tree, keep)
        self.nodes = tree.nodes
        self.text_utf8 = tree.text_utf8.tobytes()
        self.spans = parsed.spans
        self.coverage = coverage_of(parsed.spans, self.text_utf8)
        self.tags: list[int] = tree.nodes[pt.NODE_TAG].tolist()
        self.parents: list[int] = tree.nodes[pt.NODE_PARENT].tolist()
        self.items: list[int] = plan.contexts[cx.ITEM].tolist()
        self.ordinals: list[int] = plan.contexts[cx.ORDINAL].tolist()
        self.cells: list[int] = plan.contexts[cx.CELL].tolist()
        self.tables: list[int] = plan.contexts[cx.IN_TABLE].tolist()
        self.lines: list[int] = plan.contexts[cx.ROW].tolist()
        """The table row that is one line, of each node in such a row."""
        self.columns: list[int] = plan.contexts[cx.CELL_COLUMN].tolist()
        self.breaks: list[int] = plan.breaks.tolist()
        self.order: list[int] = [block for block in plan.order.tolist() if keep[block]]
        """The kept blocks in the order in which they are shown."""
        self.block_nodes: list[int] = tree.blocks[pt.BLOCK_NODE].tolist()
        self.starts: list[int] = tree.blocks[pt.BLOCK_START].tolist()
        self.stops: list[int] = tree.blocks[pt.BLOCK_STOP].tolist()
        self.flags: list[int] = tree.blocks[pt.BLOCK_FLAGS].tolist()
        count = len(self.tags)
        self.headings = [NOTHING] * count
        """The nearest heading around each node."""
        self.rows = [NOTHING] * count
        """The nearest table row around each node, in tables of any layout."""
        self.containers: list[tuple[int, ...]] = [()] * count
        """The list items and quotations around each node, the outermost first."""
        self._listings: dict[int, int] = {}
        self._place_nodes()

    def level(self, heading: int) -> int:
        """The level of a heading, 1 to 6."""
        return _HEADINGS[self.tags[heading]]

    def marker(self, item: int) -> str:
        """The bullet or number of a list item with a space; `""` if its list shows none."""
        return marker_of(self.nodes, self.ordinals[item], item)

    def is_quotation(self, container: int) -> bool:
        """Whether a container is a quotation; it is a list item if not."""
        return self.tags[container] == _BLOCKQUOTE

    def names(self, node: int) -> str:
        """The `class` of a node."""
        span = self.coverage.names.get(node)
        return "" if span is None else self.spans.value(span)

    def _place_nodes(self) -> None:
        last_items: dict[int, int] = {}
        for node in range(1, len(self.tags)):
            tag, parent = self.tags[node], self.parents[node]
            self.headings[node] = node if tag in _HEADINGS else self.headings[parent]
            self.rows[node] = node if tag == _TR else self.rows[parent]
            around = self.containers[parent]
            if tag in _LISTS and parent in last_items:  # right in a list: a step to the right
                around = self.containers[last_items[parent]]
            elif tag == _LI:
                last_items[parent] = node
            is_container = tag == _BLOCKQUOTE or (tag == _LI and self.items[node] == node)
            if is_container and len(around) < MOST_CONTAINERS:
                around = (*around, node)
            self.containers[node] = around

    def listing(self, node: int) -> int:
        """The element of code that a node stands in; rows and items of code are their table's."""
        inner = []
        while node > 0 and node not in self._listings:
            inner.append(node)
            node = self.parents[node]
        found = self._listings.get(node, NOTHING)
        for node in reversed(inner):
            if found == NOTHING:
                found = self._listing_of(node)
            self._listings[node] = found
        return found

    def _listing_of(self, node: int) -> int:
        """What an element of code, or a line of it, is part of."""
        if self.tags[node] in _PREFORMATTED:
            return node
        names = self.names(node)
        if not names or not name_words.words_of(names) & name_words.CODE_LINE:
            return NOTHING
        return self.tables[node] if self.tables[node] != NOTHING else self.parents[node]
