"""The functions that the pipeline calls: arbitrary bytes, depth, the parts of a page."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.pipeline.extraction import extract_page, extract_text

PIECES = [
    *("<p>", "</p>", "<div class='post'>", "</div>", "<ul>", "<li>", "</ul>", "<table>", "<tr>"),
    *("<td>", "</table>", "<a href='x'>", "</a>", "<pre>", "</pre>", "<br>", "<script>", "<!--"),
    *("-->", "</script>", "&amp;", "&#x110000;", "&#0;", "&", "<", ">", "</", "<a b=", "'", '"'),
    *(
        "text. ",
        "some words, and more. ",
        "\0",
        "\xa0",
        "\n",
        "<title>",
        "</title>",
        "<ol start=-3>",
    ),
    *("<ol type=I reversed>", "<li value=99999999999>", "<svg>", "</svg>", "<h1>", "</h1>", "漢字"),
]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_any_soup_of_tags_gives_text(html: str) -> None:
    text = extract_text(html.encode("utf-8", "replace"))
    assert text == text.strip("\n").rstrip()
    assert "\0" not in text


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_give_text(html: bytes) -> None:
    text = extract_text(html)
    assert text.encode("utf-8").decode("utf-8") == text


@pytest.mark.parametrize(
    "html",
    [
        b"<div>" * 1_000 + b"deep",
        b"<a>" * 1_000 + b"deep",
        b"<ul><li>" * 500 + b"deep",
        b"<table><tr><td>" * 300 + b"deep",
        b"</div>" * 1_000 + b"deep",
        b"<p>deep" * 50_000,
    ],
    ids=["div", "a", "li", "table", "end tags", "p"],
)
def test_depth_is_no_danger(html: bytes) -> None:
    assert "deep" in extract_text(html)


def test_empty_pages() -> None:
    for html in (b"", b"   ", b"<html></html>", b"<!--", b"<script>", b"\xff\xfe"):
        assert extract_text(html) == ""


def test_a_page_has_a_title_and_an_encoding() -> None:
    html = (
        b"<html><head><title> A \n title &amp; more </title></head><body><p>Text "
        b"<a href='/a'>a</a> <a name=x>no</a> <A HREF=\"http://e.org/?a=1&amp;b=2\">b</A></p>"
    )
    page = extract_page(html, encoding="utf-8")
    assert page.title == "A title & more"
    assert page.encoding == "utf-8"
    assert page.text == "Text a no b"


@pytest.mark.slow
def test_mutated_pages_give_text() -> None:
    generator = random.Random(5)
    page = ("<html><body>" + "".join(PIECES) * 20 + "</body></html>").encode()
    for _ in range(2_000):
        html = bytearray(page)
        for _ in range(generator.randrange(1, 200)):
            html[generator.randrange(len(html))] = generator.choice(b"<>&\"'/= \0\xe3\xff-!a;#")
        extract_text(bytes(html[: generator.randrange(len(html))]))
