"""Golden pages: the text of each, to the letter. One small page a form of the markup."""

import pytest

from massivetext.pipeline.extraction import Extractor, extract_text

ARTICLE = (
    "<p>The river rises in the northern hills, where the snow lies until late in May, and it runs "
    "through three valleys before it reaches the plain.</p>"
    "<p>For two hundred years its water has turned the wheels of the mills along its banks, and "
    "some of them still stand today, although none of them is at work.</p>"
)
ARTICLE_TEXT = (
    "The river rises in the northern hills, where the snow lies until late in May, and it runs "
    "through three valleys before it reaches the plain.\n\n"
    "For two hundred years its water has turned the wheels of the mills along its banks, and "
    "some of them still stand today, although none of them is at work."
)

PAGES = {
    "paragraphs": ("<p>One.</p>\n<p>Two\n  lines.</p>", "One.\n\nTwo lines."),
    "nested bullets": (
        "<ul><li>Fruit<ul><li>Apple</li><li>Pear<ul><li>Conference</li></ul></li></ul></li>"
        "<li>Vegetables</li></ul>",
        "- Fruit\n  - Apple\n  - Pear\n    - Conference\n- Vegetables",
    ),
    "text after a nested list": (
        "<ul><li>before<ul><li>inner</ul>after</ul>",
        "- before\n  - inner\n  after",
    ),
    "an item of two paragraphs": (
        "<ul><li><p>First.</p><p>Second.</p></li><li><p>Third.</p></li></ul>",
        "- First.\n\n  Second.\n- Third.",
    ),
    "numbers": ("<ol><li>one</li><li>two</li></ol>", "1. one\n2. two"),
    "numbers from a start": (
        "<ol start=9><li>nine<li>ten<li>eleven</ol>",
        "9. nine\n10. ten\n11. eleven",
    ),
    "numbers backwards": ("<ol reversed><li>c<li>b<li>a</ol>", "3. c\n2. b\n1. a"),
    "a number of its own": ("<ol><li>a<li value=7>g<li>h</ol>", "1. a\n7. g\n8. h"),
    "letters": ('<ol type="a" start=26><li>z<li>aa</ol>', "z. z\naa. aa"),
    "capitals": ('<ol type="A"><li>one<li>two</ol>', "A. one\nB. two"),
    "Roman numbers": ('<ol type="i" start=3><li>c<li>d</ol>', "iii. c\niv. d"),
    "Roman capitals": ('<ol type="I" start=1999><li>y<li>z</ol>', "MCMXCIX. y\nMM. z"),
    "numbers with bullets inside": (
        "<ol><li>Mix<ul><li>flour</li><li>water</li></ul></li><li>Bake</li></ol>",
        "1. Mix\n  - flour\n  - water\n2. Bake",
    ),
    "code": (
        "<p>Run:</p><pre><code>def f(x):\n    if x:\n\n        return  1\n\treturn 2\n</code></pre>"
        "<p>Done.</p>",
        "Run:\n\ndef f(x):\n    if x:\n\n        return  1\n\treturn 2\n\nDone.",
    ),
    "indented first line of code": ("<pre>\n    a\n  b\n</pre>", "    a\n  b"),
    "code with markup and entities": (
        "<pre><span class=k>if</span> a &lt; b &amp;&amp; c:\n  <b>x</b></pre>",
        "if a < b && c:\n  x",
    ),
    "code in words": (
        "<p>Call <code>f(x)</code>, then <kbd>Enter</kbd>.</p>",
        "Call f(x), then Enter.",
    ),
    "a table": (
        "<table><caption>Stock</caption><thead><tr><th>Name</th><th>Qty</th></tr></thead>"
        "<tbody><tr><td>Apple</td><td>3</td></tr><tr><td><p>Pear</p></td><td>14</td></tr></table>",
        "Stock\nName | Qty\nApple | 3\nPear | 14",
    ),
    "empty cells": (
        "<table><tr><th></th><th>May</th><th>June</th></tr>"
        "<tr><td>in</td><td></td><td>4</td></tr><tr><td>out</td><td>5</td><td></td></tr></table>",
        "| May | June\nin | | 4\nout | 5",
    ),
    "two tables": (
        "<table><tr><td>a<td>b</table><table><tr><td>c<td>d</table>",
        "a | b\n\nc | d",
    ),
    "cells over two rows": (
        "<table><tr><th rowspan=2>Port</th><th colspan=2>Tide</th><th>m</th></tr>"
        "<tr><td>am</td><td>pm</td><td>x</td></tr><tr><td>Ness</td><td>6</td><td>7</td></tr></table>",
        "Port | Tide | | m\n| am | pm | x\nNess | 6 | 7",
    ),
    "a span that ends with its part": (
        "<table><thead><tr><th rowspan=9>a</th><th>b</th></tr></thead>"
        "<tbody><tr><td>c</td><td>d</td></tr></tbody></table>",
        "a | b\nc | d",
    ),
    "a foot in front": (
        "<table><thead><tr><th>Item</th><th>Price</th></tr></thead>"
        "<tfoot><tr><td>Sum</td><td>5</td></tr></tfoot>"
        "<tbody><tr><td>Rope</td><td>5</td></tr></tbody></table>",
        "Item | Price\nRope | 5\nSum | 5",
    ),
    "a list right in a list": (
        "<ul><li>Ropes</li><ol><li>hemp</li><li>jute</li></ol><li>Sails</li></ul>",
        "- Ropes\n  1. hemp\n  2. jute\n- Sails",
    ),
    "letters by style": (
        "<ol style='list-style: upper-latin inside'><li>one<li>two</ol>",
        "A. one\nB. two",
    ),
    "Greek letters": (
        "<ol style='list-style-type:lower-greek' start=17><li>rho<li>sigma</ol>",
        "ρ. rho\nσ. sigma",
    ),
    "no marks": ("<ol style='list-style-type:none'><li>one<li>two</ol>", "one\ntwo"),
    "numbers of a listing": (
        "<pre><ol class='linenums'><li>if x:</li><li>    y</li></ol></pre>",
        "if x:\n    y",
    ),
    "rows of a listing": (
        "<table><tr><td class='blob-num'>1</td><td class='blob-code-inner'>if x:</td></tr>"
        "<tr><td class='blob-num'>2</td><td class='blob-code-inner'>    y</td></tr></table>",
        "if x:\n    y",
    ),
    "a paragraph as a definition": (
        "<dl><dt>Returns:</dt><dd><p>metres</p></dd></dl>",
        "Returns:\nmetres",
    ),
    "a document in a frame": (
        "<p>One.</p><iframe srcdoc='&lt;p&gt;Two.&lt;/p&gt;'></iframe><p>Three.</p>",
        "One.\n\nTwo.\n\nThree.",
    ),
    "a line break in a cell": ("<table><tr><td>a<br>b<td>c</table>", "a b | c"),
    "line breaks": ("<p>Rose<br>Violet<br/>Lily</p>", "Rose\nViolet\nLily"),
    "paragraphs made of line breaks": (
        "<div>One.<br><br>Two.<br>\n<br>Three.</div>",
        "One.\n\nTwo.\n\nThree.",
    ),
    "headings": (
        "<h1>Title</h1><p>Text.</p><h2>Part</h2><p>More.</p>",
        "Title\n\nText.\n\nPart\n\nMore.",
    ),
    "definitions": (
        "<dl><dt>Ice</dt><dd>frozen water</dd><dt>Steam</dt><dd>hot water</dd></dl>",
        "Ice\nfrozen water\nSteam\nhot water",
    ),
    "a quotation": (
        "<p>He said:</p><blockquote><p>Never.</p><p>Not once.</p></blockquote><p>So be it.</p>",
        "He said:\n\nNever.\n\nNot once.\n\nSo be it.",
    ),
    "spaces": ("<p>a&nbsp;b &#160; c\u2003d\u3000e\t\n f</p>", "a b c d e f"),
    "invisible characters": (
        "<p>hy&shy;phen zero\u200bwidth wo\u2060rd \ufeffmark a&zwnj;b</p>",
        "hyphen zerowidth word mark ab",
    ),
    "joiners that carry meaning": ("<p>می\u200cخواهم</p>", "می\u200cخواهم"),
    "entities": (
        "<p>&lt;a&gt; &amp;amp; &eacute;&#233;&#xE9; &hellip; "
        "&quot;q&quot; &euro; &#8364; &copy; &#128512;</p>",
        '<a> &amp; ééé … "q" € € © 😀',
    ),
    "inline joins": (
        "<p><b>bold</b>word, H<sub>2</sub>O, E=mc<sup>2</sup>, <i>a</i> <b>b</b>, "
        "un<wbr>broken</p>",
        "boldword, H₂O, E=mc², a b, unbroken",
    ),
    "hidden parts": (
        "<p>Seen.</p><div hidden>1</div><div style='color:red; display : none'>2</div>"
        "<span aria-hidden='true'>3</span><template><p>4</p></template><noscript>5</noscript>"
        "<p style='visibility:hidden'>6</p><script>7</script><style>8</style><!-- 9 -->"
        "<p>Also <span style='display:none'>0</span>seen.</p>",
        "Seen.\n\nAlso seen.",
    ),
    "a page that hides its body at first": ("<body style='display:none'><p>Text.</p>", "Text."),
    "text around blocks": (
        "<div>Our mill stands by the river.<p>It was built in 1820.</p>It is of grey stone.</div>",
        "Our mill stands by the river.\n\nIt was built in 1820.\n\nIt is of grey stone.",
    ),
    "Chinese": (
        "<p>人人生而自由，</p><p>在尊严和权利上一律平等。</p>",
        "人人生而自由，\n\n在尊严和权利上一律平等。",
    ),
    "an old page": (
        "<TABLE><TR><TD WIDTH=100%><FONT SIZE=2>Our mill stands by the river.<BR><BR>"
        "It was built in 1820 of grey stone.</FONT></TD></TR></TABLE>",
        "Our mill stands by the river.\n\nIt was built in 1820 of grey stone.",
    ),
}


@pytest.mark.parametrize("extractor", ["tree", "lxml"])
@pytest.mark.parametrize("name", PAGES)
def test_the_text_of_a_page(name: str, extractor: Extractor) -> None:
    html, text = PAGES[name]
    page = f"<!DOCTYPE html><html><head><title>t</title></head><body>{html}</body></html>"
    assert extract_text(page.encode(), encoding="utf-8", extractor=extractor) == text


@pytest.mark.parametrize("name", PAGES)
def test_the_same_in_an_article(name: str) -> None:
    """A form keeps its shape where it stands among paragraphs, too."""
    html, text = PAGES[name]
    page = f"<html><body><article>{ARTICLE}{html}{ARTICLE}</article></body></html>"
    expected = f"{ARTICLE_TEXT}\n\n{text}\n\n{ARTICLE_TEXT}"
    assert extract_text(page.encode(), encoding="utf-8") == expected


def test_a_forum_keeps_every_post() -> None:
    posts = [
        "Has anybody replaced the chain of this bicycle? Mine slips in the two smallest gears.",
        "Yes, last month. You need a new cassette as well, since the old one is worn with it.",
        "I agree, and measure the chain before you buy; at one percent it is too late already.",
        "Thank you both, it was the cassette. It runs like new now, and it cost thirty euros.",
    ]
    html = "".join(
        f'<div class="post"><div class="author"><a href="/u/{n}">user{n}</a></div>'
        f'<div class="body">{post}</div></div>'
        for n, post in enumerate(posts)
    )
    page = (
        '<html><body><div id="nav"><a href="/">Home</a> <a href="/f">Forums</a></div>'
        f'<h1>Chain slips</h1><div id="posts">{html}</div>'
        '<div id="footer"><a href="/terms">Terms</a> Powered by a board</div></body></html>'
    )
    text = extract_text(page.encode())
    assert [post for post in posts if post not in text] == []
    assert "Forums" not in text
    assert "Terms" not in text


def test_a_product_comes_without_its_neighbours() -> None:
    page = b"""<html><body><nav><ul><li><a href="/">Home</a></li><li><a href="/lamps">Lamps</a></li>
<li><a href="/sale">Sale</a></li></ul></nav><main><h1>Desk lamp Nova</h1>
<p>A lamp of brushed steel with an arm that stays where you put it, for long evenings at a desk.</p>
<ul><li>Warm white light</li><li>Three levels of brightness</li></ul>
<table><tr><th>Height</th><td>42 cm</td></tr><tr><th>Weight</th><td>1.2 kg</td></tr></table>
<div class="related-products"><h2>You may also like</h2><ul>
<li><a href="/p/1">Floor lamp Vega</a></li>
<li><a href="/p/2">Wall lamp Lyra</a></li></ul></div></main>
<footer><a href="/terms">Terms</a> <a href="/privacy">Privacy</a></footer></body></html>"""
    text = extract_text(page)
    assert "stays where you put it" in text
    assert "- Warm white light\n- Three levels of brightness" in text
    assert "Height | 42 cm\nWeight | 1.2 kg" in text
    for unwanted in ("Vega", "Lyra", "Sale", "Privacy"):
        assert unwanted not in text


def test_a_heading_goes_with_the_text_below_it() -> None:
    page = f"""<html><body><article><h1>The river</h1>{ARTICLE}<h2>Mills</h2>{ARTICLE}
<h2>Related articles</h2><div class="related"><a href="/1">Rivers of the north</a>
<a href="/2">Ten mills to see</a></div></article></body></html>"""
    expected = f"The river\n\n{ARTICLE_TEXT}\n\nMills\n\n{ARTICLE_TEXT}"
    assert extract_text(page.encode()) == expected
