"""The functions that the pipeline calls: arbitrary bytes, the choice of extractor, audit."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.pipeline.extraction import extract_page, extract_text, show_blocks

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


def test_the_other_extractor() -> None:
    sentence = "Mills stood along the river for two hundred years, and some still do today. "
    html = f"<html><body><article><p>{sentence * 5}</p></article></body></html>".encode()
    assert sentence.strip() in extract_text(html, extractor="trafilatura")
    assert extract_text(b"\xff" * 50, extractor="trafilatura") == ""


def test_an_unknown_extractor_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"unknown extractor 'boilerpipe'.*'tree', 'trafilatura'"):
        extract_text(b"", extractor="boilerpipe")  # type: ignore[arg-type]


def test_shown_blocks_are_the_blocks_of_the_text() -> None:
    html = (
        b"<html><body><nav><a href=/>Home</a> <a href=/n>News</a></nav><article><p>The mill stands "
        b"by the river, and it has been there for more than two hundred years now.</p></article>"
    )
    blocks = show_blocks(html)
    assert [block.kept for block in blocks] == [False, True]
    assert [block.score > 0 for block in blocks] == [False, True]
    assert [block.path for block in blocks] == ["nav", "article/p"]
    assert "\n\n".join(block.text for block in blocks if block.kept) == extract_text(html)
    assert str(blocks[0]).startswith("drop ")
    assert "100 % in links" in str(blocks[0])
    assert str(blocks[1]).startswith("keep ")
    assert "\n      The mill stands by the river, and" in str(blocks[1])


def test_shown_blocks_name_the_rules_that_decided() -> None:
    sentence = "The mill stands by the river, and it has been there for two hundred years now. "
    html = (
        f"<article><p>{sentence * 4}</p><p>{sentence * 3}</p><h2>Related articles</h2>"
        "<div class=related><a href=/1>Ten mills to see this year</a></div></article>"
    )
    heading = next(block for block in show_blocks(html.encode()) if block.text.startswith("Rel"))
    assert not heading.kept
    assert ("dropped by rule" in heading.reason) == (heading.score > 0)
    small = show_blocks(b"<p>Short.</p><nav><a href=/>Home</a></nav>")
    assert [block.kept for block in small] == [True, False]
    assert ("kept by rule" in small[0].reason) == (small[0].score <= 0)


@pytest.mark.slow
def test_mutated_pages_give_text() -> None:
    generator = random.Random(5)
    page = ("<html><body>" + "".join(PIECES) * 20 + "</body></html>").encode()
    for _ in range(2_000):
        html = bytearray(page)
        for _ in range(generator.randrange(1, 200)):
            html[generator.randrange(len(html))] = generator.choice(b"<>&\"'/= \0\xe3\xff-!a;#")
        extract_text(bytes(html[: generator.randrange(len(html))]))
