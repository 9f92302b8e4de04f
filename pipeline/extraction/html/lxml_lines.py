"""The open block of text of the lxml parser, line by line, and places in it to go back to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from massivetext.pipeline.extraction.html.clean_text import (
    KEPT_NEWLINE,
    indent_of,
    joined_text,
    visible,
)


@dataclass
class InlineLine:
    """Inline text between two line breaks."""

    is_soft: bool = False
    """Begun by an inline element that is displayed as a block: no break of its own."""
    raw: str = ""
    characters: int = 0
    link_characters: int = 0
    links: int = 0
    """Links opened before the last character."""
    pending_links: int = 0
    """Links opened since."""
    placed: int = 0
    """Characters in inline elements at places of their own."""
    places: int = 0
    """What these places are."""

    def add(self, text: str, is_link: bool, places: int = 0) -> int:
        """Write a cleaned text; the number of its characters."""
        self.raw += text
        characters = visible(text)
        self.characters += characters
        self.link_characters += characters * is_link
        self.placed += characters * (places != 0)
        self.places |= places if characters else 0
        if characters:
            self.links += self.pending_links
            self.pending_links = 0
        return characters

    def cut(self, start: int, is_link: bool) -> str:
        """Take back what stands from `start` on; the text."""
        piece = self.raw[start:]
        self.raw = self.raw[:start]
        self.characters -= visible(piece)
        self.link_characters -= visible(piece) * is_link
        return piece


class Place(NamedTuple):
    """A place in the text of a block."""

    block: int
    """Number of the block."""
    line: int
    start: int


NOWHERE: Final = Place(-1, 0, 0)


@dataclass
class OpenBlock:
    """The text since the last block boundary."""

    number: int = 0
    lines: list[InlineLine] = field(default_factory=lambda: [InlineLine()])
    characters: int = 0

    def renew(self) -> list[InlineLine]:
        """Begin the next block; the lines of this one."""
        lines, self.lines = self.lines, [InlineLine()]
        self.number += 1
        self.characters = 0
        return lines

    def add(self, text: str, is_link: bool, places: int = 0) -> None:
        """Write a cleaned text to the last line."""
        self.characters += self.lines[-1].add(text, is_link, places)

    def place(self) -> Place:
        """Where the next character goes."""
        return Place(self.number, len(self.lines) - 1, len(self.lines[-1].raw))

    def since(self, place: Place) -> str:
        """The text behind a place, as far as it stands in this block."""
        return "\n".join(line.raw[start:] for line, start in self._pieces(place))

    def drop(self, place: Place, is_link: bool, link: int) -> None:
        """Take back what stands behind a place; `link` of the links there were counted."""
        for line, start in self._pieces(place):
            piece = line.cut(start, is_link)
            self.characters -= visible(piece)
            if piece[:1].isspace() or piece[-1:].isspace():
                line.raw += " "
            if visible(piece) and line.links:
                line.links -= link

    def replace(self, place: Place, forms: dict[int, int]) -> None:
        """Write the characters behind a place in other forms."""
        for line, start in self._pieces(place):
            line.raw = line.raw[:start] + line.raw[start:].translate(forms)

    def _pieces(self, place: Place) -> list[tuple[InlineLine, int]]:
        if place.block != self.number:
            return [(line, 0) for line in self.lines]
        first = (self.lines[place.line], place.start)
        return [first, *((line, 0) for line in self.lines[place.line + 1 :])]

    def whole(self) -> str:
        """The text of a preformatted block."""
        return joined_text("".join(line.raw for line in self.lines))

    def begin_preformatted_line(self) -> None:
        """Begin a line in preformatted text, unless one has just begun."""
        raw = "".join(line.raw for line in self.lines)
        if raw and not raw.endswith(KEPT_NEWLINE):
            self.lines[-1].raw += KEPT_NEWLINE


def text_of_lines(lines: list[InlineLine], is_indented: bool) -> str:
    """The text of the lines of one block; the first keeps its indentation if `is_indented`."""
    texts = [joined_text(line.raw) for line in lines]
    indents = [indent_of(line.raw) for line in lines]
    whole = "\n".join(indent + text for indent, text in zip(indents, texts, strict=True))
    return whole.rstrip().lstrip("\n") if is_indented else whole.strip()
