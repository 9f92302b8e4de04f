"""The arrays of a `PageTree` from the start and end events of lxml's tree."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np

from massivetext.pipeline.extraction.html import elements, images, marks, name_words, styles
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.clean_text import (
    KEPT_NEWLINE,
    cleaned,
    joined_text,
    kept_as_it_stands,
    visible,
)
from massivetext.pipeline.extraction.html.lxml_attributes import formula_source, is_link, numbering
from massivetext.pipeline.extraction.html.lxml_hiding import Element, groups_of, style_of
from massivetext.pipeline.extraction.html.lxml_lines import InlineLine, OpenBlock, text_of_lines
from massivetext.pipeline.extraction.html.lxml_open import OpenElement, opened
from massivetext.pipeline.extraction.html.lxml_spans import SpanCollector
from massivetext.pipeline.extraction.html.page_tree import MAX_DEPTH, NO_NUMBER, PageTree
from massivetext.pipeline.extraction.html.raw_blocks import LONGEST_INDENTED
from massivetext.pipeline.extraction.html.spans import NO_SPANS, Spans

_LEADING_EMPTY_LINES: Final = re.compile(r"\A(?:[^\S\n]*\n)+")
_UNCOUNTED: Final = elements.VOID | {"html", "body"}
"""Elements that add nothing to the depth: they hold nothing, or every page has them."""

_NO_MARKER: Final = ord("-") << styles.MARKER_SHIFT

_OPENING_QUOTES: Final = "“‘"
_CLOSING_QUOTES: Final = "”’"
_CLOSING_PUNCTUATION: Final = tuple(".,;:!?)")


class TreeBuilder:
    """Collects the arrays of a `PageTree` from start and end events."""

    def __init__(self, with_spans: bool) -> None:
        self._spans = SpanCollector() if with_spans else None
        self._characters = 0  # of the blocks so far
        self._title: list[str] = []
        self._title_open = 0
        self._nodes = [(-1, elements.UNKNOWN_TAG, NO_NUMBER, 0)]
        self._node_words = [0]
        self._open = [OpenElement()]
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
        state = opened(outer, name, groups, style, places)
        self._open.append(state)
        if name in elements.BLOCK_TAGS:
            self._open_block(element, state, groups, style)
        else:
            self._open_inline(element, state, style)
        self._depth += name not in _UNCOUNTED
        if element.text and not (name == "math" and not state.in_formula):
            self._add_text(element.text)

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

    def finish(self) -> tuple[PageTree, str, Spans]:
        """`(tree, title, spans)` of what was read."""
        self._flush()
        tree = PageTree(
            np.frombuffer(self._text, np.uint8),
            np.array(self._nodes, np.int32).T.copy(),
            np.array(self._node_words, np.int64),
            np.array(self._blocks, np.int32).reshape(-1, pt.BLOCK_ROWS).T.copy(),
        )
        spans = self._spans.spans(tree.text_utf8) if self._spans else NO_SPANS
        return tree, " ".join("".join(self._title).split()), spans

    def _add_text(self, text: str) -> None:
        if self._title_open:
            self._title.append(text)
            return
        self._write(cleaned(text))

    def _write(self, text: str) -> None:
        """Write a cleaned text to the open line."""
        state = self._open[-1]
        if state.is_preformatted:
            before = "".join(line.raw for line in self._block.lines)
            text = kept_as_it_stands(text, before, state.is_collapsed)
        elif state.in_formula:
            text = "".join(c for c in text if visible(c))
        self._block.add(text, self._open_links > 0, self._own_places())

    def _place(self) -> int:
        """Characters of the page so far."""
        return self._characters + self._block.characters

    def _places_of_node(self) -> int:
        """Flags of the innermost block element."""
        return next(
            (state.places for state in reversed(self._open) if state.name in elements.BLOCK_TAGS), 0
        )

    def _own_places(self) -> int:
        """Flags of the outermost inline element whose place is not that of its block, or 0."""
        found, inner = 0, self._open[-1]
        for outer in reversed(self._open[:-1]):
            if inner.name in elements.BLOCK_TAGS:
                break
            if inner.places & ~outer.places:
                found = inner.places
            inner = outer
        return found

    def _begin_line(self) -> None:
        """Let the next character begin a line, if it stands in this block."""
        if self._open[-1].is_preformatted:
            self._block.begin_preformatted_line()
        else:
            self._block.lines.append(InlineLine(is_soft=True))

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
                self._add_formula(images.tex_of(alt), False)
        elif is_emoji:
            self._add_text(alt)

    def _add_script(self, source: str, is_display: bool) -> None:
        """Write the source of a formula of MathJax 2."""
        if is_display:
            self._begin_line()
        self._add_formula(source, is_display)
        if is_display:
            self._begin_line()

    def _add_formula(self, source: str, is_display: bool) -> None:
        first = self._place()
        self._add_text(source)
        if self._spans:
            self._spans.note_formula(first, self._place(), is_display)
        self._formula_end = self._here()

    def _here(self) -> tuple[int, int, str]:
        """Where the last character of the open block stands."""
        line = self._block.lines[-1]
        return self._block.number, len(self._block.lines), line.raw.rstrip()

    def _begin_part(self, outer: OpenElement) -> None:
        """Write the sign between two parts of a formula, as another one begins."""
        signs = elements.FORMULA_SIGNS.get(outer.name, "")
        if 1 <= outer.parts <= len(signs):
            self._write(signs[outer.parts - 1])
        outer.parts += 1

    def _open_inline(self, element: Element, state: OpenElement, style: int) -> None:
        name, outer = element.tag, self._open[-2]
        if style & styles.LINE and name != "br":
            self._begin_line()
            state.is_line = True
        state.is_raised = style & styles.RAISED != 0
        state.is_lowered = style & styles.LOWERED != 0
        if name == "br":
            if state.is_preformatted:
                self._block.add(KEPT_NEWLINE, False)
            else:
                self._block.lines.append(InlineLine())
        elif is_link(element):
            self._open_links += 1
            self._block.lines[-1].pending_links += 1
        elif name == "title":
            self._title_open += 1
        if name == "button":
            self._block.lines[-1].raw += " "
        state.begin, state.first = self._block.place(), self._place()
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

    def _open_formula(self, element: Any, state: OpenElement) -> None:
        source = formula_source(element)
        if source is None:
            state.in_formula = True
        else:
            is_display = "".join((element.get("display") or "").split()).lower()
            tex = images.tex_of(source) if element.get("alttext") else source
            self._add_formula(tex, is_display.startswith("block"))

    def _end_inline(self, element: Element, state: OpenElement) -> None:
        """Act on the end of an inline element: as in `raw_ends`."""
        name, block = element.tag, self._block
        is_raised, is_lowered = name == "sup" or state.is_raised, name == "sub" or state.is_lowered
        is_read = name in _ENDING or state.is_gutter or is_raised or is_lowered
        since = block.since(state.begin) if is_read else ""
        if name in elements.LINK_TAGS and marks.is_control(_shown(since)):
            block.drop(state.begin, self._open_links > 0, int(self._open_links > 0))
        elif (is_raised or is_lowered) and marks.is_raised_number(_shown(since)):
            block.replace(state.begin, marks.RAISED_FORMS if is_raised else marks.LOWERED_FORMS)
            if self._spans:
                self._spans.forget(state.first)
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
        if is_link(element):
            self._open_links -= 1
        elif name == "title":
            self._title_open -= 1
        if self._spans:
            self._spans.forget(self._place())
            self._spans.note_element(element, state.first, self._place())

    def _margin(self, name: str) -> int:
        margin = int(elements.TAG_MARGINS[elements.TAG_NUMBER[name]])
        if name in elements.LIST_TAGS and self._open[-1].in_item:
            return 1  # a list in a list stands close
        return margin

    def _open_block(self, element: Element, state: OpenElement, groups: int, style: int) -> None:
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
        number, marker = numbering(element, name, style)
        node = len(self._nodes)
        self._nodes.append((state.node, elements.TAG_NUMBER[name], number, marker))
        self._node_words.append(groups & name_words.LEARNED)
        if self._spans:
            self._spans.note_names(element, node, self._place())
        state.node = node
        state.in_item |= name in ("li", "dd")

    def _close_block(self, state: OpenElement) -> None:
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
        if self._spans:
            self._spans.forget(self._place())

    def _flush_lines(self, lines: list[InlineLine]) -> None:
        """A link without text counts for the next character, as far as its block reaches."""
        group: list[InlineLine] = []
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

    def _append_lines(self, lines: list[InlineLine]) -> None:
        state = self._open[-1]
        tag = self._nodes[state.node][1]
        is_in_cell = any(outer.name in ("td", "th") for outer in self._open)
        is_line = tag in _LINES and not state.in_item and not is_in_cell
        is_short = sum(line.characters for line in lines) < LONGEST_INDENTED
        self._append_block(text_of_lines(lines, is_line and is_short) if lines else "", lines)

    def _append_block(self, text: str, lines: list[InlineLine]) -> None:
        characters = sum(line.characters for line in lines)
        if not characters:
            return
        self._characters += characters
        state = self._open[-1]
        start = len(self._text)
        self._text += text.encode("utf-8", "replace")
        link_characters = sum(line.link_characters for line in lines)
        links = sum(line.links for line in lines)
        places = self._places_of_node()
        if 2 * sum(line.placed for line in lines) > characters:
            for line in lines:
                places |= line.places
        flags = places | (pt.PREFORMATTED if state.is_preformatted else 0)
        spans = (state.node, start, len(self._text))
        self._blocks.append((*spans, characters, link_characters, links, self._next_margin, flags))
        self._next_margin = 0


_LINES: Final = (elements.tag("p"), elements.tag("div"))
_ENDING: Final = elements.ENDING_TAGS


def _shown(text: str) -> str:
    """A piece of the open block as it will be written."""
    return joined_text(text)


def _is_number(lines: list[InlineLine]) -> bool:
    text = "".join("".join(line.raw.split()) for line in lines)
    digits = "".join(c for c in text if visible(c))
    return digits.isascii() and digits.isdecimal()
