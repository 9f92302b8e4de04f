"""What the attributes of an element of lxml's tree say; as in `raw_attributes`."""

from __future__ import annotations

import re
from typing import Any, Final

from massivetext.pipeline.extraction.html import elements, styles
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.lxml_hiding import Element
from massivetext.pipeline.extraction.html.page_tree import NO_NUMBER

_INTEGER: Final = re.compile(r"\s*([+-]?\d{1,9})")


def is_link(element: Element) -> bool:
    """Whether a click on the element's text leads somewhere or does something."""
    return element.tag == "button" or (element.tag == "a" and element.get("href") is not None)


def formula_source(element: Any) -> str | None:
    """The TeX of a `math` element, if the page has it."""
    if element.get("alttext"):
        return str(element.get("alttext"))
    for annotation in element.iter("annotation"):
        if "tex" in "".join((annotation.get("encoding") or "").split()).lower():
            return annotation.text or ""
    return None


def numbering(element: Element, name: str, style: int) -> tuple[int, int]:
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
