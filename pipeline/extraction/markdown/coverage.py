"""What inline elements cover, in order: of each kind, intervals that do not overlap."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from massivetext.pipeline.extraction.html import spans as sp
from massivetext.pipeline.extraction.html.spans import Spans

_SPACES: Final = b" \n\t"


class Covered(NamedTuple):
    """Bytes of the text that an element covers, or several elements in a row."""

    start: int
    stop: int
    span: int
    """Number of the first one of its spans."""


@dataclass
class Intervals:
    """Intervals of one kind, ascending; none overlaps another one."""

    found: list[Covered] = field(default_factory=list)
    stops: list[int] = field(default_factory=list)

    def within(self, start: int, stop: int) -> list[Covered]:
        """The intervals in `[start, stop)`, cut to it."""
        inner = []
        place = bisect_right(self.stops, start)
        while place < len(self.found) and self.found[place].start < stop:
            first, last, span = self.found[place]
            inner.append(Covered(max(first, start), min(last, stop), span))
            place += 1
        return inner


class Coverage(NamedTuple):
    """The intervals of a page by what they mean."""

    emphasis: Intervals
    strong: Intervals
    code: Intervals
    links: Intervals
    tex: Intervals
    names: dict[int, int]
    """The span with the names of each node that has some."""


def coverage_of(spans: Spans, text_utf8: bytes) -> Coverage:
    """The intervals of a page with these spans."""
    by_kind: dict[int, list[Covered]] = {}
    is_name = spans.rows[sp.SPAN_KIND] == sp.NAMES
    named, numbers = np.flatnonzero(is_name), np.flatnonzero(~is_name)
    names = dict(zip(spans.rows[sp.SPAN_NODE, named].tolist(), named.tolist(), strict=True))
    columns = spans.rows[: sp.SPAN_STOP + 1, numbers].T.tolist()
    for span, (kind, start, stop) in zip(numbers.tolist(), columns, strict=True):
        while start < stop and text_utf8[start] in _SPACES:
            start += 1
        while start < stop and text_utf8[stop - 1] in _SPACES:
            stop -= 1
        if start < stop:
            kind = sp.TEX if kind == sp.TEX_DISPLAY else kind
            by_kind.setdefault(kind, []).append(Covered(start, stop, span))
    return Coverage(
        emphasis=_united(by_kind.get(sp.EMPHASIS, [])),
        strong=_united(by_kind.get(sp.STRONG, [])),
        code=_united(by_kind.get(sp.CODE, [])),
        links=_apart(by_kind.get(sp.LINK, [])),
        tex=_apart(by_kind.get(sp.TEX, [])),
        names=names,
    )


def _united(covered: list[Covered]) -> Intervals:
    """Intervals that touch become one: `**a****b**` would be no emphasis."""
    intervals = Intervals()
    for start, stop, span in sorted(covered):
        if intervals.found and start <= intervals.stops[-1]:
            first = intervals.found[-1]
            intervals.stops[-1] = max(stop, first.stop)
            intervals.found[-1] = Covered(first.start, intervals.stops[-1], first.span)
        else:
            intervals.found.append(Covered(start, stop, span))
            intervals.stops.append(stop)
    return intervals


def _apart(covered: list[Covered]) -> Intervals:
    """An interval ends where the next one begins, as a link in a link ends the outer one."""
    intervals = Intervals()
    for start, stop, span in sorted(covered, key=lambda found: (found.start, -found.stop)):
        if intervals.found and start < intervals.stops[-1]:
            first = intervals.found[-1]
            if start == first.start:
                continue
            intervals.stops[-1] = start
            intervals.found[-1] = Covered(first.start, start, first.span)
        intervals.found.append(Covered(start, stop, span))
        intervals.stops.append(stop)
    return intervals
