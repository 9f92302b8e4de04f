"""The arrays of a `PageTree` from the start and end events of lxml's tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from massivetext.pipeline.extraction.html import elements, images, marks, name_words, styles
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.clean_text import (
    KEPT_NEWLINE,
    cleaned,
    joined,
    kept_as_it_stands,
    visible,
)
from massivetext.pipeline.extraction.html.lxml_hiding import Element, groups_of, style_of
from massivetext.pipeline.extraction.html.lxml_lines import NOWHERE, Line, OpenBlock, Place, text_of
from massivetext.pipeline.extraction.html.page_tree import MAX_DEPTH, NO_NUMBER, PageTree
from massivetext.pipeline.extraction.html.raw_text import LONGEST_INDENTED

_INTEGER: Final = re.compile(r"\s*([+-]?\d{1,9})")
_LEADING_EMPTY_LINES: Final = re.compile(r"\A(?:[^\S\n]*\n)+")
_UNCOUNTED: Final = elements.VOID | {"html", "body"}
"""Elements that add nothing to the depth: they hold nothing, or every page has them."""

_NO_MARKER: Final = ord("-") << styles.MARKER_SHIFT

_OPENING_QUOTES: Final = "“‘"
_CLOSING_QUOTES: Final = "”’"
_CLOSING_PUNCTUATION: Final = tuple(".,;:!?)")


@dataclass
class _Open:
    """What is known of an open element; the inner one takes over what it does not change."""

    name: str = ""
    node: int = 0
    gives_node: bool = False
    in_item: bool = False
    places: int = 0
    is_preformatted: bool = False
    is_collapsed: bool = False
    in_gutter: bool = False
    is_gutter: bool = False
    in_formula: bool = False
    parts: int = 0
    is_line: bool = False
    has_bracket: bool = False
    is_raised: bool = False
    is_lowered: bool = False
    begin: Place = NOWHERE


class TreeBuilder:
    """Collects the arrays of a `PageTree` from start and end events."""

    def __init__(self) -> None:
        self._title: list[str] = []
        self._title_open = 0
        self._nodes = [(-1, elements.UNKNOWN_TAG, NO_NUMBER, 0)]
        self._node_words = [0]
        self._open = [_Open()]
        self._depth = 0  # of the open elements around the next one
        self._quotations = 0
        self._blocks: list[tuple[int, ...]] = []
        self._text = bytearray()
        self._open_links = 0
        self._block = OpenBlock()
        self._formula_end: tuple[int, int, str] | None = None
        self._next_margin = 2

    def start(self, element: Element, places: int) -> None:
        """Act on the start of an element that is read."""
        name, outer = element.tag, self._open[-1]
        groups, style = groups_of(element), style_of(element)
        if outer.in_formula:
            self._begin_part(outer)
        if name == "img":
            self._add_image(element, groups, style)
        state = self._inherited(outer, name, groups, style, places)
        self._open.append(state)
        if name in elements.BLOCK_TAGS:
            self._open_block(element, state, groups, style)
        else:
            self._open_inline(element, state, style)
        self._depth += name not in _UNCOUNTED
        if element.text and not (name == "math" and not state.in_formula):
            self._add_text(element.text)

    def _inherited(self, outer: _Open, name: str, groups: int, style: int, places: int) -> _Open:
        is_pre = outer.is_preformatted
        is_collapsed = outer.is_collapsed
        if style & styles.PRE:
            is_pre, is_collapsed = True, bool(style & styles.PRE_LINE) or is_collapsed
        elif style & styles.NOT_PRE:
            is_pre, is_collapsed = False, False
        is_block = name in elements.BLOCK_TAGS
        if is_block and (name in elements.PREFORMATTED_TAGS or groups & name_words.CODE_LINE):
            is_pre = True
        is_gutter = groups & name_words.GUTTER != 0
        return _Open(
            name,
            outer.node,
            in_item=outer.in_item,
            places=outer.places | places,
            is_preformatted=is_pre,
            is_collapsed=is_collapsed,
            in_gutter=outer.in_gutter or is_gutter,
            is_gutter=is_gutter,
            in_formula=outer.in_formula and name != "mtext",
        )

    def end(self, element: Element) -> None:
        """Act on the end of an element that is read, and on the text behind it."""
        name, state = element.tag, self._open[-1]
        self._depth -= name not in _UNCOUNTED
        if name in elements.BLOCK_TAGS:
            self._close_block(state)
        else:
            self._end_inline(element, state)
            self._open.pop()
        if element.tail:
            self._add_text(element.tail)

    def skip(self, element: Element) -> None:
        """Read the text behind an element that is not read itself, and the source of a formula."""
        if self._open[-1].in_formula:
            self._begin_part(self._open[-1])
        kind = "".join((element.get("type") or "").split()).lower()
        is_source = element.tag == "script" and kind.startswith("math/tex")
        if is_source:
            self._add_script(element.text or "", "mode=display" in kind)
        if element.tail:
            self._add_text(element.tail)

    def finish(self) -> tuple[PageTree, str]:
        """`(tree, title)` of what was read."""
        self._flush()
        tree = PageTree(
            np.frombuffer(self._text, np.uint8),
            np.array(self._nodes, np.int32).T.copy(),
            np.array(self._node_words, np.int64),
            np.array(self._blocks, np.int32).reshape(-1, pt.BLOCK_ROWS).T.copy(),
        )
        return tree, " ".join("".join(self._title).split())

    def _add_text(self, text: str) -> None:
        if self._title_open:
            self._title.append(text)
            return
        self._write(cleaned(text))

    def _write(self, text: str) -> None:
        """Write a cleaned text to the open line."""
        state, line = self._open[-1], self._block.lines[-1]
        if state.is_preformatted:
            before = "".join(line.raw for line in self._block.lines)
            text = kept_as_it_stands(text, before, state.is_collapsed)
        elif state.in_formula:
            text = "".join(c for c in text if visible(c))
        line.add(text, self._open_links > 0)

    def _begin_line(self) -> None:
        """Let the next character begin a line, if it stands in this block."""
        if self._open[-1].is_preformatted:
            self._block.begin_preformatted_line()
        else:
            self._block.lines.append(Line(is_soft=True))

    def _add_image(self, element: Element, groups: int, style: int) -> None:
        alt = element.get("alt") or ""
        if not alt or style & styles.HIDES or element.get("hidden") is not None:
            return
        is_emoji = images.shows_character(alt, groups)
        is_named = groups & name_words.FORMULA_IMAGE != 0
        if groups & name_words.EMOJI and is_emoji:
            self._add_text(alt)
        elif images.is_formula(alt, is_named):
            if self._formula_end is None or self._here() != self._formula_end:
                self._add_formula(images.tex_of(alt))
        elif is_emoji:
            self._add_text(alt)

    def _add_script(self, source: str, is_display: bool) -> None:
        """Write the source of a formula of MathJax 2."""
        if is_display:
            self._begin_line()
        self._add_formula(source)
        if is_display:
            self._begin_line()

    def _add_formula(self, source: str) -> None:
        self._add_text(source)
        self._formula_end = self._here()

    def _here(self) -> tuple[int, int, str]:
        """Where the last character of the open block stands."""
        line = self._block.lines[-1]
        return self._block.number, len(self._block.lines), line.raw.rstrip()

    def _begin_part(self, outer: _Open) -> None:
        """Write the sign between two parts of a formula, as another one begins."""
        signs = elements.FORMULA_SIGNS.get(outer.name, "")
        if 1 <= outer.parts <= len(signs):
            self._write(signs[outer.parts - 1])
        outer.parts += 1

    def _open_inline(self, element: Element, state: _Open, style: int) -> None:
        name, outer = element.tag, self._open[-2]
        if style & styles.LINE and name != "br":
            self._begin_line()
            state.is_line = True
        state.is_raised = style & styles.RAISED != 0
        state.is_lowered = style & styles.LOWERED != 0
        if name == "br":
            if state.is_preformatted:
                self._block.lines[-1].add(KEPT_NEWLINE, False)
            else:
                self._block.lines.append(Line())
        elif _is_link(element):
            self._open_links += 1
            self._block.lines[-1].pending_links += 1
        elif name == "title":
            self._title_open += 1
        if name == "button":
            self._block.lines[-1].raw += " "
        state.begin = self._block.place()
        if name == "q":
            self._write(_OPENING_QUOTES[self._quotations & 1])
            self._quotations += 1
        elif name == "rt":
            self._write("(")
        elif name == "math":
            self._open_formula(element, state)
        elif state.in_formula or (outer.in_formula and name == "mtext"):
            if name == "msqrt":
                self._write("√")
            is_later = outer.parts > 1 or outer.name == "mfrac"
            is_scripted = name == "mrow" and outer.name in elements.FORMULA_SIGNS and is_later
            if name == "msqrt" or is_scripted:
                state.begin = self._block.place()
                self._write("(")
                state.has_bracket = True

    def _open_formula(self, element: Any, state: _Open) -> None:
        source = formula_source(element)
        if source is None:
            state.in_formula = True
        elif element.get("alttext"):
            self._add_text(images.tex_of(source))
        else:
            self._add_text(source)

    def _end_inline(self, element: Element, state: _Open) -> None:
        """Act on the end of an inline element: as in `raw_ends`."""
        name, block = element.tag, self._block
        is_raised, is_lowered = name == "sup" or state.is_raised, name == "sub" or state.is_lowered
        is_read = name in _ENDING or state.is_gutter or is_raised or is_lowered
        since = block.since(state.begin) if is_read else ""
        if name in elements.LINK_TAGS and marks.is_control(_shown(since)):
            block.drop(state.begin, self._open_links > 0, int(self._open_links > 0))
        elif (is_raised or is_lowered) and marks.is_raised_number(_shown(since)):
            block.replace(state.begin, marks.RAISED if is_raised else marks.LOWERED)
        elif name == "q":
            self._quotations -= 1
            self._write(_CLOSING_QUOTES[self._quotations & 1])
        elif name == "rt":
            if _shown(since) == "(":
                block.drop(state.begin, self._open_links > 0, 0)
            else:
                self._write(")")
        elif name == "math":
            self._formula_end = self._here()
        elif state.has_bracket:
            inner = block.since(state.begin)[1:]
            if len(inner) == 1:  # needs no bracket
                block.drop(state.begin, self._open_links > 0, 0)
                self._write(inner)
            else:
                self._write(")")
        if state.is_gutter and _shown(since).replace(" ", "").replace("\n", "").isdecimal():
            block.drop(state.begin, self._open_links > 0, 0)
        if name == "button" and not (element.tail or "").startswith(_CLOSING_PUNCTUATION):
            block.lines[-1].raw += " "
        if state.is_line:
            self._begin_line()
        if _is_link(element):
            self._open_links -= 1
        elif name == "title":
            self._title_open -= 1

    def _margin(self, name: str) -> int:
        margin = int(elements.TAG_MARGINS[elements.TAG_NUMBER[name]])
        if name in elements.LIST_TAGS and self._open[-1].in_item:
            return 1  # a list in a list stands close
        return margin

    def _open_block(self, element: Element, state: _Open, groups: int, style: int) -> None:
        name = element.tag
        self._open.pop()
        self._flush()
        self._next_margin = max(self._next_margin, self._margin(name))
        self._open.append(state)
        if name in elements.VOID or self._depth >= MAX_DEPTH:
            state.is_preformatted = self._open[-2].is_preformatted
            return
        if name in elements.LIST_TAGS and state.is_preformatted:
            style |= _NO_MARKER  # its numbers are those of the lines of a listing
        number, marker = _numbering(element, name, style)
        state.gives_node = True
        node = len(self._nodes)
        self._nodes.append((state.node, elements.TAG_NUMBER[name], number, marker))
        self._node_words.append(groups & name_words.LEARNED)
        state.node = node
        state.in_item |= name in ("li", "dd")

    def _close_block(self, state: _Open) -> None:
        self._flush()
        self._open.pop()
        self._next_margin = max(self._next_margin, self._margin(state.name))

    def _flush(self) -> None:
        """End the block of text, if one is open; an empty line of `br`s makes it two blocks."""
        state = self._open[-1]
        if state.in_gutter and _is_number(self._block.lines):
            self._block.renew()
        elif state.is_preformatted:
            text = self._block.whole()
            lines = self._block.renew()
            lines[-1].links += lines[-1].pending_links
            self._append_block(_LEADING_EMPTY_LINES.sub("", text).rstrip(), lines)
        else:
            self._flush_lines(self._block.renew())

    def _flush_lines(self, lines: list[Line]) -> None:
        """A link without text counts for the next character, as far as its block reaches."""
        group: list[Line] = []
        breaks, pending_links = -1, 0
        for line in lines:
            breaks += not line.is_soft
            if not line.characters:
                pending_links += line.pending_links
                continue
            line.links += pending_links
            pending_links = line.pending_links
            if group and breaks >= 2:
                self._append_lines(group)
                group = []
            if not group:
                self._next_margin = max(self._next_margin, min(breaks, 2))
            group.append(line)
            breaks = 0
        if group and not breaks:
            group[-1].links += pending_links
        self._append_lines(group)
        self._next_margin = max(self._next_margin, min(breaks, 2))

    def _append_lines(self, lines: list[Line]) -> None:
        state = self._open[-1]
        tag = self._nodes[state.node][1]
        is_in_cell = any(outer.name in ("td", "th") for outer in self._open)
        is_line = tag in _LINES and not state.in_item and not is_in_cell
        is_short = sum(line.characters for line in lines) < LONGEST_INDENTED
        self._append_block(text_of(lines, is_line and is_short) if lines else "", lines)

    def _append_block(self, text: str, lines: list[Line]) -> None:
        characters = sum(line.characters for line in lines)
        if not characters:
            return
        state = self._open[-1]
        start = len(self._text)
        self._text += text.encode("utf-8", "replace")
        link_characters = sum(line.link_characters for line in lines)
        links = sum(line.links for line in lines)
        flags = state.places | (pt.PREFORMATTED if state.is_preformatted else 0)
        spans = (state.node, start, len(self._text))
        self._blocks.append((*spans, characters, link_characters, links, self._next_margin, flags))
        self._next_margin = 0


_LINES: Final = (elements.tag("p"), elements.tag("div"))
_ENDING: Final = elements.ENDING_TAGS


def _is_link(element: Element) -> bool:
    """Whether a click on the element's text leads somewhere or does something."""
    return element.tag == "button" or (element.tag == "a" and element.get("href") is not None)


def _shown(text: str) -> str:
    """A piece of the open block as it will be written."""
    return joined(text)


def _is_number(lines: list[Line]) -> bool:
    text = "".join("".join(line.raw.split()) for line in lines)
    digits = "".join(c for c in text if visible(c))
    return digits.isascii() and digits.isdecimal()


def formula_source(element: Any) -> str | None:
    """The TeX of a `math` element, if the page has it."""
    if element.get("alttext"):
        return str(element.get("alttext"))
    for annotation in element.iter("annotation"):
        if "tex" in "".join((annotation.get("encoding") or "").split()).lower():
            return annotation.text or ""
    return None


def _numbering(element: Element, name: str, style: int) -> tuple[int, int]:
    """`(node_number, node_style)` of an element, see `PageTree`."""
    if name in ("td", "th"):
        rows, columns = _integer(element, "rowspan"), _integer(element, "colspan")
        number = min(rows, pt.MAX_SPAN) if rows > 1 else NO_NUMBER
        number = pt.MAX_SPAN if rows == 0 else number
        return number, min(columns, pt.MAX_COLUMN_SPAN) if columns > 1 else 0
    if name != "li" and name not in elements.LIST_TAGS:
        return NO_NUMBER, 0
    number = NO_NUMBER
    if name in ("ol", "li"):
        number = _integer(element, "start" if name == "ol" else "value")
    marker = style >> styles.MARKER_SHIFT & 0x7F
    kind = (element.get("type") or "").strip()
    if not marker and kind in ("1", "a", "A", "i", "I"):
        marker = ord(kind)
    return number, marker + pt.REVERSED_LIST * (element.get("reversed") is not None)


def _integer(element: Element, key: str) -> int:
    """Value of an integer attribute, `NO_NUMBER` if it has none of at most nine digits."""
    match = _INTEGER.match(element.get(key) or "")
    return int(match.group(1)) if match else NO_NUMBER
