"""The compiled pass over bytes: on broken markup, references, links, depth."""

import html as character_references
import html.entities
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from massivetext.pipeline.extraction import extract_text
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
        ("<select><option>x</select>a<button>b</button>", ["a b"]),
        ("<pre>\r\n  a\r\n\tb\r\n</pre>", ["  a\n\tb"]),
        ("<pre>a<br>b<div>c</div></pre>", ["a\nb", "c"]),
        ("a<br>b<br><br>c<p><br>d", ["a\nb", "c", "d"]),
        ("<p hidden>a</p><p aria-hidden=' TRUE '>b</p><p aria-hidden=false>c</p>", ["c"]),
        ("<p style='x:y;DISPLAY :\tnone'>a</p><p style='display:nonexistent'>b", ["b"]),
        ("<p style='content: display:none'>a", ["a"]),
        ("<p hidden>a<p>b<li hidden>c<li>d", ["b", "d"]),
        ("<dialog>a</dialog><dialog open>b</dialog><div popover>c</div>", ["b"]),
        ("<p hidden=until-found>a</p><object>b</object><map>c</map>", ["a", "bc"]),
        ("<template>a</template><template shadowrootmode=open><p>b</template>", ["b"]),
        ("a</br>b</BR >c", ["a\nb\nc"]),
        ("a<!-- x --!>b<!--->c<!-- > --!-->d", ["abcd"]),
        ("<svg><path><g><p>a", ["a"]),
        ("<svg><foreignObject><p>a</p></foreignObject><desc><p>b</desc></svg>c", ["c"]),
        ("<svg><script/><style/>a</svg>b", ["b"]),
        ("a<math><mi>b<p>c", ["ab", "c"]),
        ("<p>a<object><param name=x><embed src=y><p>b</p>c", ["a", "b", "c"]),
        ("<select><option>a<p>b", ["b"]),
        ("<button>a</button><button>b</button>. <button>c</button>", ["a b. c"]),
        ("<pre>a\rb\r\nc&#13;&#10;d</pre>", ["a\nb\nc\nd"]),
        ("<div style='white-space: pre'>a\n  b</div>", ["a\n  b"]),
        ("<div style='white-space:pre-line'>a\n  b   c</div>", ["a\nb c"]),
        ("<p>a <b style='white-space:pre-wrap'> b\n c</b> d", ["a  b\n c d"]),
        ("<pre style='white-space:normal'>a\n  b</pre>", ["a b"]),
        ("<b style='display:block'>a</b><i style='display: flex'>b</i>c", ["a\nb\nc"]),
        ("<b style='display:inline-block'>a</b><i>b</i>", ["ab"]),
        ("a<br>&nbsp;&nbsp; b<br>&nbsp;c<br> &emsp;d", ["a\n   b\nc\n  d"]),
        ("<p>&nbsp;&nbsp;a</p><li>&nbsp;&nbsp;b", ["  a", "b"]),
        ("It\x92s 1\x974", ["It’s 1—4"]),
        ("<i>\ue000</i> a \U000f0001", ["a"]),
    ],
)
def test_the_blocks_of_what_authors_write(html: str, blocks: list[str]) -> None:
    assert blocks_of(f"<body>{html}") == blocks


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "10<sup>6</sup>, 10<sup>-9</sup>, CO<sub>2</sub>, Ca<sup>2+</sup>",
            "10⁶, 10⁻⁹, CO₂, Ca²⁺",
        ),
        ("1820<sup><a href=#n>3, 4</a></sup> the 3<sup>rd</sup>", "1820³, ⁴ the 3rd"),
        ("2<sup>[5]</sup> 2<sup>123456789</sup>", "2[5] 2123456789"),
        ("10<span style='vertical-align:super'>6</span>", "10⁶"),
        ("<q>a <q>b</q></q>, <q>c", "“a ‘b’”, “c"),
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp>字<rt></rt></ruby>", "漢(kan)字"),
        ("<ruby>漢<rt>kan<rp>)</ruby>", "漢(kan)"),
        ("x<a href=#x>¶</a> <a href=#y> # </a>y <a href=z>[ Edit ]</a>", "x y"),
        ("C#, <a href=#7>#7</a> and ¶ 3", "C#, #7 and ¶ 3"),
        ("a.<a href=#f1>&#8617;&#xfe0e;</a>", "a."),
        ("rules<span class='visually-hidden'> (new tab)</span>, b", "rules, b"),
        ("tide<span role=tooltip>a small one</span> came", "tide came"),
        ("a<span style='position:absolute; left:-9999px'>b</span>", "a"),
        ("<span class='mw-editsection'>[<a href=x>edit</a>]</span>a", "a"),
        ("<i class='material-icons'>home</i> a", "a"),
        ("<img class=emoji alt='😀'> a <img alt='🎉'><img alt='A boat'>", "😀 a 🎉"),
        ("<img class=wp-smiley alt=':-)'>", ":-)"),
        ("is <img alt='\\frac{1}{2}'> and <img class=latex alt=x>", "is \\frac{1}{2} and x"),
        ("<img alt='C:\\Users\\me.png'><img class=math alt='a long drawing'>a", "a"),
        ("is <math alttext='a &lt; b^2'><mi>a</mi></math>.", "is a < b^2."),
        (
            "is <math><semantics><mrow><mi>E</mi></mrow><annotation encoding='application/x-tex'>"
            "{E}</annotation></semantics></math>, so",
            "is {E}, so",
        ),
        (
            "<math><mfrac><mn>1</mn><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow></mfrac></math>",
            "1/(a+b)",
        ),
        ("<math> <msup> <mi>x</mi> <mrow><mn>2</mn></mrow> </msup> </math>", "x^2"),
        (
            "<math><msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup><msqrt><mi>y</mi><mi>z</mi></msqrt>",
            "x_1^2√(yz)",
        ),
        ("so <script type='math/tex'>a<b</script> or <script>no</script>", "so a<b or"),
        (
            "<span style='display:none'><math alttext='r'></math></span>"
            "<img aria-hidden=true alt='{\\displaystyle \\pi r}'>",
            "\\pi r",
        ),
        (
            "<span class=katex><math><annotation encoding='x-latex'>\\a</annotation></math>"
            "<span class=katex-html aria-hidden=true>a</span></span>",
            "\\a",
        ),
        ("<pre><b class=lineno>1 </b>a\n<b class=lineno>2 </b>  b</pre>", "a\n  b"),
        ("<pre class='line-numbers'>a 1</pre>", "a 1"),
        ("<table><tr><td class=linenos><pre>1\n2</pre><td><pre>a\nb</pre></table>", "a\nb"),
    ],
)
def test_inline_marks(html: str, text: str) -> None:
    assert blocks_of(f"<body>{html}") == [text]


@pytest.mark.parametrize(
    ("html", "place"),
    [
        ("<p aria-hidden=true>a", pt.BY_ARIA),
        ("<p hidden style='display:none'>a", pt.BY_ATTRIBUTE | pt.BY_STYLE),
        ("<div style='visibility:hidden'><p>a</div>", pt.BY_STYLE),
        ("<noscript><p>a</noscript>", pt.IN_NOSCRIPT),
        ("<video>a</video>", pt.IN_MEDIA),
        ("<div hidden=until-found>a</div>", pt.UNTIL_FOUND),
        ("<template shadowrootmode=open>a</template>", pt.IN_SHADOW),
        ("<object><p>a</object>", pt.IN_OBJECT),
    ],
)
def test_blocks_say_where_they_stood(html: str, place: int) -> None:
    hidden, shown = parse_raw(html.encode()), parse_raw(html.encode(), show_hidden=True)
    assert shown.tree.blocks[pt.BLOCK_FLAGS].tolist() == [place]
    assert texts(hidden) == ([] if place & pt.VEILS else ["a"])


def test_long_hidden_text_is_counted() -> None:
    long = "x" * pt.VEILED_RUN
    assert parse_raw(f"<p hidden>{long}<b>{long}</b>short</p>".encode()).veiled == 2 * len(long)
    assert parse_raw(f"<svg hidden>{long}</svg><script>{long}</script>".encode()).veiled == 0


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


@pytest.mark.parametrize(
    "piece",
    [
        *("<q>", "<rt>", "<sup>12345678", "<math><msup><mi>1<mrow>2", "<button>", "<table><tfoot>"),
        *("<table><tr><td rowspan=65534 colspan=1000>x", "<svg><p>", "<img alt='\\a'>", "&#145;"),
        *("<b style='display:block'>x", "<p style='white-space:pre'>\n\n", "<a href=#>#</a>"),
        *("<br>\u2003\u2003x", "<select><p>", "<p hidden>", "<annotation encoding=tex>", "\x91"),
    ],
)
def test_marks_without_end_are_no_danger(piece: str) -> None:
    """More is written than stands in the page; the buffers hold it, and time stays linear."""
    extract_text((piece * 20_000 + "deep").encode())


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
        *("<q>", "</q>", "10<sup>6</sup>", "<ruby>a<rt>b</ruby>", "<a href='#x'>#</a>", "</br>"),
        *("<math><mfrac><mn>1</mn><mrow>2</mrow></mfrac>", "</math>", "<math alttext='a^2'/>"),
        *(
            "<math><annotation encoding='x-tex'>a</annotation></math>",
            "<img alt='\\pi'>",
            "<button>",
        ),
        *("<td rowspan=3 colspan=2>", "<tfoot>", "<tbody>", "<div hidden>", "<object>", "<dialog>"),
        *("<span style='display:block;white-space:pre'> a\n", "</span>", "<i class=lineno>1</i>"),
        *("<iframe srcdoc='&lt;p&gt;x'></iframe>", "<br>&nbsp;&nbsp;x", "<noscript>", "<select>"),
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
