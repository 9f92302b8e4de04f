"""HTML to a `PageTree` through the tree that lxml builds: the parser of the extractor `lxml`.

On well-formed pages the tree is the one that `raw_tree` finds. One walk over start and end events,
no recursion: depth costs nothing but memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from massivetext.pipeline.extraction.html import elements
from massivetext.pipeline.extraction.html.clean_text import (
    INVISIBLE,
    JOINER_AFTER_ASCII,
    is_hiding_style,
)
from massivetext.pipeline.extraction.html.name_words import words_of
from massivetext.pipeline.extraction.html.page_tree import (
    BLOCK_ROWS,
    MAX_DEPTH,
    NO_NUMBER,
    PREFORMATTED,
    REVERSED_LIST,
    PageTree,
    ParsedPage,
)

_INTEGER: Final = re.compile(r"\s*([+-]?\d{1,9})")
_LEADING_EMPTY_LINES: Final = re.compile(r"\A(?:[^\S\n]*\n)+")
_UNCOUNTED: Final = elements.VOID | {"html", "body"}
"""Elements that add nothing to the depth: they hold nothing, or every page has them."""

_UNREAD: Final = elements.SKIPPED | (elements.RAW_TEXT - {"title"})


class _Element(Protocol):
    """What is used of an lxml element; lxml comes without types."""

    tag: str
    text: str | None
    tail: str | None

    def get(self, key: str) -> str | None: ...


def parse_with_lxml(html_utf8: bytes, show_hidden: bool = False) -> ParsedPage:
    """The tree of a page given as UTF-8; arbitrary bytes give some tree, never an exception.

    `show_hidden` reads what the page hides, and what it shows to readers without scripts.
    """
    builder = _TreeBuilder(show_hidden)
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, recover=True, remove_pis=True, remove_comments=True
    )
    try:
        root = etree.fromstring(html_utf8.replace(b"\0", b""), parser)
    except (etree.XMLSyntaxError, ValueError, AssertionError):
        root = None
    if root is not None:
        for event, element in _events(root, show_hidden):
            if event == "start":
                builder.start(element)
            else:
                builder.end(element)
    return builder.finish()


def _events(root: _Element, show_hidden: bool) -> Iterator[tuple[str, _Element]]:
    """Start and end events of the rendered elements; a hidden one gives its end (its tail) only."""
    walker = etree.iterwalk(root, events=("start", "end"))
    hidden = None
    for event, element in walker:
        if event == "start":
            if hidden is None:
                if _is_hidden(element, show_hidden):
                    hidden = element
                    walker.skip_subtree()
                else:
                    yield event, element
        elif hidden is None or hidden is element:
            hidden = None
            yield event, element


def _is_hidden(element: _Element, show_hidden: bool) -> bool:
    """Whether an element and all in it is not shown to a reader."""
    name = element.tag
    if show_hidden and name in ("noscript", "template"):
        return False
    if name in _UNREAD:
        return True
    if show_hidden or name in elements.NEVER_HIDDEN:
        return False
    get = element.get
    if get("hidden") is not None or (get("aria-hidden") or "").strip().lower() == "true":
        return True
    style = get("style")
    return style is not None and is_hiding_style(style)


def _is_link(element: _Element) -> bool:
    """Whether a click on the element's text leads somewhere or does something."""
    return element.tag == "button" or (element.tag == "a" and element.get("href") is not None)


@dataclass
class _Line:
    """Inline text between two line breaks."""

    raw: str = ""
    characters: int = 0
    link_characters: int = 0
    links: int = 0
    """Links opened before the last character."""
    pending_links: int = 0
    """Links opened since."""

    def add(self, text: str, is_link: bool) -> None:
        self.raw += text
        characters = sum(map(len, text.split()))
        self.characters += characters
        self.link_characters += characters * is_link
        if characters:
            self.links += self.pending_links
            self.pending_links = 0

    def text(self) -> str:
        return " ".join(self.raw.split())


class _TreeBuilder:
    """Collects the arrays of a `PageTree` from start and end events."""

    def __init__(self, show_hidden: bool) -> None:
        self._show_hidden = show_hidden
        self._title: list[str] = []
        self._title_open = 0
        self._nodes = [(-1, elements.UNKNOWN_TAG, NO_NUMBER, 0)]
        self._node_words = [0]
        self._in_item = [False]
        self._preformatted = [False]
        self._opened: list[int] = []  # the block elements that gave a node, and -1 for the others
        self._node = 0
        self._depth = 0  # of the open elements around the next one
        self._blocks: list[tuple[int, ...]] = []
        self._text = bytearray()
        self._open_links = 0
        self._lines = [_Line()]
        self._next_margin = 2

    def start(self, element: _Element) -> None:
        name = element.tag
        if name in elements.BLOCK_TAGS:
            self._open_block(element, name)
        elif name == "br":
            if self._preformatted[self._node]:
                self._lines[-1].add("\n", False)
            else:
                self._lines.append(_Line())
        elif _is_link(element):
            self._open_links += 1
            self._lines[-1].pending_links += 1
        elif name == "title":
            self._title_open += 1
        self._depth += name not in _UNCOUNTED
        if element.text:
            self._add_text(element.text)

    def end(self, element: _Element) -> None:
        name = element.tag
        if not _is_hidden(element, self._show_hidden):
            self._depth -= name not in _UNCOUNTED
            if name in elements.BLOCK_TAGS:
                self._close_block(name)
            elif _is_link(element):
                self._open_links -= 1
            elif name == "title":
                self._title_open -= 1
        if element.tail:
            self._add_text(element.tail)

    def finish(self) -> ParsedPage:
        self._flush()
        tree = PageTree(
            np.frombuffer(self._text, np.uint8),
            np.array(self._nodes, np.int32).T.copy(),
            np.array(self._node_words, np.int64),
            np.array(self._blocks, np.int32).reshape(-1, BLOCK_ROWS).T.copy(),
        )
        return ParsedPage(tree, " ".join("".join(self._title).split()))

    def _add_text(self, text: str) -> None:
        if self._title_open:
            self._title.append(text)
            return
        text = JOINER_AFTER_ASCII.sub("", text.translate(INVISIBLE))
        self._lines[-1].add(text, self._open_links > 0)

    def _margin(self, name: str) -> int:
        margin = int(elements.TAG_MARGINS[elements.TAG_NUMBER[name]])
        if name in elements.LIST_TAGS and self._in_item[self._node]:
            return 1  # a list in a list stands close
        return margin

    def _open_block(self, element: _Element, name: str) -> None:
        self._flush()
        self._next_margin = max(self._next_margin, self._margin(name))
        if name in elements.VOID or self._depth >= MAX_DEPTH:
            self._opened.append(-1)
            return
        number, style = _numbering(element, name)
        node = len(self._nodes)
        self._nodes.append((self._node, elements.TAG_NUMBER[name], number, style))
        names = [element.get(key) for key in ("class", "id", "role")]
        self._node_words.append(words_of(" ".join(filter(None, names))))
        self._in_item.append(name in ("li", "dd") or self._in_item[self._node])
        is_preformatted = name in elements.PREFORMATTED_TAGS or self._preformatted[self._node]
        self._preformatted.append(is_preformatted)
        self._opened.append(node)
        self._node = node

    def _close_block(self, name: str) -> None:
        self._flush()
        if self._opened.pop() >= 0:
            self._node = self._nodes[self._node][0]
        self._next_margin = max(self._next_margin, self._margin(name))

    def _flush(self) -> None:
        """End the block of text, if one is open; an empty line of `br`s makes it two blocks."""
        if self._preformatted[self._node]:
            text = "".join(line.raw for line in self._lines).replace("\r\n", "\n")
            self._lines[-1].links += self._lines[-1].pending_links
            self._append_block(_LEADING_EMPTY_LINES.sub("", text).rstrip(), self._lines)
        else:
            self._flush_lines()
        self._lines = [_Line()]

    def _flush_lines(self) -> None:
        """A link without text counts for the next character, as far as its block reaches."""
        group: list[_Line] = []
        breaks, pending_links = -1, 0
        for line in self._lines:
            breaks += 1
            if not line.characters:
                pending_links += line.pending_links
                continue
            line.links += pending_links
            pending_links = line.pending_links
            if group and breaks >= 2:
                self._append_block("\n".join(map(_Line.text, group)), group)
                group = []
            if not group:
                self._next_margin = max(self._next_margin, min(breaks, 2))
            group.append(line)
            breaks = 0
        if group and not breaks:
            group[-1].links += pending_links
        self._append_block("\n".join(map(_Line.text, group)), group)
        self._next_margin = max(self._next_margin, min(breaks, 2))

    def _append_block(self, text: str, lines: list[_Line]) -> None:
        characters = sum(line.characters for line in lines)
        if not characters:
            return
        start = len(self._text)
        self._text += text.encode("utf-8", "replace")
        link_characters = sum(line.link_characters for line in lines)
        links = sum(line.links for line in lines)
        flags = PREFORMATTED if self._preformatted[self._node] else 0
        spans = (self._node, start, len(self._text))
        self._blocks.append((*spans, characters, link_characters, links, self._next_margin, flags))
        self._next_margin = 0


def _numbering(element: _Element, name: str) -> tuple[int, int]:
    """`(node_number, node_style)` of an element, see `PageTree`."""
    if name not in ("ol", "li"):
        return NO_NUMBER, 0
    match = _INTEGER.match(element.get("start" if name == "ol" else "value") or "")
    number = int(match.group(1)) if match else NO_NUMBER
    style = 0
    if name == "ol":
        kind = (element.get("type") or "").strip()
        style = ord(kind) if kind in ("1", "a", "A", "i", "I") else 0
        style += REVERSED_LIST * (element.get("reversed") is not None)
    return number, style
