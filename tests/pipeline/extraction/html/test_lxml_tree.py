"""The tree that lxml builds, held equal to the one that the compiled pass over bytes finds."""

import html as character_references
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.pipeline.extraction import extract_text
from massivetext.pipeline.extraction.encoding import decode_page
from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.lxml_tree import parse_with_lxml
from massivetext.pipeline.extraction.html.page_tree import ParsedPage
from massivetext.pipeline.extraction.html.raw_tree import parse_raw

ROOT = Path(__file__).parents[4]

MALFORMED_PAGES = {"Alphabetical List Of SQLite Documents", "Run-Time Limit Categories"}
"""Pages of the sample on which the trees differ: a `h2` that never ends; `<dd>` for `</dd>`."""

TEXTS = st.text(
    st.sampled_from("abc 2XY,.<>&\"'\n\té漢字\u00a0\u2003\u200b\u00ad\ue000\x92😀"),
    min_size=1,
    max_size=12,
)
VALUES = st.sampled_from(["", "post-body", "Nav item", "a > b", "x&y", "it's"])
INLINE = ("b", "i", "em", "span", "code", "font", "small", "label", "u-known")
FLOW = ("div", "section", "article", "blockquote", "nav", "main", "center", "figure", "aside")
NAMES = ("class", "id", "role", "data-x", "title", "style", "aria-label", "CLASS")
HIDING = (
    *("hidden", "aria-hidden='true'", "style='color:red; Display : NONE'", "hidden=until-found"),
    *("style='visibility:hidden'", "class='sr-only'", "role=tooltip", "popover"),
)
STYLES = (
    *("style='white-space:pre'", "style='white-space: pre-line'", "style='display:block'"),
    *("style='display:inline-block; white-space:normal'", "style='vertical-align:super'"),
)
MARKS = (
    *(
        "<sup>2</sup>",
        "<sub>10</sub>",
        "<sup>nd</sup>",
        "<a href='#x'>#</a>",
        "<a href='#'> ¶ </a>",
    ),
    *("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", "<img class='emoji' alt='😀'>"),
    *("<img alt='\\pi r'>", "<math alttext='a &lt; b'><mi>a</mi></math>"),
    "<math><mfrac><mn>1</mn><mrow><mi>a</mi><mi>b</mi></mrow></mfrac></math>",
    "<math><mrow><mi>a</mi></mrow><annotation encoding='x-tex'>b</annotation></math>",
    *("<script type='math/tex'>a^2</script>", "<i class='lineno'>12</i>", "<a href='x'>[edit]</a>"),
)
UNREAD = (
    "<!-- <p>not text</p> -->",
    "<script>if (a < b) document.write('<p>')</script>",
    "<style>p > b {color: red}</style>",
    "<textarea>a\n b</textarea>",
    "<select><option>x</option></select>",
    "<svg><g><path d='M0'></path></g></svg>",
)


def texts(page: ParsedPage) -> list[str]:
    return [page.tree.block_text(block) for block in range(page.tree.blocks.shape[1])]


def content(page: ParsedPage) -> dict[str, object]:
    """All that a tree says, wherever in its buffer the text of a block stands."""
    rows = [row for row in range(pt.BLOCK_ROWS) if row not in (pt.BLOCK_START, pt.BLOCK_STOP)]
    return {
        "title": page.title,
        "texts": texts(page),
        "nodes": page.tree.nodes.tolist(),
        "names": page.tree.node_words.tolist(),
        "blocks": page.tree.blocks[rows].tolist(),
    }


@st.composite
def start_tag(draw: st.DrawFn, name: str, attributes: str = "") -> str:
    given = draw(st.lists(st.sampled_from(NAMES), max_size=2, unique_by=str.lower))
    values = [f' {key}="{character_references.escape(draw(VALUES))}"' for key in given]
    return f"<{name}{''.join(values)}{attributes and ' ' + attributes}>"


@st.composite
def phrasing(draw: st.DrawFn, depth: int = 0, in_link: bool = False) -> str:
    """Text and inline elements."""
    kind = draw(st.integers(0, 10 if depth < 3 else 2))
    if kind <= 1:
        return character_references.escape(draw(TEXTS), quote=draw(st.booleans()))
    if kind == 2:
        return draw(st.sampled_from(["<br>", "<br/>", "<img src=x alt='y'>", "<wbr>", *UNREAD]))
    inner = "".join(draw(st.lists(phrasing(depth + 1, in_link or kind == 3), max_size=3)))
    if kind == 3 and not in_link:
        link = draw(st.sampled_from([("a", "href='/x'"), ("a", "name=x"), ("button", "")]))
        return f"{draw(start_tag(*link))}{inner}</{link[0]}>"
    if kind == 4:
        return f"<span {draw(st.sampled_from(HIDING))}>{inner}</span>"
    if kind == 5:
        return draw(st.sampled_from([mark for mark in MARKS if not (in_link and "<a" in mark)]))
    if kind == 6:
        return f"<q>{inner}</q>"
    if kind == 7:
        return f"<span {draw(st.sampled_from(STYLES))}>{inner}</span>"
    name = draw(st.sampled_from(INLINE))
    return f"{draw(start_tag(name))}{inner}</{name}>"


@st.composite
def flow(draw: st.DrawFn, depth: int = 0) -> str:
    """Block elements, and text among them."""
    line = "".join(draw(st.lists(phrasing(), max_size=3)))
    kind = draw(st.integers(0, 9 if depth < 3 else 3))
    if kind == 0:
        return line
    if kind <= 3:
        name = draw(st.sampled_from(("p", "h1", "h2", "h6", "address", "pre")))
        return f"{draw(start_tag(name))}{line}</{name}>"
    inner = "".join(draw(st.lists(flow(depth + 1), max_size=3)))
    if kind == 4:
        return f"<ul><li>{line}{inner}</li>\n<li>{line}</li></ul>"
    if kind == 5:
        value = draw(st.sampled_from(["3", "-2", " 7", "x", "9999999999"]))
        kinds = draw(st.sampled_from(["", "type=a", "type='I' reversed", "type=disc"]))
        return f"<ol start='{value}' {kinds}><li value='{value}'>{line}</li></ol>{inner}"
    if kind == 6:
        return f"<dl><dt>{line}</dt><dd>{inner}</dd></dl>"
    if kind == 7:
        spans = draw(st.sampled_from(["", "rowspan=2", "rowspan='0' colspan=3", "colspan=x"]))
        rows = f"<tr><th {spans}>{line}</th><td>{inner}</td></tr>"
        return f"<table><caption>{line}</caption><tbody>{rows}</tbody></table>"
    if kind == 8:
        style = draw(st.sampled_from(STYLES[:2]))
        dialog = draw(st.sampled_from(["dialog", "dialog open", "template", "object"]))
        return (
            f"<div {draw(st.sampled_from(HIDING))}>{inner}</div><noscript>{line}</noscript>"
            f"<div {style}>{line}</div><{dialog}>{line}</{dialog.split()[0]}>"
        )
    name = draw(st.sampled_from(FLOW))
    return f"{draw(start_tag(name))}{line}{inner}</{name}>"


@st.composite
def well_formed_pages(draw: st.DrawFn) -> bytes:
    """A page whose every element has its tags, and stands where the standard lets it stand."""
    title = character_references.escape(draw(TEXTS))
    body = "".join(draw(st.lists(flow(), max_size=4)))
    head = f"<head><meta charset=utf-8><title>{title}</title><script>1 < 2</script></head>"
    return f"<!DOCTYPE html>\n<html>{head}\n<body>{body}</body></html>".encode()


@given(well_formed_pages(), st.booleans())
def test_the_same_tree_of_a_well_formed_page(page: bytes, show_hidden: bool) -> None:
    assert content(parse_with_lxml(page, show_hidden)) == content(parse_raw(page, show_hidden))


@settings(max_examples=50)
@given(well_formed_pages())
def test_the_same_text_of_a_well_formed_page(page: bytes) -> None:
    assert extract_text(page, extractor="lxml") == extract_text(page, extractor="tree")


def test_the_same_trees_of_the_pages_of_the_sample() -> None:
    """Pages as they are on the web; the few on which the trees differ are malformed."""
    pages = 0
    different = set()
    for path in sorted((ROOT / "sample/data/massiveweb").glob("pages-*.warc.gz")):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, record_types=WarcRecordType.response):
                html_utf8 = decode_page(record.reader.read())[1]
                if b"<" in html_utf8[:1000]:
                    raw = parse_raw(html_utf8)
                    pages += 1
                    if content(parse_with_lxml(html_utf8)) != content(raw):
                        different.add(raw.title)
    assert pages > 400
    assert different == MALFORMED_PAGES


@pytest.mark.parametrize(
    ("html", "of_tree", "of_lxml"),
    [
        ("<h2>a<h2>b</h2>", [-1, 0, 0], [-1, 0, 1]),
        ("<dl><dd>a<dd>b</dd></dl>", [-1, 0, 1, 1], [-1, 0, 1, 2]),
        ("<h1>a<p>b</h1>", [-1, 0, 1], [-1, 0, 0]),
    ],
)
def test_headings_and_terms_that_do_not_end(
    html: str, of_tree: list[int], of_lxml: list[int]
) -> None:
    """What docs/extraction.md says of malformed pages: the parents of the nodes."""
    assert parse_raw(html.encode()).tree.nodes[pt.NODE_PARENT].tolist() == of_tree
    assert parse_with_lxml(html.encode()).tree.nodes[pt.NODE_PARENT].tolist() == of_lxml


@pytest.mark.parametrize(
    ("html", "of_tree", "of_lxml"),
    [
        ("<div>a</p>b</div>", ["a", "b"], ["ab"]),
        ("<title>never ended<p>text", ["never ended", "text"], []),
        ("<textarea>never ended<p>text", ["never ended", "text"], []),
        ("a\0b", ["a b"], ["ab"]),
    ],
)
def test_stray_and_missing_end_tags(html: str, of_tree: list[str], of_lxml: list[str]) -> None:
    """What docs/extraction.md says of malformed pages: the texts of the blocks."""
    assert texts(parse_raw(html.encode())) == of_tree
    assert texts(parse_with_lxml(html.encode())) == of_lxml


@pytest.mark.parametrize("parse", [parse_raw, parse_with_lxml])
def test_one_limit_of_depth(parse: Callable[[bytes], ParsedPage]) -> None:
    deep = pt.MAX_DEPTH + 100
    page = b"<html><body>" + b"<div>" * deep + b"deep" + b"</div>" * deep + b"</body></html>"
    parsed = parse(page)
    assert parsed.tree.nodes.shape[1] == 1 + pt.MAX_DEPTH
    assert texts(parsed) == ["deep"]
    mixed = b"<html><body>" + b"<b>" * 500 + b"<div>" * 100 + b"deep"
    assert parse(mixed).tree.nodes.shape[1] == 1 + pt.MAX_DEPTH - 500


def test_deep_and_empty_pages_are_no_danger() -> None:
    assert texts(parse_with_lxml(b"<div>" * 5_000 + b"x")) in ([], ["x"])
    for html in (b"", b"\0", b"<p", b"<!---->"):
        tree = parse_with_lxml(html).tree
        assert tree.blocks.shape[1] == 0
        np.testing.assert_array_equal(tree.nodes[pt.NODE_PARENT], [-1])
