"""HTML to a `PageTree` through the tree that lxml builds: the parser of the extractor `lxml`.

On well-formed pages the tree is the one that `raw_tree` finds. One walk over start and end events,
no recursion: depth costs nothing but memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.lxml_attributes import formula_source
from massivetext.pipeline.extraction.html.lxml_builder import TreeBuilder
from massivetext.pipeline.extraction.html.lxml_hiding import UNREAD, Element, lxml_places
from massivetext.pipeline.extraction.html.page_tree import ParsedPage

_BREAK_END: Final = re.compile(rb"</br(?=[\s/>])", re.IGNORECASE)


def parse_with_lxml(
    html_utf8: bytes, show_hidden: bool = False, with_spans: bool = False
) -> ParsedPage:
    """The tree of a page given as UTF-8; arbitrary bytes give some tree, never an exception.

    `show_hidden` reads what the page hides, and what it shows to readers without scripts;
    `with_spans` notes what inline elements cover.
    """
    builder = TreeBuilder(with_spans)
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, recover=True, remove_pis=True, remove_comments=True
    )
    try:
        root = etree.fromstring(_as_the_standard_has_it(html_utf8), parser)
    except (etree.XMLSyntaxError, ValueError, AssertionError):
        root = None
    veiled = 0
    if root is not None:
        for event, element, places in _events(root, show_hidden):
            if event == "start":
                builder.start(element, places)
            elif event == "end":
                builder.end(element)
            else:
                veiled += _long_text(element) if places != pt.NEVER else 0
                builder.skip(element)
    tree, title, spans = builder.finish()
    return ParsedPage(tree, title, veiled, spans)


def _as_the_standard_has_it(html_utf8: bytes) -> bytes:
    """The page as lxml understands it: line feeds only, `br` for `</br>`, no zero bytes."""
    html_utf8 = html_utf8.replace(b"\0", b"").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _BREAK_END.sub(b"<br", html_utf8)


def _events(root: Element, show_hidden: bool) -> Iterator[tuple[str, Element, int]]:
    """Start and end events of the rendered elements, and `skip` for those that are not read.

    With each comes where the element stands (`page_tree.PLACE_FLAGS`).
    """
    walker = etree.iterwalk(root, events=("start", "end"))
    skipped = None
    for event, element in walker:
        if event == "start" and skipped is None:
            places = lxml_places(element) if element.tag != "img" else 0
            is_veiled = places & pt.VEILS and not show_hidden
            if places == pt.NEVER or is_veiled:
                skipped = element
                walker.skip_subtree()
                yield "skip", element, places
            else:
                if _has_own_source(element):
                    skipped = element
                    walker.skip_subtree()
                yield "start", element, places
                if skipped is not None:
                    yield "end", element, places
        elif event == "end" and skipped is None:
            yield "end", element, 0
        elif skipped is element:
            skipped = None


def _has_own_source(element: Element) -> bool:
    """Whether a formula is written as its TeX, and not part by part."""
    return element.tag == "math" and formula_source(element) is not None


def _long_text(element: Any) -> int:
    """Bytes of the long runs of text in an element, see `VEILED_RUN`."""
    total = 0
    for inner in element.iter():
        runs = [inner.text] if inner.tag not in UNREAD else []
        runs += [inner.tail] if inner is not element else []
        sizes = (len(run.encode("utf-8", "replace")) for run in runs if run)
        total += sum(size for size in sizes if size >= pt.VEILED_RUN)
    return total
