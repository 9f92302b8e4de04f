"""The compiled pass over bytes: on broken markup, references, links, depth."""

import html as character_references
import html.entities
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from massivetext.pipeline.extraction.html import page_tree as pt
from massivetext.pipeline.extraction.html.page_tree import ParsedPage
from massivetext.pipeline.extraction.html.raw_tree import parse_raw


def texts(page: ParsedPage) -> list[str]:
    return [page.tree.block_text(block) for block in range(page.tree.blocks.shape[1])]


def blocks_of(html: str) -> list[str]:
    return texts(parse_raw(html.encode()))


@pytest.mark.parametrize(
    ("html", "blocks"),
    [
        ("<p>a<p>b", ["a", "b"]),
        ("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>", ["a", "b", "c", "d"]),
        ("<dl><dt>a<dd>b<dt>c<dd>d</dl>", ["a", "b", "c", "d"]),
        ("<table><tr><td>a<td>b<tr><th>c</table>d", ["a", "b", "c", "d"]),
        ("<h2>a<h3>b</h2>c", ["a", "b", "c"]),
        ("a</p>b", ["a", "b"]),
        ("<div>a</span>b</i></div>", ["ab"]),
        ("<table><tr><td>a</div>b</td><td>c</table>", ["ab", "c"]),
        ("<b><p>a</b>b</p>", ["ab"]),
        ("a<!-- <p> -->b<!---->c<!-->d", ["abcd"]),
        ("a<?php echo '<p>'; ?>b", ["a'; ?>b"]),
        ("a<![CDATA[x]]>b<!DOCTYPE html>c", ["abc"]),
        ("1 < 2 <3 a<", ["1 < 2 <3 a<"]),
        ("<p title='a > b'>c</p><p title=a>b</p>", ["c", "b"]),
        ("<script>'<p>'</script>a<style>b</style><textarea><p>c</textarea>d", ["ad"]),
        ("<title>never ended<p>text", ["never ended", "text"]),
        ("a<script>never ended<p>text", ["a"]),
        ("<P CLASS=x>a</P><DIV>b</DIV>", ["a", "b"]),
        ("<svg><title>x</title><path d='M'/><g/></svg>a", ["a"]),
        ("<select><option>x</select>a<button>b</button>", ["ab"]),
        ("<pre>\r\n  a\r\n\tb\r\n</pre>", ["  a\n\tb"]),
        ("<pre>a<br>b<div>c</div></pre>", ["a\nb", "c"]),
        ("a<br>b<br><br>c<p><br>d", ["a\nb", "c", "d"]),
        ("<p hidden>a</p><p aria-hidden=' TRUE '>b</p><p aria-hidden=false>c</p>", ["c"]),
        ("<p style='x:y;DISPLAY :\tnone'>a</p><p style='display:nonexistent'>b", []),
        ("<p style='content: display:none'>a", ["a"]),
    ],
)
def test_the_blocks_of_what_authors_write(html: str, blocks: list[str]) -> None:
    assert blocks_of(f"<body>{html}") == blocks


def test_every_named_reference() -> None:
    names = [name for name in html.entities.html5 if name.endswith(";")]
    for name in names:
        expected = html.entities.html5[name]
        found = parse_raw(f"<pre>x&{name}y".encode())
        if expected.isprintable() and not expected.isspace():
            assert texts(found) == [f"x{expected}y"], name
        assert found.tree.text_utf8.tobytes().decode()


@pytest.mark.parametrize(
    "reference",
    [
        "&copy",
        "&copy2",
        "&notit;",
        "&amp;lt;",
        "&#65;",
        "&#x41;",
        "&#X41",
        "&#128;",
        "&#x9f;",
        "&#55296;",
        "&#1114112;",
        "&#;",
        "&#x;",
        "&bogus;",
        "&",
        "&;",
        "&AMP",
        "&lang;",
        "&NotEqualTilde;",
        "&fjlig;",
    ],
)
def test_references_as_browsers_read_them(reference: str) -> None:
    expected = character_references.unescape(reference)
    assert blocks_of(f"<p>a{reference} b") == [f"a{expected} b"]


def test_no_reference_outgrows_the_text_buffer() -> None:
    """The buffer has three bytes for every two of the page."""
    for name, text in html.entities.html5.items():
        assert 2 * len(text.encode()) <= 3 * (len(name) + 1), name


def test_links_and_their_text() -> None:
    tree = parse_raw(b"<p>ab <a href=x>cde</a> f <a name=y>g</a> <a href=z>h <b>i</b></a></p>").tree
    assert tree.blocks[pt.BLOCK_CHARACTERS].tolist() == [9]
    assert tree.blocks[pt.BLOCK_LINK_CHARACTERS].tolist() == [5]
    assert tree.blocks[pt.BLOCK_LINKS].tolist() == [2]


@pytest.mark.parametrize(
    "html",
    [
        b"<div>" * 200_000 + b"deep",
        b"<a href=x>" * 100_000 + b"deep",
        b"<ul><li>" * 50_000 + b"deep",
        b"<table><tr><td>" * 30_000 + b"deep",
        b"</div>" * 100_000 + b"deep",
        b"<p>deep" * 100_000,
        b"<b><p>" * 50_000 + b"deep" + b"</b>" * 50_000,
        b"<title>" * 50_000 + b"deep",
        b"<svg>" * 50_000 + b"</svg>" * 50_000 + b"deep",
    ],
    ids=["div", "a", "li", "table", "end tags", "p", "crossed", "title", "svg"],
)
def test_depth_and_disorder_are_no_danger(html: bytes) -> None:
    assert "deep" in texts(parse_raw(html))[-1]


FUZZ = """
import random, sys
import numpy as np
from massivetext.pipeline.extraction import extract_text
generator = random.Random(int(sys.argv[1]))
seeds = [open(path, "rb").read() for path in sys.argv[3:]]
for number in range(int(sys.argv[2])):
    page = bytearray(generator.choice(seeds))
    for _ in range(generator.randrange(1, 60)):
        kind = generator.randrange(4)
        place = generator.randrange(len(page))
        if kind == 0:
            page[place] = generator.choice(b"<>&\\"'/= \\0\\xe3\\xff-!a;#\\n")
        elif kind == 1:
            del page[place : place + generator.randrange(40)]
        elif kind == 2:
            other = generator.randrange(len(page))
            page[place:place] = page[other : other + generator.randrange(200)]
        else:
            page = page[: place + 1]
        if not page:
            page = bytearray(b"<")
    text = extract_text(bytes(page))
    assert text == text.strip("\\n").rstrip()
"""


def _fuzz(tmp_path: Path, rounds: int, environment: dict[str, str]) -> None:
    generator = random.Random(3)
    pieces = [
        *("<p>some words, and more. ", "</p>", "<div class='post'>", "</div>", "<ul><li>", "</ul>"),
        *("<table><tr><td>", "</table>", "<a href='x'>", "</a>", "<pre> a\n b", "</pre>", "<br>"),
        *(
            "<script>x</script>",
            "<!-- c -->",
            "&amp;&nGt;&#x4e2d;",
            "漢字。",
            "é\u200b\u00ad",
            "<h1>t",
        ),
        *("<ol type=I reversed start=5><li>", "</ol>", "<svg><g/></svg>", "<title>t</title>"),
    ]
    files = []
    for number in range(12):
        body = "".join(generator.choice(pieces) for _ in range(generator.randrange(1, 300)))
        files.append(tmp_path / f"{number}.html")
        files[-1].write_bytes(body.encode())
    subprocess.run(
        [sys.executable, "-c", FUZZ, "7", str(rounds), *map(str, files)],
        check=True,
        env={**os.environ, **environment},
    )


def test_mutated_pages(tmp_path: Path) -> None:
    _fuzz(tmp_path, 1_000, {})


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_mutated_pages_with_bounds_checks(tmp_path: Path) -> None:
    """A plain run hides a read past the end; this one compiles all kernels anew with checks."""
    cache = tmp_path / "kernels"
    cache.mkdir()
    _fuzz(tmp_path, 10_000, {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(cache)})
