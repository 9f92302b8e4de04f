"""Bars of the page, drawn as SVG when it is written.

By hand and not by a plotting library: those measure text with the fonts of the machine, so that
their bytes differ from one to another, and weigh 84 MB. Numbers stand in tables beside the bars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

WIDTH: Final = 1000
"""Of a bar, in units of its picture, which has the width of the page."""

PARTS: Final = ("corpus", "removed", "rejected")
"""What becomes of a document, in the order of the bars."""


def funnel_bars(counts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns, by unit, the subsets with what became of their documents.

    Before the phase `corpus` its part stands for all documents that no rule objects to.

    Args:
        counts: the content of `funnel.json`.
    """
    tokens = counts["text_tokens"]
    units: list[tuple[str, Mapping[str, Any]]] = [
        ("documents", counts["subsets"]),
        ("bytes", {subset: row["bytes"] for subset, row in counts["subsets"].items()}),
        (f"tokens ({tokens['are']})", tokens["subsets"]),
    ]
    return [
        {
            "unit": unit,
            "rows": [(subset, *_parts(row)) for subset, row in rows.items()],
            "whole": max(sum(_parts(row)) for row in rows.values()),
        }
        for unit, rows in units
        if rows
    ]


def _parts(row: Mapping[str, Any]) -> tuple[int, int, int]:
    removed = sum(row.get("removed", {}).values())
    return row.get("corpus", row["documents"] - removed), removed, sum(row["rejected"].values())


def stacked(counts: Sequence[int], whole: int) -> Markup:
    """Returns a bar of parts side by side; `whole` is as wide as the picture."""
    drawn, x = [], 0.0
    for name, count in zip(PARTS, counts, strict=True):
        width = WIDTH * count / whole if whole else 0.0
        if count:
            drawn.append(f'<rect class="{name}" x="{x:.2f}" width="{width:.2f}" height="12"/>')
        x += width
    return Markup(  # numbers and our own words only
        f'<svg class="bar" viewBox="0 0 {WIDTH} 12" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(drawn)}</svg>"
    )


HEIGHT: Final = 100
"""Of a histogram, in units of its picture."""


def histogram(rule: Mapping[str, Any]) -> Markup:
    """Returns the documents that a rule judged, by bin: kept, and dropped beyond the line.

    Bins are equally wide and heights are square roots, so that rare values show.

    Args:
        rule: an entry of `rules` in `funnel.json` that has `around_threshold`.
    """
    around = rule["around_threshold"]
    bins = around["bins"]
    highest = max((_count(found) for found in bins), default=1) ** 0.5
    width = WIDTH / max(1, len(bins))
    drawn = []
    for number, found in enumerate(bins):
        height = HEIGHT * _count(found) ** 0.5 / highest
        name = "rejected" if is_beyond(rule, found) else "corpus"
        drawn.append(
            f'<rect class="{name}" x="{number * width + 1:.1f}" width="{width - 2:.1f}" '
            f'y="{HEIGHT - height:.2f}" height="{height:.2f}"/>'
        )
    is_left = [is_beyond(rule, found) == (rule["comparison"] == "at least") for found in bins]
    line = sum(is_left) * width
    return Markup(  # numbers and our own words only
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" '
        f'aria-hidden="true">{"".join(drawn)}'
        f'<line x1="{line:.1f}" x2="{line:.1f}" y1="0" y2="{HEIGHT}"/></svg>'
    )


def _count(found: Mapping[str, Any]) -> int:
    count: int = found["alone"] + found["others"]
    return count


def is_beyond(rule: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether a bin lies on the side of the threshold that the rule drops."""
    threshold: float = rule["around_threshold"]["threshold"]
    if rule["comparison"] == "at least":
        return found["to"] is not None and found["to"] <= threshold
    return found["from"] is not None and found["from"] >= threshold


def curve_points(around: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns the points of "dropped against threshold": where it changes, and the threshold."""
    points: Sequence[Mapping[str, Any]] = around["dropped_at"]
    last = len(points) - 1
    return [
        point
        for number, point in enumerate(points)
        if number in (0, last)
        or point["documents"] != points[number - 1]["documents"]
        or point["threshold"] == around["threshold"]
    ]


def curve_line(around: Mapping[str, Any]) -> Markup:
    """Returns the curve "dropped against threshold", and a line at the threshold in force.

    Points are equally far apart, as the bins of the histogram are equally wide.
    """
    points = curve_points(around)
    highest = max((point["documents"] for point in points), default=0) or 1
    step = WIDTH / max(1, len(points) - 1)
    places = [
        f"{number * step:.1f},{HEIGHT * (1 - point['documents'] / highest):.2f}"
        for number, point in enumerate(points)
    ]
    at = [point["threshold"] for point in points].index(around["threshold"]) * step
    return Markup(  # numbers and our own words only
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" '
        f'aria-hidden="true"><polyline points="{" ".join(places)}"/>'
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{HEIGHT}"/></svg>'
    )


def interval(group: Mapping[str, Any], mean: float) -> Markup:
    """Returns the share of a group that was dropped, as a point in its interval, and the mean.

    The picture is as wide as all of the documents.
    """
    low, high, share = (WIDTH * group[name] for name in ("low", "high", "share"))
    return Markup(  # numbers and our own words only
        f'<svg class="short" viewBox="0 0 {WIDTH} 12" preserveAspectRatio="none" '
        f'aria-hidden="true"><rect class="removed" x="{low:.1f}" y="3" '
        f'width="{high - low:.1f}" height="6"/><rect x="{max(0, share - 8):.1f}" width="16" '
        f'height="12"/><line x1="{WIDTH * mean:.1f}" x2="{WIDTH * mean:.1f}" y1="0" y2="12"/></svg>'
    )
