"""The text of a block with its emphasis, code, links and formulas."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import quote

from massivetext.pipeline.extraction.html import spans as sp
from massivetext.pipeline.extraction.html.spans import Spans
from massivetext.pipeline.extraction.markdown.coverage import Coverage, Covered, Intervals
from massivetext.pipeline.extraction.markdown.escapes import escaped

_LINK: Final = 0
_STRONG: Final = 1
_EMPHASIS: Final = 2
_SIGNS: Final = {_STRONG: "**", _EMPHASIS: "*"}

_BACKTICKS: Final = re.compile("`+")
_UNSAFE: Final = re.compile(r"[\s()<>\\|`\"]")
_NOWHERE: Final = ("#", "javascript:", "data:")
"""Addresses that lead to no other page: of a place in this one, of a script, of what they hold."""

_INNER: Final = "\0"
"""Stands for the signs of a mark beside a text: no white space, no letter."""


class _Mark(NamedTuple):
    """What begins before one byte of the text and ends before another one."""

    start: int
    stop: int
    kind: int
    address: str


class _Atom(NamedTuple):
    """Bytes that are written as they are: code or a formula."""

    start: int
    stop: int
    text: str


class InlineWriter:
    """Writes the inline text of the blocks of a page."""

    def __init__(
        self, text_utf8: bytes, coverage: Coverage, spans: Spans, with_links: bool
    ) -> None:
        self._text = text_utf8
        self._coverage = coverage
        self._spans = spans
        self._links = coverage.links if with_links else Intervals()

    def write(
        self, start: int, stop: int, *, is_paragraph: bool = False, is_strong: bool = False
    ) -> str:
        """The bytes from `start` to `stop`, line breaks as they are.

        `is_paragraph`: a formula that is all of it stands on a line of its own; `is_strong`: all of
        it is strong without a mark.
        """
        atoms = list(self._atoms(start, stop, is_paragraph))
        marks = self._marks(start, stop, atoms, is_strong)
        if not atoms and not marks:
            return escaped(self._text[start:stop].decode("utf-8", "replace"))
        return _Line(self._text, start, stop, atoms).joined(marks)

    def _atoms(self, start: int, stop: int, is_paragraph: bool) -> Iterator[_Atom]:
        """Yields code and formulas in order; a formula in code is code."""
        codes = [(code, True) for code in self._coverage.code.within(start, stop)]
        formulas = [(tex, False) for tex in self._coverage.tex.within(start, stop)]
        behind = start
        for covered, is_code in sorted(codes + formulas):
            source = self._text[covered.start : covered.stop].decode("utf-8", "replace")
            if covered.start < behind:
                continue
            behind = covered.stop
            if is_code:
                yield _Atom(covered.start, covered.stop, _code(source))
            else:
                kind = int(self._spans.rows[sp.SPAN_KIND, covered.span])
                is_whole = is_paragraph and (covered.start, covered.stop) == (start, stop)
                tex = _tex(source, kind == sp.TEX_DISPLAY or is_whole)
                yield _Atom(covered.start, covered.stop, tex)

    def _marks(self, start: int, stop: int, atoms: list[_Atom], is_strong: bool) -> list[_Mark]:
        """The marks of a block, outer ones first; none crosses another one or an atom."""
        found = []
        starts = [atom.start for atom in atoms]
        for kind, intervals in (
            (_LINK, self._links),
            (_STRONG, Intervals() if is_strong else self._coverage.strong),
            (_EMPHASIS, self._coverage.emphasis),
        ):
            for covered in intervals.within(start, stop):
                address = self._address(covered) if kind == _LINK else ""
                first, last = _outside(atoms, starts, covered)
                if first < last and (address or kind != _LINK):
                    found.append(_Mark(first, last, kind, address))
        found.sort(key=lambda mark: (mark.start, -mark.stop, mark.kind))
        return _nested(found)

    def _address(self, covered: Covered) -> str:
        """The address of a link, `""` if it leads nowhere."""
        address = self._spans.value(covered.span).strip()
        if address.lower().startswith(_NOWHERE):
            return ""
        return _UNSAFE.sub(lambda unsafe: quote(unsafe[0], safe=""), address)


def _outside(atoms: list[_Atom], starts: list[int], covered: Covered) -> tuple[int, int]:
    """An interval's start and stop, moved out of the atoms that they stand in."""
    start, stop = covered.start, covered.stop
    place = bisect_right(starts, start) - 1
    if place >= 0 and atoms[place].start < start < atoms[place].stop:
        start = atoms[place].stop
    place = bisect_right(starts, stop) - 1
    if place >= 0 and atoms[place].start < stop < atoms[place].stop:
        stop = atoms[place].start
    return start, stop


def _nested(found: list[_Mark]) -> list[_Mark]:
    """The marks, cut where they cross an outer one.

    One that begins where another one ends is left out: their signs would run together.
    """
    kept: list[_Mark] = []
    outer: list[_Mark] = []
    ended = -1
    for mark in found:
        while outer and outer[-1].stop <= mark.start:
            last = outer.pop()
            ended = max(ended, last.stop if last.kind != _LINK else -1)
        if mark.kind != _LINK and mark.start == ended:
            continue
        if outer and mark.stop > outer[-1].stop:
            mark = mark._replace(stop=outer[-1].stop)
        outer.append(mark)
        kept.append(mark)
    return kept


class _Line:
    """The bytes of a block from `start` to `stop`, and what of them is written as it is."""

    def __init__(self, text_utf8: bytes, start: int, stop: int, atoms: list[_Atom]) -> None:
        self._text, self._start, self._stop, self._atoms = text_utf8, start, stop, atoms
        self._place, self._next = start, 0
        self._out: list[str] = []

    def joined(self, marks: list[_Mark]) -> str:
        """The text with its marks."""
        marks = self._flanking(marks)
        outer: list[_Mark] = []
        for mark in marks:
            while outer and outer[-1].stop <= mark.start:
                self._end(outer)
            self._write_until(mark.start, outer)
            if mark.kind == _LINK and self._out and self._out[-1].endswith("!"):
                self._out[-1] = self._out[-1][:-1] + "\\!"  # `![` begins an image
            self._out.append("[" if mark.kind == _LINK else _SIGNS[mark.kind])
            outer.append(mark)
        while outer:
            self._end(outer)
        self._write_until(self._stop, outer)
        return "".join(self._out)

    def _end(self, outer: list[_Mark]) -> None:
        mark = outer[-1]
        self._write_until(mark.stop, outer)
        outer.pop()
        self._out.append(f"]({mark.address})" if mark.kind == _LINK else _SIGNS[mark.kind])

    def _write_until(self, place: int, outer: list[_Mark]) -> None:
        """Write what stands before `place`, given the marks that are open."""
        while self._next < len(self._atoms) and self._atoms[self._next].start < place:
            atom = self._atoms[self._next]
            self._write_text(atom.start, outer)
            self._out.append(atom.text)
            self._place, self._next = atom.stop, self._next + 1
        self._write_text(place, outer)

    def _write_text(self, stop: int, outer: list[_Mark]) -> None:
        if self._place < stop:
            text = self._text[self._place : stop].decode("utf-8", "replace")
            before = _INNER if self._out else ""
            after = _INNER if outer or stop < self._stop else ""
            is_in_link = any(mark.kind == _LINK for mark in outer)
            self._out.append(escaped(text, before, after, is_in_link))
            self._place = stop

    def _flanking(self, marks: list[_Mark]) -> list[_Mark]:
        """The marks whose signs CommonMark reads as such, not as asterisks.

        "Left-flanking delimiter run": no punctuation behind the signs, unless white space or
        punctuation stands before them; and the reverse at the end.
        """
        links = [mark for mark in marks if mark.kind == _LINK]
        starts = {atom.start for atom in self._atoms} | {link.start for link in links}
        stops = {atom.stop for atom in self._atoms} | {link.stop for link in links}
        kept = []
        for mark in marks:
            first = mark.start in starts or _is_punctuation(self._character(mark.start))
            last = mark.stop in stops or _is_punctuation(self._character_before(mark.stop))
            if mark.kind == _LINK or (
                (not first or mark.start in stops or self._is_apart_before(mark.start))
                and (not last or mark.stop in starts or self._is_apart_behind(mark.stop))
            ):
                kept.append(mark)
        return kept

    def _is_apart_before(self, place: int) -> bool:
        return place == self._start or _is_apart(self._character_before(place))

    def _is_apart_behind(self, place: int) -> bool:
        return place == self._stop or _is_apart(self._character(place))

    def _character(self, place: int) -> str:
        """The character that begins at a byte."""
        return self._text[place : place + 4].decode("utf-8", "ignore")[:1]

    def _character_before(self, place: int) -> str:
        return self._text[max(place - 4, 0) : place].decode("utf-8", "ignore")[-1:]


def _is_punctuation(character: str) -> bool:
    """CommonMark: the Unicode categories P and S."""
    return unicodedata.category(character or " ")[0] in "PS"


def _is_apart(character: str) -> bool:
    return not character or character.isspace() or _is_punctuation(character)


def _code(source: str) -> str:
    """A code span; with more backticks around it than stand in it (CommonMark, "code spans")."""
    source = " ".join(source.split("\n"))
    longest = max((len(run) for run in _BACKTICKS.findall(source)), default=0)
    fence = "`" * (longest + 1)
    room = " " if source[0] == "`" or source[-1] == "`" else ""
    return f"{fence}{room}{source}{room}{fence}"


def _tex(source: str, is_display: bool) -> str:
    """A formula between dollar signs: two where it stands on a line of its own, or holds one."""
    source = " ".join(source.split())
    fence = "$$" if is_display or "$" in source else "$"
    return f"{fence}{source}{fence}"
